"""The studio's own teller, overheard: each message that it sends, and each answer, also goes to the worlds."""

from __future__ import annotations

import functools
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from provider_adapters._kit.studio.line import NoAnswerError, Sender
from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind, Answer
from provider_adapters._kit.studio.record import Record
from provider_adapters._kit.studio.stats import Stats
from provider_adapters._kit.studio.teller import Teller
from tests.conformance.provider import Provider
from tests.provider_fuzz.worlds import MismatchError, Worlds
from tests.torture.model.answer import Step

_PAUSES_S: Final = (0.02, 0.1, 0.5, 2.0)
_NOT_NOW: Final = ("UNAVAILABLE", "UNKNOWN", "IN_PROGRESS")
_SERVER_ERROR: Final = 500
_EACH_WIN_CLOSES: Final = frozenset({"evolution_style"})


class GaveUpError(Exception):
    """The provider would repeat the message for ever; a story has an end."""


class Words:
    """A provider's messages in the words of the model."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._says_close: bool | None = None
        self._code = functools.cache(provider.code)

    def step(self, act: Act) -> Step:
        """The message as the model takes it."""
        step: Step = {"do": act.kind.value, "by": self.provider.name, "key": act.transaction_key, "round": act.round_id}
        match act.kind:
            case ActKind.BET:
                return {**step, "amount": str(act.amount)}
            case ActKind.WIN:
                return {**step, "amount": str(act.amount), "ref": act.bet_key, "close": self._closes(act)}
            case ActKind.CANCEL:
                return {**step, "ref": act.bet_key}
            case ActKind.CLOSE:
                return {**step, "do": "close_round"}
        message = f"the model has no word for {act.kind}"
        raise AssertionError(message)

    def _closes(self, act: Act) -> bool:
        """Some dialects have no word for the end of a round; in one, each win is the end."""
        if self._says_close is None:
            write = self.provider.studio.write
            one, other = write(replace(act, closes=True)), write(replace(act, closes=False))
            self._says_close = (one.path, one.query, one.body) != (other.path, other.query, other.body)
        return self.provider.name in _EACH_WIN_CLOSES or (act.closes and self._says_close)

    def fits(self, act: Act, answer: Answer, outcome: str) -> bool:
        """Whether the answer is how the provider hears the outcome."""
        return self._code(act.kind, outcome) == answer.code

    def unsure(self, act: Act, answer: Answer, status: int) -> bool:
        """Whether the answer may also mean that nothing is known yet."""
        return status >= _SERVER_ERROR or any(self.fits(act, answer, outcome) for outcome in _NOT_NOW)


class StoryTeller(Teller):
    """Sends one story's messages. What the studio does after each answer is the simulator's."""

    def __init__(self, *, words: Words, line: Sender, worlds: Worlds, record: Record, namespace: uuid.UUID) -> None:
        studio = words.provider.studio
        super().__init__(studio=studio, line=line, record=record, stats=Stats(), namespace=namespace)
        self._words, self._wire, self._worlds = words, line, worlds
        self.habits = studio.habits
        self.began_ms = self._now_ms()
        self.said: list[Act] = []
        self._names: dict[str, str] = {}

    def name(self, text: str) -> str:
        """See `Teller`: made once, asked for often."""
        if text not in self._names:
            self._names[text] = super().name(text)
        return self._names[text]

    async def attempt(self, act: Act, mishap: Mishap = Mishap.NONE) -> Answer:
        """See `Teller`. A reply that is lost is lost for the studio; we look at it before."""
        self.said.append(act)
        number = self._worlds.sent(self._words.step(act))
        lost = mishap is Mishap.LOST_REPLY
        try:
            reply = await self._wire.send(self._studio.write(act), Mishap.NONE if lost else mishap)
        except NoAnswerError as error:
            self._worlds.abandoned(number)
            return Answer(reaction=self._studio.unanswered(act), code=str(error))
        answer = self._studio.read(act, reply)
        self._heard(number, act, answer, reply.status)
        return Answer(reaction=self._studio.unanswered(act), code="lost_reply") if lost else answer

    def _heard(self, number: int, act: Act, answer: Answer, status: int) -> None:
        unsure = self._words.unsure(act, answer, status)
        try:
            self._worlds.answered(number, lambda outcome: self._words.fits(act, answer, outcome), unsure=unsure)
        except MismatchError as error:
            message = f"{act.kind} {act.transaction_key} was answered {answer.code} with status {status}; {error}"
            raise MismatchError(message) from None

    def _pauses(self, count: int | None = None) -> Iterator[float]:
        yield from itertools.islice(_PAUSES_S, count)
        if count is None:
            raise GaveUpError


def changed(act: Act) -> Act:
    """The same key and another amount."""
    return replace(act, amount=(act.amount or Decimal(0)) + Decimal("0.01"))
