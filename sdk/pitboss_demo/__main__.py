"""`python -m pitboss_demo`, also known as `make demo`."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import Console

from mesh.dev.paths import BUILD
from mesh.dev.providers import ALL, discover
from mesh.dev.stack import Options, Stack, StackError
from mesh.verify.report import Report, verify
from pitboss_demo.evening import spend
from pitboss_demo.house import open_house
from pitboss_demo.opinion import ask
from pitboss_demo.result import Evening, as_json, broken_off, checks_of, show
from pitboss_demo.view import View
from pitboss_sdk import PitbossError

RESULT: Final = BUILD / "demo.json"
_PATIENCE_MS: Final = "8000"
_READY_S: Final = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """0 only if every check held."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    # A demo that is stopped half-way must not leave an older one's result behind.
    RESULT.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        with View(console, quiet=options.json) as view:
            evening, report = _run(view, options)
    except (StackError, PitbossError, TimeoutError, RuntimeError, OSError, KeyboardInterrupt) as error:
        result = broken_off(error, time.monotonic() - began)
    else:
        result = as_json(evening, report, checks_of(evening, report), time.monotonic() - began)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _print(console, result, as_text=not options.json)
    return 0 if result["ok"] else 1


def _print(console: Console, result: dict[str, Any], *, as_text: bool) -> None:
    if as_text:
        show(console, result)
        console.print(f"[dim]{RESULT}[/]", soft_wrap=True)
    else:
        console.out(json.dumps(result, indent=2))


def _run(view: View, asked: argparse.Namespace) -> tuple[Evening, Report]:
    names = [provider.name for provider in discover()]
    options = Options(kind="demo", log_level="warning", providers=frozenset({ALL}), environment=_patient(names),
                      ready_s=_READY_S, second_opinion=True)  # fmt: skip
    with Stack(options, report=view.process) as stack:
        view.tell(f"the mesh is ready after {stack.ready_after_s:.1f} s")
        evening = asyncio.run(_evening(stack, view, asked))
        report = _check(stack)
        opinion = ask(stack, report.totals["entries"])
        return replace(evening, checks=[*evening.checks, opinion]), report


def _patient(providers: Iterable[str]) -> dict[str, dict[str, str]]:
    """Everything runs on one small machine, where whoever is busy is not down: studios wait longer for answers."""
    found = {}
    for name in providers:
        found[name] = {"PITBOSS_PROVIDER_TIMEOUT_MS": _PATIENCE_MS, "PITBOSS_PROBE_TIMEOUT_MS": "1000"}
        found[f"studio-{name}"] = {"PITBOSS_STUDIO_TIMEOUT_MS": _PATIENCE_MS}
    return found


async def _evening(stack: Stack, view: View, asked: argparse.Namespace) -> Evening:
    async with open_house(stack, view.tell, hidden_within_s=asked.hidden_within) as house:
        return await spend(house, view, seed=asked.seed, scale=asked.players)


def _check(stack: Stack) -> Report:
    mesh: dict[str, Any] = stack.mesh
    records = {one.name: stack.run / "studios" / f"{one.name}.record" for one in stack.provider_list}
    return verify(mesh["postgres"]["databases"]["wallet_svc"]["reader_url"], records)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="another evening")
    parser.add_argument("--players", type=float, default=1.0, metavar="FACTOR", help="more players, or fewer")
    parser.add_argument(
        "--hidden-within",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="in which games are hidden whose studio is down",
    )
    parser.add_argument("--json", action="store_true", help="write the result as JSON, and nothing else")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
