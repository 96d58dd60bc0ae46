"""Calls about sessions and the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pitboss_sdk import _reading as reading
from pitboss_sdk._conversation import Plain, Send
from pitboss_sdk._keys import new_key
from pitboss_sdk._paging import Page
from pitboss_sdk._stubs.pitboss.session.v1 import catalog_service_pb2 as catalog
from pitboss_sdk._stubs.pitboss.session.v1 import round_replay_service_pb2 as replays
from pitboss_sdk._stubs.pitboss.session.v1 import session_service_pb2 as sessions
from pitboss_sdk._watching import Watch
from pitboss_sdk.money import Money
from pitboss_sdk.values import Assertion, DemoLaunch, Game, Launch, Replay, Session, SessionChange
from pitboss_sdk.vocabulary import Device, RoundState


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOrder:
    """What a session shall be."""

    player_id: str
    provider: str
    game_id: str
    currency_code: str
    language: str
    country: str
    device: Device
    lobby_url: str
    reality_check_interval: timedelta | None
    spend_limit: Money | None
    time_limit: timedelta | None


def create_session(order: LaunchOrder, client_key: str | None, assertion: Assertion | None = None) -> Plain[Launch]:
    """Open a game for a player."""
    key = client_key or new_key()
    request = sessions.CreateSessionRequest(
        client_key=key,
        player_id=order.player_id,
        provider=order.provider,
        game_id=order.game_id,
        currency_code=order.currency_code,
        language=order.language,
        country=order.country,
        device=order.device.value,  # type: ignore[arg-type]
        lobby_url=order.lobby_url,
    )
    if order.reality_check_interval is not None:
        request.reality_check_interval.FromTimedelta(order.reality_check_interval)
    if order.spend_limit is not None:
        request.spend_limit.CopyFrom(reading.money_message(order.spend_limit))
    if order.time_limit is not None:
        request.time_limit.FromTimedelta(order.time_limit)
    if assertion is not None:
        request.assertion.CopyFrom(reading.assertion_message(assertion))
    return Plain(
        first=Send(method=lambda stubs: stubs.sessions.CreateSession, request=request),
        read=_launch,
        transaction_key=key,
    )


def create_demo_session(order: LaunchOrder, client_key: str | None) -> Plain[DemoLaunch]:
    """Open a game for play money."""
    key = client_key or new_key()
    request = sessions.CreateDemoSessionRequest(
        client_key=key,
        player_id=order.player_id,
        provider=order.provider,
        game_id=order.game_id,
        currency_code=order.currency_code,
        language=order.language,
        country=order.country,
        device=order.device.value,  # type: ignore[arg-type]
        lobby_url=order.lobby_url,
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.sessions.CreateDemoSession, request=request),
        read=lambda response: DemoLaunch(
            session_id=response.session_id, launch_url=response.launch_url, pack=response.pack
        ),
        transaction_key=key,
    )


def get_session(session_id: str) -> Plain[Session]:
    """Read a session."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.sessions.GetSession, request=sessions.GetSessionRequest(session_id=session_id)
        ),
        read=lambda response: reading.session(response.session),
    )


def close_session(session_id: str) -> Plain[Session]:
    """End a session. Repeatable."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.sessions.CloseSession,
            request=sessions.CloseSessionRequest(session_id=session_id),
        ),
        read=lambda response: reading.session(response.session),
    )


def round_replay(player_id: str, provider: str, round_id: str) -> Plain[Replay]:
    """A round as its provider shows it."""
    request = replays.GetRoundReplayRequest(player_id=player_id, provider=provider, round_id=round_id)
    return Plain(
        first=Send(method=lambda stubs: stubs.replays.GetRoundReplay, request=request),
        read=lambda response: Replay(
            state=RoundState(response.state), url=response.replay_url, page=response.replay_page
        ),
    )


def recover_session(session_id: str, device: Device) -> Plain[Launch]:
    """A fresh launch address for a session that is still active."""
    request = sessions.RecoverSessionRequest(
        session_id=session_id,
        device=device.value,  # type: ignore[arg-type]
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.sessions.RecoverSession, request=request),
        read=_launch,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which games."""

    provider: str
    include_unavailable: bool


def games_page(scope: Scope, page_size: int, token: str) -> Plain[Page[Game]]:
    """One page of the catalog."""
    request = catalog.ListGamesRequest(
        provider=scope.provider,
        include_unavailable=scope.include_unavailable,
        page_size=page_size,
        page_token=token,
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.catalog.ListGames, request=request),
        read=lambda response: Page(
            items=tuple(reading.game(each) for each in response.games), next_token=response.next_page_token
        ),
    )


def get_game(provider: str, game_id: str) -> Plain[Game]:
    """Read one game."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.catalog.GetGame,
            request=catalog.GetGameRequest(provider=provider, game_id=game_id),
        ),
        read=lambda response: reading.game(response.game),
    )


class SessionWatch(Watch[SessionChange]):
    """Changes of sessions, without gaps: each new stream begins after the last change that was seen."""

    def __init__(self, after_cursor: int, player_id: str) -> None:
        super().__init__(lambda stubs: stubs.sessions.WatchSessions)
        self._cursor = after_cursor
        self._player_id = player_id

    def request(self) -> sessions.WatchSessionsRequest:
        """See `Watch`."""
        return sessions.WatchSessionsRequest(after_cursor=self._cursor, player_id=self._player_id)

    def read(self, response: sessions.WatchSessionsResponse) -> SessionChange:
        """See `Watch`."""
        self._cursor = response.cursor
        return SessionChange(cursor=response.cursor, session=reading.session(response.session))


class CatalogWatch(Watch[Game]):
    """Changes of games. A new stream begins after the last one, or with every game where nobody remembers that."""

    def __init__(self) -> None:
        super().__init__(lambda stubs: stubs.catalog.WatchCatalog)
        self._cursor = ""

    def request(self) -> catalog.WatchCatalogRequest:
        """See `Watch`."""
        return catalog.WatchCatalogRequest(cursor=self._cursor)

    def read(self, response: catalog.WatchCatalogResponse) -> Game:
        """See `Watch`."""
        self._cursor = response.cursor
        return reading.game(response.game)


def _launch(response: sessions.CreateSessionResponse | sessions.RecoverSessionResponse) -> Launch:
    return Launch(session=reading.session(response.session), launch_url=response.launch_url)
