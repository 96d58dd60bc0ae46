from __future__ import annotations

import grpc
import pytest

from pitboss_sdk import SessionState, errors
from pitboss_sdk._calls.session import CatalogWatch, SessionWatch
from pitboss_sdk._stubs.pitboss.session.v1.catalog_service_pb2 import CatalogGame, WatchCatalogResponse
from pitboss_sdk._stubs.pitboss.session.v1.session_service_pb2 import (
    SESSION_STATE_CLOSED,
    Session,
    WatchSessionsResponse,
)
from pitboss_sdk.failure import Failure


def change(cursor: int) -> WatchSessionsResponse:
    return WatchSessionsResponse(cursor=cursor, session=Session(session_id="s-1", state=SESSION_STATE_CLOSED))


def test_a_resumed_watch_begins_after_the_last_change_that_was_seen() -> None:
    watch = SessionWatch(7, "pl-1")
    assert (watch.request().after_cursor, watch.request().player_id) == (7, "pl-1")
    seen = watch.heard(change(12))
    assert (seen.cursor, seen.session.state) == (12, SessionState.CLOSED)
    assert watch.request().after_cursor == 12


def test_a_resumed_watch_of_the_catalog_says_where_it_stopped() -> None:
    watch = CatalogWatch()
    assert watch.request().cursor == ""
    watch.heard(WatchCatalogResponse(game=CatalogGame(provider="p", game_id="g"), cursor="here"))
    assert watch.request().cursor == "here"


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_a_broken_watch_is_resumed_after_a_pause(code: grpc.StatusCode) -> None:
    assert CatalogWatch().pause_after(Failure(code=code)) > 0


def test_a_watch_that_ended_well_is_resumed() -> None:
    assert CatalogWatch().pause_after(None) > 0


def test_a_server_that_is_busy_says_when_to_resume() -> None:
    busy = Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=9)
    assert CatalogWatch().pause_after(busy) == 9


def test_a_watch_that_may_not_be_is_not_resumed() -> None:
    with pytest.raises(errors.ForbiddenError):
        CatalogWatch().pause_after(Failure(code=grpc.StatusCode.PERMISSION_DENIED))


def test_pauses_of_a_watch_grow_until_something_is_heard() -> None:
    watch = SessionWatch(0, "")
    grown = [watch.pause_after(None) for _ in range(8)][-1]
    watch.heard(change(1))
    assert watch.pause_after(None) < 0.06 < grown
