"""Short decision records: the whole one comes back to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.wallet_svc.world import CASHIER, Table, bet, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain import records
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[str, str]]:
    """What every entry stored by its sequence, and the whole record of the same decision."""
    found: dict[int, tuple[str, str]] = {}
    write = records.write

    def watch(player: Any, entry: Entry) -> None:
        write(player, entry)
        found[entry.sequence] = (entry.decision_json or "", entry.decision.record())

    monkeypatch.setattr("wallet_svc.domain.journal.records.write", watch)
    return found


def read_back(kept: dict[int, tuple[str, str]], made: Table) -> int:
    """Check that every stored record gives the whole one; returns how many were short."""
    entries = {entry.sequence: entry for entry in made.log}
    short = 0
    for sequence, (stored, whole) in kept.items():
        first = records.first_of(stored)
        if first is None:
            assert stored == whole
            continue
        short += 1
        entry = entries[sequence]
        found = records.whole(stored, kept[first][0], recorded_us=entry.recorded_us, amount=entry.amount or 0)
        assert found == whole
    return short


def test_the_kernel_knows_no_fact_that_a_short_record_has_no_place_for() -> None:
    assert records.ABRIDGES, "extend wallet_svc.domain.records: bets are stored with their whole record until then"


def test_the_first_bet_is_recorded_whole_and_the_next_ones_by_their_difference(
    kept: dict[int, tuple[str, str]],
) -> None:
    made = table(pack="gb", currency="GBP")
    for number in range(5):
        made.later(7)
        amount = f"1.0{number}"
        made.do(f"b{number}", bet(amount, f"r{number}", currency="GBP"))
    assert read_back(kept, made) == 4
    assert max(len(stored) for stored, _ in list(kept.values())[-4:]) < 30


def test_a_refused_bet_a_deposit_and_a_session_keep_their_whole_record(kept: dict[int, tuple[str, str]]) -> None:
    made = table()
    made.do("l1", c.SetLimit(limit="stake", window="", money=money("2.00")), source=CASHIER)
    assert made.do("b1", bet("1.00")).entry.outcome is Outcome.OK
    assert made.do("b2", bet("9.00", "r2")).entry.outcome is Outcome.LIMIT_EXCEEDED
    assert read_back(kept, made) == 0
    assert all(json.loads(stored)["verdict"] for stored, _ in kept.values())


def test_a_change_of_standing_begins_a_whole_record_again(kept: dict[int, tuple[str, str]]) -> None:
    made = table()
    for number in range(6):
        if number == 3:
            made.do("l1", c.SetLimit(limit="loss", window="24h", money=money("50.00")), source=CASHIER)
        made.do(f"b{number}", bet("1.00", f"r{number}"))
    bets = [kept[entry.sequence][0] for entry in made.log if entry.kind is Kind.BET]
    assert [stored[0] for stored in bets] == ["{", "[", "[", "{", "[", "["]
    assert read_back(kept, made) == 4


def test_another_law_begins_a_whole_record_again(kept: dict[int, tuple[str, str]]) -> None:
    made = table(pack="gb", currency="GBP")
    for number, pack in enumerate(("gb", "gb", "sandbox", "sandbox", "gb")):
        made.player().pack = pack
        made.do(f"b{number}", bet("1.00", f"r{number}", currency="GBP"))
    bets = [kept[entry.sequence][0] for entry in made.log if entry.kind is Kind.BET]
    assert [stored[0] for stored in bets] == ["{", "[", "{", "[", "{"]
    assert read_back(kept, made) == 2


_PLAY = st.lists(
    st.tuples(
        st.sampled_from(["bet", "bet", "bet", "again", "win", "limit", "wait"]),
        st.sampled_from(["g1", "slot"]),
        st.integers(0, 3),
        st.decimals("0.01", "30", places=2),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(play=_PLAY)
def test_whatever_is_played_every_record_comes_back(play: list[tuple[str, str, int, Any]]) -> None:
    found: dict[int, tuple[str, str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        write = records.write

        def watch(player: Any, entry: Entry) -> None:
            write(player, entry)
            found[entry.sequence] = (entry.decision_json or "", entry.decision.record())

        patch.setattr("wallet_svc.domain.journal.records.write", watch)
        made = table(currency="EUR")
        for number, (what, game, round_, amount) in enumerate(play):
            _do(made, what, number, game, f"r{round_}", str(amount))
    read_back(found, made)


def _do(made: Table, what: str, number: int, game: str, round_: str, amount: str) -> None:
    match what:
        case "bet" | "again":
            made.do(f"b{number}", bet(amount, round_ if what == "again" else f"n{number}", game=game))
        case "win":
            made.do(f"w{number}", win(amount, round_))
        case "limit":
            made.do(f"l{number}", c.SetLimit(limit="loss", window="24h", money=money(amount)), source=CASHIER)
        case _:
            made.later(3)
