"""The compliance service is down: the law runs in the wallet, so stakes are still judged, and nobody gets in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Final

import grpc.aio
import httpx

from mesh.dev.stack import Stack
from provider_adapters._kit.studio.line import NoAnswerError
from provider_adapters._kit.studio.ports import Act
from tests.conformance.audited import AuditReader, Trail
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider, provider
from tests.conformance.run import Verdict, confirmed
from tests.conformance.stage import FailedError, Player, Stage

NUMBER: Final = "D30"
TITLE: Final = (
    "while the compliance service is down stakes are judged by the law all the same, results are paid, and no game is "
    "launched; afterwards it is"
)
_PROCESS: Final = "compliance_svc"
_STAKE: Final = Decimal("2.00")
_ERRORS: Final = (FailedError, NoAnswerError, TimeoutError, httpx.HTTPError, grpc.aio.AioRpcError)


async def play_lawless(
    office: CountingOffice,
    names: Sequence[str],
    *,
    seed: int,
    run_id: str,
    told: Callable[[Verdict], None] = lambda _: None,
) -> list[Verdict]:
    """Every provider in one outage."""
    stack = office.stack
    evenings = [_Evening(_stage(office, provider(stack, name), seed=seed, run_id=run_id)) for name in names]
    await asyncio.gather(*(evening.step(evening.begin) for evening in evenings))
    await _without_law(stack, evenings)
    await asyncio.gather(*(evening.step(evening.afterwards) for evening in evenings))
    judged = [(evening.verdict(), evening.trail) for evening in evenings]
    for verdict, _ in judged:
        told(verdict)
    return await confirmed(AuditReader(office), judged, told)


async def _without_law(stack: Stack, evenings: Sequence[_Evening]) -> None:
    await asyncio.to_thread(stack.kill, _PROCESS)
    try:
        await asyncio.gather(*(evening.step(evening.meanwhile) for evening in evenings))
    finally:
        await asyncio.to_thread(stack.restart, _PROCESS)


def _stage(office: CountingOffice, one: Provider, *, seed: int, run_id: str) -> Stage:
    dice = random.Random(f"{seed}/{NUMBER}")
    return Stage(office, one, dice=dice, prefix=f"{run_id}/{one.name}/{NUMBER}")


class _Evening:
    """What one provider plays."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._players: list[Player] = []
        self._bets: list[Act] = []
        self._problem = ""

    @property
    def trail(self) -> Trail:
        """What the audit log must have of it."""
        return self._stage.trail

    async def step(self, play: Callable[[], Awaitable[None]]) -> None:
        """Go on, unless something went wrong before."""
        if self._problem:
            return
        try:
            await play()
        except _ERRORS as error:
            self._problem = str(error) or type(error).__name__

    async def begin(self) -> None:
        """A player with a limit and one who is blocked, both in a game with an open bet."""
        stage = self._stage
        self._players = [await stage.player(), await stage.player()]
        for number, who in enumerate(self._players):
            bet = stage.bet(who, _STAKE, f"b{number}", round_name=f"r{number}")
            await stage.say(who, bet, "OK", moved=-_STAKE)
            self._bets.append(bet)
        await stage.limit_stakes(self._players[0], str(_STAKE))
        await stage.block(self._players[1])

    async def meanwhile(self) -> None:
        """Limits and blocks hold, and results pass; a new player gets no game."""
        stage, (limited, blocked) = self._stage, self._players
        too_much = stage.bet(limited, _STAKE + 1, "too much", round_name="r2")
        await stage.say(limited, too_much, "LIMIT_EXCEEDED")
        await stage.say(limited, stage.bet(limited, _STAKE, "within", round_name="r3"), "OK", moved=-_STAKE)
        await stage.say(blocked, stage.bet(blocked, _STAKE, "blocked", round_name="r4"), "PLAYER_BLOCKED")
        for number, (who, bet) in enumerate(zip(self._players, self._bets, strict=True)):
            await stage.say(who, stage.win(bet, _STAKE, f"w{number}"), "OK", moved=_STAKE)
        order = stage.office.order(stage.provider.name, stage.provider.game_id, await stage.office.player())
        try:
            await stage.office.create(order)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return
        raise FailedError("a game was launched without the law")

    async def afterwards(self) -> None:
        """Games are launched again, and everything said is said once more."""
        stage = self._stage
        await stage.office.launch(stage.provider.name, stage.provider.game_id, await stage.office.player())
        await stage.once_more()

    def verdict(self) -> Verdict:
        """What became of it."""
        return Verdict(
            id=NUMBER,
            title=TITLE,
            kind="chain",
            subject=self._stage.provider.name,
            ok=not self._problem,
            detail=self._problem,
        )
