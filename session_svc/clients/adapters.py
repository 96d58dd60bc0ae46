"""The provider adapters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager

import grpc
import grpc.aio

from mesh import logs
from mesh.channels import call_metadata
from mesh.errors import DependencyDownError, MeshError
from mesh.status import RemoteError, read_error
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from pitboss.type.v1.money_pb2 import Money
from session_svc.domain.catalog import Game, MarketFacts
from session_svc.domain.grants import Grant
from session_svc.domain.rounds import PlayedRound, Replay
from session_svc.domain.session import DemoSession, Order, PlayerReference, Session
from session_svc.errors import (
    AdapterSilentError,
    DemoNotOfferedError,
    FreeRoundsNotOfferedError,
    GrantRefusedError,
    GrantUnknownError,
    LaunchFailedError,
    ReplayNotOfferedError,
    ReplayRefusedError,
)

_log = logs.get("session_svc.adapters")

_SILENCE = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE})
_DEVICES = {"desktop": pb.LAUNCH_DEVICE_DESKTOP, "mobile": pb.LAUNCH_DEVICE_MOBILE}


class AdapterProviders:
    """Implements `ports.Providers`, `ports.FreeRoundProviders` and `ports.ReplayProviders`."""

    def __init__(
        self, channels: Mapping[str, grpc.aio.Channel], *, launch_timeout_s: float, list_timeout_s: float
    ) -> None:
        self._stubs = {name: ProviderAdapterServiceStub(channel) for name, channel in channels.items()}
        self._launch_timeout_s = launch_timeout_s
        self._list_timeout_s = list_timeout_s

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._stubs)

    async def launch(self, session: Session, token: str, device: str) -> str:
        return await self._launched(session.order, _launch_request(session, token, device))

    async def launch_demo(self, demo: DemoSession, token: str) -> str:
        return await self._launched(demo.order, _demo_request(demo, token))

    async def _launched(self, order: Order, request: pb.CreateLaunchRequest) -> str:
        provider = order.provider
        try:
            response = await self._stubs[provider].CreateLaunch(
                request, timeout=self._launch_timeout_s, metadata=call_metadata(order.licensee)
            )
        except grpc.aio.AioRpcError as error:
            told = read_error(error)
            if told.reason == "ERROR_REASON_DEMO_NOT_OFFERED":
                raise DemoNotOfferedError(provider=provider) from error
            _log.warning("launch failed", provider=provider, code=told.code.name, reason=told.reason)
            silent = told.code in _SILENCE and not told.reason
            failure = AdapterSilentError if silent else LaunchFailedError
            raise failure(provider=provider, retry_after=told.retry_after or 1.0) from error
        if not response.launch_url:
            raise LaunchFailedError(provider=provider, retry_after=1.0)
        return response.launch_url

    async def grant(self, grant: Grant) -> str:
        metadata = call_metadata(grant.order.licensee)
        with _in_our_words(grant.order.provider):
            response = await self._stubs[grant.order.provider].GrantFreeRounds(
                _grant_request(grant), timeout=self._launch_timeout_s, metadata=metadata
            )
        if not response.provider_reference:
            raise GrantUnknownError(provider=grant.order.provider, retry_after=1.0)
        return response.provider_reference

    async def cancel_grant(self, grant: Grant) -> None:
        request = pb.CancelFreeRoundsRequest(
            grant_id=grant.grant_id, provider_reference=grant.reference, player_reference=_player_of(grant)
        )
        metadata = call_metadata(grant.order.licensee)
        with _in_our_words(grant.order.provider):
            await self._stubs[grant.order.provider].CancelFreeRounds(
                request, timeout=self._launch_timeout_s, metadata=metadata
            )

    async def replay(self, played: PlayedRound) -> Replay:
        name = played.name
        player = PlayerReference(licensee=name.licensee, player_id=name.player_id)
        request = pb.GetRoundReplayRequest(player_reference=str(player), game_id=played.game_id, round_id=name.round_id)
        try:
            shown = await self._stubs[name.provider].GetRoundReplay(
                request, timeout=self._launch_timeout_s, metadata=call_metadata(name.licensee)
            )
        except grpc.aio.AioRpcError as error:
            told = read_error(error)
            if told.reason == "ERROR_REASON_REPLAY_NOT_OFFERED":
                raise ReplayNotOfferedError(provider=name.provider) from error
            if told.code is grpc.StatusCode.FAILED_PRECONDITION:
                raise ReplayRefusedError(provider=name.provider, code=told.metadata.get("code", "")) from error
            raise _down(name.provider, error) from error
        return Replay(url=shown.url, page=shown.page)

    async def games(self, provider: str) -> list[Game]:
        try:
            response = await self._stubs[provider].ListProviderGames(
                pb.ListProviderGamesRequest(), timeout=self._list_timeout_s, metadata=call_metadata()
            )
        except grpc.aio.AioRpcError as error:
            raise _down(provider, error) from error
        return [_game(provider, game) for game in response.games]

    async def abilities(self, provider: str) -> frozenset[str]:
        try:
            told = await self._stubs[provider].Describe(
                pb.DescribeRequest(), timeout=self._list_timeout_s, metadata=call_metadata()
            )
        except grpc.aio.AioRpcError as error:
            raise _down(provider, error) from error
        return frozenset(told.capabilities)

    async def health(self, provider: str) -> AsyncGenerator[bool, None]:
        call = self._stubs[provider].WatchHealth(pb.WatchHealthRequest(), metadata=call_metadata())
        try:
            async for response in call:
                yield response.health == pb.PROVIDER_HEALTH_UP
        except grpc.aio.AioRpcError as error:
            raise _down(provider, error) from error
        finally:
            call.cancel()


def _launch_request(session: Session, token: str, device: str) -> pb.CreateLaunchRequest:
    order = session.order
    return pb.CreateLaunchRequest(
        session_id=session.session_id,
        token=token,
        player_reference=str(PlayerReference(licensee=order.licensee, player_id=order.player_id)),
        game_id=order.game_id,
        currency_code=order.currency,
        language=order.language,
        country=order.country,
        device=_DEVICES[device],
        lobby_url=order.lobby_url,
    )


def _demo_request(demo: DemoSession, token: str) -> pb.CreateLaunchRequest:
    order = demo.order
    return pb.CreateLaunchRequest(
        session_id=demo.session_id,
        token=token,
        player_reference=demo.visitor,
        game_id=order.game_id,
        currency_code=order.currency,
        language=order.language,
        country=order.country,
        device=_DEVICES[order.device],
        lobby_url=order.lobby_url,
        demo=True,
    )


def _grant_request(grant: Grant) -> pb.GrantFreeRoundsRequest:
    order = grant.order
    request = pb.GrantFreeRoundsRequest(
        grant_id=grant.grant_id,
        player_reference=_player_of(grant),
        game_ids=order.game_ids,
        rounds=order.rounds,
        bet=Money(currency_code=order.currency, amount=format(order.bet, "f")),
        bonus_buy=order.bonus_buy,
    )
    if order.max_winnings is not None:
        request.max_winnings.CopyFrom(Money(currency_code=order.currency, amount=format(order.max_winnings, "f")))
    request.expire_time.FromDatetime(order.expires_at)
    return request


def _player_of(grant: Grant) -> str:
    return str(PlayerReference(licensee=grant.order.licensee, player_id=grant.order.player_id))


@contextmanager
def _in_our_words(provider: str) -> Iterator[None]:
    """What an adapter's failure means for a grant."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        told = read_error(error)
        _log.warning("free rounds failed", provider=provider, code=told.code.name, reason=told.reason)
        raise _refusal(provider, told) from error


def _refusal(provider: str, told: RemoteError) -> MeshError:
    """What an adapter's failure means for a grant. Whatever is not clearly a refusal leaves it open."""
    if told.reason == "ERROR_REASON_FREE_ROUNDS_NOT_OFFERED":
        return FreeRoundsNotOfferedError(provider=provider)
    if told.code is grpc.StatusCode.FAILED_PRECONDITION:
        return GrantRefusedError(provider=provider, code=told.metadata.get("code", "") or told.reason)
    if told.code is grpc.StatusCode.INVALID_ARGUMENT:
        return GrantRefusedError(provider=provider, code="REQUEST_INVALID")
    return GrantUnknownError(provider=provider, retry_after=told.retry_after or 1.0)


def _game(provider: str, game: pb.ProviderGame) -> Game:
    return Game(
        provider=provider,
        game_id=game.game_id,
        title=game.title,
        category=game.category,
        enabled=game.enabled,
        currencies=tuple(game.currency_codes),
        refused_countries=tuple(game.refused_countries),
        return_ppm=game.return_ppm,
        languages=tuple(game.languages),
        markets=tuple(
            MarketFacts(market=one.market, certificate_id=one.certificate_id, return_ppm=one.return_ppm)
            for one in game.markets
        ),
    )


def _down(provider: str, error: grpc.aio.AioRpcError) -> DependencyDownError:
    told = read_error(error)
    return DependencyDownError(dependency=f"provider_adapters/{provider}", retry_after=told.retry_after or 1.0)
