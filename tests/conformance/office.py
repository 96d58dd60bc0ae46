"""The office of the adapters' tests, which also remembers what it paid in."""

from __future__ import annotations

import collections
from typing import Any

import grpc.aio

from mesh.channels import call_metadata
from pitboss.session.v1.free_rounds_service_pb2_grpc import FreeRoundsServiceStub
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind
from tests.integration.provider_adapters.office import Office


class NoCommandsError(Exception):
    """The studio is not the simulator, and takes no commands."""

    def __init__(self) -> None:
        super().__init__("only the simulator takes commands")


class CountingOffice(Office):
    """Knows each player's first deposit, and what came from outside later."""

    commands = True
    """The studios are simulators, and take commands."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.deposits: dict[str, str] = {}
        self.free_rounds = FreeRoundsServiceStub(self._channel("platform", self.stack.around.ports.session))
        self.extras: dict[str, str] = collections.defaultdict(lambda: "0")

    async def player(self, *, money: str = "100.00", currency: str = "EUR", jurisdiction: str = "sandbox") -> str:
        """See `Office`."""
        player = await super().player(money=money, currency=currency, jurisdiction=jurisdiction)
        self.deposits[player] = money
        return player

    async def execute(self, player: str, key: str, source: str = "", **action: Any) -> action_pb2.Result:
        """See `Office`."""
        result = await super().execute(player, key, source, **action)
        if "deposit" in action and player in self.deposits:
            self.extras[player] = action["deposit"].amount.amount
        return result

    async def transaction(
        self,
        player: str,
        provider: str,
        key: str,
        kind: TransactionKind.ValueType = TransactionKind.TRANSACTION_KIND_BET,
    ) -> Transaction:
        """What the ledger has of a provider's bet, or of another message."""
        request = ledger_service_pb2.GetTransactionRequest(
            player_id=player, kind=kind, transaction_key=key, source=provider
        )
        reply = await self.ledger.GetTransaction(request, timeout=20, metadata=call_metadata(licensee=self.licensee))
        return reply.transaction

    async def control(self, provider: str, method: str, command: str, **content: Any) -> Any:
        """See `Office`. Errors: NoCommandsError."""
        if not self.commands:
            raise NoCommandsError
        return await super().control(provider, method, command, **content)

    def channel(self, workload: str, port: int) -> grpc.aio.Channel:
        """A channel to a process of the stack, called as this workload."""
        return self._channel(workload, port)
