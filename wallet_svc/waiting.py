"""What a licensee's own wallet has not answered yet, for people to look at."""

from dataclasses import dataclass
from typing import Any

from mesh.clock import Clock
from wallet_svc.domain.state import Registry
from wallet_svc.errors import PendingCallNotFoundError
from wallet_svc.queries import Queries
from wallet_svc.store.calls import PendingCalls


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of `list_calls`, and the registry that names what is in them."""

    rows: list[Any]
    registry: Registry


class Waiting:
    """The queue, one question a function."""

    def __init__(self, calls: PendingCalls, queries: Queries, clock: Clock) -> None:
        self._calls, self._queries, self._clock = calls, queries, clock

    async def page(self, licensee: str, player: str, after: tuple[int, int], size: int, *, stuck_only: bool) -> Page:
        """Calls after a place, in the order of places."""
        registry = await self._queries.registry()
        tenant = registry.licensees.get(licensee)
        if tenant is None:
            return Page(rows=[], registry=registry)
        rows = await self._calls.page(tenant.id, player=player, stuck_only=stuck_only, after=after, limit=size)
        return Page(rows=rows, registry=registry)

    async def retry(self, licensee: str, call_id: str) -> None:
        """Make one of them due now. Errors: PendingCallNotFoundError."""
        registry = await self._queries.registry()
        tenant = registry.licensees.get(licensee)
        shard, sequence = (int(part) for part in call_id.split("-"))
        known = tenant is not None and shard < registry.shards
        if tenant is None or not known or not await self._calls.retry(tenant.id, shard, sequence, self._clock.now_us()):
            raise PendingCallNotFoundError(call_id=call_id)
