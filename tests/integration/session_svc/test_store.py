"""Sessions and their changes in a real PostgreSQL, with several writers at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.dev.postgres import Database
from session_svc.domain.session import LedgerPosition, Session, Swap, TokenRole
from session_svc.domain.states import TRANSITIONS, State
from session_svc.ports import FeedPage, Holder, LegalEnd
from session_svc.store.changes import PostgresChanges
from session_svc.store.law import PostgresLawRecord
from session_svc.store.sessions import PostgresSessions
from tests.integration.session_svc.making import NOON, SIX_HOURS, active, begun, new, opened_at

LATER = NOON + dt.timedelta(minutes=5)


@pytest.fixture
def changes(engine: AsyncEngine) -> PostgresChanges:
    return PostgresChanges(engine)


@pytest.fixture
def law(engine: AsyncEngine) -> PostgresLawRecord:
    return PostgresLawRecord(engine)


async def states(sessions: PostgresSessions, *some: Session) -> list[State]:
    found = [await sessions.find(one.order.licensee, one.session_id) for one in some]
    return [one.state for one in found if one is not None]


def excluded(session: Session, sequence: int) -> LegalEnd:
    order = session.order
    return LegalEnd(
        reason="SEX.SELF",
        licensee=order.licensee,
        player_id=order.player_id,
        position=LedgerPosition(shard=1, sequence=sequence),
    )


async def test_a_session_comes_back_as_it_was_written(sessions: PostgresSessions, licensee: str) -> None:
    session, launch = new(licensee, language="pt-BR", country="BR", device="mobile", lobby_url="https://lobby.example",
                          check_every_s=900, spend_limit="5.00", seconds_limit=3_600)  # fmt: skip
    assert await sessions.begin(session, launch)
    assert await sessions.find(licensee, session.session_id) == session
    assert await sessions.by_token(launch.token, NOON) == Holder(session=session, role=TokenRole.LAUNCH)
    assert (await sessions.launch_of(session)).token == launch.token


async def test_secrets_are_nowhere_in_the_database(sessions: PostgresSessions, licensee: str, tables: Database) -> None:
    session = await active(sessions, licensee, token="a-token-that-nobody-may-read")
    with psycopg.connect(tables.reader_url) as reader:
        row = reader.execute("SELECT s::text FROM session s WHERE session_id = %s", (session.session_id,)).fetchone()
        raw = reader.execute(
            "SELECT token_sealed || url_sealed FROM session WHERE session_id = %s", (session.session_id,)
        ).fetchone()
    assert row is not None
    assert raw is not None
    for hidden in ("a-token-that-nobody-may-read", "https://game.example"):
        assert hidden not in row[0]
        assert hidden.encode() not in raw[0]
        assert hidden.encode().hex() not in row[0]


async def test_another_licensees_session_is_not_found(sessions: PostgresSessions, licensee: str) -> None:
    session = await active(sessions, licensee)
    assert await sessions.find("somebody-else", session.session_id) is None


async def test_a_key_has_one_live_attempt_even_when_many_begin_at_once(
    sessions: PostgresSessions, licensee: str
) -> None:
    attempts = [new(licensee, client_key="same") for _ in range(8)]
    done = await asyncio.gather(*[sessions.begin(session, launch) for session, launch in attempts])
    assert sum(done) == 1
    winner = attempts[done.index(True)][0]
    assert await sessions.newest_attempt(licensee, "same") == winner


async def test_a_failed_attempt_makes_room_for_another_and_hides_behind_it(
    sessions: PostgresSessions, licensee: str
) -> None:
    first = await begun(sessions, licensee, client_key="same")
    assert await sessions.move(first, State.FAILING, NOON)
    second = await begun(sessions, licensee, client_key="same")
    assert await sessions.newest_attempt(licensee, "same") == second


async def test_only_the_steps_of_the_table_can_be_taken(sessions: PostgresSessions, licensee: str) -> None:
    for to in set(State) - TRANSITIONS[State.OPENING] - {State.OPENING}:
        session = await begun(sessions, licensee)
        assert await sessions.move(session, to, NOON) is None
        assert await states(sessions, session) == [State.OPENING]


async def test_a_step_is_taken_once_however_many_try(sessions: PostgresSessions, licensee: str) -> None:
    session = await active(sessions, licensee)
    moved = await asyncio.gather(*[sessions.move(session, State.CLOSING, LATER) for _ in range(6)])
    assert len([one for one in moved if one is not None]) == 1


async def test_a_new_session_begins_to_replace_the_one_before_at_the_same_provider_only(
    sessions: PostgresSessions, licensee: str
) -> None:
    old = await active(sessions, licensee)
    elsewhere = await active(sessions, licensee, provider="other")
    somebody = await active(sessions, licensee, player_id="pl-2")
    new_one = await active(sessions, licensee)
    assert await states(sessions, old, elsewhere, somebody, new_one) == [
        State.REPLACING,
        State.ACTIVE,
        State.ACTIVE,
        State.ACTIVE,
    ]
    assert [one.session_id for one in await sessions.half_ended_of_player(new_one)] == [old.session_id]


async def test_many_launches_at_once_leave_one_active_session(sessions: PostgresSessions, licensee: str) -> None:
    opening = [await begun(sessions, licensee) for _ in range(6)]
    await asyncio.gather(*[sessions.activate(one, "https://game.example/", opened_at(), NOON) for one in opening])
    found = await states(sessions, *opening)
    assert sorted(found) == [State.ACTIVE] + [State.REPLACING] * 5


async def test_a_session_is_activated_once_and_the_first_address_stays(
    sessions: PostgresSessions, licensee: str
) -> None:
    session = await begun(sessions, licensee)
    urls = [f"https://game.example/{number}" for number in range(5)]
    done = await asyncio.gather(*[sessions.activate(session, url, opened_at(), NOON) for url in urls])
    assert len([one for one in done if one is not None]) == 1
    winner = urls[next(at for at, one in enumerate(done) if one is not None)]
    assert (await sessions.launch_of(session)).url == winner


async def test_an_activation_that_comes_too_late_replaces_nothing(sessions: PostgresSessions, licensee: str) -> None:
    old = await active(sessions, licensee)
    late = await begun(sessions, licensee)
    await sessions.move(late, State.FAILING, NOON)
    assert await sessions.activate(late, "https://game.example/", opened_at(), NOON) is None
    assert await states(sessions, old, late) == [State.ACTIVE, State.FAILING]


async def test_the_newest_session_of_a_player_is_the_one_launched_last(
    sessions: PostgresSessions, licensee: str
) -> None:
    first, second = await begun(sessions, licensee), await begun(sessions, licensee)
    for one in (second, first):
        assert await sessions.activate(one, "https://game.example/", opened_at(), NOON)
    found = await sessions.newest_of_player("acme_slots", licensee, "pl-1")
    assert found is not None
    assert found.session.session_id == first.session_id
    assert found.token == f"token-{first.session_id}"


async def test_a_session_that_is_being_launched_does_not_hide_the_one_that_is_played(
    sessions: PostgresSessions, licensee: str
) -> None:
    played = await active(sessions, licensee)
    await begun(sessions, licensee)
    found = await sessions.newest_of_player("acme_slots", licensee, "pl-1")
    assert found is not None
    assert found.session.session_id == played.session_id


async def test_the_first_session_of_a_player_is_found_while_it_is_being_launched(
    sessions: PostgresSessions, licensee: str
) -> None:
    opening = await begun(sessions, licensee)
    failed = await begun(sessions, licensee)
    await sessions.move(failed, State.FAILED, NOON)
    found = await sessions.newest_of_player("acme_slots", licensee, "pl-1")
    assert found is not None
    assert found.session == opening
    assert await sessions.newest_of_player("other", licensee, "pl-1") is None


async def test_changes_are_numbered_without_gaps_in_the_order_in_which_readers_see_them(
    sessions: PostgresSessions, changes: PostgresChanges, licensee: str
) -> None:
    """A reader that follows while many write never sees a number whose predecessors come later."""
    opening = [await begun(sessions, licensee, player_id=f"pl-{number}") for number in range(30)]
    seen: list[int] = []
    # One connection is the reader's; more writers than there are others would wait for the pool, not for each other.
    room = asyncio.Semaphore(4)

    async def write(session: Session) -> None:
        async with room:
            await sessions.activate(session, "https://game.example/", opened_at(), NOON)
            await sessions.move(session, State.CLOSING, NOON)
            await sessions.move(session, State.CLOSED, NOON)

    async def read() -> None:
        while len(seen) < 60:
            found = await changes.after(licensee, seen[-1] if seen else 0, player_id="", limit=100)
            seen.extend(change.cursor for change in found)
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(read(), *map(write, opening)), 90)
    assert seen == list(range(1, 61))
    assert (await changes.heads())[licensee] == 60


async def test_a_change_shows_the_session_as_it_was_then(
    sessions: PostgresSessions, changes: PostgresChanges, licensee: str
) -> None:
    session = await active(sessions, licensee)
    await sessions.move(session, State.CLOSING, LATER)
    await sessions.move(session, State.CLOSED, LATER)
    found = await changes.after(licensee, 0, player_id="", limit=10)
    assert [(one.session.state, one.session.ended_at) for one in found] == [
        (State.ACTIVE, None),
        (State.CLOSED, LATER),
    ]


async def test_changes_of_one_player_keep_their_numbers(
    sessions: PostgresSessions, changes: PostgresChanges, licensee: str
) -> None:
    for player in ("pl-1", "pl-2", "pl-1"):
        await active(sessions, licensee, player_id=player, provider=f"p{player[-1]}")
    assert [one.cursor for one in await changes.after(licensee, 0, player_id="pl-2", limit=10)] == [2]
    assert [one.cursor for one in await changes.after(licensee, 2, player_id="", limit=10)] == [3]


async def test_a_transaction_that_is_given_up_leaves_no_gap(
    sessions: PostgresSessions, changes: PostgresChanges, licensee: str, tables: Database
) -> None:
    session = await begun(sessions, licensee)
    url = "https://game.example/"
    # The row is locked by somebody else, so the activation waits in the middle and is cancelled there.
    with psycopg.connect(tables.owner_url) as other:
        other.execute("SELECT 1 FROM session WHERE session_id = %s FOR UPDATE", (session.session_id,))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sessions.activate(session, url, opened_at(), NOON), 0.3)
    assert await sessions.activate(session, url, opened_at(), NOON)
    assert [one.cursor for one in await changes.after(licensee, 0, player_id="", limit=10)] == [1]


async def test_sessions_expire_when_due_and_at_the_moment_that_was_said(
    sessions: PostgresSessions, changes: PostgresChanges, licensee: str
) -> None:
    session = await active(sessions, licensee)
    closed = await active(sessions, licensee, player_id="pl-2")
    await sessions.move(closed, State.CLOSING, NOON)
    await expire_all(sessions, NOON + SIX_HOURS - dt.timedelta(microseconds=1))
    assert await states(sessions, session) == [State.ACTIVE]
    await asyncio.gather(*[expire_all(sessions, NOON + SIX_HOURS + dt.timedelta(hours=1)) for _ in range(3)])
    assert await states(sessions, session, closed) == [State.EXPIRED, State.CLOSING]
    found = await changes.after(licensee, 2, player_id="", limit=10)
    assert [(one.cursor, one.session.ended_at) for one in found] == [(3, NOON + SIX_HOURS)]


async def expire_all(sessions: PostgresSessions, now: dt.datetime) -> None:
    while await sessions.expire_due(now, limit=2):
        pass


async def test_what_was_left_half_way_is_found_after_a_while(sessions: PostgresSessions, licensee: str) -> None:
    closing = await active(sessions, licensee)
    await sessions.move(closing, State.CLOSING, NOON)
    opening = await begun(sessions, licensee, player_id="pl-2")

    async def found(*, before: dt.datetime, opening_before: dt.datetime) -> set[str]:
        left = await sessions.unfinished(before=before, opening_before=opening_before, limit=1000)
        return {one.session_id for one in left if one.order.licensee == licensee}

    assert await found(before=NOON, opening_before=NOON) == set()
    assert await found(before=LATER, opening_before=NOON) == {closing.session_id}
    assert await found(before=LATER, opening_before=LATER) == {closing.session_id, opening.session_id}


async def test_an_exclusion_ends_what_the_ledger_opened_before_it_and_moves_the_cursor_with_it(
    sessions: PostgresSessions, law: PostgresLawRecord, changes: PostgresChanges, licensee: str
) -> None:
    before = await active(sessions, licensee, sequence=10)
    after = await active(sessions, licensee, sequence=30, provider="other")
    somebody = await active(sessions, licensee, sequence=11, player_id="pl-2")
    exclusion = excluded(before, 20)
    assert [one.session_id for one in await law.active_before(exclusion)] == [before.session_id]
    ended = await law.apply(7, FeedPage(last_sequence=25, ends=[exclusion]), LATER)
    assert [one.session_id for one in ended] == [before.session_id]
    assert await states(sessions, before, after, somebody) == [State.ENDED, State.ACTIVE, State.ACTIVE]
    assert await law.cursor(7) == 25
    first, *_, last = await changes.after(licensee, 0, player_id="", limit=10)
    assert (last.cursor, last.session.state, last.session.ended_at) == (4, State.ENDED, LATER)
    assert (first.session.session_id, first.session.end_reason) == (before.session_id, "")
    assert last.session.end_reason == ended[0].end_reason == "SEX.SELF"


async def test_a_page_that_is_read_again_changes_nothing(
    sessions: PostgresSessions, law: PostgresLawRecord, changes: PostgresChanges, licensee: str
) -> None:
    session = await active(sessions, licensee, sequence=10)
    page = FeedPage(last_sequence=40, ends=[excluded(session, 20)])
    assert len(await law.apply(8, page, LATER)) == 1
    assert await law.apply(8, page, LATER) == []
    assert (await changes.heads())[licensee] == 2


async def test_the_end_of_one_session_leaves_the_players_others(
    sessions: PostgresSessions, law: PostgresLawRecord, licensee: str
) -> None:
    mine = await active(sessions, licensee, sequence=10)
    other = await active(sessions, licensee, sequence=11, provider="other")
    opening = await begun(sessions, licensee, provider="third")
    ends = [replace(excluded(one, 20), session_id=one.session_id, reason="SES.TIME_LIMIT") for one in (mine, opening)]
    (ended,) = await law.apply(11, FeedPage(last_sequence=20, ends=ends), LATER)
    assert (ended.session_id, ended.end_reason) == (mine.session_id, "SES.TIME_LIMIT")
    # Nobody gets the address of one that was over before it had one.
    assert await states(sessions, mine, other, opening) == [State.ENDED, State.ACTIVE, State.FAILING]
    assert await sessions.activate(opening, "https://game.example/", opened_at(15), NOON) is None


async def test_a_slower_reader_does_not_move_the_cursor_back(law: PostgresLawRecord) -> None:
    await law.apply(9, FeedPage(last_sequence=40, ends=[]), NOON)
    await law.apply(9, FeedPage(last_sequence=30, ends=[]), NOON)
    assert await law.cursor(9) == 40


async def test_a_player_excluded_while_the_provider_was_asked_gets_no_session(
    sessions: PostgresSessions, law: PostgresLawRecord, licensee: str
) -> None:
    old = await active(sessions, licensee, sequence=5)
    opening = await begun(sessions, licensee)
    await law.apply(10, FeedPage(last_sequence=20, ends=[excluded(opening, 20)]), NOON)
    failing = await sessions.activate(opening, "https://game.example/", opened_at(15), NOON)
    assert failing is not None
    assert failing.state is State.FAILING
    assert await states(sessions, old) == [State.ENDED]


async def test_a_player_who_came_back_gets_a_session(
    sessions: PostgresSessions, law: PostgresLawRecord, licensee: str
) -> None:
    opening = await begun(sessions, licensee)
    await law.apply(10, FeedPage(last_sequence=20, ends=[excluded(opening, 20)]), NOON)
    launched = await sessions.activate(opening, "https://game.example/", opened_at(21), NOON)
    assert launched is not None
    assert launched.state is State.ACTIVE


async def test_the_database_itself_refuses_a_second_active_session(
    sessions: PostgresSessions, licensee: str, engine: AsyncEngine
) -> None:
    old = await active(sessions, licensee)
    await active(sessions, licensee)
    with pytest.raises(sa.exc.IntegrityError, match="session_one_active"):
        async with engine.begin() as connection:
            await connection.execute(
                sa.text("UPDATE session SET state = 'active' WHERE session_id = :id"), {"id": old.session_id}
            )


# -- swapped tokens


def swap(token: str, *, key: str = "q-1", grace: dt.timedelta = dt.timedelta(0)) -> Swap:
    return Swap(token=token, key=key, at=NOON, ends_at=NOON + grace)


async def role(sessions: PostgresSessions, token: str, now: dt.datetime = LATER) -> TokenRole | None:
    holder = await sessions.by_token(token, now)
    return holder.role if holder is not None else None


async def test_a_launch_token_is_swapped_once_however_many_try(sessions: PostgresSessions, licensee: str) -> None:
    session = await active(sessions, licensee, token=f"launch-{licensee}")
    tries = [swap(f"play-{licensee}-{number}", key=f"q-{number}") for number in range(8)]
    kept = await asyncio.gather(*(sessions.swap(session, f"launch-{licensee}", one) for one in tries))
    assert len({one.token for one in kept}) == 1
    assert kept[0].key in {one.key for one in tries}
    assert await sessions.swap(session, f"launch-{licensee}", swap("too-late", key="q-9")) == kept[0]
    found = [await role(sessions, one.token) for one in tries]
    assert sorted(str(one) for one in found) == ["None"] * 7 + ["play"]


async def test_a_swapped_launch_token_stakes_until_its_grace_is_over(sessions: PostgresSessions, licensee: str) -> None:
    launch, play = f"launch-{licensee}", f"play-{licensee}"
    session = await active(sessions, licensee, token=launch)
    assert await role(sessions, launch) is TokenRole.LAUNCH
    await sessions.swap(session, launch, swap(play, grace=dt.timedelta(seconds=5)))
    just_before, then = NOON + dt.timedelta(seconds=4.999), NOON + dt.timedelta(seconds=5)
    assert [await role(sessions, launch, at) for at in (just_before, then)] == [TokenRole.LAUNCH, TokenRole.SWAPPED]
    assert [await role(sessions, play, at) for at in (just_before, then)] == [TokenRole.PLAY, TokenRole.PLAY]
    # Whose it is stays known: its wins and cancels still come.
    for token in (launch, play):
        holder = await sessions.by_token(token, LATER)
        assert holder is not None
        assert holder.session == session


async def test_the_newest_session_of_a_player_is_known_with_the_token_of_its_swap(
    sessions: PostgresSessions, licensee: str
) -> None:
    session = await active(sessions, licensee, token=f"launch-{licensee}")
    await sessions.swap(session, f"launch-{licensee}", swap(f"play-{licensee}"))
    found = await sessions.newest_of_player("acme_slots", licensee, "pl-1")
    assert found is not None
    assert (found.token, found.role) == (f"play-{licensee}", TokenRole.PLAY)


async def test_a_session_is_launched_again_with_its_token_unless_that_was_swapped(
    sessions: PostgresSessions, licensee: str
) -> None:
    launch, play = f"launch-{licensee}", f"play-{licensee}"
    session = await active(sessions, licensee, token=launch)
    assert (await sessions.relaunch(session, "spare-0")).token == launch
    await sessions.swap(session, launch, swap(play))
    again = await asyncio.gather(*(sessions.relaunch(session, f"spare-{licensee}-{number}") for number in range(1, 5)))
    assert len({one.token for one in again}) == 1
    spare = again[0].token
    assert spare.startswith(f"spare-{licensee}-")
    roles = [await role(sessions, token) for token in (launch, play, spare)]
    assert roles == [TokenRole.SWAPPED, TokenRole.PLAY, TokenRole.LAUNCH]
    await sessions.swap(session, spare, swap(f"second-{licensee}"))
    # Both windows of the player go on: they are one session.
    assert [await role(sessions, token) for token in (play, f"second-{licensee}")] == [TokenRole.PLAY] * 2


async def test_swapped_tokens_are_nowhere_in_the_database(
    sessions: PostgresSessions, licensee: str, tables: Database
) -> None:
    session = await active(sessions, licensee, token=f"launch-{licensee}")
    await sessions.swap(session, f"launch-{licensee}", swap("a-play-token-that-nobody-may-read"))
    with psycopg.connect(tables.reader_url) as reader:
        row = reader.execute("SELECT t::text FROM token_swap t WHERE session_id = %s", (session.session_id,)).fetchone()
    assert row is not None
    for hidden in ("a-play-token-that-nobody-may-read", f"launch-{licensee}"):
        assert hidden not in row[0]
        assert hidden.encode().hex() not in row[0]
