"""Game wallets: money that a licensee moves in and out."""

from dataclasses import replace

import pytest

from tests.unit.wallet_svc.world import EUR, LICENSEE, PROVIDER, Table, money, outcome, registry
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, Standing


@pytest.fixture
def table() -> Table:
    """Alice of a licensee with game wallets, with a session and nothing in it."""
    world = registry()
    tenant = replace(world.licensees[LICENSEE], game_wallet=True)
    made = Table(registry=replace(world, licensees={LICENSEE: tenant}, licensees_by_id={1: tenant}))
    born = c.OpenAccount(currency="EUR", born_on="1990-05-17")
    assert outcome(made.do("open", born, source="cashier")) is Outcome.OK
    play = c.OpenPlay(session="s", provider=PROVIDER, currency="EUR", game="g1")
    assert outcome(made.do("play", play, source="platform")) is Outcome.OK
    return made


def into(table: Table, key: str, amount: str, currency: str = "EUR") -> Outcome:
    return outcome(table.do(key, c.TransferIn(money=money(amount, currency)), source="cashier"))


def out(table: Table, key: str, amount: str = "", currency: str = "EUR") -> Outcome:
    wanted = money(amount, currency) if amount else None
    return outcome(table.do(key, c.TransferOut(currency=currency, money=wanted), source="cashier"))


def bet(table: Table, key: str, amount: str) -> Outcome:
    return outcome(table.do(key, c.Bet(round=key, money=money(amount), game="g1", session="s")))


def outside(table: Table) -> int:
    """What came in less what went out."""
    return -sum(
        one.balance for (_, name), one in table.book.house.items() if name.account_class is AccountClass.OUTSIDE
    )


def test_what_is_moved_in_is_played_with_and_the_rest_goes_out(table: Table) -> None:
    assert into(table, "i1", "50.00") is Outcome.OK
    assert bet(table, "b1", "20.00") is Outcome.OK
    assert (out(table, "o1", "30.01"), table.cash()) == (Outcome.INSUFFICIENT_FUNDS, 30_00)
    assert (out(table, "o2", "10.00"), table.cash()) == (Outcome.OK, 20_00)
    assert (out(table, "o3"), table.cash(), outside(table)) == (Outcome.OK, 0, 20_00)
    win = table.do("w1", c.Win(round="b1", money=money("45.00"), bet_key="b1"))
    assert (outcome(win), table.cash(), out(table, "o4"), table.cash()) == (Outcome.OK, 45_00, Outcome.OK, 0)
    assert outside(table) == 20_00 - 45_00


def test_a_retry_gets_its_first_answer_and_other_content_is_a_conflict(table: Table) -> None:
    assert into(table, "i1", "50.00") is Outcome.OK
    again = table.do("i1", c.TransferIn(money=money("50")), source="cashier")
    assert (outcome(again), again.replayed, table.cash()) == (Outcome.OK, True, 50_00)
    assert into(table, "i1", "51.00") is Outcome.IDEMPOTENCY_CONFLICT
    assert out(table, "o1") is Outcome.OK
    assert into(table, "i2", "5.00") is Outcome.OK
    again = table.do("o1", c.TransferOut(currency="EUR"), source="cashier")
    assert (again.replayed, again.entry.moved, table.cash()) == (True, 50_00, 5_00)
    assert out(table, "o1", "50.00") is Outcome.IDEMPOTENCY_CONFLICT
    assert out(table, "o2", "6.00") is Outcome.INSUFFICIENT_FUNDS
    assert into(table, "i3", "5.00") is Outcome.OK
    assert (out(table, "o2", "6.00"), table.cash()) == (Outcome.INSUFFICIENT_FUNDS, 10_00)


def test_all_of_nothing_is_nothing(table: Table) -> None:
    answer = table.do("o1", c.TransferOut(currency="EUR"), source="cashier")
    assert (outcome(answer), answer.entry.amount, answer.entry.moved, answer.entry.debit) == (Outcome.OK, 0, 0, None)


@pytest.mark.parametrize(
    ("amount", "currency", "refused"),
    [
        ("0.00", "EUR", Outcome.AMOUNT_INVALID),
        ("-1.00", "EUR", Outcome.AMOUNT_INVALID),
        ("1.001", "EUR", Outcome.AMOUNT_INVALID),
        ("1.00", "USD", Outcome.CURRENCY_MISMATCH),
        ("1.00", "XXX", Outcome.CURRENCY_MISMATCH),
    ],
)
def test_amounts_that_are_none_are_refused_both_ways(
    table: Table, amount: str, currency: str, refused: Outcome
) -> None:
    into(table, "i1", "50.00")
    assert (into(table, "i2", amount, currency), out(table, "o1", amount, currency)) == (refused, refused)
    assert table.cash() == 50_00


def test_held_money_stays(table: Table) -> None:
    into(table, "i1", "50.00")
    assert table.player().balance(EUR.id, AccountClass.HELD) == 0
    assert outcome(table.do("h1", c.Hold(money=money("5.00")), source="cashier")) is Outcome.REQUEST_INVALID
    assert outcome(table.do("d1", c.Deposit(money=money("5.00")), source="cashier")) is Outcome.REQUEST_INVALID


def test_nobody_else_has_transfers() -> None:
    hosted = Table()
    hosted.do("open", c.OpenAccount(currency="EUR", born_on="1990-05-17"), source="cashier")
    answer = hosted.do("i1", c.TransferIn(money=money("5.00")), source="cashier")
    assert (outcome(answer), answer.new, out(hosted, "o1")) == (Outcome.REQUEST_INVALID, (), Outcome.REQUEST_INVALID)


def test_who_is_excluded_gets_nothing_in_and_everything_out(table: Table) -> None:
    into(table, "i1", "50.00")
    table.do("x", c.Exclude(term="6mo"), source="platform")
    assert into(table, "i2", "5.00") is Outcome.COMPLIANCE_DENIED
    assert bet(table, "b1", "1.00") is not Outcome.OK
    assert (out(table, "o1"), table.cash()) == (Outcome.OK, 0)


def test_limits_of_deposits_do_not_count_transfers_and_limits_of_stakes_hold(table: Table) -> None:
    for kind, window in (("deposit", "24h"), ("stake", "")):
        limit = c.SetLimit(limit=kind, window=window, money=money("10.00"))
        assert outcome(table.do(kind, limit, source="platform")) is Outcome.OK
    for number in range(3):
        assert into(table, f"i{number}", "50.00") is Outcome.OK
        assert out(table, f"o{number}") is Outcome.OK
    assert into(table, "i", "50.00") is Outcome.OK
    assert (bet(table, "b1", "10.01"), bet(table, "b2", "10.00")) == (Outcome.LIMIT_EXCEEDED, Outcome.OK)


def test_a_suspended_licensee_moves_out_only(table: Table) -> None:
    into(table, "i1", "50.00")
    table.tenant(suspended=True)
    assert (into(table, "i2", "5.00"), out(table, "o1")) == (Outcome.COMPLIANCE_DENIED, Outcome.OK)


@pytest.mark.parametrize(
    ("what", "moves_in", "moves_out"),
    [
        (Standing.FROZEN_IN, Outcome.ACCOUNT_FROZEN, Outcome.OK),
        (Standing.FROZEN_OUT, Outcome.OK, Outcome.ACCOUNT_FROZEN),
    ],
)
def test_a_freeze_stops_its_direction(table: Table, what: Standing, moves_in: Outcome, moves_out: Outcome) -> None:
    into(table, "i1", "50.00")
    freeze = c.SetStanding(kind=Kind.FREEZE_ACCOUNT, currency="EUR", what=what)
    assert outcome(table.do("f1", freeze, source="cashier")) is Outcome.OK
    assert (into(table, "i2", "5.00"), out(table, "o1")) == (moves_in, moves_out)
