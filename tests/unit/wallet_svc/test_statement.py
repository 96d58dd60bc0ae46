"""Lines of a statement, from what the real rules wrote into the log."""

from tests.unit.wallet_svc.world import CASHIER, EUR, Table, bet, cancel, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.state import Entry
from wallet_svc.domain.statement import Line, lines_of
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

_CASH, _HELD, _BONUS, _HOUSE = 1, 2, 3, 99
_CLASSES = {_CASH: AccountClass.CASH, _HELD: AccountClass.HELD, _BONUS: AccountClass.BONUS}


def lines(made: Table) -> list[Line]:
    classes = {account.id: name.account_class for name, account in made.player().accounts.items()}
    return lines_of([entry for entry in made.log if entry.moved and entry.asset == EUR], classes)


def told(made: Table) -> list[tuple[Kind, int]]:
    return [(line.first.kind, line.cash) for line in lines(made)]


def row(sequence: int, kind: Kind, debit: int, credit: int, moved: int, **more: object) -> Entry:
    entry = Entry(kind, 1, None, Outcome.OK, sequence=sequence, debit_id=debit, credit_id=credit, moved=moved)
    entry.asset, entry.available = EUR, 0
    for name, value in {"operation": 1, **more}.items():
        setattr(entry, name, value)
    return entry


def test_every_posting_is_a_line_that_continues_the_balance_of_the_line_before() -> None:
    made = table("100.00")
    for key, action in (("b1", bet("10.00")), ("w1", win("4.00", bet_key="b1")), ("b2", bet("20.00", "r2"))):
        made.do(key, action)
    made.do("c2", cancel("b2"))
    assert told(made)[1:] == [(Kind.BET, -1000), (Kind.WIN, 400), (Kind.BET, -2000), (Kind.CANCEL, 2000)]
    balances = [line.balance for line in lines(made)]
    assert balances == [10_000, 9_000, 9_400, 7_400, 9_400]


def test_replays_refusals_and_zero_amounts_leave_no_line() -> None:
    made = table("100.00")
    made.do("b1", bet("10.00"))
    made.do("b1", bet("10.00"))
    made.do("b1", bet("12.00"))
    made.do("b2", bet("500.00"))
    made.do("b3", bet("0.00"))
    made.do("c9", cancel("b9"))
    assert told(made) == [(Kind.DEPOSIT, 10_000), (Kind.BET, -1_000)]


def test_a_capture_is_a_line_without_a_change_of_cash() -> None:
    made = table("100.00")
    made.do("h", c.Hold(money=money("30.00")), source=CASHIER)
    made.do("k", c.Capture(hold_key="h", money=money("10.00")), source=CASHIER)
    made.do("l", c.Release(hold_key="h"), source=CASHIER)
    assert told(made)[1:] == [(Kind.HOLD, -3_000), (Kind.CAPTURE, 0), (Kind.RELEASE, 2_000)]
    assert [line.changes.get(AccountClass.HELD) for line in lines(made)[1:]] == [3_000, -1_000, -2_000]


def test_cash_and_bonus_of_one_posting_stand_on_one_line() -> None:
    rows = [row(1, Kind.BET, _CASH, _HOUSE, 600), row(2, Kind.BET, _BONUS, _HOUSE, 200, available=7)]
    (line,) = lines_of(rows, _CLASSES)
    assert line.changes == {AccountClass.CASH: -600, AccountClass.BONUS: -200}
    assert (line.position, line.balance, line.first.sequence) == (2, 7, 1)


def test_an_undone_list_shows_its_parts() -> None:
    rows = [
        row(2, Kind.CANCEL, _HOUSE, _CASH, 600, reference="b1"),
        row(3, Kind.CANCEL, _HOUSE, _BONUS, 200, reference="b1"),
        row(4, Kind.CANCEL, _HOUSE, _CASH, 100, reference="b2"),
        row(5, Kind.WIN, _CASH, _HOUSE, 300, reference="w1"),
    ]
    parts = [(line.first.kind, line.cash, line.position) for line in lines_of(rows, _CLASSES)]
    assert parts == [(Kind.CANCEL, 600, 3), (Kind.CANCEL, 100, 4), (Kind.WIN, -300, 5)]
