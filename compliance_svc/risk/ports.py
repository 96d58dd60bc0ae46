"""What the risk plane needs from the world."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from compliance_svc.risk.cases import Case, Event, Order, Step
from compliance_svc.risk.history import Entry, History
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, transaction_pb2

Owner = tuple[str, str, str]
"""Licensee, player, currency."""
Decide = Callable[[Case, bool], Step]
"""From a case, and whether another case holds the same account, to what is added."""


class CursorMovedError(Exception):
    """Another process has read this shard further. Nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What pages of some shards' logs have changed."""

    moved: Mapping[int, tuple[int, int]]
    """By shard: after which position its page begins, and up to which it reaches."""
    before: Mapping[Owner, History]
    now: Mapping[Owner, History]
    entries: Sequence[Entry]
    cases: Sequence[Case]
    recorded_us: int


class Ledger(Protocol):
    """The wallets."""

    async def heads(self) -> dict[int, int]:
        """The last position of each shard."""
        ...

    def pages(
        self, shard: int, after: int, kinds: Sequence[transaction_pb2.TransactionKind.ValueType]
    ) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        """A shard's log after a position, to its present end."""
        ...

    async def execute(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        """Commit an action. Errors: as LedgerService.Execute."""
        ...


class Histories(Protocol):
    """What is remembered of players, and how far each shard was read."""

    async def cursors(self) -> dict[int, int]: ...

    async def histories(self, owners: Sequence[Owner], since_us: int) -> dict[Owner, History]: ...

    async def keep(self, taken: Taken) -> None:
        """Store all of it with the cursors, or nothing. Errors: CursorMovedError."""
        ...


class Cases(Protocol):
    """Cases, their events, and orders that the wallets have still to do."""

    async def get(self, case_id: str) -> Case | None: ...

    async def newest(
        self, licensee: str, player: str, before: int, limit: int, *, with_closed: bool
    ) -> list[tuple[int, Case]]:
        """Cases with their numbers, the newest first."""
        ...

    async def events(self, after: int, limit: int) -> list[Event]: ...

    async def decide(self, case_id: str, decide: Decide) -> Case:
        """Add what is decided on a case as it is now, one at a time. Errors: KeyError for one that is not there."""
        ...

    async def overdue(self, proposed_us: int) -> list[str]:
        """Cases whose proposal waits since then or longer."""
        ...

    async def orders(self, limit: int) -> list[Order]: ...

    async def conclude(self, order: Order, event: Event) -> None:
        """Note that an order is done or refused. What was noted before stays."""
        ...
