"""Builders of facts and actions, and the packs as they are shipped."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from compliance_svc.kernel import (
    Bet,
    Category,
    Cycle,
    Decision,
    Deposit,
    Facts,
    Limit,
    LimitKind,
    Pack,
    PackLibrary,
    Player,
    Protection,
    Session,
    UsageBook,
    Window,
    decide,
)
from compliance_svc.kernel.loading import load_library
from compliance_svc.kernel.local_time import to_us

LONDON = ZoneInfo("Europe/London")
SECOND = 1_000_000
MS = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


def at(text: str) -> int:
    """Return the instant of an ISO 8601 text with an offset."""
    return to_us(datetime.fromisoformat(text))


NOON = at("2026-10-05T12:00:00+01:00")


@cache
def library() -> PackLibrary:
    return load_library(allow_sandbox=True)


def pack(name: str = "gb") -> Pack:
    found = library().at(name, NOON)
    assert found is not None
    return found


def pounds(text: str) -> int:
    """Return an amount at the exponent 6 of the default registry."""
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(6, "0"))


def a_limit(kind: LimitKind, window: Window, amount: str, **more: Any) -> Limit:
    return Limit(kind=kind, window=window, currency="GBP", amount_minor=pounds(amount), **{"since_us": 0, **more})


def facts(*limits: Limit, **more: Any) -> Facts:
    """Return the facts of an adult in pounds who has used nothing, with changes by name."""
    player: dict[str, Any] = {"born": 1986_01_15, "currency": "GBP", "protection": Protection(limits=limits)}
    player |= {name: more.pop(name) for name in list(more) if name in player}
    cycle = Cycle(staked_minor=more.pop("staked_minor", 0), last_start_us=more.pop("last_start_us", None))
    session = Session(opened_us=more.pop("opened_us", NOON))
    return Facts(**{"player": Player(**player), "usage": UsageBook(), "cycle": cycle, "session": session, **more})


def bet(amount: str = "1.00", **more: Any) -> Bet:
    given = {"currency": "GBP", "exponent": 6, "category": Category.SLOT, "starts_cycle": True, **more}
    return Bet(amount_minor=pounds(amount), **given)


def deposit(amount: str, **more: Any) -> Deposit:
    return Deposit(amount_minor=pounds(amount), **{"currency": "GBP", "exponent": 6, **more})


def used(kind: LimitKind, *events: tuple[int, str]) -> UsageBook:
    book = UsageBook()
    for at_us, amount in events:
        book.add(kind, "GBP", at_us, pounds(amount))
    return book


def reasons(known: Facts, action: Any, now_us: int = NOON, name: str = "gb") -> tuple[str, ...]:
    return decide(pack(name), known, action, now_us).reasons


def verdict(decision: Decision) -> str:
    return decision.verdict.value
