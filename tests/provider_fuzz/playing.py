"""Plays stories, and compares the studio's belief, the model and the ledger after each, and once more after all of them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mesh.dev.stack import Stack
from provider_adapters._kit.studio.line import CallbackLine
from provider_adapters._kit.studio.ports import Act, ActKind, Seat
from provider_adapters._kit.studio.record import Record
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider
from tests.provider_fuzz.belief import contradictions
from tests.provider_fuzz.books import Books, Ledger
from tests.provider_fuzz.chairs import CURRENCY, Chair, Chairs, money
from tests.provider_fuzz.story import Move, Story, Verb, round_of
from tests.provider_fuzz.tally import Tally
from tests.provider_fuzz.teller import GaveUpError, StoryTeller, Words, changed
from tests.provider_fuzz.worlds import MismatchError, Worlds, flags_of

_TIMEOUT_S: Final = 30
_IN_MEMORY: Final = Path(":memory:")


class Room:
    """Where stories of one provider are played, any number at once."""

    def __init__(self, stack: Stack, office: CountingOffice, provider: Provider) -> None:
        account = next(one.account for one in stack.provider_list if one.name == provider.name)
        self.provider = provider
        self._words, self._flags = Words(provider), flags_of(account)
        self._chairs = Chairs(stack, office, provider)
        self._ledger = Ledger(stack.around.ledger_reader_url)
        self._line = CallbackLine(provider.callback_url, timeout_s=_TIMEOUT_S)
        self._house_cents = Decimal(0)
        self.tally = Tally(provider=provider.name)

    async def __aenter__(self) -> Self:
        await self._ledger.__aenter__()
        self._house_cents = await self._ledger.house_cents(self.provider.name, CURRENCY)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._line.close()
        await self._ledger.__aexit__()

    async def play(self, story: Story) -> None:
        """Play a story to its end. MismatchError when any two of the three disagree; nobody sits on that chair again."""
        try:
            chair = await self._chairs.take(story.cents)
            await self._play(story, chair)
            self._chairs.give_back(chair)
        finally:
            self.tally.sequences += 1

    async def contradictions(self) -> list[str]:
        """After the last story: what the ledger has now, of every player and of the house, that it may not have."""
        wrong = []
        for chair in self._chairs.all:
            if chair.failed:
                continue
            try:
                chair.settle(await self._books(chair))
            except MismatchError as error:
                wrong.append(f"{chair.player}: {error}")
            self.tally.players += 1
        if not wrong and not any(chair.failed for chair in self._chairs.all):
            won = await self._ledger.house_cents(self.provider.name, CURRENCY) - self._house_cents
            lost = sum(chair.paid_in - chair.cents for chair in self._chairs.all)
            if won != lost:
                wrong.append(f"the players lost {lost} cents, and the house won {won}")
        return wrong

    async def _play(self, story: Story, chair: Chair) -> None:
        chair.failed = True
        worlds = Worlds(self.provider.name, self._flags, story.cents)
        record = Record(_IN_MEMORY)
        try:
            record.add_seat(chair.seat)
            teller = StoryTeller(
                words=self._words,
                line=self._line,
                worlds=worlds,
                record=record,
                namespace=uuid.uuid5(uuid.NAMESPACE_OID, chair.begin()),
            )
            await Telling(story, chair.seat, teller).tell()
            self.tally.messages.update(act.kind.value for act in teller.said)
            books = chair.without_late(await self._books(chair))
            chair.end(worlds, books)
            if wrong := list(contradictions(record, self.provider.studio.habits, books, story.cents)):
                raise MismatchError("; ".join(wrong))
        finally:
            record.close()
        chair.failed = False

    async def _books(self, chair: Chair) -> Books:
        after = chair.open_end[0] if chair.open_end else chair.position
        return await self._ledger.books(chair.player, self.provider.name, CURRENCY, after=after)


class Telling:
    """One story, being told."""

    def __init__(self, story: Story, seat: Seat, teller: StoryTeller) -> None:
        self._story, self._seat, self._teller = story, seat, teller
        self._habits = teller.habits
        self._told: set[tuple[Verb, int]] = set()
        self._earlier = 0

    async def tell(self) -> None:
        """Every moment, one after the other."""
        for moment in self._story.moments:
            for together in _together(moment):
                self._earlier = len(self._teller.said)
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
            # One that is still on its way could lose to its own changed copy: a studio would not know what it has bet.
            said = [act for act in said[: self._earlier] if act.kind in {ActKind.BET, ActKind.WIN}]
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
