"""Entries recomputed without a database: what agrees, and how each thing that does not is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mesh.second_opinion.book import Accounts, ShardBook
from mesh.verify.chain import canonical
from mesh.verify.tables import Batch, Transfer
from tests.unit.mesh_verify.bookkeeper import SHARD, World, good_world


def line(transfer: Transfer) -> bytes:
    """An entry as COPY writes it."""
    return b"\t".join(_split(canonical(transfer)[1:-1])).replace(b"\\", b"\\\\")


def _split(text: bytes) -> Iterator[bytes]:
    """Elements of a JSON array whose texts have no commas in them."""
    yield from text.split(b",")


def taken(world: World, batches: Sequence[Batch] | None = None) -> tuple[ShardBook, Accounts]:
    book, accounts = ShardBook.empty(SHARD), Accounts({})
    lines = [line(transfer) for transfer in world.transfers]
    book.take(lines, world.shard.batches if batches is None else batches, accounts)
    return book, accounts


def places(book: ShardBook) -> list[str]:
    return [problem.place for problem in book.problems]


def test_an_honest_log_leads_to_its_head_and_to_every_balance() -> None:
    world = good_world()
    book, accounts = taken(world)
    assert book.problems == []
    assert not book.disputed
    assert (book.size + 1, book.digest, book.position.peaks) == world.shard.head[1:]
    sums = {key: (one.debits, one.credits) for key, one in world.shard.accounts.items() if one.debits or one.credits}
    assert {key: (debits, credits_) for key, (debits, credits_, _) in accounts.sums.items()} == sums
    assert len(book.keys) == len(set(book.keys)) == sum(one.key is not None for one in world.transfers)
    assert [entry.kind for entry in book.holds] == [6, 7, 8, 6]


@given(st.lists(st.integers(1, 4)), st.integers(0, 4))
def test_any_pages_lead_to_the_same_place(sizes: list[int], restart_after: int) -> None:
    world = good_world()
    expected, _ = taken(world)
    book, accounts = ShardBook.empty(SHARD), Accounts({})
    batches = list(world.shard.batches)
    tiles: dict[tuple[int, int, int], bytes] = {}
    for page, size in enumerate([*sizes, len(batches)]):
        part, batches = batches[:size], batches[size:]
        if part:
            first, last = part[0].first_sequence, part[-1].first_sequence + part[-1].count - 1
            book.take([line(one) for one in world.transfers[first - 1 : last]], part, accounts)
        tiles |= {tile[:3]: tile[3] for tile in book.take_tiles()}
        if page == restart_after:
            book = ShardBook(book.position, {level: tiles[SHARD, level, 0] for _, level, _ in tiles})
    assert book.position == expected.position
    assert tiles == {tile[:3]: tile[3] for tile in expected.take_tiles()}


def test_a_changed_entry_is_named_by_its_batch_and_once() -> None:
    book, _ = taken(good_world().change(6, round="r-x"))
    assert places(book) == ["3-5"]
    assert book.disputed


def test_a_changed_amount_is_named_itself() -> None:
    book, _ = taken(good_world().change(2, moved=31))
    assert places(book)[0] == "3-2"
    assert "has 70 afterwards, its transfers say 69" in book.problems[0].problem


def test_an_account_that_is_wrong_once_is_told_once() -> None:
    book, _ = taken(good_world().change(2, moved=31))
    told = [problem for problem in book.problems if "afterwards" in problem.problem]
    assert len(told) == 2


def test_a_missing_entry_is_named_and_all_others_keep_their_places() -> None:
    world = good_world()
    book, _ = taken(world.drop(6))
    assert places(book) == ["3-6"]
    assert book.size == len(world.transfers)
    expected, _ = taken(world)
    here, there = (one.take_tiles()[0][3] for one in (book, expected))
    assert [at for at in range(15) if here[32 * at : 32 * at + 32] != there[32 * at : 32 * at + 32]] == [5]


def test_a_batch_that_is_not_linked_misses_its_digest_or_its_place_is_named() -> None:
    world = good_world()
    first, second, *others = world.shard.batches
    for changed in (replace(second, previous=bytes(32)), replace(second, digest=bytes(32))):
        book, _ = taken(world, [first, changed, *others])
        assert places(book)[0] == "3-4"
    book, _ = taken(world, [first, *others])
    assert places(book)[0] == "3-4"


def test_an_entry_that_is_in_no_batch_is_named() -> None:
    world = good_world()
    book, _ = taken(world, world.shard.batches[:-1])
    assert places(book) == ["3-15"]
