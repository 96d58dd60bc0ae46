from dataclasses import replace
from typing import Any

import pytest

from compliance_svc.kernel import (
    CancelPendingLimit,
    ConfirmLimit,
    Decision,
    Exclude,
    LimitKind,
    Login,
    OpenPlay,
    Pack,
    Player,
    Protection,
    RequestReinstatement,
    Session,
    SetLimit,
    TakeBreak,
    Verdict,
    Window,
    apply,
    decide,
)
from tests.unit.compliance_svc.kernel.world import (
    DAY,
    HOUR,
    MS,
    NOON,
    SECOND,
    a_limit,
    at,
    bet,
    deposit,
    facts,
    pack,
    pounds,
    reasons,
)

DEPOSIT, LOSS = LimitKind.DEPOSIT, LimitKind.LOSS


class Story:
    """One player's protection over time, as the wallet would keep it."""

    def __init__(self, *limits: Any, name: str = "gb") -> None:
        self.pack: Pack | None = pack(name) if name else None
        self.state = Protection(limits=limits)

    def do(self, action: Any, now_us: int = NOON) -> Decision:
        player = Player(born=1986_01_15, currency="GBP", protection=self.state)
        # The session is a new one for every action: what ended it before is not the subject here.
        session = Session(opened_us=now_us, epoch=self.state.epoch)
        decision = decide(self.pack, replace(facts(), player=player, session=session), action, now_us)
        self.state = apply(self.state, decision)
        return decision

    def amount(self, now_us: int, window: Window = Window.DAYS_7) -> int:
        limit = self.state.limit(DEPOSIT, window)
        assert limit is not None
        return limit.in_force(now_us)


def to(amount: str, window: Window = Window.DAYS_7, **more: Any) -> SetLimit:
    return SetLimit(
        **{"limit_kind": DEPOSIT, "window": window, "amount_minor": pounds(amount), "currency": "GBP", **more}
    )


CONFIRM = ConfirmLimit(limit_kind=DEPOSIT, window=Window.DAYS_7)
CANCEL = CancelPendingLimit(limit_kind=DEPOSIT, window=Window.DAYS_7)


@pytest.mark.parametrize("amount", ["100.00", "99.99", "0.00"])
def test_a_first_limit_a_decrease_and_the_same_amount_hold_at_once(amount: str) -> None:
    for story in (Story(), Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"))):
        decision = story.do(to(amount))
        assert (decision.verdict, decision.effective_us) == (Verdict.ALLOW, NOON)
        assert story.amount(NOON) == pounds(amount)


def test_an_increase_waits_for_the_elapsed_delay_over_the_spring_clock_change() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"))
    decision = story.do(to("200.00"), at("2026-03-28T14:00:00+00:00"))
    assert (decision.verdict, decision.effective_us) == (Verdict.SCHEDULE, at("2026-03-29T15:00:00+01:00"))


def test_an_increase_that_needs_a_confirmation_holds_only_after_it() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"))
    story.do(to("200.00"))
    assert story.do(CONFIRM, NOON + DAY - MS).reasons == ("SYS.FACT_MISSING",)
    assert story.amount(NOON + 3 * DAY) == pounds("100.00")
    assert story.do(CONFIRM, NOON + DAY).verdict is Verdict.ALLOW
    assert story.amount(NOON + DAY) == pounds("200.00")


def test_an_increase_without_confirmation_ripens_by_itself() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="base")
    assert story.do(to("200.00")).effective_us == NOON + 7 * DAY
    assert story.amount(NOON + 7 * DAY - MS) == pounds("100.00")
    assert story.amount(NOON + 7 * DAY) == pounds("200.00")


def test_a_change_starts_from_an_increase_that_has_ripened() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="base")
    story.do(to("200.00"))
    later = NOON + 8 * DAY
    assert story.do(to("150.00"), later).verdict is Verdict.ALLOW
    assert story.amount(later) == pounds("150.00")
    story.do(to("300.00"), later)
    assert story.amount(later) == pounds("150.00")


def test_a_second_increase_keeps_the_one_that_is_in_force() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="base")
    story.do(to("200.00"))
    story.do(to("300.00"), NOON + 8 * DAY)
    assert story.amount(NOON + 8 * DAY) == pounds("200.00")
    assert story.amount(NOON + 15 * DAY) == pounds("300.00")


def test_a_new_increase_replaces_the_pending_one_and_its_time_starts_anew() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"))
    story.do(to("200.00"))
    assert story.do(to("300.00"), NOON + 20 * HOUR).effective_us == NOON + 44 * HOUR
    assert story.do(CONFIRM, NOON + DAY).reasons == ("SYS.FACT_MISSING",)
    assert story.do(CONFIRM, NOON + 44 * HOUR).allowed
    assert story.amount(NOON + 44 * HOUR) == pounds("300.00")


@pytest.mark.parametrize("action", [to("80.00"), to("100.00"), CANCEL])
def test_a_decrease_the_same_amount_and_a_cancel_drop_the_pending_increase(action: object) -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"))
    story.do(to("200.00"))
    assert story.do(action, NOON + HOUR).allowed
    assert story.do(CONFIRM, NOON + 2 * DAY).reasons == ("SYS.FACT_MISSING",)


def test_cancelling_too_late_keeps_what_is_in_force() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="base")
    story.do(to("200.00"))
    story.do(CANCEL, NOON + 7 * DAY)
    assert story.amount(NOON + 7 * DAY) == pounds("200.00")


def test_in_the_sandbox_an_increase_holds_at_once() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="sandbox")
    assert story.do(to("200.00")).verdict is Verdict.ALLOW
    assert story.amount(NOON) == pounds("200.00")


def test_setting_a_limit_again_does_not_forget_since_when_it_counts() -> None:
    story = Story(name="sandbox")
    for day, amount in enumerate(("30.00", "30.00", "10.00", "90.00")):
        story.do(to(amount, Window.SINCE_SET, limit_kind=LOSS), NOON + day * DAY)
    limit = story.state.limit(LOSS, Window.SINCE_SET)
    assert limit is not None
    assert limit.since_us == NOON


def test_limits_of_other_windows_stay_as_they_are() -> None:
    story = Story(a_limit(DEPOSIT, Window.HOURS_24, "50.00"))
    story.do(to("100.00"))
    assert story.amount(NOON, Window.HOURS_24) == pounds("50.00")
    assert story.amount(NOON) == pounds("100.00")


def test_a_limit_in_another_currency_than_the_players_needs_a_rate() -> None:
    assert Story().do(to("10.00", currency="EUR")).reasons == ("SYS.FX_STALE",)


@pytest.mark.parametrize(
    ("kind", "window"), [(DEPOSIT, Window.SINCE_SET), (DEPOSIT, Window.NONE), (LimitKind.STAKE, Window.HOURS_24)]
)
def test_a_window_that_the_kind_does_not_have_is_bad_input(kind: LimitKind, window: Window) -> None:
    with pytest.raises(ValueError, match="has no window"):
        to("1.00", window, limit_kind=kind)


def test_an_exclusion_stops_every_debit_at_once() -> None:
    story = Story()
    decision = story.do(Exclude(term="6mo"), at("2026-03-10T12:00:00+00:00"))
    assert decision.effective_us == at("2026-03-10T12:00:00+00:00")
    assert decision.eligible_us == at("2026-09-10T12:00:00+01:00")
    for action in (bet("1.00"), deposit("1.00"), OpenPlay(), Login()):
        assert story.do(action, at("2026-03-10T12:00:00+00:00")).reasons == ("SEX.SELF",)


def test_after_the_term_the_player_has_to_ask_and_to_wait() -> None:
    story = Story()
    end = story.do(Exclude(term="6mo")).eligible_us or 0
    early = story.do(RequestReinstatement(), end - MS)
    assert (early.reasons, early.eligible_us) == (("SEX.MIN_TERM",), end)
    assert story.do(Login(), end - MS).reasons == ("SEX.SELF",)
    assert story.do(Login(), end).reasons == ("SEX.AWAIT_REQUEST",)
    asked = story.do(RequestReinstatement(), end + HOUR)
    assert (asked.verdict, asked.effective_us) == (Verdict.SCHEDULE, end + HOUR + DAY)
    assert story.do(Login(), end + HOUR + DAY - MS).reasons == ("SEX.AWAIT_REQUEST",)
    assert story.do(Login(), end + HOUR + DAY).allowed


def test_asking_twice_does_not_start_the_delay_again() -> None:
    story = Story()
    end = story.do(Exclude(term="6mo")).eligible_us or 0
    first = story.do(RequestReinstatement(), end)
    assert story.do(RequestReinstatement(), end + HOUR).effective_us == first.effective_us


def test_an_exclusion_without_end_lasts_its_minimum_and_stays_one() -> None:
    story = Story(name="base")
    decision = story.do(Exclude(term="indefinite"), at("2026-01-10T10:00:00+00:00"))
    assert decision.eligible_us == at("2026-07-10T10:00:00+00:00")
    assert story.do(Login(), at("2027-01-10T10:00:00+00:00")).reasons == ("SEX.SELF",)
    asked = story.do(RequestReinstatement(), at("2027-01-10T10:00:00+00:00"))
    assert asked.effective_us == at("2027-01-17T10:00:00+00:00")


@pytest.mark.parametrize(("first", "second"), [("5y", "6mo"), ("6mo", "5y"), ("6mo", "6mo")])
def test_a_second_exclusion_never_shortens_the_first(first: str, second: str) -> None:
    story = Story()
    one = story.do(Exclude(term=first)).eligible_us or 0
    two = story.do(Exclude(term=second), NOON + DAY).eligible_us or 0
    assert two >= one
    assert story.state.exclusion is not None
    assert story.state.exclusion.until_us == two


def test_one_without_end_swallows_a_term_and_keeps_its_end_as_the_earliest_return() -> None:
    for terms in (("indefinite", "6mo"), ("6mo", "indefinite")):
        story = Story(name="base")
        first = story.do(Exclude(term=terms[0])).eligible_us or 0
        second = story.do(Exclude(term=terms[1]), NOON + DAY).eligible_us or 0
        assert story.state.exclusion is not None
        assert story.state.exclusion.until_us is None
        assert second > first


def test_a_new_exclusion_stops_a_return_that_was_on_its_way() -> None:
    story = Story()
    end = story.do(Exclude(term="6mo")).eligible_us or 0
    story.do(RequestReinstatement(), end)
    story.do(Exclude(term="6mo"), end + HOUR)
    assert story.do(Login(), end + 2 * DAY).reasons == ("SEX.SELF",)


def test_an_exclusion_after_a_return_begins_anew() -> None:
    story = Story()
    end = story.do(Exclude(term="6mo")).eligible_us or 0
    story.do(RequestReinstatement(), end)
    again = end + 30 * DAY
    story.do(Exclude(term="6mo"), again)
    assert story.state.exclusion is not None
    assert story.state.exclusion.since_us == again


def test_a_term_that_the_pack_does_not_offer_is_refused() -> None:
    assert Story().do(Exclude(term="3mo")).reasons == ("SEX.TERM",)
    assert Story().do(TakeBreak(term="48h")).reasons == ("SEX.TERM",)


def test_a_player_who_is_not_excluded_returns_at_once() -> None:
    decision = Story().do(RequestReinstatement())
    assert decision.allowed
    assert decision.protection is None


def test_a_break_ends_by_itself_at_its_end() -> None:
    story = Story()
    until = story.do(TakeBreak(term="24h")).until_us or 0
    assert until == NOON + DAY
    assert story.do(bet("1.00"), until - MS).reasons == ("SEX.BREAK",)
    assert story.do(deposit("1.00"), until - MS).reasons == ("SEX.BREAK",)
    assert story.do(bet("1.00"), until).allowed


def test_a_second_break_never_shortens_the_first() -> None:
    story = Story()
    week = story.do(TakeBreak(term="7d")).until_us
    assert story.do(TakeBreak(term="24h"), NOON + SECOND).until_us == week


def test_without_a_pack_protection_grows_but_never_shrinks() -> None:
    story = Story(a_limit(DEPOSIT, Window.DAYS_7, "100.00"), name="")
    assert story.do(to("50.00")).allowed
    assert story.do(to("60.00")).reasons == ("SYS.NO_PACK",)
    assert story.do(TakeBreak(term="3d")).allowed
    end = story.do(Exclude(term="3mo")).eligible_us or 0
    assert story.do(RequestReinstatement(), end).reasons == ("SYS.NO_PACK",)


def test_an_unknown_state_is_not_changed() -> None:
    for action in (Exclude(term="6mo"), to("1.00"), TakeBreak(term="24h")):
        decision = decide(pack(), facts(protection=None), action, NOON)
        assert decision.reasons == ("SYS.FACT_MISSING",)
        assert decision.protection is None


def test_an_unknown_state_refuses_every_debit() -> None:
    for action in (bet("1.00"), deposit("1.00"), OpenPlay(), Login()):
        assert reasons(facts(protection=None), action) == ("SYS.FACT_MISSING",)
