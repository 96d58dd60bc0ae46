"""Plays J with licensees that keep their players' money: the cases of one failure each, then what the whole mesh goes through."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

import grpc.aio
import httpx
import psycopg

import tests.conformance.own_lists  # noqa: F401 - it numbers cases
from mesh.dev.stack import Stack
from pitboss_reference_wallet.book import Book
from provider_adapters._kit.studio.line import NoAnswerError
from provider_adapters._kit.studio.ports import Act, Answer
from tests.conformance.audited import AuditReader, Trail
from tests.conformance.own_cases import CASES, UNDONE, OwnCase, cents
from tests.conformance.own_wallet import UNCLEAR, Own, OwnOffice, OwnStage, OwnWallets, until
from tests.conformance.provider import Provider, provider
from tests.conformance.run import Verdict, confirmed
from tests.conformance.stage import FailedError, Player, SkippedError

OUTAGE: Final = "J03"
TITLES: Final[Mapping[str, str]] = {
    OUTAGE: "the licensee is down for ten minutes: results wait in order, and none is lost, doubled or out of turn",
    "J06": "both wallet processes are killed while bets and wins are under way: each is booked once or refused, on both sides",
    "J07": "the adapter is killed while bets are under way: each is taken once or not at all",
    "J08": "the database is killed while bets are under way: each is taken once or not at all",
}
_OUTAGE_S: Final = 600
_STEP_S: Final = 30
"""The longest wait between two attempts."""
_RESULTS: Final = 4
_AT_ONCE: Final = 5
_ERRORS = (FailedError, NoAnswerError, TimeoutError, httpx.HTTPError, grpc.aio.AioRpcError, psycopg.Error)


class OwnRun:
    """One run over all providers, each with a licensee of its own."""

    def __init__(
        self,
        stack: Stack,
        offices: Mapping[str, OwnOffice],
        providers: Mapping[str, Provider] | None = None,
        *,
        seed: int,
        run_id: str,
    ) -> None:
        self._stack, self._offices = stack, offices
        self._seed, self._run_id = seed, run_id
        self._providers = providers or {name: provider(stack, name) for name in offices}
        self._reader = AuditReader(next(iter(offices.values())))

    async def cases(
        self, told: Callable[[Verdict], None] = lambda _: None, *, only: frozenset[str] = frozenset()
    ) -> list[Verdict]:
        """The cases, or only these, side by side for the providers."""
        cases = [case for case in CASES if not only or case.id in only]

        async def with_one(one: Provider) -> list[tuple[Verdict, Trail]]:
            return [await self._judged(case.id, case.title, one, self._whole(case), told, case) for case in cases]

        found = await asyncio.gather(*map(with_one, self._providers.values()))
        return await confirmed(self._reader, [one for judged in found for one in judged], told)

    async def together(self, told: Callable[[Verdict], None] = lambda _: None) -> list[Verdict]:
        """What befalls the whole mesh, with all providers in it."""
        judged: list[tuple[Verdict, Trail]] = []
        for number, befalls in (
            (OUTAGE, self._outage),
            ("J06", self._wallets_die),
            ("J07", self._adapters_die),
            ("J08", self._database_dies),
        ):
            rounds = {name: Evening(self._stage(one, number)) for name, one in self._providers.items()}
            failed = await befalls(rounds)
            for name in self._providers:
                verdict = _verdict(number, TITLES[number], name, failed.get(name, ""))
                judged.append((verdict, rounds[name].stage.trail))
                told(verdict)
        return await confirmed(self._reader, judged, told)

    def _stage(self, one: Provider, number: str) -> OwnStage:
        dice = random.Random(f"{self._seed}/{number}")
        prefix = f"{self._run_id}/{one.name}/{number}"
        return OwnStage(self._offices[one.name], one, dice=dice, prefix=prefix)

    def _whole(self, case: OwnCase) -> Callable[[OwnStage], Awaitable[None]]:
        async def play(stage: OwnStage) -> None:
            try:
                await case.play(stage)
            finally:
                await stage.own.fault("none")
            await stage.once_more()

        return play

    async def _judged(
        self,
        number: str,
        title: str,
        one: Provider,
        play: Callable[[OwnStage], Awaitable[None]],
        told: Callable[[Verdict], None],
        case: OwnCase,
    ) -> tuple[Verdict, Trail]:
        skipped, problem = case.skipped_because(one.manifest), ""
        stage = self._stage(one, number)
        if not skipped:
            try:
                await play(stage)
            except SkippedError as why:
                skipped = str(why)
            except _ERRORS as error:
                problem = _said(error)
        verdict = _verdict(number, title, one.name, problem, skipped)
        told(verdict)
        return verdict, stage.trail

    # -- ten minutes

    async def _outage(self, evenings: Mapping[str, Evening]) -> dict[str, str]:
        """Every licensee's wallet is down while the mesh's clock goes on by ten minutes."""
        failed = await _each(evenings, lambda evening: evening.begin())
        failed |= await _each(evenings, lambda evening: evening.go_down(), failed)
        for _ in range(_OUTAGE_S // _STEP_S):
            before = {name: evening.tries() for name, evening in evenings.items() if name not in failed}
            await asyncio.to_thread(self._stack.advance_clock, _STEP_S)
            failed |= await _each(evenings, partial(Evening.tried_again, before=before), failed)
        failed |= await _each(evenings, lambda evening: evening.still_waiting(), failed)
        return failed | await _each(evenings, lambda evening: evening.come_back(), failed)

    # -- deaths

    async def _wallets_die(self, evenings: Mapping[str, Evening]) -> dict[str, str]:
        async def die() -> None:
            for number in (1, 2):
                await asyncio.to_thread(self._stack.kill, f"wallet_svc-{number}")
            for number in (1, 2):
                await asyncio.to_thread(self._stack.restart, f"wallet_svc-{number}")

        return await self._while_under_way(evenings, die)

    async def _adapters_die(self, evenings: Mapping[str, Evening]) -> dict[str, str]:
        async def die() -> None:
            for name in self._providers:
                await asyncio.to_thread(self._stack.kill, name)
            for name in self._providers:
                await asyncio.to_thread(self._stack.restart, name)

        return await self._while_under_way(evenings, die)

    async def _database_dies(self, evenings: Mapping[str, Evening]) -> dict[str, str]:
        async def die() -> None:
            await asyncio.to_thread(self._stack.kill, "postgres")
            await asyncio.to_thread(self._stack.restart, "postgres")

        return await self._while_under_way(evenings, die)

    async def _while_under_way(
        self, evenings: Mapping[str, Evening], die: Callable[[], Awaitable[None]]
    ) -> dict[str, str]:
        """Bets of several players with every provider; when the first of them has its answer, something dies."""
        failed = await _each(evenings, lambda evening: evening.seat())
        under_way = [asyncio.ensure_future(one) for name, evening in evenings.items() if name not in failed
                     for one in evening.bets()]  # fmt: skip
        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        await die()
        await asyncio.gather(*under_way, return_exceptions=True)
        return failed | await _each(evenings, lambda evening: evening.finish(), failed)


class Evening:
    """What one provider plays through a failure of the mesh."""

    def __init__(self, stage: OwnStage) -> None:
        self.stage = stage
        self._players: list[Player] = []
        self._bets: list[Act] = []
        self._owed: list[Act] = []
        self._moved = 0

    # -- ten minutes

    async def begin(self) -> None:
        """A player with open bets, all of them taken."""
        stage = self.stage
        self._players = [await stage.player()]
        for number in range(_RESULTS + 1):
            stake = stage.amount()
            bet = stage.bet(self._players[0], stake, f"b{number}", round_name=f"r{number}")
            await stage.tell(self._players[0], bet, "OK")
            self._bets.append(bet)
            self._moved -= cents(stake)

    async def go_down(self) -> None:
        """The wallet goes; results and a cancel are accepted all the same, and a bet is not."""
        stage, player = self.stage, self._players[0]
        await stage.own.fault("before")
        await stage.ill(player)
        cancelled, *won = self._bets
        prizes = [stage.amount() for _ in won]
        acts = [stage.win(bet, prize, f"w{n}") for n, (bet, prize) in enumerate(zip(won, prizes, strict=True))]
        self._owed = [*acts, stage.cancel(cancelled)]
        for act in self._owed:
            stage.heard(act, await stage.decided(act), "OK")
        self._moved += sum(map(cents, prizes)) + cents(cancelled.amount or Decimal(0))
        late = stage.bet(player, stage.amount(), "late", round_name="late")
        stage.heard(late, await stage.send(late), *UNCLEAR)

    def tries(self) -> int:
        """How often the first of what is owed was told."""
        attempts = self.stage.own.attempts(self._players[0].launched.player)
        return attempts[0] if attempts else 0

    async def tried_again(self, *, before: Mapping[str, int]) -> None:
        """Wait until it was told once more than it had been."""
        known = before[self.stage.provider.name]
        await until(lambda: self.tries() > known, "another attempt")

    async def still_waiting(self) -> None:
        """All of it is listed in its order, each with the time of its next attempt; and the provider hears the same."""
        player = self._players[0].launched.player
        calls = await self.stage.office.waiting(player)
        amounts = [Decimal(call.amount.amount) for call in calls]
        if amounts != [act.amount for act in self._owed] or not all(
            call.HasField("next_attempt_time") for call in calls
        ):
            raise FailedError(f"after ten minutes {amounts} wait instead of {[act.amount for act in self._owed]}")
        for act in self._owed:
            self.stage.heard(act, await self.stage.decided(act), "OK")

    async def come_back(self) -> None:
        """The wallet is back: everything is booked once, in its order, and the game goes on."""
        stage, player = self.stage, self._players[0]
        await stage.own.fault("none")
        await stage.settled_at(player, self._moved)
        booked = stage.own.credits(player.launched.player)
        wanted = [cents(act.amount or Decimal(0)) for act in self._owed[:-1]]
        if booked != wanted:
            raise FailedError(f"the licensee booked {booked} instead of {wanted}")
        for act in self._owed:
            await stage.tell(player, act, "OK")
        bet = stage.bet(player, Decimal("1.00"), "next", round_name="next")
        await stage.tell(player, bet, "OK")
        await stage.settled_at(player, self._moved - 100)
        await stage.once_more()

    # -- deaths

    async def seat(self) -> None:
        """Players who have not bet yet."""
        self._players = [await self.stage.player() for _ in range(_AT_ONCE)]

    def bets(self) -> list[Awaitable[Answer]]:
        """A bet of each, to be sent."""
        self._bets = [
            self.stage.bet(who, self.stage.amount(), f"b{number}", round_name=f"r{number}")
            for number, who in enumerate(self._players)
        ]
        return [self.stage.send(bet) for bet in self._bets]

    async def finish(self) -> None:
        """Every bet again until it has a clear answer, then its win; both sides agree on each player."""
        stage = self.stage
        for number, (who, bet) in enumerate(zip(self._players, self._bets, strict=True)):
            if await stage.tell(who, bet, "OK", *UNDONE) != "OK":
                await stage.settled_at(who, 0)
                continue
            prize = stage.amount()
            win = stage.win(bet, prize, f"w{number}")
            await stage.tell(who, win, "OK")
            await stage.settled_at(who, cents(prize) - cents(bet.amount or Decimal(0)))
        await stage.once_more()


async def _each(
    evenings: Mapping[str, Evening], step: Callable[[Evening], Awaitable[None]], failed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """One step with every provider that has not failed yet; what went wrong, by provider."""

    async def one(name: str) -> tuple[str, str]:
        try:
            await step(evenings[name])
        except _ERRORS as error:
            return name, _said(error)
        return name, ""

    names = [name for name in evenings if name not in (failed or {})]
    return {name: problem for name, problem in await asyncio.gather(*map(one, names)) if problem}


def _said(error: BaseException) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__


def _verdict(number: str, title: str, name: str, problem: str, skipped: str = "") -> Verdict:
    return Verdict(
        id=number,
        title=title,
        kind="provider",
        subject=name,
        ok=not problem and not skipped,
        skipped_because=skipped,
        detail=problem,
    )


@contextlib.asynccontextmanager
async def own_run(
    stack: Stack,
    names: Sequence[str],
    *,
    seed: int,
    run_id: str,
    prefix: str = "own",
    book: type[Book] | None = None,
    providers: Mapping[str, Provider] | None = None,
) -> AsyncIterator[OwnRun]:
    """Start a licensee and its wallet for each provider. See `OwnWallets`. `providers`: those that are not as the stack has them."""
    with tempfile.TemporaryDirectory() as folder:
        wallets = OwnWallets(stack, names, Path(folder), prefix=prefix, book=book).running()
        owns: dict[str, Own] = await asyncio.to_thread(wallets.__enter__)
        offices = {name: OwnOffice(stack, own) for name, own in owns.items()}
        try:
            for office in offices.values():
                await office.well(await office.player())
            yield OwnRun(stack, offices, providers, seed=seed, run_id=run_id)
        finally:
            for office in offices.values():
                await office.close()
            await asyncio.to_thread(wallets.__exit__, None, None, None)
