"""The whole chain: a studio process plays, through gateway, adapter and wallet, and checks each step itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from pitboss.wallet.v1.transaction_pb2 import TransactionKind, TransactionState
from tests.conformance.audited import AuditReader, Trail
from tests.conformance.office import CountingOffice
from tests.conformance.run import Verdict, confirmed

NUMBERS: Final[Mapping[str, str]] = {
    "win": "E01",
    "lose": "E02",
    "zero_bet": "D09",
    "duplicate_bet": "D02",
    "duplicate_win": "E03",
    "changed_bet": "D03",
    "changed_win": "E04",
    "bet_reply_lost": "J02",
    "win_reply_lost": "J02b",
    "cancel_before_bet": "F04",
    "cancel_after_win": "F06",
    "win_after_cancel": "F07",
    "win_without_bet": "E05",
    "two_bets": "F08",
    "whole_balance": "D07",
    "too_much": "D06",
    "bad_signature": "A04",
}
"""The studio's scenarios, by their numbers."""
SIGNS: Final[Mapping[str, tuple[TransactionKind.ValueType, int]]] = {
    "bet": (TransactionKind.TRANSACTION_KIND_BET, -1),
    "win": (TransactionKind.TRANSACTION_KIND_WIN, 1),
}
"""What the studio writes down of a scenario, as the ledger calls it, and which way it moves the balance."""


async def play_chain(
    office: CountingOffice, names: Sequence[str], *, told: Callable[[Verdict], None] = lambda _: None
) -> list[Verdict]:
    """Every scenario with every studio; at the end the ledger and the audit log are asked about all of them."""
    reader = AuditReader(office)

    async def with_one(name: str) -> list[Verdict]:
        game, played = min(await office.offered(name)), []
        for scenario, number in NUMBERS.items():
            launched = await office.launch(name, game)
            answer = await office.control(name, "POST", f"scenario/{scenario}", launch_url=launched.launch_url)
            wrong = [step for step in answer["steps"] if not step["passed"]]
            detail = str(wrong) if wrong else ""
            title = scenario.replace("_", " ")
            verdict = Verdict(id=number, title=title, kind="chain", subject=name, ok=answer["passed"], detail=detail)
            played.append((verdict, launched))
            told(played[-1][0])
        record = (await office.control(name, "GET", "messages"))["messages"]
        judged = []
        for verdict, launched in played:
            lines = [line for line in record if line["user"] == launched.user and line["kind"] in SIGNS]
            judged.append(await _with_books(office, verdict, launched.player, lines))
        return await confirmed(reader, judged, told)

    return [verdict for found in await asyncio.gather(*map(with_one, names)) for verdict in found]


async def _with_books(
    office: CountingOffice, verdict: Verdict, player: str, lines: Sequence[Mapping[str, Any]]
) -> tuple[Verdict, Trail]:
    """The verdict when the ledger was asked: the balance is the deposit and what is posted under the keys of the studio's record."""
    trail, expected = Trail(office.licensee), Decimal(office.deposits[player])
    for line in lines:
        kind, sign = SIGNS[line["kind"]]
        found = await office.transaction(player, verdict.subject, line["transaction_key"], kind)
        trail.note(player, kind, line["transaction_key"], found)
        if found.state == TransactionState.TRANSACTION_STATE_APPLIED and not found.rolled_back:
            expected += sign * Decimal(found.amount.amount or "0")
    balance = Decimal(await office.balance(player))
    if verdict.ok and balance != expected:
        verdict = replace(verdict, ok=False, detail=f"{expected} was posted, and the balance is {balance}")
    return verdict, trail
