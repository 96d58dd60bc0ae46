"""A dialect of one word and a wallet of a few lines, for tests of the simulator base."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.studio.line import NoAnswerError
from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Desk, Habits, Reaction, RetrySchedule, Seat
from provider_adapters._kit.studio.record import Record
from provider_adapters._kit.studio.stats import Stats
from provider_adapters._kit.studio.teller import Teller

SEAT = Seat(launch_id="l1", user="aurora.pl-1", token="t", currency_code="EUR", game_id="live")
FAST = RetrySchedule(first_s=0.0, longest_s=0.0)


def habits(**changes: Any) -> Habits:
    standard = {"timeout_s": 1.0, "closes_by_flag": True, "wins_name_the_bet": True, "retries": FAST}
    return Habits(**{**standard, **changes})


class OneWordStudio:
    """Writes an act as JSON, reads one word."""

    games: Sequence[Game] = (
        Game(game_id="slot", title="Slot", category="slot"),
        Game(game_id="live", title="Live", category="live"),
    )

    def __init__(self, **changes: Any) -> None:
        self.habits = habits(**changes)

    def write(self, act: Act) -> HttpRequest:
        amount = None if act.amount is None else format(act.amount, "f")
        content = [act.kind, act.transaction_key, act.bet_key, amount, act.round_id, act.closes]
        return HttpRequest(method="POST", path="/", body=json.dumps(content).encode())

    def read(self, act: Act, reply: HttpReply) -> Answer:
        word, balance = json.loads(reply.body)
        return Answer(reaction=Reaction(word), code=word, balance=Decimal(balance))

    def unanswered(self, act: Act) -> Reaction:
        return Reaction.CANCEL if act.kind is ActKind.BET else Reaction.RETRY

    def spoil(self, request: HttpRequest) -> HttpRequest:
        return HttpRequest(method="POST", path="/spoilt")

    def signature_refused(self, reply: HttpReply) -> bool:
        return reply.body == b"bad signature"

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        return HttpReply(body=b"vendor")


class WalletLine:
    """The callback address with a wallet behind it. Loses what it is told to lose, as a connection does."""

    def __init__(self, balance: str = "100") -> None:
        self.balance = Decimal(balance)
        self.bets: dict[str, Decimal] = {}
        self.cancelled: set[str] = set()
        self.won: dict[str, Decimal] = {}
        self.closed: set[str] = set()
        self.outages = 0
        self.sent: list[str] = []
        self.calls: Counter[str] = Counter()

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        await asyncio.sleep(0)
        if request.path == "/spoilt":
            return HttpReply(body=b"bad signature")
        kind, key, bet_key, amount, round_id, closes = json.loads(request.body)
        self.sent.append(kind)
        if self.outages:
            self.outages -= 1
            raise NoAnswerError("ConnectError")
        word = self._decide(kind, key, bet_key, Decimal(amount or 0))
        if closes or kind == "close":
            self.closed.add(round_id)
        if mishap in {Mishap.LOST_REPLY, Mishap.IMPATIENT}:
            raise NoAnswerError(mishap)
        return HttpReply(body=json.dumps([word, str(self.balance)]).encode())

    def _decide(self, kind: str, key: str, bet_key: str, amount: Decimal) -> str:
        if kind == "bet":
            return self._bet(key, amount)
        if kind == "win":
            return self._win(key, bet_key, amount)
        if kind == "cancel":
            return self._cancel(bet_key)
        return "accepted"

    def _bet(self, key: str, amount: Decimal) -> str:
        if key in self.cancelled or self.bets.get(key, amount) != amount:
            return "refused"
        if key not in self.bets:
            if amount > self.balance:
                return "refused"
            self.bets[key] = amount
            self.balance -= amount
        return "accepted"

    def _win(self, key: str, bet_key: str, amount: Decimal) -> str:
        if self.won.get(key, amount) != amount or bet_key in self.cancelled or (bet_key and bet_key not in self.bets):
            return "dispute"
        if key not in self.won:
            self.won[key] = amount
            self.balance += amount
        return "accepted"

    def _cancel(self, bet_key: str) -> str:
        if any(bet_key and self.bets.get(bet_key) is not None and bet_key in key for key in self.won):
            return "dispute"
        if bet_key not in self.cancelled:
            self.cancelled.add(bet_key)
            self.balance += self.bets.get(bet_key, Decimal(0))
        return "accepted"


def teller(studio: OneWordStudio, line: Any, path: Path | str = ":memory:") -> Teller:
    record = Record(Path(path))
    if record.seat("l1") is None:
        record.add_seat(SEAT)
    return Teller(studio=studio, line=line, record=record, stats=Stats(), namespace=uuid.UUID(int=1), now_ms=lambda: 5)
