"""The engine without transport: decide, chain, commit. Law on, fsync on, two processes' worth of safety."""

import asyncio
import gc
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator

from compliance_svc.kernel.loading import load_library
from mesh.clock import SystemClock
from mesh.database import connect
from mesh.placement import place
from wallet_svc.domain import commands as c
from wallet_svc.engine import Engine
from wallet_svc.migrate import upgrade
from wallet_svc.store.log import PostgresLog
from wallet_svc.store.registry import RegistryStore

LICENSEE, PROVIDER, GAME = "bench", "bench_style", "table-1"
_PLAYERS = 512
_IN_FLIGHT = 1024


def _money(amount: str) -> c.MoneyText:
    return c.MoneyText("GBP", amount)


def command(source: str, player: int, key: str, action: c.Action) -> c.Command:
    """A command of a player by number."""
    return c.Command(LICENSEE, source, f"player-{player}", key, action, "bench")


async def register(service_url: str) -> None:
    """A licensee under the law of `gb`, with one live game: every rule is asked, none has to wait for time."""
    store = RegistryStore(lambda: connect(service_url, name="bench"))
    await store.put_licensee(name=LICENSEE, default_pack="gb", stake_order=1, shortfall=1, suspended=False)
    await store.put_provider(LICENSEE, PROVIDER, win_without_bet=False, one_credit_per_bet=False, late_win_window_us=0)
    await store.put_games(LICENSEE, PROVIDER, [(GAME, "live", True)])


def opening(player: int) -> list[c.Command]:
    """A player with money and a session."""
    return [
        command("cashier", player, "open", c.OpenAccount(currency="GBP", born_on="1986-01-15")),
        command("cashier", player, "deposit", c.Deposit(money=_money("1000000.00"))),
        command(
            "platform",
            player,
            "session",
            c.OpenPlay(session=f"s-{player}", provider=PROVIDER, currency="GBP", game=GAME),
        ),
    ]


def rounds(players: list[int]) -> Iterator[c.Command]:
    """Bets and their wins, over all players in turn, for ever."""
    for number, player in enumerate(itertools.cycle(players)):
        name = f"r{number}"
        bet = c.Bet(round=name, money=_money("1.00"), game=GAME, session=f"s-{player}")
        yield command(PROVIDER, player, f"b{number}", bet)
        win = c.Win(round=name, money=_money("0.95"), bet_key=f"b{number}", close=True)
        yield command(PROVIDER, player, f"w{number}", win)


def _mine(share: int, shares: int) -> list[int]:
    """Players whose shards prefer this process, as the routing of the mesh has it."""
    return [number for number in range(_PLAYERS * shares) if place(LICENSEE, f"player-{number}", shares) == share]


async def _measure(service_url: str, share: int, shares: int, seconds: float) -> dict[str, float]:
    log = PostgresLog(service_url, writer=f"bench-{share}", statement_timeout_ms=30_000)
    engine = Engine(log, SystemClock(), load_library(), most_waiting=1 << 16, most_in_flight=512)
    flying = asyncio.create_task(engine.run())
    players = _mine(share, shares)
    for player in players:
        await engine.execute_each(opening(player), 30)
    gc.set_threshold(50_000, 50, 50)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    stream = rounds(players)
    before, flights, began = engine.committed, engine.flights, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        answers = await engine.execute_each(list(itertools.islice(stream, _IN_FLIGHT)), 30)
        if any(answer.entry.outcome != 1 for answer in answers):
            raise RuntimeError(f"a bet or a win was refused: {answers[0]}")
    flying.cancel()
    await log.close()
    done = engine.committed - before
    return {"tps": done / elapsed, "batch": done / (engine.flights - flights), "redone": engine.redone}


def engine_tps(owner_url: str, service_url: str, seconds: float, shares: int = 2) -> dict[str, float]:
    """Durable transfers per second of `shares` processes on the same shards, and how many one commit took."""
    upgrade(owner_url)
    asyncio.run(register(service_url))
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.engine", service_url, str(share), str(shares), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in range(shares)
    ]
    for worker in workers:
        _line(worker)
    for worker in workers:
        _start(worker)
    found = [json.loads(_line(worker)) for worker in workers]
    for worker in workers:
        worker.wait(30)
    return {"tps": sum(one["tps"] for one in found), "batch": sum(one["batch"] for one in found) / shares}


def _line(worker: "subprocess.Popen[str]") -> str:
    if worker.stdout is None or not (line := worker.stdout.readline()):
        raise RuntimeError("a worker of the engine benchmark ended early")
    return line


def _start(worker: "subprocess.Popen[str]") -> None:
    if worker.stdin is not None:
        worker.stdin.write("go\n")
        worker.stdin.flush()


if __name__ == "__main__":
    url, number, total, span = sys.argv[1:]
    print(json.dumps(asyncio.run(_measure(url, int(number), int(total), float(span)))), flush=True)
