"""Which entries of the log end sessions by law, and the reason that they tell."""

from typing import Any

import pytest

from tests.unit.wallet_svc.world import PLATFORM, PROVIDER, Table, bet, money, table
from wallet_svc.domain import commands as c
from wallet_svc.domain.ending import end_reason
from wallet_svc.domain.vocabulary import Kind, PlayState


def ends(made: Table) -> list[tuple[str, str]]:
    """Kind and reason of every entry that ends sessions."""
    return [(entry.kind.name, reason) for entry in made.log if (reason := end_reason(entry))]


def finding(about: str, result: str) -> c.RecordFinding:
    return c.RecordFinding(about=about, result=result)


@pytest.mark.parametrize(
    ("action", "kind", "reason"),
    [
        (c.Exclude(term="6mo"), "EXCLUDE", "SEX.SELF"),
        (c.TakeBreak(term="24h"), "TAKE_BREAK", "SEX.BREAK"),
        (c.LeaveForGood(), "LEAVE_FOR_GOOD", "SES.ENDED"),
        (finding("screening", "HIT"), "RECORD_FINDING", "AML.FROZEN"),
    ],
)
def test_what_ends_every_session_of_a_player_says_why(action: Any, kind: str, reason: str) -> None:
    made = table()
    made.do("x", action, source=PLATFORM)
    assert ends(made) == [(kind, reason)]


@pytest.mark.parametrize(("result", "reason"), [("MINOR", "KYC.AGE"), ("REJECTED", "KYC.UNVERIFIED")])
def test_an_identity_that_is_lost_ends_sessions_and_one_that_is_found_does_not(result: str, reason: str) -> None:
    made = table()
    made.do("good", finding("identity", "VERIFIED"), source=PLATFORM)
    assert ends(made) == []
    made.later(1)
    made.do("bad", finding("identity", result), source=PLATFORM)
    assert ends(made) == [("RECORD_FINDING", reason)]
    made.later(1)
    made.do("again", finding("identity", result), source=PLATFORM)
    assert len(ends(made)) == 1


@pytest.mark.parametrize(
    "action", [finding("screening", "POSSIBLE"), finding("check", "FVC"), c.SetBlock(blocked=True)]
)
def test_other_findings_end_nothing(action: Any) -> None:
    made = table()
    made.do("x", action, source=PLATFORM)
    assert ends(made) == []


def test_an_exclusion_that_was_refused_ends_nothing() -> None:
    made = table()
    made.do("x", c.Exclude(term="nonsense"), source=PLATFORM)
    assert ends(made) == []


def test_the_end_that_somebody_wanted_is_not_the_laws() -> None:
    made = table()
    made.do("x", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    assert ends(made) == []


@pytest.mark.parametrize(
    ("chosen", "amount", "after_s", "reason"),
    [
        ({"spend_limit": money("5.00")}, "6.00", 1, "SES.SPEND_LIMIT"),
        ({"seconds_limit": 60}, "1.00", 61, "SES.TIME_LIMIT"),
    ],
)
def test_a_stake_that_does_not_fit_the_session_ends_it_and_says_why(
    chosen: dict[str, Any], amount: str, after_s: int, reason: str
) -> None:
    made = table()
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="EUR", game="g1", **chosen)
    made.do("p", play, source=PLATFORM)
    made.later(after_s)
    made.do("b1", bet(amount, "b1", session="p"))
    assert ends(made) == [("END_PLAY", reason)]
    (end,) = [entry for entry in made.log if entry.kind is Kind.END_PLAY]
    assert end.session == "p"
