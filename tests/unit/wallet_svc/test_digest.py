"""The chain: what the format's page says, computed here again without the service's code."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.wallet_svc.world import CASHIER, SOURCES, Table, bet, cancel, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.digest import GENESIS, canonical, fields, seal
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


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:half]) + tree_hash(leaves[half:])).digest()


def expected_digest(previous: bytes, shard: int, first: int, log: Sequence[Entry], count: int) -> bytes:
    place = shard.to_bytes(2, "big") + first.to_bytes(8, "big") + count.to_bytes(4, "big")
    return hashlib.sha256(b"\x02" + previous + place + tree_hash([line(entry) for entry in log])).digest()


def test_a_batch_is_hashed_over_the_digest_before_it_its_place_and_the_root_of_everything_so_far() -> None:
    log = play().log
    first = seal(GENESIS, b"", 7, 1, map(fields, log[:3]))
    assert first.digest == expected_digest(GENESIS, 7, 1, log[:3], 3)
    second = seal(first.digest, first.frontier, 7, 4, map(fields, log[3:8]))
    assert second.root == tree_hash([line(entry) for entry in log[:8]])
    assert second.digest == expected_digest(first.digest, 7, 4, log[:8], 5)


def test_every_batch_continues_the_chain_and_the_tree() -> None:
    made = table()
    for key in ("h1", "h2"):
        before = made.book.head
        entry = made.do(key, c.Hold(money=money("5.00")), source=CASHIER).entry
        made_of = seal(before.digest, before.frontier, 0, before.next_sequence, map(fields, [entry]))
        assert (made.book.head.digest, made.book.head.frontier) == (made_of.digest, made_of.frontier)


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 2 leaves has 1 peaks"):
        seal(GENESIS, bytes(64), 0, 3, map(fields, play().log[:1]))


def test_a_changed_field_changes_the_digest() -> None:
    log = play().log
    before = seal(GENESIS, b"", 0, 1, map(fields, log))
    log[1].amount = 1
    assert seal(GENESIS, b"", 0, 1, map(fields, log)).digest != before.digest


def test_the_request_id_is_not_part_of_the_digest() -> None:
    log = play().log
    before = seal(GENESIS, b"", 0, 1, map(fields, log))
    log[1].request_id = "other"
    assert seal(GENESIS, b"", 0, 1, map(fields, log)) == before


def test_balances_of_the_house_may_pass_64_bits() -> None:
    entry = Entry(Kind.DEPOSIT, SOURCES[CASHIER], "d", Outcome.OK, debit_after=-(2**70), credit_after=2**70)
    assert f'"{2**70}"' in canonical(entry).decode()
