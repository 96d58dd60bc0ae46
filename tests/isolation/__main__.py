"""`make isolation`: one studio hangs, one talks nonsense, one floods; writes build/isolation.json.

The others' callbacks are measured in turns: calm, trouble, trouble, calm, and so on. What else the machine does meets both, and
whatever drifts or is left by a turn does so too.

    python -m tests.isolation --turns 8 --seconds 4 --share 20
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import uvloop

from mesh.dev.paths import BUILD
from mesh.dev.providers import discover
from mesh.dev.stack import Options, Stack
from tests.bench.callbacks import Style
from tests.conformance.office import CountingOffice
from tests.isolation.load import Answers, together
from tests.isolation.trouble import Trouble

RESULT = BUILD / "isolation.json"
FLOOD, AGREED = 10, 1.5
"""Times its share: what the flooding studio sends, and what the gateway takes of any."""
MOST_RATIO, MOST_ERRORS = 2.0, 0.001
_PLAYERS: Final = 16
_REST_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played. `share`: callbacks a second of each provider."""

    hanging: str = "swipegames_style"
    babbling: str = "slotegrator_style"
    flooding: str = "nolimit_style"
    others: tuple[str, ...] = ()
    """Whose callbacks count; empty: every other provider."""
    turns: int = 8
    seconds: float = 4.0
    share: float = 20.0

    @property
    def troubled(self) -> frozenset[str]:
        """The three whose own callbacks do not count."""
        return frozenset({self.hanging, self.babbling, self.flooding})


@dataclass(slots=True)
class Found:
    """Answers by provider, calm and troubled."""

    calm: dict[str, Answers] = field(default_factory=lambda: defaultdict(Answers))
    trouble: dict[str, Answers] = field(default_factory=lambda: defaultdict(Answers))
    launches: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By provider: how launches went, calm and troubled."""


def main(arguments: Sequence[str]) -> int:
    """0 if the others hardly noticed."""
    said = _parser().parse_args(arguments)
    plan = Plan(turns=said.turns, seconds=said.seconds, share=said.share)
    report = summary(plan, measure(plan))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"p99 of the others: {report['p99_ratio']} times the calm one; errors {report['error_rate']:.4%}: {RESULT}")
    return 0 if report["ok"] else 1


def measure(plan: Plan) -> Found:
    """Start a mesh with every provider, and take turns."""
    names = sorted({*plan.others, *plan.troubled}) if plan.others else [one.name for one in discover()]
    rate = str(round(plan.share * AGREED))
    options = Options(
        kind="isolation",
        providers=frozenset(names),
        ready_s=180,
        log_level="warning",
        environment={"gateway": {"PITBOSS_GATEWAY_PROVIDER_RATE": rate}},
    )
    with Stack(options) as stack:
        styles = [Style(stack, name, players=_PLAYERS) for name in names]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_turns(stack, styles, plan))


async def _turns(stack: Stack, styles: Sequence[Style], plan: Plan) -> Found:
    office = CountingOffice(stack)
    games = {style.provider: style.game for style in styles}
    trouble = Trouble(stack=stack, office=office, hanging=plan.hanging, babbling=plan.babbling, games=games)
    found = Found()
    calm = [plan.share for _ in styles]
    flood = [plan.share * (FLOOD if style.provider == plan.flooding else 1) for style in styles]
    try:
        await together(styles, calm, "warm", plan.seconds)
        for turn in range(plan.turns):
            for is_calm in order_of(turn):
                phase, rates, sums = (
                    (trouble.absent(), calm, found.calm) if is_calm else (trouble.at_work(), flood, found.trouble)
                )
                async with phase:
                    name = f"{'calm' if is_calm else 'trouble'}{turn}"
                    _add(sums, styles, await together(styles, rates, name, plan.seconds))
                await asyncio.sleep(_REST_S)
            print(f"turn {turn + 1} of {plan.turns}", flush=True)
    finally:
        await office.close()
    for name in (plan.hanging, plan.babbling):
        found.launches[name] = {"calm": asdict(trouble.calm[name]), "trouble": asdict(trouble.trouble[name])}
    return found


def order_of(turn: int) -> tuple[bool, bool]:
    """Whether the first and the second phase of a turn are calm."""
    return (True, False) if turn % 2 == 0 else (False, True)


def _add(sums: dict[str, Answers], styles: Sequence[Style], answers: Sequence[Answers]) -> None:
    for style, each in zip(styles, answers, strict=True):
        sums[style.provider] = sums[style.provider] + each


def summary(plan: Plan, found: Found) -> dict[str, Any]:
    """The report: all others together decide, each of them is told."""
    others = sorted(found.calm.keys() - plan.troubled)
    calm, trouble = (sum((side[name] for name in others), Answers()) for side in (found.calm, found.trouble))
    ratio = trouble.percentile_ms(99) / calm.percentile_ms(99)
    flood = found.trouble[plan.flooding]
    return {
        "ok": ratio <= MOST_RATIO and trouble.error_rate <= MOST_ERRORS,
        "p99_ratio": round(ratio, 3),
        "error_rate": trouble.error_rate,
        "calm_error_rate": calm.error_rate,
        "share_rps": plan.share,
        "turns": plan.turns,
        "seconds_per_turn": plan.seconds,
        "calm": _figures(calm),
        "trouble": _figures(trouble),
        "providers": {name: _pair(found.calm[name], found.trouble[name]) for name in others},
        "faults": {
            "hanging": {"provider": plan.hanging, "launches": found.launches.get(plan.hanging)},
            "garbage": {"provider": plan.babbling, "launches": found.launches.get(plan.babbling)},
            "flooding": {
                "provider": plan.flooding,
                "sent": flood.sent,
                "refused": flood.errors,
                "times_its_share": FLOOD,
            },
        },
    }


def _figures(answers: Answers) -> Mapping[str, object]:
    shown = {f"p{percent}_ms": round(answers.percentile_ms(percent), 2) for percent in (50, 90, 99)}
    refused = {str(status): count for status, count in sorted(answers.refused.items())}
    return {"callbacks": answers.sent, "errors": answers.errors, "errors_by_status": refused, **shown}


def _pair(calm: Answers, trouble: Answers) -> Mapping[str, float]:
    return {
        "calm_p99_ms": round(calm.percentile_ms(99), 2),
        "trouble_p99_ms": round(trouble.percentile_ms(99), 2),
        "errors": trouble.errors,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make isolation", description=__doc__)
    parser.add_argument("--turns", type=int, default=8, help="of each kind")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a turn")
    parser.add_argument("--share", type=float, default=20.0, help="callbacks a second of each provider")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
