"""The statement of a day as a document."""

import json

from tests.unit.wallet_svc.world import EUR
from wallet_svc.domain.day_statement import DayStatement, KindTotal
from wallet_svc.domain.vocabulary import Kind

KINDS = [
    KindTotal(kind=Kind.BET, count=3, change=(-1_000, 0, -50, 0)),
    KindTotal(kind=Kind.HOLD, count=1, change=(-300, 300, 0, 0)),
]
STATEMENT = DayStatement(
    licensee="borealis", asset=EUR, day="2026-11-25", source="", opening=(5_000, 0, 50, 0), kinds=KINDS, final=True
)


def test_the_closing_is_the_opening_and_every_change() -> None:
    assert (STATEMENT.closing, STATEMENT.count) == ((3_700, 300, 0, 0), 4)


def test_the_document_is_the_same_bytes_for_the_same_statement() -> None:
    text = STATEMENT.document()
    told = json.loads(text)
    assert text == json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert told["closing"] == {"cash": "37.00", "held": "3.00", "bonus": "0.00", "receivable": "0.00"}
    assert told["kinds"][0] == {
        "kind": "bet",
        "count": 3,
        "cash": "-10.00",
        "held": "0.00",
        "bonus": "-0.50",
        "receivable": "0.00",
    }
    assert (told["day"], told["currency"], told["final"]) == ("2026-11-25", "EUR", True)
