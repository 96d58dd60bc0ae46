"""Limits of the time of play: counted from the same entries live and when they are read back."""

from dataclasses import dataclass
from typing import Any

import orjson

from compliance_svc.kernel import LimitKind
from tests.unit.wallet_svc.world import CASHIER, PLATFORM, PROVIDER, Table, bet, outcome, table, verdict, win
from wallet_svc.domain import commands as c
from wallet_svc.domain import counting
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState

_ABOUT_TIME = frozenset({Kind.OPEN_PLAY, Kind.END_PLAY, Kind.RESUME_PLAY, Kind.CHANGE_PLAY, Kind.TAKE_BREAK})


@dataclass(frozen=True)
class Row:
    """An entry as it is read back."""

    kind: int
    session: str | None
    recorded_us: int
    details: str | None


def limited(seconds: int = 1_800, **play: Any) -> Table:
    made = Table()
    opened = c.OpenAccount(currency="USD", jurisdiction="us-pa", born_on="1986-01-15")
    made.do("open", opened, source=CASHIER)
    made.do("cash", c.Deposit(money=c.MoneyText("USD", "500.00")), source=CASHIER)
    here = c.RecordFinding(about="location", result="US-PA")
    made.do("here", here, source=PLATFORM)
    made.do("limit", c.SetLimit(limit="time", window="day", seconds=seconds), source=PLATFORM)
    opening = c.OpenPlay(session="p", provider=PROVIDER, currency="USD", game="g1", **play)
    assert outcome(made.do("p", opening, source=PLATFORM)) is Outcome.OK
    return made


def stake(made: Table, key: str, session: str = "p") -> tuple[str, ...]:
    told = made.do(key, bet("1.00", key, currency="USD", session=session))
    return () if outcome(told) is Outcome.OK else verdict(told)[1]


def used(made: Table) -> tuple[int | None, int | None]:
    """Seconds of today, live and as they are read back."""
    rows = [
        Row(entry.kind, entry.session, entry.recorded_us, orjson.dumps(entry.details).decode())
        for entry in made.log
        if entry.kind in _ABOUT_TIME and entry.outcome is Outcome.OK
    ]
    live = made.player().usage
    counting.restore_usage(made.player(), [], rows, made.registry, 0)
    again = made.player().usage
    made.player().usage = live
    kind, start = LimitKind.TIME, made.now_us - 86_400_000_000
    return live.used(kind, "", start, made.now_us), again.used(kind, "", start, made.now_us)


def test_at_the_limit_the_round_in_play_finishes_and_the_next_bet_is_refused() -> None:
    made = limited()
    made.later(1_799)
    assert stake(made, "b1") == ()
    made.later(1)
    assert outcome(made.do("w1", win("5.00", "b1", currency="USD"))) is Outcome.OK
    assert stake(made, "b2") == ("LIM.TIME",)
    assert used(made) == (1_800, 1_800)


def test_a_decrease_works_at_once_and_an_increase_waits() -> None:
    made = limited()
    made.later(600)
    less = c.SetLimit(limit="time", window="day", seconds=600)
    assert verdict(made.do("less", less, source=PLATFORM))[0] == "ALLOW"
    assert stake(made, "b1") == ("LIM.TIME",)
    more = c.SetLimit(limit="time", window="day", seconds=9_000)
    assert verdict(made.do("more", more, source=PLATFORM))[0] == "SCHEDULE"
    assert stake(made, "b2") == ("LIM.TIME",)


def test_only_open_sessions_count() -> None:
    made = limited()
    made.later(100)
    made.do("end", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    made.later(5_000)
    made.do("still here", c.RecordFinding(about="location", result="US-PA"), source=PLATFORM)
    assert outcome(made.do("again", c.ResumePlay(session="p"), source=PLATFORM)) is Outcome.OK
    made.later(20)
    assert used(made) == (120, 120)


def test_a_permit_that_ran_out_counts_no_more_until_it_is_renewed() -> None:
    until_us = Table().now_us + 300_000_000
    made = limited(expires_us=until_us)
    made.later(1_000)
    assert used(made) == (300, 300)
    longer = c.ChangePlay(session="p", what="renew", until_us=made.now_us + 50_000_000)
    assert outcome(made.do("longer", longer, source=PLATFORM)) is Outcome.OK
    made.later(40)
    assert used(made) == (340, 340)


def test_a_break_ends_what_is_counted() -> None:
    made = limited()
    made.later(60)
    made.do("pause", c.TakeBreak(term="24h"), source=PLATFORM)
    made.later(1_000)
    assert used(made) == (60, 60)


def test_a_limit_of_time_has_no_window_that_never_ends() -> None:
    made = table()
    told = made.do("l", c.SetLimit(limit="time", window="since_set", seconds=5), source=PLATFORM)
    assert outcome(told) is Outcome.REQUEST_INVALID
