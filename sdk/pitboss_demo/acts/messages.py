"""Messages that come twice, out of order, with other content or with a bad signature: the studio checks each step."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Final

from pitboss_demo.cast import quickest
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import Guest, House
from pitboss_sdk import Category

SCENARIOS: Final = (
    "bet_reply_lost",
    "win_reply_lost",
    "duplicate_bet",
    "duplicate_win",
    "changed_bet",
    "cancel_before_bet",
    "cancel_after_win",
    "win_without_bet",
    "bad_signature",
)


async def play(house: House) -> list[Check]:
    """Every scenario at every studio."""
    # All launches first: a provider that waits for less than a second would feel those of the others.
    seated = await asyncio.gather(*(_guests(house, provider) for provider in house.studios))
    steps = await asyncio.gather(
        *(_at(provider, guests) for provider, guests in zip(house.studios, seated, strict=True))
    )
    house.tell("lost replies, duplicates, cancels before their bets, bad signatures: as the vendors' documents say")
    return [all_of("lost, doubled and late messages end well", [step for each in steps for step in each])]


async def _at(provider: str, guests: list[Guest]) -> list[Step]:
    told = [
        await guest.studio.scenario(guest.launch.launch_url, name)
        for guest, name in zip(guests, SCENARIOS, strict=True)
    ]
    passed = sum(result["passed"] for result in told)
    wrong = [Step(what=f"{provider} {_failure(result)}", ok=False) for result in told if not result["passed"]]
    return wrong or [Step(what=f"{provider}: {passed} scenarios", ok=True)]


async def _guests(house: House, provider: str) -> list[Guest]:
    """For each scenario a player: one for all in a live game, otherwise the law wants time between two bets."""
    needed = 1 if quickest(house.games[provider]) is Category.LIVE else len(SCENARIOS)
    names = [f"scene-{provider}-{number}" for number in range(needed)]
    made = await asyncio.gather(*(house.guest(name, licensee="borealis", provider=provider) for name in names))
    return list(itertools.islice(itertools.cycle(made), len(SCENARIOS)))


def _failure(result: dict[str, Any]) -> str:
    steps: list[dict[str, Any]] = result["steps"]
    wrong = [f"{step['title']} ({step['code']})" for step in steps if not step["passed"]]
    return f"{result['scenario']}: {', '.join(wrong) or 'nothing happened'}"
