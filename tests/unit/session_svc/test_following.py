"""The ledger's feed."""

from __future__ import annotations

import pytest

from mesh.clock import ManualClock
from mesh.errors import DependencyDownError
from session_svc.app.following import LawFollower
from session_svc.domain.session import LedgerPosition, TokenRole
from session_svc.ports import FeedPage, Holder, LegalEnd
from tests.unit.session_svc.neighbours import Book, Memory, Record
from tests.unit.session_svc.values import NOON, order, session


def page(last: int, *players: str) -> FeedPage:
    position = LedgerPosition(shard=1, sequence=last)
    return FeedPage(
        last_sequence=last,
        ends=[
            LegalEnd(reason="SEX.SELF", licensee="aurora", player_id=player, position=position) for player in players
        ],
    )


def follower(book: Book, record: Record, memory: Memory | None = None) -> LawFollower:
    return LawFollower(book, record, memory or Memory(), ManualClock(NOON), remember_every=100)


async def test_an_excluded_players_session_is_ended_in_the_ledger_then_here_then_forgotten() -> None:
    mine, other = session(), session(session_id="other", order=order(player_id="pl-2"), token_digest=b"other")
    book, record, memory = Book(), Record(mine, other), Memory()
    for one in (mine, other):
        await memory.put(one.token_digest, Holder(session=one, role=TokenRole.LAUNCH))
    book.pages = [page(5, "pl-1")]
    await follower(book, record, memory).follow(1)
    assert book.ended == [mine.session_id]
    assert record.sessions == [other]
    assert list(memory.kept) == [b"other"]


async def test_a_session_that_the_ledger_has_ended_itself_is_ended_here_alone() -> None:
    mine, other = session(), session(session_id="other", token_digest=b"other")
    book, record = Book(), Record(mine, other)
    position = LedgerPosition(shard=1, sequence=5)
    end = LegalEnd(
        licensee="aurora", player_id="pl-1", position=position, reason="SES.TIME_LIMIT", session_id=mine.session_id
    )
    book.pages, book.down = [FeedPage(last_sequence=5, ends=[end])], True
    await follower(book, record).follow(1)
    assert (book.ended, record.sessions, record.handled) == ([], [other], 5)


async def test_nothing_is_handled_while_the_ledger_cannot_end_the_session() -> None:
    book, record = Book(), Record(session())
    book.pages, book.down = [page(5, "pl-1")], True
    with pytest.raises(DependencyDownError):
        await follower(book, record).follow(1)
    assert (record.handled, len(record.sessions)) == (0, 1)
    book.down = False
    await follower(book, record).follow(1)
    assert (record.handled, record.sessions) == (5, [])


async def test_reading_goes_on_where_it_stopped() -> None:
    book, record = Book(), Record()
    book.pages = [page(5, "pl-1"), page(9, "pl-1")]
    one = follower(book, record)
    await one.follow(1)
    await one.follow(1)
    assert book.asked_after == [0, 9]


async def test_pages_without_ends_are_remembered_now_and_then_only() -> None:
    book, record = Book(), Record()
    book.pages = [page(last) for last in range(10, 251, 10)]
    await follower(book, record).follow(1)
    assert (record.writes, record.handled) == (2, 200)
