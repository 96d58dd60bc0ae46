"""What the licensee may not do for a player, what players are reminded of, and what ends a session or stops deposits."""

from dataclasses import replace

import pytest

from compliance_svc.kernel import (
    ActionKind,
    Check,
    Code,
    ConfirmLimit,
    Facts,
    Game,
    Identity,
    LimitKind,
    Login,
    Obligation,
    OpenPlay,
    Outside,
    PendingIncrease,
    Protection,
    RecordCheck,
    RecordDepositFailure,
    Session,
    SetLimit,
    Verdict,
    Window,
    apply,
    decide,
    replay,
)
from compliance_svc.kernel.actions import CREDITS, Credit
from tests.unit.compliance_svc.kernel.world import (
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

WEEK = a_limit(LimitKind.DEPOSIT, Window.DAYS_7, "100.00")


def set_limit(amount: str, *, by_licensee: bool) -> SetLimit:
    return SetLimit(
        limit_kind=LimitKind.DEPOSIT,
        window=Window.DAYS_7,
        amount_minor=pounds(amount),
        currency="GBP",
        exponent=6,
        by_licensee=by_licensee,
    )


# -- whose wish a limit is


@pytest.mark.parametrize(
    ("amount", "by_licensee", "verdict", "codes"),
    [
        ("100.01", True, Verdict.DENY, ("LIM.PLAYER_ONLY",)),
        ("100.01", False, Verdict.SCHEDULE, ()),
        ("100.00", True, Verdict.ALLOW, ()),
        ("50.00", True, Verdict.ALLOW, ()),
    ],
)
def test_a_licensee_may_lower_a_limit_and_never_raise_one(
    amount: str, verdict: Verdict, codes: tuple[str, ...], *, by_licensee: bool
) -> None:
    decision = decide(pack(), facts(WEEK), set_limit(amount, by_licensee=by_licensee), NOON)
    assert (decision.verdict, decision.reasons) == (verdict, codes)
    assert (decision.protection is None) is (verdict is Verdict.DENY)


def test_a_licensee_may_set_a_first_limit_and_confirms_no_increase() -> None:
    assert decide(pack(), facts(), set_limit("10.00", by_licensee=True), NOON).allowed
    ripe = PendingIncrease(amount_minor=pounds("200.00"), effective_us=NOON, needs_confirmation=True)
    known = facts(replace(WEEK, pending=ripe))
    confirm = ConfirmLimit(limit_kind=LimitKind.DEPOSIT, window=Window.DAYS_7, by_licensee=True)
    assert decide(pack(), known, confirm, NOON).reasons == ("LIM.PLAYER_ONLY",)
    assert decide(pack(), known, replace(confirm, by_licensee=False), NOON).allowed


def test_the_answer_to_an_increase_says_when_it_takes_effect() -> None:
    decision = decide(pack(), facts(WEEK), set_limit("200.00", by_licensee=False), NOON)
    assert decision.effective_us == NOON + 24 * HOUR
    limit = decision.protection.limit(LimitKind.DEPOSIT, Window.DAYS_7) if decision.protection else None
    assert limit is not None
    assert limit.in_force(NOON + 24 * HOUR - 1) == pounds("100.00")


# -- the reminder to review limits


def login(state: Protection, now_us: int, name: str = "gb") -> tuple[tuple[str, ...], Protection]:
    decision = decide(pack(name), facts(protection=state), Login(), now_us)
    assert decision.allowed
    assert replay(pack(name), decision.facts_json(), now_us).record() == decision.record()
    return tuple(decision.obligations), apply(state, decision)


def test_whoever_has_limits_is_reminded_each_half_year_and_once() -> None:
    state = Protection(limits=(replace(WEEK, since_us=at("2026-04-05T12:00:00+01:00")),))
    assert login(state, NOON - 1) == ((), state)
    duties, reminded = login(state, NOON)
    assert duties == (Obligation.REVIEW_LIMITS,)
    assert Protection.from_json(reminded.to_json()) == reminded
    assert login(reminded, NOON + HOUR) == ((), reminded)
    assert login(reminded, at("2027-04-05T11:59:59+01:00"))[0] == ()
    assert login(reminded, at("2027-04-05T12:00:00+01:00"))[0] == (Obligation.REVIEW_LIMITS,)


def test_nobody_is_reminded_without_limits_or_where_the_market_wants_none() -> None:
    assert login(Protection(), NOON)[0] == ()
    assert login(Protection(limits=(WEEK,)), NOON, "mt")[0] == ()


# -- deposits that fail


def failing(state: Protection, at_us: int, name: str = "us-nj") -> tuple[tuple[str, ...], Protection]:
    decision = decide(pack(name), facts(protection=state), RecordDepositFailure(event_us=at_us), NOON)
    assert decision.allowed
    assert replay(pack(name), decision.facts_json(), NOON).record() == decision.record()
    return tuple(decision.obligations), apply(state, decision)


def after(*moments: int, name: str = "us-nj") -> Protection:
    state = Protection()
    for moment in moments:
        _, state = failing(state, moment, name)
    return state


def refused(state: Protection, name: str = "us-nj") -> bool:
    return "PAY.REVIEW" in reasons(facts(protection=state), deposit("1.00", currency="USD"), NOON, name)


FIVE = [NOON - 600 * SECOND + 1, NOON - 300 * SECOND, NOON - 2, NOON - 1, NOON]


def test_five_failed_deposits_in_ten_minutes_stop_deposits_until_somebody_has_investigated() -> None:
    before = after(*FIVE[:4])
    assert not refused(before)
    duties, blocked = failing(before, FIVE[4])
    assert duties == (Obligation.INVESTIGATE_PAYMENTS,)
    assert refused(blocked)
    assert Protection.from_json(blocked.to_json()) == blocked
    assert failing(blocked, NOON + 1) == ((), blocked)
    decision = decide(pack("us-nj"), facts(protection=blocked), RecordCheck(check=Check.PAYMENTS), NOON)
    assert apply(blocked, decision) == Protection()


@pytest.mark.parametrize("moments", [FIVE[:4], [NOON - 600 * SECOND, *FIVE[1:]]])
def test_four_or_five_in_a_longer_time_stop_nothing(moments: list[int]) -> None:
    assert not refused(after(*moments))


def test_failures_count_in_whatever_order_they_are_told_and_two_at_once_are_two() -> None:
    assert refused(after(*reversed(FIVE)))
    assert refused(after(NOON, NOON, NOON, NOON, NOON))


def test_where_the_market_does_not_count_failures_none_are_kept() -> None:
    assert after(*FIVE, name="gb") == Protection()


def test_failed_deposits_hold_no_credit() -> None:
    blocked = after(*FIVE)
    for kind in CREDITS:
        credit = Credit(kind=kind, amount_minor=1, currency="USD", exponent=6)
        assert decide(pack("us-nj"), facts(protection=blocked), credit, NOON).allowed


def test_a_withdrawal_is_not_the_moment_of_first_asking() -> None:
    for identity in Identity:
        known = facts(protection=Protection().about(identity=identity))
        withdrawal = Credit(kind=ActionKind.WITHDRAW, amount_minor=pounds("5.00"), currency="GBP", exponent=6)
        assert decide(pack(), known, withdrawal, NOON).allowed
    unverified = facts(protection=Protection().about(identity=Identity.UNVERIFIED))
    assert reasons(unverified, deposit("5.00")) == reasons(unverified, bet("1.00")) == ("KYC.UNVERIFIED",)


# -- inactivity


def idle(since_us: int, **more: int | None) -> Facts:
    return facts(opened_us=since_us, **more)


IDLE = 1_200 * SECOND


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (idle(NOON - IDLE), ("SES.INACTIVE",)),
        (idle(NOON - IDLE + MS), ()),
        (idle(NOON - 9 * HOUR, last_start_us=NOON - IDLE), ("SES.INACTIVE",)),
        (idle(NOON - 9 * HOUR, last_start_us=NOON - IDLE + MS), ()),
    ],
)
def test_after_the_time_without_a_cycle_the_session_is_over(known: Facts, codes: tuple[str, ...]) -> None:
    decision = decide(pack("it"), known, bet("1.00", currency="EUR"), NOON)
    assert decision.reasons == codes
    assert decision.ends_session is bool(codes)


def test_a_seen_reality_check_is_activity_and_the_round_in_play_may_finish() -> None:
    known = idle(NOON - 9 * HOUR, last_start_us=NOON - 8 * HOUR)
    seen = replace(known, session=Session(opened_us=NOON - 9 * HOUR, checked_us=NOON - SECOND))
    assert reasons(seen, bet("1.00", currency="EUR"), NOON, "it") == ()
    assert reasons(known, bet("1.00", currency="EUR", starts_cycle=False), NOON, "it") == ()


def test_without_its_facts_the_time_is_unknown_and_refused() -> None:
    known = replace(facts(), session=None)
    assert "SYS.FACT_MISSING" in reasons(known, bet("1.00", currency="EUR"), NOON, "it")


# -- what a game returns


@pytest.mark.parametrize(
    ("name", "ppm", "codes"),
    [
        ("it", 899_999, ("GAM.RETURN",)),
        ("it", 900_000, ()),
        ("mt", 850_000, ()),
        ("mt", 849_999, ("GAM.RETURN",)),
        ("cw", 749_999, ("GAM.RETURN",)),
        ("it", 0, ()),
    ],
)
def test_a_game_that_returns_too_little_is_not_opened(name: str, ppm: int, codes: tuple[str, ...]) -> None:
    game = Game(category=bet().category, return_ppm=ppm)
    assert reasons(replace(facts(), game=game), OpenPlay(category=game.category), NOON, name) == codes


@pytest.mark.parametrize("feature", ["turbo", "quick_spin", "slam_stop", "celebrates_losses"])
def test_a_game_with_a_feature_that_the_market_forbids_is_not_opened(feature: str) -> None:
    game = Game(category=bet().category, features=(feature,))
    known, action = replace(facts(), game=game), OpenPlay(category=game.category)
    decision = decide(pack(), known, action, NOON)
    assert decision.reasons == ("GAM.FEATURE",)
    assert replay(pack(), decision.facts_json(), NOON).record() == decision.record()
    assert reasons(known, action, NOON, "mt") == reasons(replace(known, game=replace(game, features=())), action) == ()


# -- the data of the market's zone


def test_under_changed_data_of_the_zone_debits_are_refused_and_credits_pass() -> None:
    known = replace(facts(), outside=Outside(zone_changed=True))
    for action in (bet(), deposit("1.00"), OpenPlay(category=bet().category)):
        decision = decide(pack(), known, action, NOON)
        assert Code.SYS_ZONE_DATA in decision.reasons
        assert decision.guardrail == "G4"
        assert replay(pack(), decision.facts_json(), NOON).record() == decision.record()
    for kind in CREDITS:
        assert decide(pack(), known, Credit(kind=kind, amount_minor=1, currency="GBP", exponent=6), NOON).allowed


# -- three facts of place


def test_licence_residence_and_place_are_three_facts_and_none_stands_for_another() -> None:
    placed = Protection().about(location="US-NJ")
    known = facts(protection=placed)
    stake, market = bet("1.00", currency="USD"), "us-nj"
    assert reasons(known, stake, NOON, market) == ()
    # Somebody of this market who is elsewhere now; who is here and lives elsewhere; whose licensee has no licence here.
    assert reasons(facts(protection=placed.about(location="US-PA")), stake, NOON, market) == ("GEO.OUTSIDE",)
    assert reasons(known, stake, NOON, "us-pa") == ("GEO.OUTSIDE",)
    assert reasons(replace(known, licensed=False), stake, NOON, market) == ("GEO.NO_LICENCE",)
    record = decide(pack(market), replace(known, licensed=False), stake, NOON).record()
    assert all(part in record for part in ('"pack":"us-nj@1"', '"location":"US-NJ"', '"unlicensed":true'))
