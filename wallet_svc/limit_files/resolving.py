"""The end of what a limit file keeps for us: it stands when the deposit is booked, and is taken back when it never can be.

Any number of processes may do this for the same deposit. What decides is the log: the same deposit is sent once more, without
the file's word. If it was booked, that is its answer; if it was not, this refuses it for good, and whoever was about to book it
gets the same refusal. Only then the file is told, and a reference that was taken back there counts nothing ever after.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace

from mesh import failpoints, logs, metrics
from mesh.clock import Clock
from mesh.errors import MeshError
from mesh.identity import PLATFORM
from wallet_svc.domain.commands import Answers, Command, Deposit
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.engine import Answer, Engine
from wallet_svc.limit_files.client import FileClient
from wallet_svc.store.reserved import Reserved, ReservedDeposits

log = logs.get(__name__)

_AT_ONCE = 32
_COMMIT_S = 5.0
_POLL_S = 1.0
_LONGEST_WAIT_S = 300
_SECOND_US = 1_000_000
_NEVER = frozenset({Outcome.IDEMPOTENCY_CONFLICT, Outcome.REQUEST_INVALID, Outcome.PLAYER_NOT_FOUND})
"""Answers that are not stored, and that the same deposit would get for ever."""


class Resolver:
    """Keeps the notes, and works them off."""

    def __init__(
        self,
        engine: Engine,
        notes: ReservedDeposits,
        files: Mapping[str, FileClient],
        clock: Clock,
        *,
        timeout_s: float,
        resolve_after_us: int,
    ) -> None:
        self._engine = engine
        self._notes = notes
        self._files = files
        self._clock = clock
        self._timeout_s = timeout_s
        self._resolve_after_us = resolve_after_us
        self._news = asyncio.Event()
        self._waiting = 0
        metrics.gauge("limit_file.waiting", lambda: self._waiting)

    async def note(self, one: Reserved) -> None:
        """Note a deposit that a file is about to be asked to keep."""
        now_us = self._clock.now_us()
        await self._notes.note(one, now_us=now_us, next_us=now_us + self._resolve_after_us)

    async def settle(self, one: Reserved, answer: Answer, *, heard: bool) -> None:
        """Do what follows from the ledger's answer. Nothing, if that is no end."""
        if not has_end(answer):
            return
        if is_booked(answer):
            await self._notes.forget(one)
            metrics.counter("limit_file.deposits", limit_file=one.file, end="booked").add()
        elif heard:
            await self._take_back(one)
        else:
            # Who did not answer a moment ago is not asked while the caller waits.
            await self._notes.postpone(one, self._clock.now_us(), "the file was silent")
            self._news.set()

    async def run(self) -> None:
        """Work off what is due until cancelled."""
        while True:
            worked = False
            try:
                worked = await self.work()
                self._waiting = await self._notes.count()
            except MeshError as error:
                log.warning("deposits in limit files have to wait", error=error)
            except Exception as fault:  # noqa: BLE001 - one bad note must not end the others
                log.error("deposits in limit files cannot be worked off", error=fault)  # noqa: TRY400 - it writes the trace of `error`
            if not worked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await self._news.wait()
                self._news.clear()

    async def work(self) -> bool:
        """Do once what is due. Whether there was anything."""
        now_us = self._clock.now_us()
        due = await self._notes.claim(now_us=now_us, until_us=now_us + self._resolve_after_us, limit=_AT_ONCE)
        # All at once: a file that is slow must not keep those of another one waiting.
        await asyncio.gather(*[self._attempt(one) for one in due])
        return bool(due)

    async def _attempt(self, one: Reserved) -> None:
        try:
            await self._resolve(one)
        except MeshError as error:
            await self._later(one, type(error).__name__)

    async def _resolve(self, one: Reserved) -> None:
        answer = await self._engine.execute(_without_word(one), _COMMIT_S)
        failpoints.here("limit_file.resolved")
        if not has_end(answer):
            await self._later(one, answer.entry.outcome.name)
            return
        await self.settle(one, answer, heard=True)

    async def _take_back(self, one: Reserved) -> None:
        command, file = one.command, self._files.get(one.file)
        if file is None:
            await self._later(one, "no process for this file")
            log.error("a deposit is kept by a limit file that nobody here can ask", limit_file=one.file)
            return
        trouble = await file.release(command.licensee, command.player, one.reference, self._timeout_s)
        failpoints.here("limit_file.released")
        if trouble:
            await self._later(one, trouble)
            return
        await self._notes.forget(one)
        metrics.counter("limit_file.deposits", limit_file=one.file, end="taken_back").add()

    async def _later(self, one: Reserved, error: str) -> None:
        wait_s = min(2**one.attempts, _LONGEST_WAIT_S)
        await self._notes.postpone(one, self._clock.now_us() + wait_s * _SECOND_US, error)


def is_booked(answer: Answer) -> bool:
    """Whether the deposit is in the log."""
    return answer.entry.outcome is Outcome.OK


def has_end(answer: Answer) -> bool:
    """Whether no other answer will ever be given: it is stored, or of a kind that is the same each time."""
    return answer.entry.sequence > 0 or answer.entry.outcome in _NEVER


def _without_word(one: Reserved) -> Command:
    action = one.command.action
    assert isinstance(action, Deposit)
    silent = Answers(limit_file="SILENT", limit_source=one.file)
    return replace(one.command, action=replace(action, answers=silent), caller=PLATFORM)
