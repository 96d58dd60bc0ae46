import pytest

from compliance_svc.kernel import (
    Facts,
    Funding,
    LimitKind,
    PendingIncrease,
    UsageBook,
    Verdict,
    Window,
    decide,
    headroom_minor,
    limit_status,
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
    used,
)

LOSS, DEPOSIT, STAKE = LimitKind.LOSS, LimitKind.DEPOSIT, LimitKind.STAKE


def test_an_amount_equal_to_the_headroom_is_allowed_and_one_unit_more_is_not() -> None:
    known = facts(a_limit(DEPOSIT, Window.HOURS_24, "100.00"), usage=used(DEPOSIT, (NOON - HOUR, "90.00")))
    assert reasons(known, deposit("10.00")) == ()
    assert reasons(known, deposit("10.000001")) == ("LIM.DEPOSIT.24H",)


@pytest.mark.parametrize(
    ("window", "span", "code"),
    [
        (Window.HOURS_24, DAY, "LIM.DEPOSIT.24H"),
        (Window.DAYS_7, 7 * DAY, "LIM.DEPOSIT.7D"),
        (Window.DAYS_30, 30 * DAY, "LIM.DEPOSIT.30D"),
    ],
)
def test_a_deposit_leaves_the_window_exactly_after_its_length(window: Window, span: int, code: str) -> None:
    known = facts(a_limit(DEPOSIT, window, "100.00"), usage=used(DEPOSIT, (NOON, "100.00")))
    assert reasons(known, deposit("1.00"), NOON + span - MS) == (code,)
    assert reasons(known, deposit("1.00"), NOON + span) == ()


@pytest.mark.parametrize("window", [Window.HOURS_24, Window.SINCE_SET])
def test_what_was_recorded_by_a_clock_that_was_ahead_counts_at_once(window: Window) -> None:
    """Two processes may disagree about the time by a moment; the ledger's order says that it has happened."""
    known = facts(a_limit(LOSS, window, "100.00"), usage=used(LOSS, (NOON + HOUR, "100.00")))
    assert reasons(known, bet("1.00"), NOON, "sandbox") == ("LIM.LOSS",)


def test_days_are_elapsed_time_also_over_a_clock_change() -> None:
    before = at("2026-03-28T14:00:00+00:00")
    known = facts(a_limit(DEPOSIT, Window.HOURS_24, "100.00"), usage=used(DEPOSIT, (before, "100.00")))
    assert reasons(known, deposit("1.00"), at("2026-03-29T14:59:59+01:00")) == ("LIM.DEPOSIT.24H",)
    assert reasons(known, deposit("1.00"), at("2026-03-29T15:00:00+01:00")) == ()


def test_a_month_keeps_the_wall_time_over_a_clock_change() -> None:
    before = at("2026-03-15T12:00:00+00:00")
    known = facts(a_limit(DEPOSIT, Window.MONTH_1, "100.00"), usage=used(DEPOSIT, (before, "100.00")))
    assert reasons(known, deposit("1.00"), at("2026-04-15T11:59:59+01:00")) == ("LIM.DEPOSIT.1MO",)
    assert reasons(known, deposit("1.00"), at("2026-04-15T12:00:00+01:00")) == ()


def test_a_deposit_can_come_back_into_a_month_window_at_the_end_of_march() -> None:
    made = at("2026-02-28T12:00:00+00:00")
    known = facts(a_limit(DEPOSIT, Window.MONTH_1, "100.00"), usage=used(DEPOSIT, (made, "100.00")))
    assert reasons(known, deposit("1.00"), at("2026-03-28T13:00:00+00:00")) == ()
    assert reasons(known, deposit("1.00"), at("2026-03-29T00:30:00+00:00")) == ("LIM.DEPOSIT.1MO",)


def test_every_limit_that_refuses_is_a_reason() -> None:
    known = facts(
        a_limit(DEPOSIT, Window.HOURS_24, "10.00"),
        a_limit(DEPOSIT, Window.DAYS_7, "20.00"),
        a_limit(DEPOSIT, Window.MONTH_1, "500.00"),
    )
    assert reasons(known, deposit("20.01")) == ("LIM.DEPOSIT.24H", "LIM.DEPOSIT.7D")


def test_the_loss_limit_holds_against_the_worst_case_of_the_bet() -> None:
    known = facts(a_limit(LOSS, Window.HOURS_24, "50.00"), usage=used(LOSS, (NOON - HOUR, "45.00")))
    assert reasons(known, bet("5.00")) == ()
    assert reasons(facts(a_limit(LOSS, Window.HOURS_24, "5.00"), usage=used(LOSS, (NOON, "4.00"))), bet("1.01")) == (
        "LIM.LOSS",
    )


def test_two_loss_limits_that_refuse_are_one_code_and_two_details() -> None:
    known = facts(a_limit(LOSS, Window.HOURS_24, "0.50"), a_limit(LOSS, Window.DAYS_7, "0.60"))
    decision = decide(pack(), known, bet("1.00"), NOON)
    assert decision.reasons == ("LIM.LOSS",)
    assert [(detail.rule, detail.limit) for detail in decision.details] == [
        ("own_limit/loss/24h", pounds("0.50")),
        ("own_limit/loss/7d", pounds("0.60")),
    ]


def test_a_win_gives_back_at_the_time_of_the_first_bet_of_its_round() -> None:
    staked, won = (NOON, "50.00"), (NOON, "-30.00")
    known = facts(a_limit(LOSS, Window.HOURS_24, "50.00"), usage=used(LOSS, staked, won))
    assert reasons(known, bet("2.00"), NOON + HOUR) == ()
    status = limit_status(pack(), known, LOSS, Window.HOURS_24, NOON + HOUR)
    assert status is not None
    assert (status.used_minor, status.headroom_minor) == (pounds("20.00"), pounds("30.00"))


def test_a_free_spin_cannot_be_lost() -> None:
    known = facts(a_limit(LOSS, Window.HOURS_24, "0.00"))
    assert reasons(known, bet("1.00", funding=Funding.FREE_SPIN)) == ()
    assert reasons(known, bet("1.00", funding=Funding.BONUS)) == ("LIM.LOSS",)


def test_the_single_stake_limit_looks_at_one_bet_only() -> None:
    known = facts(a_limit(STAKE, Window.NONE, "2.00"), staked_minor=pounds("2.00"))
    assert reasons(known, bet("2.00", starts_cycle=False)) == ()
    assert reasons(known, bet("2.01", starts_cycle=False)) == ("LIM.STAKE",)


def test_a_loss_limit_since_it_was_set_counts_from_then_and_does_not_end() -> None:
    limit = a_limit(LOSS, Window.SINCE_SET, "30.00", since_us=NOON)
    book = used(LOSS, (NOON - SECOND, "500.00"), (NOON, "20.00"), (NOON + 400 * DAY, "9.00"))
    known = facts(limit, usage=book)
    assert reasons(known, bet("1.00"), NOON + 401 * DAY) == ()
    assert reasons(known, bet("1.01"), NOON + 401 * DAY) == ("LIM.LOSS",)


def test_the_players_limits_hold_in_the_sandbox_too() -> None:
    known = facts(a_limit(LOSS, Window.SINCE_SET, "0.50"), a_limit(STAKE, Window.NONE, "0.50"))
    assert reasons(known, bet("1.00", category=None), name="sandbox") == ("LIM.LOSS", "LIM.STAKE")


@pytest.mark.parametrize(
    ("kind", "action"), [(DEPOSIT, deposit("1.00", currency="EUR")), (STAKE, bet("1.00", currency="EUR"))]
)
def test_a_limit_in_another_currency_needs_a_rate(kind: LimitKind, action: object) -> None:
    window = Window.HOURS_24 if kind is DEPOSIT else Window.NONE
    assert reasons(facts(a_limit(kind, window, "100.00")), action, name="sandbox") == ("SYS.FX_STALE",)


def test_usage_in_another_currency_needs_a_rate() -> None:
    book = UsageBook()
    book.add(DEPOSIT, "EUR", NOON - HOUR, 1)
    assert reasons(facts(a_limit(DEPOSIT, Window.HOURS_24, "100.00"), usage=book), deposit("1.00")) == ("SYS.FX_STALE",)


def test_a_player_with_limits_and_unknown_usage_is_refused() -> None:
    known = facts(a_limit(LOSS, Window.HOURS_24, "100.00"), usage=None)
    assert reasons(known, bet("1.00")) == ("SYS.FACT_MISSING",)
    assert reasons(known, deposit("1.00"), name="base") == ()
    assert reasons(known, deposit("1.00"), name="gb") == ("SYS.FACT_MISSING",)


def waiting(*, confirm: bool) -> Facts:
    pending = PendingIncrease(amount_minor=pounds("200.00"), effective_us=NOON, needs_confirmation=confirm)
    return facts(a_limit(DEPOSIT, Window.DAYS_7, "100.00", pending=pending))


def test_a_pending_increase_counts_from_the_instant_at_which_it_is_ripe() -> None:
    assert reasons(waiting(confirm=False), deposit("150.00"), NOON - MS) == ("LIM.DEPOSIT.7D",)
    assert reasons(waiting(confirm=False), deposit("150.00"), NOON) == ()


def test_a_ripe_increase_that_is_not_confirmed_asks_for_the_confirmation() -> None:
    known = waiting(confirm=True)
    assert reasons(known, deposit("150.00"), NOON - MS) == ("LIM.DEPOSIT.7D",)
    challenged = decide(pack(), known, deposit("150.00"), NOON)
    assert (challenged.verdict, challenged.reasons) == (Verdict.CHALLENGE, ("LIM.INCREASE.CONFIRM",))
    assert reasons(known, deposit("100.00")) == ()
    assert reasons(known, deposit("200.01")) == ("LIM.DEPOSIT.7D",)


def test_headroom_is_the_lowest_of_the_limits_of_the_kind() -> None:
    known = facts(
        a_limit(DEPOSIT, Window.HOURS_24, "50.00"),
        a_limit(DEPOSIT, Window.DAYS_7, "100.00"),
        usage=used(DEPOSIT, (NOON - 2 * DAY, "90.00")),
    )
    assert headroom_minor(pack(), known, frozenset({DEPOSIT}), NOON) == pounds("10.00")
    assert headroom_minor(pack(), known, frozenset({LOSS}), NOON) is None


def test_headroom_below_a_cut_limit_is_zero() -> None:
    known = facts(a_limit(DEPOSIT, Window.DAYS_7, "10.00"), usage=used(DEPOSIT, (NOON, "90.00")))
    assert headroom_minor(pack(), known, frozenset({DEPOSIT}), NOON) == 0


def test_a_decision_names_the_limit_that_refused() -> None:
    known = facts(a_limit(STAKE, Window.NONE, "0.50"))
    assert decide(pack(), known, bet("1.00"), NOON).exceeded_limit == "stake"
    assert decide(pack(), facts(), bet("9.00"), NOON).exceeded_limit is None
