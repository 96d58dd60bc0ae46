from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from mesh.clock import from_us
from provider_adapters._kit.studio.ports import Act, ActKind
from provider_adapters._kit.studio.record import Belief, Record
from tests.unit.provider_adapters._kit.studio.fakes import SEAT


class Moving:
    """A clock that is set by hand."""

    moment_us = 0

    def now_us(self) -> int:
        return self.moment_us

    def now(self) -> dt.datetime:
        return from_us(self.moment_us)


def act(kind: ActKind, key: str, amount: str, round_id: str = "r1") -> Act:
    return Act(
        kind=kind, seat=SEAT, transaction_key=key, round_id=round_id, game_id="g", amount=Decimal(amount), sent_at_ms=7
    )


def opened(path: Path) -> Record:
    record = Record(path / "deeper" / "record")
    if record.seat("l1") is None:
        record.add_seat(SEAT)
    return record


def test_sums_are_exact_and_count_only_what_was_accepted(tmp_path: Path) -> None:
    record = opened(tmp_path)
    for number in range(10):
        bet = act(ActKind.BET, f"b{number}", "0.1")
        record.intend(bet)
        record.believe(bet, Belief.ACCEPTED if number < 3 else Belief.CANCELLED, "OK")
    win = act(ActKind.WIN, "w", "12345678901234.56789")
    record.intend(win)
    record.believe(win, Belief.ACCEPTED, "OK")
    (row,) = record.summary()["players"]
    assert (row["staked"], row["won"]) == ("0.3", "12345678901234.56789")
    assert (row["licensee"], row["player"], row["bets"]) == ("aurora", "pl-1", {"accepted": 3, "cancelled": 7})
    record.close()


def test_the_books_survive_the_end_of_the_process(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.intend(act(ActKind.BET, "b1", "1.00"))
    namespace = first.constant("namespace", "one")
    assert first.next_number("play") == 1
    first.close()
    second = opened(tmp_path)
    assert [line.act for line in second.unresolved()] == [act(ActKind.BET, "b1", "1.00")]
    assert second.constant("namespace", "two") == namespace
    assert second.next_number("play") == 2
    second.close()


def test_a_message_is_written_down_once(tmp_path: Path) -> None:
    record = opened(tmp_path)
    bet = act(ActKind.BET, "b1", "1")
    for _ in range(2):
        record.intend(bet)
    record.believe(bet, Belief.SENT, "timeout", attempts=1)
    record.believe(bet, Belief.ACCEPTED, "OK", attempts=1)
    (line,) = record.lines(after=0, limit=10)
    assert (line.attempts, line.code, line.belief) == (2, "OK", Belief.ACCEPTED)
    assert line.as_json()["amount"] == "1"
    record.close()


def test_a_bet_and_its_cancel_may_share_their_key(tmp_path: Path) -> None:
    record = opened(tmp_path)
    record.intend(act(ActKind.BET, "same", "1"))
    record.intend(act(ActKind.CANCEL, "same", "1"))
    assert len(record.unresolved()) == 2
    record.close()


def test_the_newest_launch_of_a_player_is_found(tmp_path: Path) -> None:
    record = opened(tmp_path)
    assert record.newest_seat("aurora.pl-1") == SEAT
    assert record.newest_seat("aurora.pl-2") is None
    record.close()


def test_what_is_told_of_a_span_goes_by_when_it_was_written_down(tmp_path: Path) -> None:
    clock = Moving()
    record = Record(tmp_path / "record", clock)
    record.add_seat(SEAT)
    for number in range(4):
        clock.moment_us = 1_000 * number
        record.intend(act(ActKind.BET, f"b{number}", "1"))
        record.intend(act(ActKind.TIP, f"t{number}", "1"))
    told = record.between(1, 3, kinds={"bet"}, after=0, limit=10)
    assert [line.act.transaction_key for line in told] == ["b1", "b2"]
    told = record.between(0, 9, kinds={"bet"}, after=told[0].number, limit=1)
    assert [line.act.transaction_key for line in told] == ["b2"]
    record.close()
