"""A provider's own record, as it is read from the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.provider_ledger import GRANTS_PATH, PAGE, PATH, ProviderLedger

T = TypeVar("T")


def row(number: int, /, **changes: Any) -> dict[str, Any]:
    plain = {
        "number": number, "kind": "bet", "transaction_key": f"b{number}", "user": "aurora.ada",
        "currency_code": "EUR", "round_id": "r", "game_id": "g", "bet_key": "", "amount": "1.50",
        "belief": "accepted", "code": "OK", "attempts": 1, "closes": False, "noted_at_ms": 5,
    }  # fmt: skip
    return {**plain, **changes}


class Vendor:
    """Answers with what it is given, page by page."""

    def __init__(self, *replies: HttpReply) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, list[str]]] = []
        self.path = PATH

    async def send(
        self, operation: str, method: str, path: str, *, read: Callable[[HttpReply], T], query: str = "", **_: Any
    ) -> T:
        assert (method, path) == ("GET", self.path)
        self.asked.append(parse_qs(query))
        return read(self.replies.pop(0))


def page(*rows: dict[str, Any]) -> HttpReply:
    return HttpReply(body=json.dumps(rows).encode())


async def told(*replies: HttpReply) -> tuple[list[Any], Vendor]:
    vendor = Vendor(*replies)
    found = [one async for some in ProviderLedger(vendor).messages(3, 9) for one in some]
    return found, vendor


async def test_free_rounds_are_read_from_a_list_of_their_own() -> None:
    vendor = Vendor(page(row(1, kind="grant", amount="0.60", belief="cancelled", round_id="")))
    vendor.path = GRANTS_PATH
    (one,) = [one async for some in ProviderLedger(vendor).grants(3, 9) for one in some]
    assert (one.kind, one.amount, one.belief) == ("grant", Decimal("0.60"), "cancelled")


async def test_a_message_is_read_field_by_field() -> None:
    (one,), vendor = await told(page(row(1, belief="doubtful", closes=True)))
    assert (one.transaction_key, str(one.player), one.amount) == ("b1", "aurora.ada", Decimal("1.50"))
    assert (one.belief, one.closes, one.noted_at_ms) == ("pending", True, 5)
    assert vendor.asked == [{"start_ms": ["3"], "end_ms": ["9"], "after": ["0"], "limit": [str(PAGE)]}]


async def test_pages_follow_each_other_until_one_is_not_full() -> None:
    full = [row(number) for number in range(1, PAGE + 1)]
    found, vendor = await told(page(*full), page(row(PAGE + 1)))
    assert (len(found), [asked["after"] for asked in vendor.asked]) == (PAGE + 1, [["0"], [str(PAGE)]])


async def test_a_record_that_turns_in_circles_is_left() -> None:
    full = [row(0) for _ in range(PAGE)]
    with pytest.raises(ProviderRefusedError):
        await told(page(*full), page(*full))


async def test_a_vendor_that_does_not_know_the_call_refuses_it() -> None:
    with pytest.raises(ProviderRefusedError):
        await told(HttpReply(status=404))


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "nobody"}, {"kind": "enter"}, {"belief": "maybe"}, {"amount": "NaN"}, {"amount": 1.5},
        {"number": "1"}, {"noted_at_ms": -1}, {"transaction_key": None},
    ],
)  # fmt: skip
async def test_nonsense_is_a_failure_of_the_provider(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderFailedError):
        await told(page(row(1, **wrong)))
