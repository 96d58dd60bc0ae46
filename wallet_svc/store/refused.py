"""Messages of providers that their adapters did not believe: so many an hour, found by a key that they name."""

from collections.abc import Sequence
from dataclasses import dataclass

from mesh.arrays import numbers, texts
from mesh.clock import Clock
from wallet_svc.store.reading import Reader

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMessage:
    """One message that nobody believed. Never the message itself."""

    age_us: int
    event: str
    request_id: str
    path: str
    body_bytes: int
    names: tuple[int, ...]
    """`mesh.name_digests` of the values that it has."""


class RefusedMessages:
    """Notes that cannot grow without bound, whoever sends how much."""

    def __init__(self, reader: Reader, clock: Clock, *, an_hour: int) -> None:
        self._reader, self._clock, self._an_hour = reader, clock, an_hour

    async def note(self, provider: str, messages: Sequence[RefusedMessage]) -> int:
        """Write as many as there is room for in this hour. How many."""
        now_us = self._clock.now_us()
        values = {
            "provider": provider,
            "now": now_us,
            "since": now_us - _HOUR_US,
            "most": self._an_hour,
            "ages": numbers(one.age_us for one in messages),
            "events": texts(one.event for one in messages),
            "requests": texts(one.request_id for one in messages),
            "paths": texts(one.path for one in messages),
            "sizes": numbers(one.body_bytes for one in messages),
            "names": texts(" ".join(map(str, one.names)) for one in messages),
        }
        return len(await self._reader.rows("note_refused", values))
