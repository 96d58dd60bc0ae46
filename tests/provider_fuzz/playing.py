"""Plays one story with a fresh player, and compares the studio's belief, the model and the ledger."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc.aio

from mesh.channels import call_metadata
from mesh.dev.stack import Stack
from pitboss.session.v1 import session_directory_service_pb2, session_service_pb2
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from provider_adapters._kit.studio.line import CallbackLine
from provider_adapters._kit.studio.ports import Act, ActKind, Seat
from provider_adapters._kit.studio.record import Record
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider
from tests.integration.provider_adapters.office import LICENSEE
from tests.provider_fuzz.belief import contradictions
from tests.provider_fuzz.books import Ledger
from tests.provider_fuzz.story import Move, Story, Verb, round_of
from tests.provider_fuzz.teller import GaveUpError, StoryTeller, Words, changed
from tests.provider_fuzz.worlds import CASHIER, MismatchError, Worlds, flags_of

CURRENCY: Final = "EUR"
_TIMEOUT_S, _PATIENCE_S, _PAUSE_S = 30, 120, 0.2
_LAUNCHES = 6
_IN_MEMORY = Path(":memory:")


class Room:
    """Where stories of one provider are played, any number at once."""

    def __init__(self, stack: Stack, office: CountingOffice, provider: Provider) -> None:
        account = next(one.account for one in stack.provider_list if one.name == provider.name)
        self.provider, self._office = provider, office
        self._words, self._flags = Words(provider), flags_of(account)
        adapter = office.channel(f"provider_adapters/{provider.name}", stack.around.ports.session)
        self._directory = SessionDirectoryServiceStub(adapter)
        self._ledger = Ledger(stack.around.ledger_reader_url)
        self._line = CallbackLine(provider.callback_url, timeout_s=_TIMEOUT_S)
        self._launches = asyncio.Semaphore(_LAUNCHES)
        self.sequences = 0
        self.messages: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._ledger.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._line.close()
        await self._ledger.__aexit__()

    async def play(self, story: Story) -> None:
        """Play a story to its end. MismatchError when any two of the three disagree."""
        player, seat = await self._seat(story.cents)
        worlds = Worlds(self.provider.name, self._flags, story.cents)
        record = Record(_IN_MEMORY)
        try:
            record.add_seat(seat)
            teller = StoryTeller(
                words=self._words,
                line=self._line,
                worlds=worlds,
                record=record,
                namespace=uuid.uuid5(uuid.NAMESPACE_OID, player),
            )
            await Telling(story, seat, teller).tell()
            self.messages.update(act.kind.value for act in teller.said)
            books = await self._ledger.books(player, self.provider.name, CURRENCY)
            worlds.ended(books.rows, books.cents)
            if wrong := list(contradictions(record, self.provider.studio.habits, books, story.cents)):
                raise MismatchError("; ".join(wrong))
        finally:
            record.close()
            self.sequences += 1

    async def _seat(self, cents: int) -> tuple[str, Seat]:
        """A player with so much money, in a game."""
        player = f"pf-{secrets.token_hex(6)}"
        opening = ledger_service_pb2.ExecuteBatchRequest(actions=_opening(player, cents))
        metadata = call_metadata(licensee=LICENSEE, source=CASHIER)
        execute = partial(self._office.ledger.ExecuteBatch, opening, timeout=_TIMEOUT_S, metadata=metadata)
        reply = await _patiently(execute)
        assert [result.outcome for result in reply.results] == [Outcome.OUTCOME_OK] * len(opening.actions)
        order = session_service_pb2.CreateSessionRequest(
            client_key=player,
            player_id=player,
            provider=self.provider.name,
            game_id=self.provider.game_id,
            currency_code=CURRENCY,
            country="DE",
        )
        create = partial(
            self._office.sessions.CreateSession, order, timeout=_TIMEOUT_S, metadata=call_metadata(licensee=LICENSEE)
        )
        # Launching takes longest.
        async with self._launches:
            await _patiently(create)
        question = session_directory_service_pb2.ResolveSessionRequest(player_reference=f"{LICENSEE}.{player}")
        answer = await _patiently(partial(self._directory.ResolveSession, question, timeout=_TIMEOUT_S))
        seat = Seat(
            launch_id=player,
            user=f"{LICENSEE}.{player}",
            token=answer.token,
            currency_code=CURRENCY,
            game_id=self.provider.game_id,
        )
        return player, seat


async def _patiently(call: Callable[[], Awaitable[Any]]) -> Any:
    """A service that has enough to do says so, and is asked again: what is asked here has a key, or changes nothing."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                await asyncio.sleep(_PAUSE_S)


def _opening(player: str, cents: int) -> list[action_pb2.Action]:
    account = action_pb2.OpenAccount(currency_code=CURRENCY, jurisdiction="sandbox", born_on="1990-01-01")
    deposit = action_pb2.Deposit(amount=Money(currency_code=CURRENCY, amount=str(money(cents))))
    return [
        action_pb2.Action(player_id=player, transaction_key="open", open_account=account),
        action_pb2.Action(player_id=player, transaction_key="deposit", deposit=deposit),
    ]


def money(cents: int) -> Decimal:
    """Main units, with two decimals."""
    return Decimal(cents).scaleb(-2)


class Telling:
    """One story, being told."""

    def __init__(self, story: Story, seat: Seat, teller: StoryTeller) -> None:
        self._story, self._seat, self._teller = story, seat, teller
        self._habits = teller.habits
        self._told: set[tuple[Verb, int]] = set()

    async def tell(self) -> None:
        """Every moment, one after the other."""
        for moment in self._story.moments:
            for together in _together(moment):
                results = await asyncio.gather(*map(self._do, together), return_exceptions=True)
                for result in results:
                    if isinstance(result, BaseException):
                        raise result

    async def _do(self, move: Move) -> None:
        # What was told before comes as a copy: a studio follows each message up once.
        known = (move.verb, move.number) in self._told
        self._told.add((move.verb, move.number))
        try:
            match move.verb:
                case Verb.BET:
                    await self._bet(move, known=known)
                case Verb.WIN:
                    await self._credit(self._win(move), move, known=known)
                case Verb.CANCEL:
                    await self._cancel(move, known=known)
                case Verb.CLOSE:
                    await self._credit(self._close(move), move, known=known)
                case Verb.AGAIN | Verb.CHANGED:
                    await self._again(move)
        except GaveUpError:
            return

    async def _bet(self, move: Move, *, known: bool) -> None:
        act = self._stake(move.number)
        if known:
            await self._teller.attempt(act)
        else:
            await self._teller.bet(act, move.mishap, move.cancel_mishap)

    async def _credit(self, act: Act, move: Move, *, known: bool) -> None:
        if known:
            await self._teller.attempt(act)
        else:
            await self._teller.until_answered(act, move.mishap)

    async def _cancel(self, move: Move, *, known: bool) -> None:
        bet = self._stake(move.number)
        if known:
            await self._teller.attempt(self._teller.cancel_of(bet))
            return
        if (Verb.BET, move.number) not in self._told:
            # The cancel overtakes its bet, which the studio does not wait for any more.
            self._told.add((Verb.BET, move.number))
            self._teller.record.intend(bet)
        await self._teller.cancel(bet, move.cancel_mishap)

    async def _again(self, move: Move) -> None:
        said: Sequence[Act] = self._teller.said
        if move.verb is Verb.CHANGED:
            said = [act for act in said if act.kind in {ActKind.BET, ActKind.WIN}]
        if said:
            act = said[move.number % len(said)]
            await self._teller.attempt(changed(act) if move.verb is Verb.CHANGED else act)

    def _stake(self, number: int) -> Act:
        return Act(
            kind=ActKind.BET,
            seat=self._seat,
            transaction_key=self._teller.name(f"bet/{number}"),
            round_id=self._teller.name(f"round/{round_of(number)}"),
            game_id=self._seat.game_id,
            amount=money(self._story.stakes[number]),
            sent_at_ms=self._teller.began_ms,
        )

    def _win(self, move: Move) -> Act:
        return self._result(f"win/{move.number}", move.bet, self._story.results[move.number], closes=move.closes)

    def _result(self, name: str, bet: int, cents: int, *, closes: bool) -> Act:
        stake = self._stake(bet)
        return Act(
            kind=ActKind.WIN,
            seat=self._seat,
            transaction_key=self._teller.name(name),
            bet_key=stake.transaction_key if self._habits.wins_name_the_bet else "",
            round_id=stake.round_id,
            game_id=stake.game_id,
            amount=money(cents),
            closes=closes,
            sent_at_ms=self._teller.began_ms,
        )

    def _close(self, move: Move) -> Act:
        """The end of a round, as the provider says it: a message of its own, or a win of nothing."""
        if self._habits.closes_by_flag:
            return self._result(f"close/{move.number}", move.number, 0, closes=True)
        stake = self._stake(move.number)
        return Act(
            kind=ActKind.CLOSE,
            seat=self._seat,
            transaction_key=self._teller.name(f"close/{move.number}"),
            round_id=stake.round_id,
            game_id=stake.game_id,
            sent_at_ms=self._teller.began_ms,
        )


def _together(moment: Sequence[Move]) -> list[Sequence[Move]]:
    """A studio never cancels a bet while it still waits for its answer."""
    verbs = {move.verb for move in moment}
    if verbs == {Verb.BET, Verb.CANCEL} and len({move.number for move in moment}) == 1:
        return [[move] for move in moment]
    return [moment]
