"""The feed: every entry once, in commit order, from any position, named rightly."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from compliance_svc import kernel
from mesh.dev.postgres import Database
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2, transaction_pb2
from tests.integration.wallet_svc.ledger import SHARDS, statute
from tests.integration.wallet_svc.served import LICENSEE, PROVIDER, Served, bet, money, refusal, serving, win
from wallet_svc import feed
from wallet_svc.domain.placing import shard_of

BET, WIN = transaction_pb2.TRANSACTION_KIND_BET, transaction_pb2.TRANSACTION_KIND_WIN
SHARD = shard_of(LICENSEE, "alice", SHARDS)


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[Served]:
    async with serving(database.service_url) as served:
        await served.player("alice")
        yield served


def ask(shard: int = SHARD, after: int = 0, **more: Any) -> ledger_service_pb2.ReadFeedRequest:
    return ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, **more)


async def pages(wallet: Served, request: ledger_service_pb2.ReadFeedRequest) -> list[Any]:
    return [page async for page in wallet.platform.ledger.ReadFeed(request)]


async def entries(wallet: Served, request: ledger_service_pb2.ReadFeedRequest) -> list[Any]:
    return [entry for page in await pages(wallet, request) for entry in page.entries]


@contextlib.asynccontextmanager
async def following(wallet: Served, request: ledger_service_pb2.ReadFeedRequest) -> AsyncIterator[list[Any]]:
    """A list that grows while the feed is followed."""
    seen: list[Any] = []
    stream = wallet.platform.ledger.ReadFeed(request)

    async def read() -> None:
        async for page in stream:
            seen.extend(page.entries)

    task = asyncio.create_task(read())
    try:
        yield seen
    finally:
        stream.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(seen: list[Any], count: int) -> None:
    async with asyncio.timeout(60):
        while len(seen) < count:
            await asyncio.sleep(0.01)


async def test_pages_make_one_log_without_gaps(wallet: Served) -> None:
    for number in range(7):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("1.00"))
    found = await pages(wallet, ask(page_size=3))
    assert [len(page.entries) for page in found] == [3, 3, 3, 1]
    assert [entry.sequence for page in found for entry in page.entries] == list(range(1, 11))
    assert [page.position for page in found] == [3, 6, 9, 10]


async def test_a_reader_resumes_where_it_was(wallet: Served) -> None:
    for number in range(4):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("1.00"))
    whole = await entries(wallet, ask())
    for position in range(len(whole) + 1):
        assert [entry.sequence for entry in await entries(wallet, ask(after=position, page_size=2))] == [
            entry.sequence for entry in whole[position:]
        ]
    assert await entries(wallet, ask(after=10**15)) == []


async def test_a_follower_sees_every_entry_once_while_others_write(wallet: Served) -> None:
    async with following(wallet, ask(follow=True, page_size=5)) as seen:
        calls = [wallet.adapter.do("alice", f"b{number}", bet=bet("0.10", f"r{number}")) for number in range(60)]
        await asyncio.gather(*calls)
        await until(seen, 63)
        await asyncio.sleep(0.05)
    assert [entry.sequence for entry in seen] == list(range(1, 64))


async def test_a_follower_that_was_cut_off_goes_on_without_gap(wallet: Served) -> None:
    positions: list[int] = []
    writer = asyncio.create_task(write(wallet, 40))
    while len(positions) < 43:
        request = ask(after=positions[-1] if positions else 0, follow=True, page_size=4)
        async with following(wallet, request) as seen:
            await until(seen, 3 if len(positions) < 40 else 43 - len(positions))
        positions += [entry.sequence for entry in seen]
    await writer
    assert positions == list(range(1, len(positions) + 1))


async def write(wallet: Served, count: int) -> None:
    for number in range(count):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("0.10", f"r{number}"))


async def test_a_reader_may_want_some_kinds_only(wallet: Served) -> None:
    await wallet.adapter.do("alice", "b1", bet=bet("1.00"))
    await wallet.adapter.do("alice", "w1", win=win("1.00"))
    await wallet.adapter.do("alice", "b2", bet=bet("1.00"))
    found = await pages(wallet, ask(kinds=[BET]))
    assert [entry.transaction.transaction_key for page in found for entry in page.entries] == ["b1", "b2"]
    assert found[-1].position == 6


async def test_a_kind_that_nobody_writes_gives_nothing(wallet: Served) -> None:
    found = await pages(wallet, ask(kinds=[transaction_pb2.TRANSACTION_KIND_TIP]))
    assert [len(page.entries) for page in found] == [0]
    assert found[0].position == 3


async def test_a_late_bet_is_a_bet_to_its_readers(wallet: Served) -> None:
    await wallet.adapter.do("alice", "c1", cancel=action_pb2.Cancel(bet_key="b1"))
    await wallet.adapter.do("alice", "b1", bet=bet("1.00"))
    found = await entries(wallet, ask(kinds=[BET]))
    assert [(entry.transaction.kind, entry.transaction.state) for entry in found] == [
        (BET, transaction_pb2.TRANSACTION_STATE_TOMBSTONED)
    ] * 2


async def test_what_was_registered_while_it_was_followed_is_named_rightly(wallet: Served) -> None:
    """A follower that was there before must know new licensees, sources and exponents."""
    other = next(f"p{n}" for n in range(99) if shard_of("zephyr", f"p{n}", SHARDS) == SHARD)
    async with following(wallet, ask(follow=True)) as seen:
        await until(seen, 3)
        await wallet.register("zephyr")
        asset = registry_service_pb2.PutAssetRequest(licensee_id="zephyr", currency_code="EUR", exponent=2)
        await wallet.platform.registry.PutAsset(asset)
        provider = registry_service_pb2.PutProviderRequest(
            licensee_id="zephyr", provider="zenith", win_without_bet=True
        )
        await wallet.platform.registry.PutProvider(provider)
        await wallet.player(other, cash="12.34", licensee="zephyr")
        await wallet.caller("provider_adapters/zenith", "zephyr").do(other, "w1", win=win("1.00"))
        await until(seen, 7)
    told = [(entry.licensee_id, entry.transaction.source, entry.transaction.amount.amount) for entry in seen[3:]]
    assert told == [
        ("zephyr", "cashier", ""),
        ("zephyr", "cashier", "12.34"),
        ("zephyr", "cashier", ""),
        ("zephyr", "zenith", "1.00"),
    ]


async def test_an_entry_tells_what_moved_and_by_which_decision(wallet: Served) -> None:
    placed = await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    (entry,) = await entries(wallet, ask(after=3))
    assert f"{entry.shard}-{entry.sequence}" == placed.transaction_id == entry.transaction.transaction_id
    assert (entry.licensee_id, entry.transaction.source, entry.moved) == (LICENSEE, PROVIDER, money("10.00"))
    assert entry.debit_account != entry.credit_account != 0
    assert '"verdict":"ALLOW"' in entry.decision_json
    assert (entry.pack, len(entry.pack_digest)) == ("sandbox@1", 64)


async def test_a_bet_that_is_stored_by_its_difference_from_another_tells_its_whole_decision(wallet: Served) -> None:
    for number in range(4):
        await wallet.adapter.do("alice", f"b{number}", bet=bet(f"1.0{number}", f"r{number}"))
    told = await entries(wallet, ask(after=3))
    (last,) = await entries(wallet, ask(after=6))
    assert last.decision_json == told[-1].decision_json
    records = [json.loads(entry.decision_json) for entry in told]
    assert [record["facts"]["action"]["amount_minor"] for record in records] == [
        1_000_000, 1_010_000, 1_020_000, 1_030_000,
    ]  # fmt: skip
    assert {record["pack_digest"] for record in records} == {told[0].pack_digest}
    for entry, record in zip(told, records, strict=True):
        facts = json.dumps(record["facts"], sort_keys=True, separators=(",", ":"))
        again = kernel.replay(statute().library().at("sandbox", record["at_us"]), facts, record["at_us"])
        assert again.record() == entry.decision_json


async def test_a_shard_that_does_not_exist_is_told_so(wallet: Served) -> None:
    told = await refusal(entries(wallet, ask(shard=SHARDS)))
    assert (told.code, told.reason) == ("NOT_FOUND", "SHARD_NOT_FOUND")


async def test_the_heads_are_where_the_logs_end(wallet: Served) -> None:
    heads = (await wallet.platform.ledger.ListHeads(ledger_service_pb2.ListHeadsRequest())).heads
    assert [head.shard for head in heads] == list(range(SHARDS))
    assert {head.shard: head.sequence for head in heads}[SHARD] == 3
    assert {len(head.digest) for head in heads} == {32}


async def test_a_follower_of_few_kinds_hears_of_others_only_now_and_then(
    wallet: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_MOST_UNTOLD", 6)
    told: list[tuple[int, int]] = []
    stream = wallet.platform.ledger.ReadFeed(ask(after=3, kinds=[WIN], follow=True))

    async def read() -> None:
        nonlocal told
        async for page in stream:
            told += [(len(page.entries), page.position)]

    task = asyncio.create_task(read())
    async with following(wallet, ask(after=3, follow=True)) as everything:
        for number in range(8):
            await wallet.adapter.do("alice", f"b{number}", bet=bet("1.00"))
            await until(everything, number + 1)
        await wallet.adapter.do("alice", "w1", win=win("1.00"))
        await until(told, 2)
    stream.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [(0, 9), (1, 12)]
