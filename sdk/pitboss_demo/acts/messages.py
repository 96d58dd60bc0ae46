"""Messages that come twice, out of order, with other content or with a bad signature: the studio checks each step."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from pitboss_demo.cast import GAMES, PROVIDERS
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import Guest, House

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
    steps = await asyncio.gather(*(_at(house, provider) for provider in PROVIDERS))
    house.tell("lost replies, duplicates, cancels before their bets, bad signatures: as the vendors' documents say")
    return [all_of("lost, doubled and late messages end well", [step for each in steps for step in each])]


async def _at(house: House, provider: str) -> list[Step]:
    game = GAMES[provider, "live"][0]
    guest = await house.guest(f"scene-{provider[:3]}", licensee="borealis", provider=provider, game=game)
    told = [await _one(guest, scenario) for scenario in SCENARIOS]
    passed = sum(result["passed"] for result in told)
    wrong = [Step(what=f"{provider} {_failure(result)}", ok=False) for result in told if not result["passed"]]
    return wrong or [Step(what=f"{provider}: {passed} scenarios", ok=True)]


async def _one(guest: Guest, scenario: str) -> dict[str, Any]:
    """A scenario expects every first answer in time; on a busy machine it may need a second go."""
    told = await guest.studio.scenario(guest.launch.launch_url, scenario)
    return told if told["passed"] else await guest.studio.scenario(guest.launch.launch_url, scenario)


def _failure(result: dict[str, Any]) -> str:
    steps: list[dict[str, Any]] = result["steps"]
    wrong = [f"{step['title']} ({step['code']})" for step in steps if not step["passed"]]
    return f"{result['scenario']}: {', '.join(wrong) or 'nothing happened'}"
