"""The newest entries of a shard's log, kept for followers who are nearly there: read once, for all of them."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from wallet_svc.domain.vocabulary import Kind
from wallet_svc.store.reading import Stored

_SEQUENCE = attrgetter("entry.sequence")


class Tail:
    """Entries after `begin` up to and with `end`, without a gap."""

    def __init__(self, position: int, most: int) -> None:
        self.begin = self.end = position
        self._most = most
        self._stored: list[Stored] = []

    def grow(self, stored: Sequence[Stored], until: int) -> None:
        """Add what follows, up to a position; forget the oldest of more than the most."""
        self._stored += stored
        self.end = until
        if len(self._stored) > self._most:
            del self._stored[: len(self._stored) // 2]
            self.begin = self._stored[0].entry.sequence - 1

    def skip(self, position: int) -> None:
        """Go on from a position, with nothing in between."""
        self._stored.clear()
        self.begin = self.end = position

    def page(self, after: int, limit: int, kinds: Sequence[Kind] | None) -> tuple[list[Stored], int] | None:
        """Entries after a position, and the position up to which they reach. None if the tail begins behind it."""
        if not self.begin <= after < self.end:
            return None
        found = self._stored[bisect_right(self._stored, after, key=_SEQUENCE) :]
        if kinds is not None:
            found = [stored for stored in found if stored.entry.kind in kinds]
        if len(found) < limit:
            return found, self.end
        return found[:limit], found[limit - 1].entry.sequence
