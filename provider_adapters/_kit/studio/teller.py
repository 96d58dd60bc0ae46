"""Sends messages and does what the provider's documents say after each answer, and writes both into the record."""

import asyncio
import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator

from provider_adapters._kit.studio.line import NoAnswerError, Sender, Stopwatch
from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Reaction, RetrySchedule, Studio
from provider_adapters._kit.studio.record import Belief, Record
from provider_adapters._kit.studio.stats import Stats

_BELIEFS = {
    Reaction.ACCEPTED: Belief.ACCEPTED,
    Reaction.REFUSED: Belief.REFUSED,
    Reaction.DISPUTE: Belief.DISPUTED,
}


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Teller:
    """Everything that a studio says goes through here."""

    def __init__(
        self,
        *,
        studio: Studio,
        line: Sender,
        record: Record,
        stats: Stats,
        namespace: uuid.UUID,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._studio = studio
        self._line = line
        self.record = record
        self._stats = stats
        self._namespace = namespace
        self._now_ms = now_ms

    def name(self, text: str) -> str:
        """An id: always the same for the same text in the same record, never the same in another one."""
        return str(uuid.uuid5(self._namespace, text))

    async def attempt(self, act: Act, mishap: Mishap = Mishap.NONE) -> Answer:
        """Send once. No answer is an answer too."""
        watch = Stopwatch()
        try:
            reply = await self._line.send(self._studio.write(act), mishap)
            answer = self._studio.read(act, reply)
        except NoAnswerError as error:
            answer = Answer(reaction=self._studio.unanswered(act), code=str(error))
        self._stats.add(act.kind, answer.code, watch.seconds())
        return answer

    async def bet(self, act: Act, mishap: Mishap, cancel_mishap: Mishap) -> Belief:
        """Send a bet and follow it up until its end is known."""
        act = self._dated(act)
        self.record.intend(act)
        if mishap is Mishap.CANCEL_FIRST:
            return await self._cancel_before(act, cancel_mishap)
        answer = await self._bet_answer(act, mishap)
        belief = _BELIEFS.get(answer.reaction, Belief.DOUBTFUL)
        if belief is Belief.ACCEPTED and mishap is Mishap.VOID:
            belief = Belief.DOUBTFUL
        self.record.believe(act, belief, answer.code, attempts=1)
        return await self.cancel(act, cancel_mishap) if belief is Belief.DOUBTFUL else belief

    async def _bet_answer(self, act: Act, mishap: Mishap) -> Answer:
        if mishap is Mishap.LOST_REQUEST:
            return Answer(reaction=self._studio.unanswered(act), code="lost_request")
        answer = await self._with_copies(act, mishap)
        for pause in self._pauses(self._studio.habits.bet_attempts - 1):
            if answer.reaction is not Reaction.RETRY:
                return answer
            await asyncio.sleep(pause)
            answer = await self.attempt(act)
        return answer

    async def _cancel_before(self, act: Act, cancel_mishap: Mishap) -> Belief:
        self.record.believe(act, Belief.DOUBTFUL, "cancel_first")
        belief = await self.cancel(act, cancel_mishap)
        late = await self.attempt(act)
        taken = late.reaction is Reaction.ACCEPTED and not self._studio.habits.late_bet_accepted
        if belief is Belief.CANCELLED and taken:
            belief = Belief.DISPUTED
            self.record.believe(act, belief, f"late bet: {late.code}", attempts=1)
        return belief

    async def cancel(self, bet: Act, mishap: Mishap = Mishap.NONE) -> Belief:
        """Cancel a bet until there is an answer, and write down what became of the bet."""
        self.record.believe(bet, Belief.DOUBTFUL, "cancelling")
        belief = await self.until_answered(self.cancel_of(bet), mishap)
        belief = Belief.CANCELLED if belief is Belief.ACCEPTED else Belief.DISPUTED
        self.record.believe(bet, belief, "cancelled" if belief is Belief.CANCELLED else "cancel refused")
        return belief

    def cancel_of(self, bet: Act) -> Act:
        """The message that undoes a bet. Always the same for the same bet."""
        shares_key = self._studio.habits.cancel_shares_key
        key = bet.transaction_key if shares_key else self.name(f"cancel/{bet.transaction_key}")
        return dataclasses.replace(bet, kind=ActKind.CANCEL, transaction_key=key, bet_key=bet.transaction_key)

    async def until_answered(self, act: Act, mishap: Mishap = Mishap.NONE) -> Belief:
        """Send a win, a cancel or a close again and again, until there is an answer."""
        act = self._dated(act)
        self.record.intend(act)
        answer = await self._with_copies(act, mishap)
        for pause in self._pauses():
            belief = _BELIEFS.get(answer.reaction, Belief.SENT)
            self.record.believe(act, belief, answer.code, attempts=1)
            if belief is not Belief.SENT:
                return belief
            await asyncio.sleep(pause)
            answer = await self.attempt(act)
        raise AssertionError("the schedule of a provider never ends")

    async def _with_copies(self, act: Act, mishap: Mishap) -> Answer:
        """The first attempt, with the mishap that was planned for it."""
        if mishap is Mishap.TWINS:
            return _agreed(*await asyncio.gather(self.attempt(act), self.attempt(act)))
        first = await self.attempt(act, mishap)
        if mishap is not Mishap.DUPLICATE or first.reaction is not Reaction.ACCEPTED:
            return first
        return _agreed(first, await self.attempt(act))

    def _dated(self, act: Act) -> Act:
        return act if act.sent_at_ms else dataclasses.replace(act, sent_at_ms=self._now_ms())

    def _pauses(self, count: int | None = None) -> Iterator[float]:
        return pauses(self._studio.habits.retries, count)


def pauses(schedule: RetrySchedule, count: int | None = None) -> Iterator[float]:
    """How long to wait before each repetition; for ever without a count."""
    pause = schedule.first_s
    while count is None or count > 0:
        yield pause
        pause = min(pause * schedule.factor, schedule.longest_s)
        count = None if count is None else count - 1


def _agreed(first: Answer, second: Answer) -> Answer:
    """Two answers to the same bytes: one acceptance is enough, a final refusal beside it is a contradiction."""
    reactions = {first.reaction, second.reaction}
    if reactions == {Reaction.ACCEPTED, Reaction.REFUSED}:
        return Answer(reaction=Reaction.DISPUTE, code=f"{first.code} and {second.code}")
    return first if first.reaction is Reaction.ACCEPTED else second
