"""All tables of the studio: starts plays, knows when the studio is down, and settles what an earlier life left open."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mesh import logs
from provider_adapters._kit.ports import Game
from provider_adapters._kit.studio.plan import Order
from provider_adapters._kit.studio.ports import Act, ActKind, Habits, Seat
from provider_adapters._kit.studio.record import Belief, Line
from provider_adapters._kit.studio.table import Table, win_of
from provider_adapters._kit.studio.teller import Teller

_log = logs.get("studio")
_AT_ONCE = 16


class Outage:
    """Whether the studio's own API is down, and how."""

    def __init__(self) -> None:
        self._until: float | None = 0.0
        self.hangs = False
        self.babbles = False
        self._plays_on = False
        self._over = asyncio.Event()

    def begin(self, *, seconds: float | None, hangs: bool, plays_on: bool, babbles: bool = False) -> None:
        """Go down, for some time or until `end`."""
        self._until = None if seconds is None else time.monotonic() + seconds
        self.hangs = hangs
        self.babbles = babbles
        self._plays_on = plays_on
        self._over.clear()

    def end(self) -> None:
        """Come back."""
        self._until = 0.0
        self._over.set()

    @property
    def now(self) -> bool:
        """Down at this moment."""
        return self._until is None or time.monotonic() < self._until

    async def over(self) -> None:
        """Return when the API works again."""
        while self.now:
            left = None if self._until is None else self._until - time.monotonic()
            try:
                async with asyncio.timeout(left):
                    await self._over.wait()
            except TimeoutError:
                continue

    async def may_play(self) -> None:
        """Return when new rounds may begin: a studio that is down starts none, unless it was told to."""
        if not self._plays_on:
            await self.over()


@dataclass(slots=True, kw_only=True)
class Play:
    """One order, being played."""

    play_id: str
    order: Order
    tables: list[Table]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        running = any(not task.done() for task in self.tasks)
        failed = [task for task in self.tasks if task.done() and not task.cancelled() and task.exception()]
        progress = [table.progress for table in self.tables]
        return {
            "play_id": self.play_id,
            "running": running,
            "players": len(self.tables),
            "not_entered": sum(not each.entered for each in progress),
            "rounds_planned": self.order.rounds * len(self.tables),
            "rounds": sum(each.rounds for each in progress),
            "bets": sum(each.bets for each in progress),
            "bets_accepted": sum(each.accepted for each in progress),
            "crashed": len(failed),
            "seconds": round((self.ended or time.monotonic()) - self.started, 3),
        }


class Floor:
    """The studio's game servers."""

    def __init__(self, teller: Teller, habits: Habits, games: Sequence[Game]) -> None:
        self.teller = teller
        self.habits = habits
        self._games = {game.game_id: game for game in games}
        self.outage = Outage()
        self.plays: dict[str, Play] = {}
        self.settling: asyncio.Task[None] | None = None

    def start(self, order: Order, seats: Sequence[Seat], play_id: str = "") -> Play:
        """Begin to play. Returns at once."""
        play_id = play_id or f"play-{self.teller.record.next_number('play')}"
        tables = [self._table(order, seat, play_id) for seat in seats]
        play = Play(play_id=play_id, order=order, tables=tables)
        self.plays[play_id] = play
        play.tasks = [asyncio.create_task(table.play(self.outage.may_play)) for table in tables]
        asyncio.gather(*play.tasks, return_exceptions=True).add_done_callback(lambda _: _end(play))
        return play

    def _table(self, order: Order, seat: Seat, play_id: str) -> Table:
        game = self._games.get(seat.game_id)
        # One spin is one bet; at a table a player may bet on several fields.
        several = self.habits.several_bets and game is not None and game.category != "slot"
        return Table(
            teller=self.teller, habits=self.habits, seat=seat, play_id=play_id, order=order, several_bets=several
        )

    async def stop(self) -> None:
        """Stop every play at once. What is unresolved is then settled."""
        await _cancel([task for play in self.plays.values() for task in play.tasks])
        self.settle_soon()

    async def shut(self) -> None:
        """End for good. What is unresolved waits in the record for the next life."""
        await _cancel([task for play in self.plays.values() for task in play.tasks])
        if self.settling is not None:
            await _cancel([self.settling])

    def settle_soon(self) -> None:
        """Settle in the background what an earlier life, or a stop, left open."""
        if self.settling is None or self.settling.done():
            self.settling = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        if any(not task.done() for play in self.plays.values() for task in play.tasks):
            return
        lines = self.teller.record.unresolved()
        bets = [line for line in lines if line.act.kind is ActKind.BET]
        others = [line for line in lines if line.act.kind in {ActKind.WIN, ActKind.CLOSE}]
        await self._at_once([self.teller.cancel(line.act) for line in bets])
        await self._at_once([self.teller.until_answered(line.act) for line in others])
        unfinished = self.teller.record.unfinished()
        await self._at_once([self._finish(line) for line in unfinished])
        _log.info("settled", bets=len(bets), others=len(others), rounds=len(unfinished))

    async def _at_once(self, works: Sequence[Any]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(work: Any) -> None:  # noqa: ANN401 - any coroutine
            async with gate:
                await work

        await asyncio.gather(*(one(work) for work in works))

    async def _finish(self, line: Line) -> Belief:
        """Close a round that nobody plays any more: its last bet has won nothing."""
        bet = line.act
        bet_key = bet.transaction_key if self.habits.wins_name_the_bet else ""
        if self.habits.closes_by_flag:
            # A key of its own: the round may have a win of this bet already.
            key = self.teller.name(f"finish/{bet.transaction_key}")
            nothing = win_of(bet, lambda _: key, amount=Decimal(0), bet_key=bet_key, closes=True)
            return await self.teller.until_answered(nothing)
        key = self.teller.name(f"{bet.round_id}/close")
        close = Act(kind=ActKind.CLOSE, seat=bet.seat, transaction_key=key, round_id=bet.round_id, game_id=bet.game_id)
        return await self.teller.until_answered(close)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _end(play: Play) -> None:
    play.ended = time.monotonic()
    for task in play.tasks:
        if not task.cancelled() and (error := task.exception()):
            _log.error("table crashed", error=error, play_id=play.play_id)
