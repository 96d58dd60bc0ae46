"""`make conformance`: the numbered cases with every provider, with its studio, and with a licensee's wallet.

Through a mesh of its own. Writes build/conformance.json.

    python -m tests.conformance --seed 7 --providers hub88_style,nolimit_style --only D01,F04
    python -m tests.conformance --studio hub88_style=https://studio.example --credentials keys.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesh.dev.providers import discover
from mesh.dev.stack import Options, Stack
from tests.conformance.absent import absent
from tests.conformance.afterwards import play_afterwards
from tests.conformance.case import all_cases
from tests.conformance.chain import play_chain
from tests.conformance.elsewhere import Endpoint, EndpointError, left_out
from tests.conformance.idle import play_idle
from tests.conformance.lawless import play_lawless
from tests.conformance.office import CountingOffice
from tests.conformance.own_run import own_run
from tests.conformance.provider import provider
from tests.conformance.replays import play_replays
from tests.conformance.run import Verdict, play
from tests.conformance.signed import built, write
from tests.conformance.wallet import play_wallet
from tests.integration.provider_adapters.patience import patient

RESULT = Path("build/conformance.json")


def main(arguments: Sequence[str]) -> int:
    """0 if no case failed, 2 if what was said about a studio cannot be used."""
    said = _parser().parse_args(arguments)
    run_id = secrets.token_hex(4)
    try:
        if said.studio:
            endpoint = Endpoint.read(said.studio, said.credentials)
            verdicts, about = _elsewhere(endpoint, said, run_id), {"endpoint": endpoint.url}
        else:
            verdicts, about = _here(said, run_id), {}
    except EndpointError as error:
        print(error, file=sys.stderr)
        return 2
    report = summary(verdicts, seed=said.seed)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**about, **report}, indent=1) + "\n")
    public = write({**built(verdicts, report, run_id=run_id), **about}, RESULT, said.key)
    print(f"\nsigned: {RESULT.with_suffix('.signed.json')}, its key {public}")
    print(f"{report['passed']} passed, {report['failed']} failed, {report['skipped']} left out: {RESULT}")
    return 1 if report["failed"] or not report["passed"] else 0


def _here(said: argparse.Namespace, run_id: str) -> list[Verdict]:
    """With the simulators of the studios, and with the reference wallet."""
    names = said.providers.split(",") if said.providers else [one.name for one in discover()]
    with Stack(_options(names, patient(names))) as stack:
        verdicts = asyncio.run(certify(stack, names, seed=said.seed, run_id=run_id, only=said.only))
    if not said.only and not said.providers:
        verdicts += play_wallet(seed=said.seed, told=tell)
    return verdicts


def _elsewhere(endpoint: Endpoint, said: argparse.Namespace, run_id: str) -> list[Verdict]:
    """With a studio's own server."""
    name = endpoint.name
    with tempfile.TemporaryDirectory() as folder:
        known = patient([name])
        environment = {**known, name: {**known[name], **endpoint.environment(Path(folder))}}
        with Stack(_options([name], environment, without=frozenset({f"studio-{name}"}))) as stack:
            return asyncio.run(certify_elsewhere(stack, endpoint, seed=said.seed, run_id=run_id, only=said.only))


def _options(
    names: Sequence[str], environment: Mapping[str, Mapping[str, str]], *, without: frozenset[str] = frozenset()
) -> Options:
    # What is judged is the answer. With the waits of their papers, the one-second provider of a busy machine gives bets up.
    return Options(
        kind="conformance",
        providers=frozenset(names),
        ready_s=120,
        environment=environment,
        audit=True,
        without=without,
    )


async def certify_elsewhere(stack: Stack, endpoint: Endpoint, *, seed: int, run_id: str, only: str) -> list[Verdict]:
    """Every chosen case that a studio's own server can play."""
    office = CountingOffice(stack)
    office.commands = False
    await office.open()
    try:
        one = await endpoint.provider(stack, office)
        wanted = set(filter(None, only.split(",")))
        cases = [each for each in all_cases() if not wanted or each.id in wanted]
        verdicts = await play(office, [one], cases, seed=seed, run_id=run_id, told=tell)
        if wanted:
            return verdicts
        verdicts += [*absent([one.name]), *left_out(one.name)]
        async with own_run(stack, [one.name], seed=seed, run_id=run_id, providers={one.name: one}) as run:
            return verdicts + await run.cases(tell) + await run.together(tell)
    finally:
        await office.close()


async def certify(stack: Stack, names: Sequence[str], *, seed: int, run_id: str, only: str = "") -> list[Verdict]:
    """Every chosen case with every one of these providers."""
    office = CountingOffice(stack)
    await office.open()
    try:
        for name in names:
            await office.put_games(name)
        wanted = set(filter(None, only.split(",")))
        cases = [each for each in all_cases() if not wanted or each.id in wanted]
        providers = [provider(stack, name) for name in names]
        verdicts = await play(office, providers, cases, seed=seed, run_id=run_id, told=tell)
        if wanted:
            return verdicts
        verdicts += absent(names)
        verdicts += await play_lawless(office, names, seed=seed, run_id=run_id, told=tell)
        verdicts += await play_idle(office, names, seed=seed, run_id=run_id, told=tell)
        since = time.time()
        verdicts += await play_chain(office, names, told=tell)
        verdicts += await play_replays(office, names, told=tell)
        verdicts += await play_afterwards(office, names, since=since, told=tell)
        # Last, because it moves the clock of the mesh.
        async with own_run(stack, names, seed=seed, run_id=run_id) as run:
            return verdicts + await run.cases(tell) + await run.together(tell)
    finally:
        await office.close()


def summary(verdicts: Sequence[Verdict], *, seed: int) -> dict[str, Any]:
    """The report."""
    passed = sum(each.ok for each in verdicts)
    skipped = sum(bool(each.skipped_because) for each in verdicts)
    return {
        "seed": seed,
        "cases": [each.as_json() for each in verdicts],
        "passed": passed,
        "failed": len(verdicts) - passed - skipped,
        "skipped": skipped,
    }


def tell(verdict: Verdict) -> None:
    """One line for people."""
    word = "ok    " if verdict.ok else "skip  " if verdict.skipped_because else "FAILED"
    why = verdict.detail or verdict.skipped_because
    print(f"{word} {verdict.id:5} {verdict.subject:18} {verdict.title}{f': {why}' if why else ''}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--providers", default="", help="names, separated by commas; all of them by default")
    parser.add_argument(
        "--key", type=Path, help="private key that signs the report, base64; by default one of this run"
    )
    parser.add_argument("--studio", default="", metavar="NAME=URL", help="a studio's own server, by its provider")
    parser.add_argument("--credentials", type=Path, help="with --studio: JSON with the keys of both sides")
    parser.add_argument("--only", default="", help="numbers of cases, separated by commas")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
