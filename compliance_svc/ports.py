"""What the use cases need from the world."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from compliance_svc.comparing import Difference
from compliance_svc.domain import StoredDecision
from compliance_svc.kernel import Pack, PackLibrary
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2


class Ledger(Protocol):
    """The wallet, where protection lives next to the money."""

    async def execute(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        """Commit an action. Errors: as LedgerService.Execute."""
        ...

    async def evaluate(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        """Decide an action without doing it."""
        ...

    async def player(self, licensee: str, player: str) -> ledger_service_pb2.GetPlayerResponse:
        """A player's standing. Errors: PlayerNotFoundError."""
        ...

    async def shards(self) -> int:
        """How many shards there are."""
        ...

    def feed(self, shard: int, after: int) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        """A shard's log after a position, followed for ever."""
        ...


class Register(Protocol):
    """The exclusion register, where we ask it and not the licensee."""

    async def check(self, licensee: str, player: str) -> protection_pb2.SourceAnswer.ValueType:
        """What it says of a player now. Never fails: no answer is one, and never clear."""
        ...


class LimitFiles(Protocol):
    """The cross-operator limit files that we ask, and not the licensee."""

    async def fill(self, licensee: str, player: str, answers: protection_pb2.SourceAnswers) -> None:
        """Write what those of the player's law say now over what `answers` has. No answer is one.

        Errors: PlayerNotFoundError.
        """
        ...


class ActivityFiles(Protocol):
    """The cross-operator activity files that we tell of play, and not the licensee."""

    async def begin(self, licensee: str, player: str, session: str, answers: protection_pb2.SourceAnswers) -> bool:
        """Let those of the player's law count the session, and write what they say over what `answers` has.

        No answer is one. False: the law asks none that we can ask, and `answers` is as it was. Errors: PlayerNotFoundError.
        """
        ...

    async def end(self, licensee: str, player: str, session: str) -> None:
        """Tell them that it is over. Repeatable. Errors: PlayerNotFoundError, DependencyDownError if one does not know."""
        ...


class Law(Protocol):
    """The packs by which decisions are made, and were made."""

    async def library(self) -> PackLibrary:
        """Those that hold."""
        ...

    async def everything(self) -> Mapping[str, Pack]:
        """Every one that ever was law, by its digest."""
        ...


class Decisions(Protocol):
    """Stored decisions, and how far the feed was read."""

    async def cursor(self, shard: int) -> int: ...

    async def keep(
        self,
        positions: Mapping[int, int],
        decisions: Sequence[StoredDecision],
        differences: Sequence[Difference] = (),
    ) -> None: ...

    async def get(self, licensee: str, shard: int, sequence: int) -> StoredDecision | None: ...

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool, only_exclusions: bool = False
    ) -> list[StoredDecision]: ...
