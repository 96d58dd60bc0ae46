"""One run: clients, faults, quiet, lookups, and the verdict of the checkers."""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh.dev.paths import ROOT
from mesh.placement import place
from tests.torture import schedule
from tests.torture.disk import reason_against
from tests.torture.driver import Client, Office
from tests.torture.history import Writer
from tests.torture.nemesis import Nemesis
from tests.torture.script import CASHIER, LOOSE, SHUTTLE, STRICT
from tests.torture.settling import LATE_WINS_S, prepare, resolve
from tests.torture.wallets import COUNT
from tests.torture.wire import licensee_of
from tests.torture.world import Sabotage, World, world

CROWDS, CROWD_CHUNK, CROWD_PLAYERS = 10, 128, 24
"""Clients that send many operations at a time, each for players of its own."""
SOLOS, SOLO_PLAYERS = 6, 6
"""Clients that send one operation at a time, two for the same players."""
_SHUTTLE_CROWDS, _SHUTTLE_SOLOS = 5, 3
"""Of so many, one is of the licensee with game wallets: the last."""
FLAGS = {
    STRICT: {"late_win_window_us": LATE_WINS_S * 1_000_000},
    LOOSE: {"late_win_window_us": LATE_WINS_S * 1_000_000, "win_without_bet": True, "one_credit_per_bet": True},
    CASHIER: {},
}
_QUIET_S = 60.0
_DETAILS = ("asked_again", "outcomes", "reads", "entries", "unanswered_calls")


@dataclass(frozen=True)
class Plan:
    """What a run is asked for."""

    seconds: float
    seed: int
    folder: Path
    faults: Iterable[str] = tuple(schedule.WEIGHTS)
    sabotage: Sabotage = field(default_factory=Sabotage)
    own_disk: bool = True
    crowds: int = CROWDS
    tamper: Callable[[World], None] | None = None
    """Done before the checkers look."""
    before: Callable[[World], None] | None = None
    """Done before the clients start."""
    say: Callable[[str], None] = field(default=lambda text: print(text, flush=True))


def run(plan: Plan) -> dict[str, Any]:
    """Run and judge."""
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> dict[str, Any]:
    began = time.monotonic()
    async with world(plan.folder, plan.sabotage, own_disk=plan.own_disk) as made:
        history = plan.folder / "history.jsonl"
        office = Office(made, Writer(history), new_keys=plan.sabotage.new_keys)
        await asyncio.gather(*[wallet.up() for wallet in made.wallets])
        office.connect()
        crowds, solos = players_of(plan.crowds)
        await prepare(office, [player for group in (*crowds, *solos[::2]) for player in group])
        if plan.before is not None:
            await asyncio.to_thread(plan.before, made)
        nemesis = Nemesis(made, plan.say)
        await _storm(plan, office, nemesis, clients_of(plan.seed, office, crowds, solos))
        if plan.tamper is not None:
            await asyncio.to_thread(plan.tamper, made)
        await office.close()
        office.history.close()
        return await asyncio.to_thread(_verdict, plan, made, nemesis, office, began)


def players_of(count: int) -> tuple[list[list[str]], list[list[str]]]:
    crowds = [_crowd(number) for number in range(count)]
    solos = [_solos(number // 2) for number in range(SOLOS)]
    return crowds, solos


def _solos(number: int) -> list[str]:
    prefix = SHUTTLE if number % _SHUTTLE_SOLOS == _SHUTTLE_SOLOS - 1 else ""
    return [f"{prefix}solo{number}-{n}" for n in range(SOLO_PLAYERS)]


def _crowd(number: int) -> list[str]:
    """Players that all belong to one wallet, so that two wallets at full speed are not always in each other's way."""
    prefix = SHUTTLE if number % _SHUTTLE_CROWDS == _SHUTTLE_CROWDS - 1 else ""
    names = (f"{prefix}crowd{number}-{n}" for n in itertools.count())
    own = (name for name in names if place(licensee_of(name), name, COUNT) == number % COUNT)
    return list(itertools.islice(own, CROWD_PLAYERS))


def clients_of(seed: int, office: Office, crowds: list[list[str]], solos: list[list[str]]) -> list[Client]:
    many = [
        Client(office, seed, f"c{number}", players, chunk=CROWD_CHUNK, home=number % COUNT)
        for number, players in enumerate(crowds)
    ]
    alone = [
        Client(office, seed, f"s{number}", players, chunk=1, home=number % COUNT)
        for number, players in enumerate(solos)
    ]
    return many + alone


async def _storm(plan: Plan, office: Office, nemesis: Nemesis, clients: list[Client]) -> None:
    """Work and faults, then quiet: everything is up again, open keys are looked up, and old requests are repeated."""
    stop = asyncio.Event()
    watch = asyncio.create_task(nemesis.watch())
    began = time.monotonic()
    work = [asyncio.create_task(client.run(stop)) for client in clients]
    await nemesis.run(schedule.plan(plan.seed, plan.seconds, plan.faults), began)
    await asyncio.sleep(max(0.0, began + plan.seconds - time.monotonic()))
    stop.set()
    await asyncio.gather(*work)
    await nemesis.heal()
    healed = await asyncio.gather(*[wallet.up(_QUIET_S) for wallet in office.world.wallets])
    if not all(healed):
        nemesis.broken.append("liveness: a wallet did not come back")
    await office.wait_for_the_lost()
    plan.say(f"resolved {await resolve(office)} operations that nobody had answered")
    await asyncio.gather(*[client.repeat() for client in clients])
    watch.cancel()


def _verdict(plan: Plan, made: World, nemesis: Nemesis, office: Office, began: float) -> dict[str, Any]:
    found = judge(plan, made)
    others = [f"harness: {text}" for text in nemesis.broken]
    for wallet in made.wallets:
        others += [f"wallet: {text}" for text in wallet.unexpected_ends]
    if office.open:
        # What has no key of its own cannot be looked up.
        plan.say(f"{len(office.open)} operations without a key stay open")
    return {
        "ok": not found["violations"] and not others,
        "seed": plan.seed,
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": _cpu_seconds(),
        "operations": found["operations"],
        "acknowledged": found["acknowledged"],
        "unknown_resolved": found["unknown_resolved"],
        "kills": nemesis.kills,
        "faults": dict(sorted(nemesis.faults.items())),
        "missed_faults": dict(sorted(nemesis.missed.items())),
        "skipped": {} if made.disk else {"disk_full": reason_against() or "not asked for"},
        "details": {name: found[name] for name in _DETAILS},
        "violations_by_kind": found["violations_by_kind"] | dict(Counter(text.partition(":")[0] for text in others)),
        "violations": [*found["violations"], *others],
    }


def _cpu_seconds() -> dict[str, float]:
    """What this process and everything that it started and saw end have used."""
    usage = {"driver": resource.RUSAGE_SELF, "others": resource.RUSAGE_CHILDREN}
    used = {name: resource.getrusage(who) for name, who in usage.items()}
    return {name: round(one.ru_utime + one.ru_stime, 1) for name, one in used.items()}


def judge(plan: Plan, made: World) -> dict[str, Any]:
    """What both checkers say of the history and the ledger."""
    url = made.database.reader_url
    history = str(plan.folder / "history.jsonl")
    found = _ask("tests.torture.checker", "--history", history, "--postgres", url, "--flags", json.dumps(FLAGS))
    books = _ask("mesh.verify", "--postgres", url, "--still-playing", "--json")
    wrong = [f"books: {check['name']}: {check['problems']}" for check in books["checks"] if not check["ok"]]
    found["violations"] += wrong
    if wrong:
        found["violations_by_kind"]["books"] = len(wrong)
    return found


def _ask(module: str, *arguments: str) -> dict[str, Any]:
    """Run a checker as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"{module} gave no verdict: {done.stderr[-2000:]}")
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict
