"""The chain: what the format's page says, computed here again without the service's code."""

import hashlib
import json
from typing import Any

from tests.unit.wallet_svc.world import CASHIER, SOURCES, Table, bet, cancel, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.digest import GENESIS, canonical, chain
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome


def line(entry: Entry) -> bytes:
    """One entry by docs/ledger-format.md and the standard library."""
    fields: list[Any] = [
        entry.sequence, entry.operation, entry.licensee_id, entry.player_id, entry.source_id, int(entry.kind),
        entry.key, None if entry.fingerprint is None else entry.fingerprint.hex(), int(entry.outcome),
        None if entry.asset is None else entry.asset.id, entry.amount, entry.debit_id, entry.credit_id,
        entry.moved or None, None if entry.debit_after is None else str(entry.debit_after),
        None if entry.credit_after is None else str(entry.credit_after), entry.available, entry.round, entry.game,
        entry.session, entry.reference, entry.undoes, None if entry.case is None else int(entry.case), entry.limit,
        None if not entry.details else json.dumps(entry.details, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
        entry.pack, entry.decision_json, entry.recorded_us,
    ]  # fmt: skip
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def play() -> Table:
    made = table(win_without_bet=True)
    made.do('b"1\\', bet("10.00", "ründe\n\x01\x7f 🎰", jackpot=money("0.10")))
    made.do("w1", win("5.00", "ründe\n\x01\x7f 🎰", close=True))
    made.do("w9", win("5.00", "r9"))
    made.do("c9", cancel("b9"))
    made.do("b9", bet())
    made.do("h1", c.Hold(money=money("5.00"), expires_in_us=9), source=CASHIER)
    made.do("limit", c.SetLimit(limit="stake", window="", money=money("5.00")), source="platform")
    made.do("b3", bet("50.00"))
    return made


def test_an_entry_is_the_json_array_of_the_format() -> None:
    for entry in play().log:
        assert canonical(entry) == line(entry)


def test_a_batch_is_hashed_over_the_digest_before_it_its_shard_and_its_entries() -> None:
    log = play().log[:3]
    expected = hashlib.sha256(GENESIS + b"7\n" + b"".join(line(entry) + b"\n" for entry in log)).digest()
    assert chain(GENESIS, 7, log) == expected


def test_every_batch_continues_the_chain() -> None:
    made = table()
    for key in ("h1", "h2"):
        before = made.book.head.digest
        entry = made.do(key, c.Hold(money=money("5.00")), source=CASHIER).entry
        assert made.book.head.digest == hashlib.sha256(before + b"0\n" + line(entry) + b"\n").digest()


def test_a_changed_field_changes_the_digest() -> None:
    log = play().log
    before = chain(GENESIS, 0, log)
    log[1].amount = 1
    assert chain(GENESIS, 0, log) != before


def test_the_request_id_is_not_part_of_the_digest() -> None:
    log = play().log
    before = chain(GENESIS, 0, log)
    log[1].request_id = "other"
    assert chain(GENESIS, 0, log) == before


def test_balances_of_the_house_may_pass_64_bits() -> None:
    entry = Entry(Kind.DEPOSIT, SOURCES[CASHIER], "d", Outcome.OK, debit_after=-(2**70), credit_after=2**70)
    assert f'"{2**70}"' in canonical(entry).decode()
