"""Each test lets one message differ between a studio and the ledger."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesh.verify.studios import Collector, Message, Source, compare
from mesh.verify.tables import Kind
from tests.unit.mesh_verify.bookkeeper import CASH, CASHIER, GAMING, NAMES, OUTSIDE, Bookkeeper, World

USER = "aurora.pl-7"


def message(kind: str, key: str, amount: str | None, belief: str = "accepted", **fields: str) -> Message:
    known = {"user": USER, "currency_code": "GBP", "round_id": "r-1", **fields}
    return Message(kind=kind, key=key, amount=None if amount is None else Decimal(amount), belief=belief, **known)


RECORD = [
    message("bet", "bet-1", "1.50"),
    message("win", "win-1", "2.00"),
    message("close", "close-1", None),
    message("bet", "bet-2", "0.20", "cancelled", round_id="r-2"),
    message("cancel", "can-2", "0.20", round_id="r-2"),
    message("bet", "bet-3", "0.20", "cancelled", round_id="r-3"),
    message("bet", "bet-4", "900", "refused", round_id="r-4"),
]


def ledger() -> World:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 9_000_000, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 1_500_000, CASH, GAMING, round="r-1")
    books.post(Kind.WIN, "win-1", 2_000_000, GAMING, CASH, round="r-1")
    books.post(Kind.BET, "bet-2", 200_000, CASH, GAMING, round="r-2")
    books.post(Kind.CANCEL, "can-2", 200_000, GAMING, CASH, round="r-2", reference="bet-2", undoes=4)
    books.enter(Kind.BET, "bet-3", outcome=14, asset_id=None)
    books.enter(Kind.BET, "bet-4", outcome=3, amount=900_000_000, round="r-4")
    return books.world([7])


def source(world: World) -> Source:
    collector = Collector(NAMES, ["hub88_style"])
    collector.begin(world.shard)
    for transfer in world.transfers:
        collector.see(transfer)
    return collector.sources["hub88_style"]


def problems(record: list[Message], world: World | None = None, *, still_playing: bool = False) -> list[str]:
    return compare(record, source(world or ledger()), still_playing=still_playing).examples


def spoil(key: str, **fields: object) -> list[Message]:
    return [one._replace(**fields) if one.key == key else one for one in RECORD]  # type: ignore[arg-type]


def test_a_round_of_the_ledger_may_have_a_reference_after_the_studios_name() -> None:
    world = ledger().change(2, round="r-1:7")
    assert problems(RECORD, world) == []
    assert "round r-1" in problems(RECORD, ledger().change(2, round="r-17"))[0]


def test_a_record_that_agrees() -> None:
    findings = compare(RECORD, source(ledger()))
    assert (findings.wrong, findings.looked_at) == (0, 5)


@pytest.mark.parametrize("key", ["bet-1", "win-1"])
def test_a_cent_of_difference_is_found_in_the_message_and_in_the_sum(key: str) -> None:
    found = problems(spoil(key, amount=Decimal("1.51")))
    assert len(found) == 2
    assert f"{key} of {USER}: the studio says 1.51 GBP" in found[0]
    assert "sum" in found[1]


def test_less_than_a_cent_of_difference() -> None:
    assert problems(RECORD, ledger().change(3, moved=2_000_001))


@pytest.mark.parametrize(
    "fields", [{"currency_code": "EUR"}, {"round_id": "r-9"}, {"user": "aurora.pl-8"}, {"user": "borealis.pl-7"}]
)
def test_another_currency_round_player_or_licensee(fields: dict[str, str]) -> None:
    assert problems(spoil("bet-1", **fields))


def test_a_bet_that_the_studio_has_and_the_ledger_refused() -> None:
    found = problems(spoil("bet-4", belief="accepted"))
    assert "believes accepted, the ledger does not have it" in found[0]


def test_a_bet_that_the_studio_has_and_the_ledger_gave_back() -> None:
    assert "the ledger does not have it" in problems(spoil("bet-2", belief="accepted"))[0]


@pytest.mark.parametrize("belief", ["refused", "cancelled"])
def test_a_bet_that_the_ledger_has_and_the_studio_believes_undone(belief: str) -> None:
    assert f"the studio believes {belief}, the ledger has it at 3-2" in problems(spoil("bet-1", belief=belief))[0]


def test_a_win_that_the_ledger_has_and_the_studio_never_sent() -> None:
    found = problems([one for one in RECORD if one.key != "win-1"])
    assert found[0] == "3-3: the ledger has it and the studio does not know it"


def test_a_bet_that_was_given_back_and_that_the_studio_does_not_know_is_no_money() -> None:
    assert problems([one for one in RECORD if "2" not in one.key]) == []


@pytest.mark.parametrize("belief", ["sent", "doubtful", "disputed"])
@pytest.mark.parametrize("key", ["bet-1", "win-1", "close-1", "can-2"])
def test_a_message_without_an_end(key: str, belief: str) -> None:
    assert f"no end for it ({belief})" in problems(spoil(key, belief=belief))[0]


def test_while_it_still_plays_only_what_has_an_end_is_compared() -> None:
    assert problems(spoil("bet-1", belief="sent"), still_playing=True) == []
    assert problems(RECORD[1:], still_playing=True) == []
    assert problems(spoil("bet-1", belief="disputed"), still_playing=True)
    assert problems(spoil("bet-1", amount=Decimal(2)), still_playing=True)


def test_the_same_key_of_two_players_is_two_messages() -> None:
    record = [*RECORD, message("bet", "bet-1", "1.50", user="aurora.pl-8")]
    assert "pl-8: the studio believes accepted, the ledger does not have it" in problems(record)[0]
