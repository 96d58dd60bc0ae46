"""Credits without a bet."""

import pytest

from tests.unit.wallet_svc.world import EUR, PLATFORM, bet, cancel, money, outcome, table
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState, RoundState

GIFTS = (Kind.PROMO, Kind.TOURNAMENT, Kind.JACKPOT)
SPIN, TOTAL = Kind.FREE_ROUND_SPIN, Kind.FREE_ROUND_TOTAL


def gift(kind: Kind = Kind.PROMO, amount: str = "5.00", **more: object) -> c.Credit:
    return c.Credit(kind=kind, money=money(amount), **more)  # type: ignore[arg-type]


def free(kind: Kind, amount: str = "5.00", grant: str = "f1", **more: object) -> c.FreeRound:
    return c.FreeRound(kind=kind, grant=grant, money=money(amount), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", GIFTS)
def test_a_gift_needs_no_session_and_passes_block_and_limits(kind: Kind) -> None:
    made = table()
    made.do("end", c.EndPlay(session="s", end=PlayState.EXPIRED), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.do("limit", c.SetLimit(limit="loss", window="since_set", money=money("0.00")), source=PLATFORM)
    assert outcome(made.do("x1", gift(kind, session="s"))) is Outcome.OK
    assert made.do("x1", gift(kind)).replayed
    assert outcome(made.do("x1", gift(kind, "6.00"))) is Outcome.IDEMPOTENCY_CONFLICT
    assert made.cash() == 105_00


@pytest.mark.parametrize("kind", GIFTS)
@pytest.mark.parametrize("amount", ["0.00", "-1.00", "3.333"])
def test_a_gift_is_above_zero_and_exact(kind: Kind, amount: str) -> None:
    assert outcome(table().do("x1", gift(kind, amount))) is Outcome.AMOUNT_INVALID


def test_a_gift_is_in_a_currency_of_the_player() -> None:
    made = table()
    assert outcome(made.do("x1", c.Credit(kind=Kind.PROMO, money=money("5.00", "USD")))) is Outcome.CURRENCY_MISMATCH


def test_a_gift_goes_where_it_is_sent() -> None:
    made = table("10.00")
    made.do("x1", gift(to=AccountClass.BONUS))
    assert (made.cash(), made.bonus()) == (10_00, 5_00)
    assert outcome(made.do("x1", gift(to=AccountClass.CASH))) is Outcome.IDEMPOTENCY_CONFLICT


def test_a_jackpot_settles_no_bet_and_changes_no_round() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("j1", gift(Kind.JACKPOT, "50.00", round="r1"))
    assert made.player().rounds[3, "r1"].state is RoundState.OPEN
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK


def test_the_cap_of_an_asset_stops_gifts_that_can_wait_and_no_jackpot() -> None:
    made = table("100.00")
    made.asset(EUR, cap=104_00)
    assert outcome(made.do("x1", gift())) is Outcome.AMOUNT_INVALID
    assert outcome(made.do("x2", gift(Kind.TOURNAMENT))) is Outcome.AMOUNT_INVALID
    assert outcome(made.do("x3", gift(amount="4.00"))) is Outcome.OK
    assert outcome(made.do("x4", gift(Kind.JACKPOT))) is Outcome.OK
    assert made.cash() == 109_00


def test_the_total_of_a_grant_pays_and_its_spins_are_recorded() -> None:
    made = table()
    assert outcome(made.do("s1", free(SPIN, "1.20", round="r1"))) is Outcome.OK
    assert outcome(made.do("s2", free(SPIN, "0.00", round="r2"))) is Outcome.OK
    assert made.cash() == 100_00
    assert outcome(made.do("t1", free(TOTAL, "1.20"))) is Outcome.OK
    assert made.do("t1", free(TOTAL, "1.20")).replayed
    assert made.cash() == 101_20


def test_spins_pay_where_the_provider_settles_spin_by_spin() -> None:
    made = table(pays_per_spin=True)
    made.do("s1", free(SPIN, "1.20", round="r1"))
    made.do("t1", free(TOTAL, "1.20"))
    assert made.cash() == 101_20


@pytest.mark.parametrize("before", [False, True])
def test_a_grant_is_never_paid_twice_whatever_becomes_of_the_setting(before: bool) -> None:
    made = table(pays_per_spin=before)
    made.do("s1", free(SPIN, "1.20", round="r1"))
    place = (1, 3)
    made.registry.providers[place] = type(made.registry.providers[place])(pays_per_spin=not before)
    made.do("s2", free(SPIN, "2.30", round="r2"))
    made.do("t1", free(TOTAL, "3.50"))
    assert made.cash() == 103_50


def test_a_grant_is_part_of_the_content_of_a_key() -> None:
    made = table()
    made.do("x1", free(SPIN, round="r1"))
    assert outcome(made.do("x1", free(TOTAL))) is Outcome.OK
    assert outcome(made.do("x1", free(TOTAL, grant="f2"))) is Outcome.IDEMPOTENCY_CONFLICT


def test_a_refused_free_round_fixes_nothing() -> None:
    made = table(pays_per_spin=True)
    assert outcome(made.do("s1", free(SPIN, "1.001", round="r1"))) is Outcome.AMOUNT_INVALID
    assert all(entry.kind is not Kind.GRANT for entry in made.log)
