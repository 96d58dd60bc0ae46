"""The whole chain: a studio process plays, through gateway, adapter and wallet, and checks each step itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.conformance.office import CountingOffice
from tests.conformance.run import Verdict

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


async def play_chain(
    office: CountingOffice, names: Sequence[str], *, told: Callable[[Verdict], None] = lambda _: None
) -> list[Verdict]:
    """Every scenario with every studio."""

    async def with_one(name: str) -> list[Verdict]:
        game, verdicts = min(await office.offered(name)), []
        for scenario, number in NUMBERS.items():
            launched = await office.launch(name, game)
            answer = await office.control(name, "POST", f"scenario/{scenario}", launch_url=launched.launch_url)
            wrong = [step for step in answer["steps"] if not step["passed"]]
            verdicts.append(
                Verdict(
                    id=number,
                    title=scenario.replace("_", " "),
                    kind="chain",
                    subject=name,
                    ok=answer["passed"],
                    detail=str(wrong) if wrong else "",
                )
            )
            told(verdicts[-1])
        return verdicts

    return [verdict for found in await asyncio.gather(*map(with_one, names)) for verdict in found]
