"""`make power-cut N=20`: the database's disk loses its power under load, again and again; writes build/power_cut.json.

Killing a process never loses what the kernel already has, so it says nothing about fsync. Here the file system
under the database stops at once without writing anything back: what was not flushed is gone, as in a power cut with a
disk that keeps what it was told to flush. Then the file system and PostgreSQL recover, and every operation that was
acknowledged must be there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mesh.dev.paths import BUILD, RUNS
from tests.torture.disk import reason_against
from tests.torture.driver import Office
from tests.torture.history import Writer
from tests.torture.run import Plan, clients_of, judge, players_of
from tests.torture.settling import prepare, resolve
from tests.torture.world import Sabotage, World, world

_CROWDS = 2
_TRIES = 100
_LONGEST_S = 15.0
_SOME = 6
_WITHOUT_FSYNC = "fsync = off\nfull_page_writes = on\n"


def main() -> int:
    """0 if nothing was lost with fsync on, and something was with fsync off."""
    options = _parser().parse_args()
    if reason := reason_against():
        print(f"skipped: {reason}")
        _write({"ok": False, "skipped": reason})
        return 2
    safe = cut_often(options.cuts, options.seed, fsync=True)
    print(f"fsync on: {safe['cuts']} cuts, {safe['acknowledged']} acknowledged, {safe['lost']} lost", flush=True)
    unsafe = cut_often(options.unsafe_cuts, options.seed, fsync=False)
    print(f"fsync off: {unsafe['cuts']} cuts, {unsafe['acknowledged']} acknowledged, {unsafe['lost']} lost", flush=True)
    ok = not safe["violations"] and safe["cuts"] == options.cuts and unsafe["lost"] > 0
    _write({"ok": ok, "seed": options.seed, "fsync_on": safe, "fsync_off": unsafe})
    print(f"{'ok' if ok else 'FAILED'}: build/power_cut.json")
    return 0 if ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make power-cut", description="Cut the power of the ledger's disk.")
    parser.add_argument("--cuts", type=int, default=20, help="power cuts with fsync on")
    parser.add_argument(
        "--unsafe-cuts", type=int, default=5, help="power cuts with fsync off, which must lose something"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides what is sent and when the power goes")
    return parser


def _write(result: dict[str, Any]) -> None:
    BUILD.mkdir(exist_ok=True)
    (BUILD / "power_cut.json").write_text(json.dumps(result, indent=2) + "\n")


def cut_often(cuts: int, seed: int, *, fsync: bool) -> dict[str, Any]:
    """Cut the power so many times, or until the server cannot recover; then look what is left."""
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"power-cut-{'on' if fsync else 'off'}-", dir=RUNS))
    return asyncio.run(_cut_often(folder, cuts, seed, fsync=fsync))


async def _cut_often(folder: Path, cuts: int, seed: int, *, fsync: bool) -> dict[str, Any]:
    sabotage = Sabotage("" if fsync else _WITHOUT_FSYNC)
    async with world(folder, sabotage) as made:
        office = Office(made, Writer(folder / "history.jsonl"))
        await asyncio.gather(*[wallet.up() for wallet in made.wallets])
        office.connect()
        crowds, solos = players_of(_CROWDS)
        await prepare(office, [player for group in (*crowds, *solos[::2]) for player in group])
        # What was made before the first cut must not be what is lost.
        await asyncio.to_thread(os.sync)
        stop = asyncio.Event()
        work = [asyncio.create_task(client.run(stop)) for client in clients_of(seed, office, crowds, solos)]
        done, problem = await _cut_again_and_again(made, cuts, random.Random(f"{seed} power"))
        stop.set()
        await asyncio.gather(*work, return_exceptions=True)
        result: dict[str, Any] = {"cuts": done, "unreadable": problem}
        if not problem:
            await asyncio.gather(*[wallet.up() for wallet in made.wallets])
            await office.wait_for_the_lost()
            result["unknown_resolved"] = await resolve(office)
        await office.close()
        office.history.close()
        plan = Plan(0, seed, folder, say=lambda _: None)
        return result | await asyncio.to_thread(_loss, plan, made, office, problem)


async def _cut_again_and_again(made: World, cuts: int, chosen: random.Random) -> tuple[int, str]:
    for number in range(cuts):
        await _work(made, chosen.uniform(0.4, 1.5))
        try:
            await asyncio.to_thread(cut, made)
        except (TimeoutError, OSError) as error:
            return number + 1, f"the server does not start after cut {number + 1}: {error!s:.300}"
    await asyncio.sleep(0.5)
    return cuts, ""


async def _work(made: World, seconds: float) -> None:
    """A random while, and on a slow computer until something was acknowledged that the cut could lose."""
    before, deadline = sum(made.answers), time.monotonic() + _LONGEST_S
    await asyncio.sleep(seconds)
    while sum(made.answers) < before + _SOME and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def cut(made: World) -> None:
    """One power cut: the disk first, then everything that ran on it; then recovery."""
    disk, server = made.disk, made.server
    assert disk is not None
    disk.cut_power()
    server.kill()
    _unmount(made)
    disk.mount()
    server.start(60.0)


def _unmount(made: World) -> None:
    """The dead need a moment to let go of their files."""
    assert made.disk is not None
    for _ in range(_TRIES):
        try:
            made.disk.unmount()
        except subprocess.CalledProcessError:
            time.sleep(0.05)
        else:
            return
    made.disk.unmount()


def _loss(plan: Plan, made: World, office: Office, problem: str) -> dict[str, Any]:
    """What the checkers say, or everything if there is nothing left to read."""
    if not problem:
        found = judge(plan, made)
        lost = found["violations_by_kind"].get("lost", 0)
        return {name: found[name] for name in ("operations", "acknowledged", "violations")} | {"lost": lost}
    answered = len(set(range(1, next(office.ids))) - set(office.open))
    return {"operations": answered, "acknowledged": answered, "violations": [f"lost: {problem}"], "lost": answered}


if __name__ == "__main__":
    sys.exit(main())
