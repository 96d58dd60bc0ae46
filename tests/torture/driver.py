"""The clients: they send what their scripts say, again with the same key when nobody answered, and write down everything."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import grpc.aio

from mesh.channels import call_metadata
from mesh.tls import Tls
from pitboss.wallet.v1 import (
    action_pb2,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    registry_service_pb2_grpc,
    wallet_service_pb2_grpc,
)
from tests.torture.history import Writer
from tests.torture.script import CASHIER, Operation, Script
from tests.torture.wire import TRANSFERS, action_of, answer_of, licensee_of, transfer_of, units
from tests.torture.world import World

# A killed wallet is back within a second; a channel that waits longer would hide it.
_IMPATIENT = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.enable_http_proxy", 0),
]
# Longer than any fault lasts: a wallet that waits for its database is left to wait, a dead one is noticed at once.
_TIMEOUT_S = 6.0
_PAUSE_S = (0.05, 0.2)
_MOST_PATIENCE = 4.0
_LOSES_INTEREST = 0.04
"""How often a client that got no answer never asks again."""
_TWINS = 0.08
"""How often the same operation goes to both wallets at once."""
_READS = 0.08
_ECHOES = 0.08
_AT_HOME = 0.95
_KEPT = 6


@dataclass
class Office:
    """What all clients share: the way to the wallets, the history, and the numbers of operations."""

    world: World
    history: Writer
    new_keys: bool = False
    """Broken on purpose: who gets no answer asks again under another key."""
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    open: dict[int, Operation] = field(default_factory=dict)
    """Operations without an answer."""
    last_failure: float = 0.0
    """When a call failed last, on the monotonic clock."""
    given_up: set[int] = field(default_factory=set)
    """Operations that were looked up in the end; they are not sent again."""
    channels: list[grpc.aio.Channel] = field(default_factory=list)
    ledgers: list[Any] = field(default_factory=list)
    doors: list[Any] = field(default_factory=list)
    """What licensees call."""
    registries: list[Any] = field(default_factory=list)

    def connect(self) -> None:
        """Open a channel to each wallet, through its line."""
        credentials = Tls.load(self.world.platform_tls).channel_credentials()
        for line in self.world.call_lines:
            made = grpc.aio.secure_channel(f"127.0.0.1:{line.port}", credentials, _IMPATIENT)
            self.channels.append(made)
            self.ledgers.append(ledger_service_pb2_grpc.LedgerServiceStub(made))
            self.doors.append(wallet_service_pb2_grpc.WalletServiceStub(made))
            self.registries.append(registry_service_pb2_grpc.RegistryServiceStub(made))

    async def close(self) -> None:
        """Close the channels."""
        for one in self.channels:
            await one.close()

    def begin(self, operation: Operation) -> int:
        """Give an operation its number and write it down."""
        number = next(self.ids)
        self.open[number] = operation
        self.history.add("op", number, operation.player, operation.steps, operation.atomic)
        return number

    async def send(self, wallet: int, numbered: list[tuple[int, Operation]], timeout_s: float = _TIMEOUT_S) -> bool:
        """One request for operations of one source. False: nobody knows."""
        numbers = [number for number, _ in numbered]
        self.history.add("send", time.monotonic_ns(), numbers, wallet)
        first = numbered[0][1]
        metadata = call_metadata(licensee_of(first.player), source=first.steps[0]["by"])
        try:
            answers = await self._call(wallet, numbered, metadata, timeout_s)
        except grpc.aio.AioRpcError as error:
            self.history.add("unknown", time.monotonic_ns(), numbers, error.code().name)
            self.last_failure = time.monotonic()
            return False
        self.history.add("ok", time.monotonic_ns(), list(zip(numbers, answers, strict=True)))
        self.world.answers[wallet] += 1
        for number in numbers:
            self.open.pop(number, None)
        return True

    async def _call(
        self, wallet: int, numbered: list[tuple[int, Operation]], metadata: Any, timeout_s: float
    ) -> list[list[Any]]:
        ledger = self.ledgers[wallet]
        first = numbered[0][1]
        if first.steps[0]["do"] in TRANSFERS:
            method, transfer = transfer_of(first.player, first.steps[0])
            answer = await getattr(self.doors[wallet], method)(transfer, timeout=timeout_s, metadata=metadata)
            return [[answer_of(answer.result)]]
        if len(numbered) == 1 and not first.atomic:
            single = ledger_service_pb2.ExecuteRequest(action=action_of(first.player, first.steps[0]))
            answer = await ledger.Execute(single, timeout=timeout_s, metadata=metadata)
            return [[answer_of(answer.result)]]
        if len(numbered) == 1:
            actions = [action_of(first.player, step) for step in first.steps]
            request = ledger_service_pb2.ExecuteBatchRequest(actions=actions, atomic=True)
            answer = await ledger.ExecuteBatch(request, timeout=timeout_s, metadata=metadata)
            return [[answer_of(result) for result in answer.results]]
        actions = [_joined(operation) for _, operation in numbered]
        request = ledger_service_pb2.ExecuteBatchRequest(actions=actions)
        answer = await ledger.ExecuteBatch(request, timeout=timeout_s, metadata=metadata)
        return [
            [answer_of(part) for part in (result.parts if operation.atomic else [result])]
            for (_, operation), result in zip(numbered, answer.results, strict=True)
        ]

    async def wait_for_the_lost(self) -> None:
        """A call that failed here may still be under way in a wallet, until its deadline."""
        await asyncio.sleep(max(0.0, self.last_failure + _TIMEOUT_S + 0.5 - time.monotonic()))

    async def read(self, wallet: int, player: str) -> None:
        """Read the available money of a player."""
        request = ledger_service_pb2.GetBalanceRequest(player_id=player)
        before = time.monotonic_ns()
        try:
            answer = await self.ledgers[wallet].GetBalance(
                request, timeout=_TIMEOUT_S, metadata=call_metadata(licensee_of(player), source=CASHIER)
            )
        except grpc.aio.AioRpcError as error:
            self.history.add("unknown", time.monotonic_ns(), [], error.code().name)
        else:
            self.history.add("read", before, time.monotonic_ns(), player, units(answer.balances.available.amount))


def _joined(operation: Operation) -> action_pb2.Action:
    """A single step, or a bet and its win as the one action that they can be."""
    if not operation.atomic:
        return action_of(operation.player, operation.steps[0])
    bet, win = (action_of(operation.player, step) for step in operation.steps)
    bet.bet.close = win.win.close
    both = action_pb2.BetAndWin(bet=bet.bet, win_key=win.transaction_key, win_amount=win.win.amount)
    return action_pb2.Action(player_id=operation.player, transaction_key=bet.transaction_key, bet_and_win=both)


def _is_pair(operation: Operation) -> bool:
    """A bet and the win of that bet, which is what bet-and-win says: only the win may close the round."""
    if not operation.atomic or [step["do"] for step in operation.steps] != ["bet", "win"]:
        return False
    bet, win = operation.steps
    return win["ref"] == bet["key"] and win["round"] == bet["round"] and not bet["close"]


class Client:
    """One coroutine's work."""

    def __init__(self, office: Office, seed: int, name: str, players: list[str], *, chunk: int, home: int) -> None:
        self._office, self._chunk, self._home = office, chunk, home
        self._players = players
        self._operations = Script(seed, name, players).operations()
        self._random = random.Random(f"{seed} {name} manners")
        self._last: deque[list[tuple[int, Operation]]] = deque(maxlen=_KEPT)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop."""
        while not stop.is_set():
            await self._echo()
            wanted = [next(self._operations) for _ in range(self._chunk)]
            await asyncio.gather(*[self._work(group, stop) for group in _groups(wanted)])
            if self._random.random() < _READS:
                await self._office.read(self._first_choice(), self._random.choice(self._players))

    async def _echo(self) -> None:
        """Now and then send again what was answered before, to the other wallet."""
        if self._last and self._random.random() < _ECHOES:
            group = self._random.choice(self._last)
            if all(number not in self._office.open for number, _ in group):
                await self._office.send(1 - self._home, group)

    async def _work(self, operations: list[Operation], stop: asyncio.Event) -> None:
        """Send a group until it is answered, or until nobody cares any more."""
        office = self._office
        numbered = [(office.begin(operation), operation) for operation in operations]
        self._last.append(numbered)
        if len(numbered) == 1 and self._random.random() < _TWINS:
            await asyncio.gather(office.send(0, numbered), office.send(1, numbered))
        wallet, patience = self._first_choice(), 1.0
        while not await office.send(wallet, numbered):
            if stop.is_set() or self._random.random() < _LOSES_INTEREST:
                return
            await asyncio.sleep(self._random.uniform(*_PAUSE_S) * patience)
            patience = min(patience * 1.5, _MOST_PATIENCE)
            wallet = 1 - wallet
            if office.new_keys:
                numbered = [(number, _renamed(operation)) for number, operation in numbered]

    def _first_choice(self) -> int:
        """Mostly the wallet that these players belong to."""
        return self._home if self._random.random() < _AT_HOME else 1 - self._home

    async def repeat(self) -> None:
        """Send what was sent last once more, now that all is quiet: the same answers must come."""
        given_up = self._office.given_up
        known = [group for group in self._last if not any(number in given_up for number, _ in group)]
        await asyncio.gather(*[self._office.send(self._home, group, timeout_s=20) for group in known])


def _renamed(operation: Operation) -> Operation:
    return replace(operation, steps=tuple({**step, "key": f"{step['key']}+"} for step in operation.steps))


def _groups(operations: list[Operation]) -> list[list[Operation]]:
    """What can go in one request: single steps of one source, with bets and wins as pairs; the rest alone."""
    groups: dict[str, list[Operation]] = {}
    alone: list[list[Operation]] = []
    for operation in operations:
        if operation.steps[0]["do"] in TRANSFERS or (operation.atomic and not _is_pair(operation)):
            alone.append([operation])
        else:
            groups.setdefault(operation.steps[0]["by"], []).append(operation)
    return [*groups.values(), *alone]
