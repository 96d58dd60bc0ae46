"""The export of a real ledger: checked offline, and everything rebuilt from it alone."""

from __future__ import annotations

import hashlib
import json
import stat
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import psycopg

from mesh.dev.postgres import Database
from mesh.export.__main__ import export
from mesh.merkle import root_of
from mesh.verify.chain import canonical
from mesh.verify.reading import Ledger as Reading
from mesh.verify.report import verify_export
from tests.integration.wallet_svc.ledger import CASHIER, Ledger, bet, deposit, money, win
from wallet_svc.domain import commands as c

NASTY = 'r"1\\ \t\n\x01 ünï 🎰 \\N null \\t {}'


async def play(ledger: Ledger) -> None:
    """Some of everything, with texts that no format likes."""
    wallet = await ledger.wallet()
    for number in range(12):
        player = await wallet.player(f"player-{number}")
        await wallet.must(player, f"b{number}", bet("10.00", NASTY))
        await wallet.must(player, f"w{number}", win("4.00", NASTY, close=True))
        await wallet.do(player, "null", bet("5000.00", "r2"))
        await wallet.do(player, "\\N", c.Cancel(bet_key="b404"))
        await wallet.must(player, "hold", c.Hold(money=money("5.00")), source=CASHIER)
        await wallet.must(player, "capture", c.Capture(hold_key="hold", money=money("2.00")), source=CASHIER)
    for number in range(150):
        await wallet.must("player-1", f"more-{number}", deposit("0.01"), source=CASHIER)


async def test_an_export_holds_every_entry_as_its_canonical_bytes_and_passes_offline(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    await play(ledger)
    file = tmp_path / "ledger.jsonl"
    entries = export(database.reader_url, file)
    with closing(Reading(database.reader_url)) as reading:
        expected = [canonical(one) for head in reading.heads() for one in reading.transfers(head)]
    rows = [line for line in file.read_bytes().splitlines() if line.startswith(b"[")]
    assert rows == expected
    assert entries == len(rows) > 250
    report = verify_export(file)
    assert {check.name: check.problems for check in report.checks if not check.ok} == {}
    assert json.dumps(NASTY, ensure_ascii=False).encode() in b"".join(rows)


async def test_the_same_ledger_gives_the_same_file_which_only_its_owner_may_read(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    await play(ledger)
    for name in ("one", "two"):
        export(database.reader_url, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    assert not (tmp_path / ".one.part").exists()


async def test_the_rows_of_an_export_alone_rebuild_every_balance_and_every_digest(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    await play(ledger)
    export(database.reader_url, tmp_path / "ledger.jsonl")
    logs: dict[int, list[bytes]] = defaultdict(list)
    shard = -1
    for line in (tmp_path / "ledger.jsonl").read_bytes().splitlines():
        if line.startswith(b'{"shard"'):
            shard = json.loads(line)["shard"]
        elif line.startswith(b"["):
            logs[shard].append(line)
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for log in logs.values():
        for entry in map(json.loads, log):
            if entry[13] is not None:
                sums[entry[11]][0] += entry[13]
                sums[entry[12]][1] += entry[13]
    with psycopg.connect(database.reader_url) as connection:
        accounts = connection.execute("SELECT id, debits, credits FROM account WHERE debits + credits > 0").fetchall()
        batches = connection.execute(
            "SELECT shard, first_sequence, count, digest FROM batch ORDER BY shard, first_sequence"
        ).fetchall()
    assert dict(sums) == {row[0]: [int(row[1]), int(row[2])] for row in accounts}
    digests: dict[int, bytes] = defaultdict(lambda: bytes(32))
    for shard, first, count, digest in batches:
        root = root_of(logs[shard][: first + count - 1])
        place = shard.to_bytes(2) + first.to_bytes(8) + count.to_bytes(4)
        digests[shard] = hashlib.sha256(b"\2" + digests[shard] + place + root).digest()
        assert digests[shard] == digest
