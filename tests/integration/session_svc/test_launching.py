"""Opening and ending sessions, with a real database and neighbours that fail when asked to."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from typing import Any

import pytest
import uuid_utils

from mesh.clock import ManualClock
from mesh.errors import DependencyDownError
from session_svc.app.ending import Endings
from session_svc.app.leaving import Leaving
from session_svc.app.offers import Offers
from session_svc.app.sessions import SessionDesk, SessionMaker
from session_svc.app.sweeping import Sweeper
from session_svc.app.switching import SwitchWatch
from session_svc.domain.catalog import Catalog, Game
from session_svc.domain.session import Order
from session_svc.domain.states import PlayEnd, State
from session_svc.errors import (
    GameNotAvailableError,
    LaunchFailedError,
    PlayDeniedError,
    RequestConflictError,
    SessionEndedError,
    SessionNotFoundError,
)
from session_svc.ports import Switch, SwitchScope
from session_svc.store.cache import NoCache
from session_svc.store.sessions import PostgresSessions
from tests.integration.session_svc.house import House, KilledError, Tripwire
from tests.integration.session_svc.making import NOON, SIX_HOURS

NO_LIMIT = Tripwire(0, after=False)


class Place:
    """One session service that can be killed and started again on the same database."""

    def __init__(self, sessions: PostgresSessions, licensee: str) -> None:
        self.store, self.licensee = sessions, licensee
        self.house, self.clock = House(), ManualClock(NOON)
        self.doubted: list[str] = []
        self.offers = Offers(["acme_slots"])
        games = [Game(provider="acme_slots", game_id=name, title=name, category="slot", enabled=True, registered=True)
                 for name in ("fruit", "royal")]  # fmt: skip
        self.offers.catalog_is(Catalog(games))
        self.offers.provider_is("acme_slots", up=True)

    def desk(self, tripwire: Tripwire = NO_LIMIT) -> SessionDesk:
        sessions, house = tripwire.wired(self.store), tripwire.wired(self.house)
        return SessionDesk(
            sessions=sessions,
            law=house,
            providers=house,
            offers=self.offers,
            endings=Endings(sessions, house, tripwire.wired(NoCache()), self.clock),
            maker=SessionMaker(clock=self.clock, lifetime=SIX_HOURS, new_id=lambda: str(uuid_utils.uuid7())),
            clock=self.clock,
            doubt=self.doubted.append,
        )

    def sweeper(self) -> Sweeper:
        endings = Endings(self.store, self.house, NoCache(), self.clock)
        patience = dt.timedelta(seconds=5)
        return Sweeper(self.store, endings, self.clock, patience=patience, opening_patience=2 * patience)

    def leaving(self) -> Leaving:
        return Leaving(self.store, self.house)

    def switches(self) -> SwitchWatch:
        endings = Endings(self.store, self.house, NoCache(), self.clock)
        return SwitchWatch(self.store, self.house, endings, self.clock)

    def order(self, key: str = "launch-1", **changes: Any) -> Order:
        fields = {"player_id": "pl-1", "provider": "acme_slots", "game_id": "fruit", "currency": "EUR", **changes}
        return Order(licensee=self.licensee, client_key=key, **fields)

    async def state(self, session_id: str) -> State:
        found = await self.store.find(self.licensee, session_id)
        assert found is not None
        return found.state


@pytest.fixture
def place(sessions: PostgresSessions, licensee: str) -> Place:
    return Place(sessions, licensee)


async def test_a_session_opens_play_and_gets_an_address(place: Place) -> None:
    launched = await place.desk().create(place.order())
    assert launched.session.state is State.ACTIVE
    assert launched.session.jurisdiction == "gb"
    assert launched.session.expires_at == NOON + SIX_HOURS
    ((session_id, token, device),) = place.house.launches
    assert (session_id, device) == (launched.session.session_id, "desktop")
    assert launched.url == f"https://game.example/1?token={token}"
    assert place.house.may_stake() == {session_id}


async def test_a_retry_gets_the_same_session_and_address_and_asks_nobody(place: Place) -> None:
    first = await place.desk().create(place.order())
    place.house.down |= {"compliance_svc", "provider", "wallet_svc"}
    place.offers.provider_is("acme_slots", up=False)
    assert await place.desk().create(place.order()) == first
    assert len(place.house.launches) == 1


async def test_a_retry_after_the_end_says_that_it_has_ended(place: Place) -> None:
    first = await place.desk().create(place.order())
    await place.desk().close(place.licensee, first.session.session_id)
    again = await place.desk().create(place.order())
    assert (again.session.session_id, again.session.state) == (first.session.session_id, State.CLOSED)


@pytest.mark.parametrize(
    "change", [{"game_id": "royal"}, {"player_id": "pl-2"}, {"currency": "GBP"}, {"device": "mobile"}]
)
async def test_the_same_key_with_other_content_is_a_conflict(place: Place, change: dict[str, str]) -> None:
    await place.desk().create(place.order())
    with pytest.raises(RequestConflictError) as caught:
        await place.desk().create(place.order(**change))
    assert caught.value.metadata == {"client_key": "launch-1"}
    assert len(place.house.opened) == 1


async def test_the_same_key_of_another_licensee_is_another_session(place: Place) -> None:
    mine = await place.desk().create(place.order())
    other = await place.desk().create(
        Order(
            licensee=f"{place.licensee}-b",
            client_key="launch-1",
            player_id="pl-9",
            provider="acme_slots",
            game_id="fruit",
            currency="EUR",
        )
    )
    assert mine.session.session_id != other.session.session_id


async def test_a_new_session_replaces_the_older_one_in_the_ledger_too(place: Place) -> None:
    old = await place.desk().create(place.order("a"))
    new = await place.desk().create(place.order("b"))
    assert await place.state(old.session.session_id) is State.REPLACED
    assert place.house.ended == {old.session.session_id: PlayEnd.REPLACED}
    assert place.house.may_stake() == {new.session.session_id}


async def test_the_older_session_stays_when_the_new_one_cannot_be_launched(place: Place) -> None:
    old = await place.desk().create(place.order("a"))
    place.house.down.add("provider")
    with pytest.raises(LaunchFailedError):
        await place.desk().create(place.order("b"))
    assert place.house.may_stake() == {old.session.session_id}


async def test_no_address_is_given_out_while_the_older_session_can_still_stake(place: Place) -> None:
    await place.desk().create(place.order("a"))
    place.house.down.add("wallet_svc")
    with pytest.raises(DependencyDownError):
        await place.desk().create(place.order("b"))
    place.house.down.clear()
    new = await place.desk().create(place.order("b"))
    assert place.house.may_stake() == {new.session.session_id}
    assert len(place.house.launches) == 2


async def steps_of_a_replacing_launch(place: Place) -> list[str]:
    await place.desk().create(place.order("old", player_id="counting"))
    counting = Tripwire(0, after=False)
    await place.desk(counting).create(place.order("new", player_id="counting"))
    return counting.calls


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_launch_that_was_killed_at_any_step_is_completed_by_a_retry(place: Place, after: bool) -> None:
    steps = await steps_of_a_replacing_launch(place)
    assert {"begin", "open_play", "launch", "activate", "end_play", "move"} <= set(steps)
    for at, step in enumerate(steps, 1):
        player = f"pl-{at}"
        old = await place.desk().create(place.order(f"old-{at}", player_id=player))
        with pytest.raises(KilledError, match=step):
            await place.desk(Tripwire(at, after=after)).create(place.order(f"new-{at}", player_id=player))
        launched = await place.desk().create(place.order(f"new-{at}", player_id=player))
        assert launched.session.state is State.ACTIVE, step
        assert await place.state(old.session.session_id) is State.REPLACED, step
        assert place.house.ended[old.session.session_id] is PlayEnd.REPLACED, step
        tokens = {token for session_id, token, _ in place.house.launches if session_id == launched.session.session_id}
        assert len(tokens) == 1, step
        assert launched.url.endswith(next(iter(tokens))), step
        assert await place.desk().create(place.order(f"new-{at}", player_id=player)) == launched, step


async def test_a_launch_that_nobody_retries_is_cleaned_up(place: Place) -> None:
    steps = await steps_of_a_replacing_launch(place)
    place.house.opened.clear()
    for at, after in itertools.product(range(1, len(steps) + 1), (False, True)):
        player = f"pl-{at}-{after}"
        await place.desk().create(place.order(f"a-{player}", player_id=player))
        with pytest.raises(KilledError):
            await place.desk(Tripwire(at, after=after)).create(place.order(f"b-{player}", player_id=player))
    place.clock.advance(seconds=11)
    await place.sweeper().sweep()
    now, players = place.clock.now(), set()
    assert await place.store.unfinished(before=now, opening_before=now, limit=10) == []
    for session_id in place.house.may_stake():
        session = await place.store.find(place.licensee, session_id)
        assert session is not None
        assert session.state is State.ACTIVE
        assert session.order.player_id not in players
        players.add(session.order.player_id)


async def test_many_calls_with_one_key_get_one_session_and_one_address(place: Place) -> None:
    launched = await asyncio.gather(*[place.desk().create(place.order()) for _ in range(8)])
    assert len({one.session.session_id for one in launched}) == 1
    assert len({one.url for one in launched}) == 1
    assert len(place.house.opened) == 1
    assert len({token for _, token, _ in place.house.launches}) == 1


async def test_many_launches_of_one_player_leave_one_session_that_stakes(place: Place) -> None:
    launched = await asyncio.gather(*[place.desk().create(place.order(f"key-{n}")) for n in range(6)])
    assert len(place.house.may_stake()) == 1
    states = [await place.state(one.session.session_id) for one in launched]
    assert sorted(states) == [State.ACTIVE] + [State.REPLACED] * 5


async def test_a_failed_launch_ends_play_in_the_ledger_and_can_be_tried_again(place: Place) -> None:
    place.house.down.add("provider")
    with pytest.raises(LaunchFailedError) as caught:
        await place.desk().create(place.order())
    assert caught.value.metadata == {"provider": "acme_slots"}
    assert caught.value.retry_after is not None
    assert set(place.house.ended.values()) == {PlayEnd.CLOSED}
    assert place.house.may_stake() == set()
    place.house.down.clear()
    launched = await place.desk().create(place.order())
    assert place.house.may_stake() == {launched.session.session_id}


async def test_a_failed_launch_is_ended_later_if_the_wallet_is_away(place: Place) -> None:
    place.house.down |= {"provider", "wallet_svc"}
    with pytest.raises(LaunchFailedError):
        await place.desk().create(place.order())
    assert len(place.house.may_stake()) == 1
    place.house.down.clear()
    place.clock.advance(seconds=6)
    await place.sweeper().sweep()
    assert place.house.may_stake() == set()


async def test_a_call_that_fails_after_its_twin_succeeded_gets_the_twins_address(place: Place) -> None:
    twins: list[Any] = []

    async def succeed_elsewhere(_: object) -> None:
        place.house.on_launch = None
        twins.append(await place.desk().create(place.order()))
        place.house.down.add("provider")

    place.house.on_launch = succeed_elsewhere
    launched = await place.desk().create(place.order())
    assert launched.url == twins[0].url
    assert place.house.may_stake() == {launched.session.session_id}


async def test_a_refused_player_gets_no_session_and_can_ask_again(place: Place) -> None:
    place.house.refusal = PlayDeniedError(reasons="SEX.SELF", pack="gb@1")
    for _ in range(2):
        with pytest.raises(PlayDeniedError):
            await place.desk().create(place.order())
    assert place.house.launches == []
    place.house.refusal = None
    assert (await place.desk().create(place.order())).session.state is State.ACTIVE


async def test_a_launch_waits_for_the_law_and_goes_on_with_the_same_session(place: Place) -> None:
    place.house.down.add("compliance_svc")
    with pytest.raises(DependencyDownError):
        await place.desk().create(place.order())
    waiting = await place.store.newest_attempt(place.licensee, "launch-1")
    place.house.down.clear()
    launched = await place.desk().create(place.order())
    assert waiting is not None
    assert launched.session.session_id == waiting.session_id


async def test_a_session_that_was_never_launched_is_nobodys_business(place: Place) -> None:
    place.house.down.add("compliance_svc")
    with pytest.raises(DependencyDownError):
        await place.desk().create(place.order())
    waiting = await place.store.newest_attempt(place.licensee, "launch-1")
    assert waiting is not None
    with pytest.raises(SessionNotFoundError):
        await place.desk().get(place.licensee, waiting.session_id)


async def test_closing_is_repeatable_and_reaches_the_ledger_first(place: Place) -> None:
    launched = await place.desk().create(place.order())
    session_id = launched.session.session_id
    place.house.down.add("wallet_svc")
    with pytest.raises(DependencyDownError):
        await place.desk().close(place.licensee, session_id)
    half = await place.desk().get(place.licensee, session_id)
    assert half.shown_state(NOON) is State.ACTIVE
    place.house.down.clear()
    for _ in range(2):
        closed = await place.desk().close(place.licensee, session_id)
        assert (closed.state, closed.ended_at) == (State.CLOSED, NOON)
    assert place.house.ended == {session_id: PlayEnd.CLOSED}


async def test_a_close_that_was_killed_at_any_step_is_completed(place: Place) -> None:
    launched = await place.desk().create(place.order("counting", player_id="counting"))
    counting = Tripwire(0, after=False)
    await place.desk(counting).close(place.licensee, launched.session.session_id)
    for at, after in itertools.product(range(1, len(counting.calls) + 1), (False, True)):
        launched = await place.desk().create(place.order(f"key-{at}-{after}", player_id=f"pl-{at}-{after}"))
        session_id = launched.session.session_id
        with pytest.raises(KilledError):
            await place.desk(Tripwire(at, after=after)).close(place.licensee, session_id)
        assert (await place.desk().close(place.licensee, session_id)).state is State.CLOSED
        assert place.house.ended[session_id] is PlayEnd.CLOSED


async def test_closing_twice_at_once_closes_once(place: Place) -> None:
    launched = await place.desk().create(place.order())
    session_id = launched.session.session_id
    closed = await asyncio.gather(*[place.desk().close(place.licensee, session_id) for _ in range(5)])
    assert {one.state for one in closed} == {State.CLOSED}


async def test_a_session_whose_time_is_over_stays_expired_when_it_is_closed(place: Place) -> None:
    launched = await place.desk().create(place.order())
    place.clock.advance(hours=6)
    closed = await place.desk().close(place.licensee, launched.session.session_id)
    assert closed.shown_state(place.clock.now()) is State.EXPIRED
    await place.sweeper().sweep()
    assert await place.state(launched.session.session_id) is State.EXPIRED


async def test_a_session_whose_players_own_time_is_over_ends_in_the_ledger_first(place: Place) -> None:
    timed = (await place.desk().create(place.order("a", seconds_limit=600))).session.session_id
    free = (await place.desk().create(place.order("b", player_id="pl-2"))).session.session_id
    place.clock.advance(seconds=599)
    await place.sweeper().sweep()
    assert await place.state(timed) is State.ACTIVE
    place.clock.advance(seconds=1)
    place.house.down.add("wallet_svc")
    with pytest.raises(DependencyDownError):
        await place.sweeper().sweep()
    assert await place.state(timed) is State.ACTIVE
    place.house.down.clear()
    await place.sweeper().sweep()
    found = await place.desk().get(place.licensee, timed)
    assert (found.state, found.end_reason) == (State.ENDED, "SES.TIME_LIMIT")
    assert await place.state(free) is State.ACTIVE
    assert place.house.may_stake() == {free}


async def test_a_kill_switch_ends_the_sessions_in_its_scope_that_were_there(place: Place) -> None:
    first = (await place.desk().create(place.order("a"))).session.session_id
    other = (await place.desk().create(place.order("b", player_id="pl-2", game_id="royal"))).session.session_id
    place.clock.advance(seconds=10)
    thrown = place.clock.now()
    place.house.thrown = [
        Switch(scope=SwitchScope.GAME, since=thrown, licensee=place.licensee, provider="acme_slots", name="fruit")
    ]
    place.clock.advance(seconds=1)
    later = (await place.desk().create(place.order("c", player_id="pl-3"))).session.session_id
    place.house.down.add("wallet_svc")
    with pytest.raises(DependencyDownError):
        await place.switches().look()
    place.house.down.clear()
    watch = place.switches()
    await watch.look()
    found = await place.desk().get(place.licensee, first)
    assert (found.state, found.end_reason) == (State.ENDED, "SYS.SUSPENDED")
    assert place.house.may_stake() == {other, later}
    place.clock.advance(seconds=600)
    for _ in range(2):
        await watch.look()
    assert place.house.may_stake() == {other, later}


@pytest.mark.parametrize(
    ("scope", "named", "others"),
    [
        (SwitchScope.LICENSEE, {}, {}),
        (SwitchScope.PACK, {"name": "gb"}, {"name": "de"}),
        (SwitchScope.PROVIDER, {"provider": "acme_slots"}, {"provider": "zenith"}),
        (SwitchScope.GAME, {"provider": "acme_slots", "name": "fruit"}, {"provider": "acme_slots", "name": "royal"}),
        (SwitchScope.PLAYER, {"name": "pl-1"}, {"name": "pl-2"}),
    ],
)
async def test_a_kill_switch_reaches_what_it_names(
    place: Place, scope: SwitchScope, named: dict[str, str], others: dict[str, str]
) -> None:
    session = (await place.desk().create(place.order())).session.session_id
    now = place.clock.now()
    if others:
        place.house.thrown = [Switch(scope=scope, since=now, licensee=place.licensee, **others)]
        await place.switches().look()
    place.house.thrown = [Switch(scope=scope, since=now, licensee=f"{place.licensee}-b", **named)]
    await place.switches().look()
    assert await place.state(session) is State.ACTIVE
    place.house.thrown = [Switch(scope=scope, since=now, licensee=place.licensee, **named)]
    await place.switches().look()
    assert await place.state(session) is State.ENDED


async def test_the_activity_file_hears_of_every_end_and_of_each_until_it_knows(place: Place) -> None:
    place.store = PostgresSessions(place.store._engine, place.store._vault, activity_files=True)
    place.house.counts = True
    closed = (await place.desk().create(place.order("a"))).session.session_id
    running = (await place.desk().create(place.order("b", player_id="pl-2"))).session.session_id
    place.house.refusal = PlayDeniedError(reasons="LIM.NOT_SET", pack="de@1")
    with pytest.raises(PlayDeniedError):
        await place.desk().create(place.order("c", player_id="pl-3"))
    await place.desk().close(place.licensee, closed)
    place.house.down.add("activity_file")
    with pytest.raises(DependencyDownError):
        await place.leaving().tell()
    place.house.down.clear()
    await place.leaving().tell()
    assert closed in place.house.told
    assert running not in place.house.told
    # The refused one too: silence says nothing about whether the file counts it.
    assert len(place.house.told) == 2
    await place.leaving().tell()
    assert len(place.house.told) == 2


async def test_a_session_that_no_activity_file_counts_is_told_to_none(place: Place) -> None:
    place.store = PostgresSessions(place.store._engine, place.store._vault, activity_files=True)
    session = (await place.desk().create(place.order())).session.session_id
    await place.desk().close(place.licensee, session)
    await place.leaving().tell()
    assert place.house.told == []


async def test_nobody_gets_into_a_session_that_the_law_has_ended(place: Place) -> None:
    order = place.order(seconds_limit=600)
    first = await place.desk().create(order)
    place.clock.advance(seconds=600)
    await place.sweeper().sweep()
    again = await place.desk().create(order)
    assert (again.session.session_id, again.session.state) == (first.session.session_id, State.ENDED)
    assert again.url == ""
    with pytest.raises(SessionEndedError):
        await place.desk().recover(place.licensee, first.session.session_id, "mobile")


async def test_another_licensee_can_neither_read_nor_close_nor_recover_a_session(place: Place) -> None:
    launched = await place.desk().create(place.order())
    session_id, desk = launched.session.session_id, place.desk()
    for call in (
        desk.get("other", session_id),
        desk.close("other", session_id),
        desk.recover("other", session_id, "mobile"),
    ):
        with pytest.raises(SessionNotFoundError):
            await call
    assert await place.state(session_id) is State.ACTIVE


async def test_recovering_gives_a_fresh_address_for_the_same_token_on_the_new_device(place: Place) -> None:
    launched = await place.desk().create(place.order())
    recovered = await place.desk().recover(place.licensee, launched.session.session_id, "mobile")
    assert recovered.url != launched.url
    (_, first, _), (_, second, device) = place.house.launches
    assert (first == second, device) == (True, "mobile")
    assert (await place.desk().create(place.order())).url == launched.url


@pytest.mark.parametrize("how", ["close", "expire", "replace"])
async def test_an_ended_session_cannot_be_recovered(place: Place, how: str) -> None:
    launched = await place.desk().create(place.order())
    session_id = launched.session.session_id
    if how == "close":
        await place.desk().close(place.licensee, session_id)
    elif how == "expire":
        place.clock.advance(hours=7)
    else:
        await place.desk().create(place.order("another"))
    with pytest.raises(SessionEndedError) as caught:
        await place.desk().recover(place.licensee, session_id, "desktop")
    assert caught.value.metadata["state"] == {"close": "CLOSED", "expire": "EXPIRED", "replace": "REPLACED"}[how]


async def test_a_session_of_a_hidden_game_cannot_be_recovered_and_stays_active(place: Place) -> None:
    launched = await place.desk().create(place.order())
    place.offers.provider_is("acme_slots", up=False)
    with pytest.raises(GameNotAvailableError):
        await place.desk().recover(place.licensee, launched.session.session_id, "desktop")
    assert await place.state(launched.session.session_id) is State.ACTIVE


async def test_a_recovery_that_the_provider_does_not_answer_leaves_the_session_active(place: Place) -> None:
    launched = await place.desk().create(place.order())
    place.house.down.add("provider")
    with pytest.raises(LaunchFailedError):
        await place.desk().recover(place.licensee, launched.session.session_id, "desktop")
    assert place.house.may_stake() == {launched.session.session_id}
