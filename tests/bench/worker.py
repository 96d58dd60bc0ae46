"""One process that drives an engine without transport: jobs come in on stdin, results go out on stdout, a line each."""

import asyncio
import datetime as dt
import gc
import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import TypedDict

import uvloop

from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.statute import Statute
from mesh.clock import SystemClock, from_us
from mesh.placement import place
from wallet_svc.domain import commands as c
from wallet_svc.engine import Engine
from wallet_svc.store.log import PostgresLog

LICENSEE, PROVIDER, GAME = "bench", "bench_style", "table-1"
_STAKE, _RESULT = c.MoneyText("GBP", "1.00"), c.MoneyText("GBP", "0.95")


class Job(TypedDict):
    """What to do. It ends after `seconds`, or with `transfers` if that is not 0."""

    players: list[int]
    in_flight: int
    seconds: float
    transfers: int


class Done(TypedDict):
    """What was done: durable transfers, commits, seconds of the clock, and seconds of this process's CPU."""

    transfers: int
    commits: int
    redone: int
    seconds: float
    cpu: float


class HurriedClock:
    """The computer's clock, made so many times faster: a slot's next cycle is allowed sooner, and nothing else differs."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._start_us = SystemClock().now_us()

    def now(self) -> dt.datetime:
        """The moment as a datetime in UTC."""
        return from_us(self.now_us())

    def now_us(self) -> int:
        """The moment in microseconds since 1970."""
        return self._start_us + (SystemClock().now_us() - self._start_us) * self._times


def command(source: str, player: int, key: str, action: c.Action) -> c.Command:
    """A command of a player by number."""
    return c.Command(LICENSEE, source, f"player-{player}", key, action, "bench")


def opening(player: int) -> list[c.Command]:
    """A player with money and a session."""
    deposit = c.Deposit(money=c.MoneyText("GBP", "1000000.00"))
    play = c.OpenPlay(session=f"s-{player}", provider=PROVIDER, currency="GBP", game=GAME)
    return [
        command("cashier", player, "open", c.OpenAccount(currency="GBP", born_on="1986-01-15")),
        command("cashier", player, "deposit", deposit),
        command("platform", player, "session", play),
    ]


def limits(player: int) -> list[c.Command]:
    """Three limits of the player's own that never bite."""
    high = c.MoneyText("GBP", "1000000000.00")
    names = (("deposit", "7d"), ("wager", "7d"), ("loss", "24h"))
    found = [c.SetLimit(limit=kind, window=window, money=high) for kind, window in names]
    return [command("platform", player, f"limit-{limit.limit}", limit) for limit in found]


def rounds(players: list[int], first: int = 0) -> Iterator[c.Command]:
    """Bets and their wins, over all players in turn, for ever."""
    names = [(f"player-{player}", f"s-{player}") for player in players]
    for number, (player, session) in zip(itertools.count(first), itertools.cycle(names), strict=False):
        name, key = f"r{number}", f"b{number}"
        bet = c.Bet(round=name, money=_STAKE, game=GAME, session=session)
        yield c.Command(LICENSEE, PROVIDER, player, key, bet, "bench")
        win = c.Win(round=name, money=_RESULT, bet_key=key, close=True)
        yield c.Command(LICENSEE, PROVIDER, player, f"w{number}", win, "bench")


def share_of(share: int, shares: int, generation: int, players: int) -> list[int]:
    """Players whose shards prefer this process, as the routing of the mesh has it."""
    numbers = range(generation * players * shares, (generation + 1) * players * shares)
    return [number for number in numbers if place(LICENSEE, f"player-{number}", shares) == share]


async def run(engine: Engine, job: Job, first: int) -> Done:
    """One job on players that exist."""
    stream = rounds(job["players"], first)
    before, flights, redone = engine.committed, engine.flights, engine.redone
    began, cpu = time.perf_counter(), time.process_time()
    while not _over(job, engine.committed - before, time.perf_counter() - began):
        answers = await engine.execute_each(list(itertools.islice(stream, job["in_flight"])), 30)
        if any(answer.entry.outcome != 1 for answer in answers):
            raise RuntimeError(f"a bet or a win was refused: {answers[0]}")
    return Done(
        transfers=engine.committed - before,
        commits=engine.flights - flights,
        redone=engine.redone - redone,
        seconds=time.perf_counter() - began,
        cpu=time.process_time() - cpu,
    )


def _over(job: Job, transfers: int, seconds: float) -> bool:
    return transfers >= job["transfers"] if job["transfers"] else seconds >= job["seconds"]


async def _main(service_url: str, name: str, times: int, *, limited: bool) -> None:
    log = PostgresLog(service_url, writer=name, statement_timeout_ms=30_000)
    statute = Statute(load_documents())
    engine = Engine(log, HurriedClock(times), statute, most_waiting=1 << 16, most_in_flight=512)
    flying = asyncio.create_task(engine.run())
    known: set[int] = set()
    first = 0
    gc.set_threshold(50_000, 50, 50)
    while line := await asyncio.to_thread(sys.stdin.readline):
        job: Job = json.loads(line)
        for player in job["players"]:
            if player not in known:
                await engine.execute_each([*opening(player), *(limits(player) if limited else ())], 30)
        known |= set(job["players"])
        gc.collect()
        gc.freeze()
        # Players are opened before anybody starts, and all start together.
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await run(engine, job, first)), flush=True)
        first += 10_000_000
    flying.cancel()
    await log.close()


if __name__ == "__main__":
    # As the wallet's own process.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3]), limited=sys.argv[4] == "limited"))
