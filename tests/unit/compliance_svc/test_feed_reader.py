"""Reading the ledger's feed: everything once, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

from compliance_svc.app import FeedReader
from compliance_svc.comparing import Difference
from compliance_svc.domain import StoredDecision
from mesh.errors import DependencyDownError
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, transaction_pb2

RECORD = '{"facts":{},"kernel":"1","pack":"gb@1","pack_digest":"00","reasons":[],"verdict":"ALLOW"}'


class Log:
    """A shard's log that breaks its streams."""

    def __init__(self, entries: int, *, breaks_after: int) -> None:
        self.entries = [
            transaction_pb2.Entry(
                shard=0,
                sequence=number,
                licensee_id="aurora",
                decision_json=RECORD if number % 2 else "",
                transaction=transaction_pb2.Transaction(player_id="alice", transaction_key=f"k{number}"),
            )
            for number in range(1, entries + 1)
        ]
        self._breaks_after = breaks_after

    async def execute(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        raise AssertionError(licensee, action)

    async def evaluate(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        raise AssertionError(licensee, action)

    async def player(self, licensee: str, player: str) -> ledger_service_pb2.GetPlayerResponse:
        raise AssertionError(licensee, player)

    async def shards(self) -> int:
        return 1

    async def feed(self, shard: int, after: int) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        assert shard == 0
        for entry in self.entries[after : after + self._breaks_after]:
            yield ledger_service_pb2.ReadFeedResponse(entries=[entry], position=entry.sequence)
        if after + self._breaks_after >= len(self.entries):
            await asyncio.sleep(3600)
        raise DependencyDownError(dependency="wallet")


class Shelf:
    """Decisions in memory; the first writes fail."""

    def __init__(self, failures: int = 0) -> None:
        self.position = 0
        self.kept: dict[int, StoredDecision] = {}
        self.twice = 0
        self._failures = failures

    async def cursor(self, shard: int) -> int:
        assert shard == 0
        return self.position

    async def keep(
        self,
        positions: Mapping[int, int],
        decisions: Sequence[StoredDecision],
        differences: Sequence[Difference] = (),
    ) -> None:
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise DependencyDownError(dependency="postgresql")
        for decision in decisions:
            self.twice += decision.sequence in self.kept
            self.kept[decision.sequence] = decision
        self.position = max(self.position, positions[0])

    async def get(self, licensee: str, shard: int, sequence: int) -> StoredDecision | None:
        raise AssertionError(licensee, shard, sequence)

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool, only_exclusions: bool = False
    ) -> list[StoredDecision]:
        raise AssertionError(licensee, player, before, limit, only_refusals, only_exclusions)


async def _read(log: Log, shelf: Shelf, *, most_unsaved: int = 5_000) -> None:
    reader = FeedReader(log, shelf, interval_s=0.01, most_unsaved=most_unsaved)
    task = asyncio.create_task(reader.run())
    async with asyncio.timeout(20):
        while shelf.position < len(log.entries):
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_every_decision_is_stored_once_although_the_stream_breaks() -> None:
    shelf = Shelf()
    await _read(Log(40, breaks_after=15), shelf)
    assert sorted(shelf.kept) == list(range(1, 41, 2))
    assert shelf.twice == 0


async def test_what_could_not_be_stored_is_stored_later() -> None:
    shelf = Shelf(failures=3)
    await _read(Log(20, breaks_after=20), shelf)
    assert sorted(shelf.kept) == list(range(1, 21, 2))


async def test_a_reader_that_is_ahead_of_its_store_waits() -> None:
    shelf = Shelf(failures=2)
    await _read(Log(50, breaks_after=50), shelf, most_unsaved=3)
    assert sorted(shelf.kept) == list(range(1, 51, 2))


async def test_a_new_reader_begins_where_the_stored_cursor_is() -> None:
    shelf = Shelf()
    shelf.position = 10
    await _read(Log(20, breaks_after=20), shelf)
    assert sorted(shelf.kept) == list(range(11, 21, 2))
