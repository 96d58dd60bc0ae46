from dataclasses import replace

import pytest

from compliance_svc.kernel import Category, Funding, Login, OpenPlay, Tip
from tests.unit.compliance_svc.kernel.world import MS, NOON, SECOND, at, bet, deposit, facts, pounds, reasons


def test_the_stake_cap_itself_is_allowed_and_one_unit_more_is_not() -> None:
    assert reasons(facts(), bet("5.00")) == ()
    assert reasons(facts(), bet("5.000001")) == ("GAM.STAKE_CAP",)


def test_the_higher_cap_begins_at_local_midnight_of_the_25th_birthday() -> None:
    known = facts(born=2001_06_15)
    assert reasons(known, bet("2.00"), at("2026-06-14T23:59:59+01:00")) == ()
    assert reasons(known, bet("2.01"), at("2026-06-14T23:59:59.999+01:00")) == ("GAM.STAKE_CAP",)
    assert reasons(known, bet("5.00"), at("2026-06-15T00:00:00+01:00")) == ()


def test_a_player_born_on_29_february_turns_25_on_1_march() -> None:
    known = facts(born=2004_02_29)
    assert reasons(known, bet("5.00"), at("2029-02-28T23:59:59+00:00")) == ("GAM.STAKE_CAP",)
    assert reasons(known, bet("5.00"), at("2029-03-01T00:00:00+00:00")) == ()


def test_an_unknown_date_of_birth_has_the_lowest_cap_and_is_a_missing_fact() -> None:
    assert reasons(facts(born=None), bet("2.01")) == ("SYS.FACT_MISSING", "GAM.STAKE_CAP")
    assert reasons(facts(born=None), bet("2.00")) == ("SYS.FACT_MISSING",)


def test_everything_staked_in_the_round_counts() -> None:
    known = facts(staked_minor=pounds("3.00"))
    assert reasons(known, bet("2.00", starts_cycle=False)) == ()
    assert reasons(known, bet("2.01", starts_cycle=False, funding=Funding.FREE_SPIN)) == ("GAM.STAKE_CAP",)


def test_a_cap_is_exact_at_every_exponent() -> None:
    for exponent in (0, 2, 6, 8):
        for units, expected in ((5 * 10**exponent, ()), (5 * 10**exponent + 1, ("GAM.STAKE_CAP",))):
            stake = replace(bet(), amount_minor=units, exponent=exponent)
            assert reasons(facts(), stake) == expected


def test_without_a_cap_in_the_currency_of_the_bet_a_rate_would_be_needed() -> None:
    assert reasons(facts(), bet("0.10", currency="EUR")) == ("SYS.FX_STALE",)
    assert reasons(facts(), bet("50.00", currency="EUR", category=Category.TABLE)) == ()


@pytest.mark.parametrize(("category", "ms"), [(Category.SLOT, 2_500), (Category.TABLE, 5_000)])
def test_the_interval_between_starts_is_kept_to_the_millisecond(category: Category, ms: int) -> None:
    known = facts(last_start_us=NOON)
    assert reasons(known, bet("1.00", category=category), NOON + (ms - 1) * MS) == ("GAM.TOO_FAST",)
    assert reasons(known, bet("1.00", category=category), NOON + ms * MS) == ()


def test_the_first_start_of_a_session_and_later_bets_of_a_round_wait_for_nothing() -> None:
    assert reasons(facts(last_start_us=None), bet("1.00")) == ()
    assert reasons(facts(last_start_us=NOON), bet("1.00", starts_cycle=False)) == ()


def test_a_clock_that_went_back_is_too_fast() -> None:
    assert reasons(facts(last_start_us=NOON), bet("1.00"), NOON - SECOND) == ("GAM.TOO_FAST",)


def test_live_games_have_neither_cap_nor_interval() -> None:
    assert reasons(facts(last_start_us=NOON), bet("1000.00", category=Category.LIVE)) == ()


def test_a_game_without_category_is_refused_where_categories_matter() -> None:
    assert reasons(facts(), bet("1.00", category=None)) == ("SYS.FACT_MISSING",)
    assert reasons(facts(), bet("1.00", category=None), name="sandbox") == ()


def test_a_start_that_the_player_did_not_make_is_refused() -> None:
    assert reasons(facts(), bet("1.00", automatic=True)) == ("GAM.AUTOPLAY",)


def test_a_bet_without_the_facts_of_its_round_is_refused() -> None:
    assert reasons(facts(cycle=None), bet("1.00")) == ("SYS.FACT_MISSING",)


@pytest.mark.parametrize(
    "action",
    [bet("1.00"), deposit("1.00"), OpenPlay(), Tip(amount_minor=1, currency="GBP", exponent=6)],
    ids=lambda action: action.kind,
)
def test_the_legal_age_begins_at_local_midnight_of_the_birthday(action: object) -> None:
    known = facts(born=2008_06_15)
    assert reasons(known, action, at("2026-06-14T22:59:59.999+00:00")) == ("KYC.AGE",)
    assert reasons(known, action, at("2026-06-14T23:00:00+00:00")) == ()
    assert reasons(facts(born=None), action) == ("SYS.FACT_MISSING",)


def test_a_login_has_no_age() -> None:
    assert reasons(facts(born=None), Login()) == ()


def test_the_base_pack_asks_for_21_years_and_one_euro() -> None:
    assert reasons(facts(born=2006_01_20), OpenPlay(), name="base") == ("KYC.AGE",)
    assert reasons(facts(), bet("1.00", currency="EUR", category=Category.TABLE), name="base") == ()
    assert reasons(facts(), bet("1.01", currency="EUR", category=Category.TABLE), name="base") == ("GAM.STAKE_CAP",)
