"""One shard's log, and processes that decide on what they have read of it: the product's rules, batches and digests.

An append succeeds only on the head that it was decided on, as in the database. Who finds the head moved reads again
and decides again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from compliance_svc.kernel import PackLibrary
from compliance_svc.kernel.loading import load_library
from tests.law_machine.markets import MARKETS
from wallet_svc.domain import commands as c
from wallet_svc.domain import replay
from wallet_svc.domain.decide import decide
from wallet_svc.domain.digest import GENESIS
from wallet_svc.domain.journal import Batch, Book, Head
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Asset, Entry, Game, Licensee, Player, ProviderFlags, Registry

LICENSEE, PROVIDER, CASHIER, PLATFORM, GAME = "l1", "acme", "cashier", "platform", "table-1"
_SOURCES = {CASHIER: 1, PLATFORM: 2, PROVIDER: 3}
_EXPONENT = 2
_TENANT = Licensee(id=1, name=LICENSEE, default_pack="base")


@cache
def _library() -> PackLibrary:
    return load_library()


@cache
def registry() -> Registry:
    """One licensee with a live game, under the shipped packs."""
    assets = [
        Asset(id=number, code=market.currency, exponent=_EXPONENT) for number, market in enumerate(MARKETS, start=1)
    ]
    return Registry(
        version=1,
        licensees={LICENSEE: _TENANT},
        sources=_SOURCES,
        assets={(1, asset.code): asset for asset in assets},
        providers={(1, _SOURCES[PROVIDER]): ProviderFlags()},
        games={(1, _SOURCES[PROVIDER], GAME): Game(category="live", enabled=True)},
        shards=1,
        packs=_library(),
        assets_by_id={asset.id: asset for asset in assets},
        source_names={number: name for name, number in _SOURCES.items()},
        licensees_by_id={1: _TENANT},
    )


@dataclass(slots=True)
class Shard:
    """What is committed."""

    head: Head = field(default_factory=lambda: Head(0, 1, 1, GENESIS, 1))
    log: list[tuple[str, Entry]] = field(default_factory=list)
    """Who it is about, and the entry."""
    moved: int = 0
    """How often somebody found the head moved."""

    def stands_at(self, head: Head) -> bool:
        """Whether the log ends where somebody thinks that it does."""
        return head.digest == self.head.digest

    def append(self, name: str, batch: Batch) -> bool:
        """Write a batch, if the head is still the one that it was decided on."""
        if not self.stands_at(batch.book.head):
            self.moved += 1
            return False
        if not batch.entries:
            return True
        self.log += [(name, entry) for entry in batch.entries]
        batch.committed(batch.digest())
        self.head = batch.book.head
        return True


class Process:
    """One wallet process: what it knows may be old, until it wants to write."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._book = _read(shard)

    def do(self, name: str, command: c.Command, now_us: int) -> Decided:
        """Decide on what is known, and again on what is true if that was old."""
        while True:
            batch = Batch.on(self._book, registry(), now_us)
            player = self._book.players.get((LICENSEE, name)) or batch.new_player(_TENANT, name)
            decided = decide(player, command, registry(), now_us)
            batch.append(player, decided)
            if self._shard.append(name, batch):
                return decided
            self._book = _read(self._shard)


def _read(shard: Shard) -> Book:
    """Everything that a log says."""
    book = Book(shard.head)
    for name, entry in shard.log:
        player = book.players.get((LICENSEE, name))
        if player is None:
            player = book.players[LICENSEE, name] = Batch.on(book, registry(), 0).new_player(_TENANT, name)
            player.id, player.new = entry.player_id, False
        replay.apply(player, entry)
        _number(player, entry)
    return book


def _number(player: Player, entry: Entry) -> None:
    """Give the player's accounts the ids that they have in the log."""
    for side, number in ((entry.debit, entry.debit_id), (entry.credit, entry.credit_id)):
        account = player.accounts.get(side) if side is not None else None
        if account is not None and number is not None:
            account.id = number
