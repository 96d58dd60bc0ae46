"""What the studios of all providers do in the same way: read an answer, react to its code, seat a player."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Habits, Reaction

STAKES = frozenset({ActKind.BET, ActKind.TIP, ActKind.FREE_BET})
UNDOES = frozenset({ActKind.CANCEL, ActKind.ROLLBACK})
UNREADABLE = (NotParseableError, KeyError, TypeError, ValueError, InvalidOperation, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """What the provider does after each of its codes, by its documents."""

    success: frozenset[Any]
    """Codes that let a player in and tell a balance."""
    bets: Mapping[Any, Reaction]
    credits: Mapping[Any, Reaction]
    """After wins, closes and promotions."""
    cancels: Mapping[Any, Reaction]

    def of(self, act: Act, code: object) -> Reaction:
        """The reaction to one answer."""
        if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
            return Reaction.ACCEPTED if code in self.success else Reaction.REFUSED
        if act.kind in STAKES:
            return self.bets[code]
        return (self.cancels if act.kind in UNDOES else self.credits)[code]


class StudioDialect(abc.ABC):
    """The part of `studio.ports.Studio` that is about answers."""

    reactions: Reactions
    habits: Habits

    @abc.abstractmethod
    def understand(self, act: Act, reply: HttpReply) -> tuple[Any, Decimal | None]:
        """Code and balance in a reply. Anything of `UNREADABLE` when there are none."""

    def new_token(self, reply: HttpReply) -> str:  # noqa: ARG002 - for dialects that swap tokens
        """What the answer that lets a player in gives for the token of the launch. Empty: the game keeps the one it has."""
        return ""

    def read(self, act: Act, reply: HttpReply) -> Answer:
        """See `studio.ports.Studio`."""
        try:
            code, balance = self.understand(act, reply)
            reaction = self.reactions.of(act, code)
            entered = act.kind is ActKind.ENTER and reaction is Reaction.ACCEPTED
            token = self.new_token(reply) if entered else ""
            return Answer(reaction=reaction, code=str(code), balance=balance, token=token)
        except UNREADABLE:
            return Answer(reaction=self.unanswered(act), code=f"unreadable_{reply.status}")

    def unanswered(self, act: Act) -> Reaction:
        """See `studio.ports.Studio`."""
        if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
            return Reaction.REFUSED
        if act.kind not in STAKES or self.habits.bet_attempts > 1:
            return Reaction.RETRY
        return Reaction.CANCEL


def json_reply(content: object, status: int = 200) -> HttpReply:
    """An answer of the vendor's own API."""
    return HttpReply(status=status, body=orjson.dumps(content))


def has_texts(fields: Mapping[str, Any], *names: str) -> bool:
    """Whether each of these fields is a text that is not empty."""
    return all(isinstance(fields.get(name), str) and fields[name] for name in names)
