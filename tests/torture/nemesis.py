"""Does the faults of a schedule to a world, and counts what really happened."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import psycopg

from mesh import clock
from tests.torture.schedule import Event
from tests.torture.server import kill_backend
from tests.torture.wallets import Wallet
from tests.torture.world import World

_TARGET_WAIT_S = 4.0
_AT_WORK_S = 0.4
_SOME = 4
_LOOK_S = 0.1


class Nemesis:
    """Runs each fault as a task of its own; faults of one process wait for each other."""

    def __init__(self, world: World, say: Callable[[str], None]) -> None:
        self._world, self._say = world, say
        self._locks = [asyncio.Lock() for _ in world.wallets]
        self._postgres = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.faults: Counter[str] = Counter()
        """Faults that had their effect."""
        self.missed: Counter[str] = Counter()
        """Faults that came when there was nothing to disturb."""
        self.kills = 0
        self.broken: list[str] = []
        """Faults that could not be done because the harness itself failed."""

    async def run(self, events: list[Event], began: float) -> None:
        """All faults at their times."""
        for event in events:
            await asyncio.sleep(max(0.0, began + event.at_s - time.monotonic()))
            task = asyncio.create_task(self._do(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def heal(self) -> None:
        """Wait for the faults under way to end."""
        await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def watch(self) -> None:
        """Start again what ended."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for wallet in self._world.wallets:
                wallet.look()
            server = self._world.server
            if not self._postgres.locked() and server.child is not None and server.child.exit_code is not None:
                async with self._postgres:
                    self._say("postgres had ended; starting it again")
                    await self._start_postgres()

    async def _do(self, event: Event) -> None:
        act: Callable[[Event], Awaitable[bool]] = getattr(self, f"_{event.fault}")
        try:
            happened = await act(event)
        except Exception as error:  # noqa: BLE001 - told in the verdict
            self.broken.append(f"{event}: {error!r}")
            return
        (self.faults if happened else self.missed)[event.fault] += 1
        self._say(f"{event.at_s:7.2f} {event.fault} {event.wallet} {event.detail}{'' if happened else ' (missed)'}")

    async def _serving(self, event: Event) -> Wallet:
        """The wallet, when it has worked for a moment: who kills what only just began shows nothing."""
        wallet = self._world.wallets[event.wallet]
        if await wallet.up(_TARGET_WAIT_S):
            await self._work(lambda: self._world.answers[event.wallet])
        return wallet

    async def _work(self, answers: Callable[[], int]) -> None:
        """Wait until some calls were answered, on a slow computer too, but not for ever."""
        before, deadline = answers(), time.monotonic() + _TARGET_WAIT_S
        await asyncio.sleep(_AT_WORK_S)
        while answers() < before + _SOME and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_S)

    async def _kill_wallet(self, event: Event) -> bool:
        async with self._locks[event.wallet]:
            wallet = await self._serving(event)
            await asyncio.to_thread(wallet.restart)
            self.kills += 1
            return True

    async def _failpoint(self, event: Event) -> bool:
        """A new process, told to die at a moment; the watch starts the one after it."""
        async with self._locks[event.wallet]:
            wallet = await self._serving(event)
            before = wallet.deaths_at_failpoints
            await asyncio.to_thread(wallet.restart, event.detail)
            self.kills += 1
            deadline = time.monotonic() + 2 * _TARGET_WAIT_S
            while wallet.deaths_at_failpoints == before and time.monotonic() < deadline:
                await asyncio.sleep(_LOOK_S)
            died = wallet.deaths_at_failpoints > before
            self.kills += died
            return died

    async def _kill_in_commit(self, event: Event) -> bool:
        """SIGKILL after the commit was sent and before its answer could be read."""
        async with self._locks[event.wallet]:
            wallet, line = await self._serving(event), self._world.database_lines[event.wallet]
            killed = asyncio.Event()

            def kill() -> None:
                if wallet.process is not None:
                    wallet.process.send(signal.SIGKILL)
                killed.set()

            wallet.wanted = False
            line.on_commit = kill
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(killed.wait(), _TARGET_WAIT_S)
            line.on_commit = None
            await asyncio.to_thread(wallet.restart)
            self.kills += 1
            return killed.is_set()

    async def _kill_backend(self, event: Event) -> bool:
        async with self._postgres:
            await self._work(lambda: sum(self._world.answers))
            happened = await asyncio.to_thread(kill_backend, self._world.server, self._world.wallets[event.wallet].name)
            self.kills += happened
            return happened

    async def _kill_postgres(self, event: Event) -> bool:
        del event
        async with self._postgres:
            await self._work(lambda: sum(self._world.answers))
            await asyncio.to_thread(self._world.server.kill)
            self.kills += 1
            await self._start_postgres()
            return True

    async def _start_postgres(self) -> None:
        await asyncio.to_thread(self._world.server.start, 60.0)

    async def _stop_wallet(self, event: Event) -> bool:
        """A zombie: it stands still while the other one goes on, and then wakes with what it knew."""
        async with self._locks[event.wallet]:
            wallet = await self._serving(event)
            process = wallet.process
            if process is None:
                return False
            process.send(signal.SIGSTOP)
            await asyncio.sleep(event.lasts_s)
            process.send(signal.SIGCONT)
            return True

    async def _stop_postgres(self, event: Event) -> bool:
        """Every session of the database stands still."""
        async with self._postgres:
            pids = await asyncio.to_thread(self._sessions)
            for number in (signal.SIGSTOP, signal.SIGCONT):
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                if number is signal.SIGSTOP:
                    await asyncio.sleep(event.lasts_s)
            return bool(pids)

    def _sessions(self) -> list[int]:
        try:
            with psycopg.connect(self._world.server.admin_url, connect_timeout=2) as admin:
                found = admin.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'wallet-%'")
                return [pid for (pid,) in found]
        except psycopg.Error:
            return []

    async def _cut_commit(self, event: Event) -> bool:
        line = self._world.database_lines[event.wallet]
        return await _cut(line, event.detail)

    async def _cut_call(self, event: Event) -> bool:
        line = self._world.call_lines[event.wallet]
        return await _cut(line, event.detail)

    async def _clock_jump(self, event: Event) -> bool:
        """One wallet's time jumps, and jumps back later; the other's does not."""
        wallet = self._world.wallets[event.wallet]
        clock.write_offset(wallet.clock_file, int(event.detail) * 1_000_000)
        await asyncio.sleep(event.lasts_s)
        clock.write_offset(wallet.clock_file, 0)
        return True

    async def _disk_full(self, event: Event) -> bool:
        disk = self._world.disk
        if disk is None:
            return False
        taken = await asyncio.to_thread(disk.fill)
        await asyncio.sleep(event.lasts_s)
        await asyncio.to_thread(disk.empty)
        return taken > 0


async def _cut(line: object, moment: str) -> bool:
    from tests.torture.lines import Line  # noqa: PLC0415

    assert isinstance(line, Line)
    before = sum(line.cuts.values())
    line.armed = moment  # type: ignore[assignment]
    deadline = time.monotonic() + 2
    while sum(line.cuts.values()) == before and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    line.armed = None
    return sum(line.cuts.values()) > before
