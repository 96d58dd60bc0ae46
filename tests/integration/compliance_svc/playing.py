"""Players of a running mesh whose bets are sent to the wallets themselves, and what the log then has."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import grpc

from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money as WireMoney
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss_sdk import Client, Money
from tests.integration.mesh.waiting import until, until_offered

PROVIDER, GAME, CURRENCY = "hub88_style", "demo_fruit_5", "GBP"
_METADATA = (("x-pitboss-licensee", "aurora"), ("x-pitboss-source", PROVIDER))


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody in a running session."""

    name: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A bet as the log has it."""

    key: str
    outcome: str
    at_us: int
    pack_digest: str
    reasons: tuple[str, ...]


class Table:
    """Players of aurora, and both wallets."""

    def __init__(self, stack: Stack, client: Client) -> None:
        self._stack, self._client = stack, client
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        credentials = Tls.load(self._stack.around.tls / "platform").channel_credentials()
        self.wallets = [
            LedgerServiceStub(self._closing.enter_context(grpc.secure_channel(f"127.0.0.1:{port}", credentials)))
            for port in self._stack.around.ports.wallets
        ]
        until_offered(self._client, PROVIDER, GAME)
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.close()

    def player(self, name: str) -> Player:
        """A grown-up with money, in a session."""
        self._client.open_account(name, CURRENCY, born_on=date(1980, 1, 1))
        self._client.deposit(name, Money(140, CURRENCY), transaction_key=f"first-{name}")
        launch = self._client.create_session(name, provider=PROVIDER, game_id=GAME, currency_code=CURRENCY)
        return Player(name, launch.session.session_id)

    def bet(self, player: Player, key: str, amount: str, wallet: int = 0) -> str:
        """A stake in a round of its own; the outcome, or nothing if there was none."""
        money = WireMoney(currency_code=CURRENCY, amount=amount)
        bet = action_pb2.Bet(round_id=key, amount=money, game_id=GAME, session_id=player.session_id)
        action = action_pb2.Action(player_id=player.name, transaction_key=key, bet=bet)
        try:
            answer = self.wallets[wallet].Execute(
                ledger_service_pb2.ExecuteRequest(action=action), timeout=5, metadata=_METADATA
            )
        except grpc.RpcError:
            return ""
        return outcome_pb2.Outcome.Name(answer.result.outcome).removeprefix("OUTCOME_")

    def bet_until_answered(self, player: Player, key: str, amount: str, wallet: int) -> str:
        """The same, sent again under its key, to the other wallet, until there is an answer."""
        told: list[str] = []

        def answered() -> bool:
            told.append(self.bet(player, key, amount, (wallet + len(told)) % len(self.wallets)))
            return told[-1] != ""

        until(answered, f"the bet {key} is answered")
        return told[-1]

    def log(self, prefix: str) -> list[Decided]:
        """The bets with such keys, in the order of each shard."""
        return [found for entry in self._entries() if (found := _decided(entry)).key.startswith(prefix)]

    def _entries(self) -> Iterator[Any]:
        ledger = self.wallets[0]
        heads = ledger.ListHeads(ledger_service_pb2.ListHeadsRequest(), timeout=20, wait_for_ready=True).heads
        for head in heads:
            request = ledger_service_pb2.ReadFeedRequest(shard=head.shard, page_size=1000)
            for page in ledger.ReadFeed(request, timeout=60):
                yield from (entry for entry in page.entries if entry.decision_json)


def _decided(entry: Any) -> Decided:
    record = json.loads(entry.decision_json)
    assert record["pack_digest"] == entry.pack_digest
    return Decided(
        key=entry.transaction.transaction_key,
        outcome=outcome_pb2.Outcome.Name(entry.transaction.outcome).removeprefix("OUTCOME_"),
        at_us=record["at_us"],
        pack_digest=record["pack_digest"],
        reasons=tuple(reason["code"] for reason in record.get("reasons", [])),
    )


class Load:
    """Bets without end, from several threads, to both wallets in turns. Each is sent until it is answered."""

    def __init__(self, table: Table, players: Sequence[Player], amount: str) -> None:
        self._table, self._players, self._amount = table, players, amount
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(len(players))]
        self.answers: dict[str, str] = {}
        self.failures: list[BaseException] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self, count: int = 20) -> None:
        """Wait until so many more bets were answered."""
        wanted = len(self.answers) + count
        until(lambda: len(self.answers) >= wanted or self.failures, "the load goes on")

    def _run(self, number: int) -> None:
        player = self._players[number]
        try:
            for turn in itertools.count():
                if self._stopped.wait(0.02):
                    return
                key = f"load-{number}-{turn}"
                self.answers[key] = self._table.bet_until_answered(player, key, self._amount, turn % 2)
        except BaseException as failure:  # noqa: BLE001 - it is the test's, which is in another thread
            self.failures.append(failure)
