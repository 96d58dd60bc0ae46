"""ProviderAdapterService: wire to values and back, for every provider alike."""

# ruff: noqa: ANN401 - gRPC names the methods and their arguments

import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration

from mesh.errors import RequestInvalidError
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceServicer
from pitboss.type.v1 import game_pb2 as game_pb
from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.delivery import policy
from provider_adapters._kit.errors import (
    DemoNotOfferedError,
    FreeRoundsNotOfferedError,
    ReplayNotOfferedError,
    SandboxOnlyError,
)
from provider_adapters._kit.explaining import Explained
from provider_adapters._kit.health import Health, HealthBoard
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.manifest import Capability, Manifest
from provider_adapters._kit.ports import (
    Adapter,
    Device,
    FreeRounds,
    Game,
    GivenRounds,
    Launch,
    MarketFacts,
    PlayedRound,
    SessionFacts,
)
from provider_adapters._kit.provider_ledger import ProviderLedger, RecordedMessage
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.sessions import DirectorySessions
from provider_adapters._kit.strict_json import NotParseableError

E = TypeVar("E")

Signatures = Callable[[HttpRequest], Explained]
"""Explains the signatures of one integration."""


class AdapterServicer(ProviderAdapterServiceServicer):
    """The adapter, as the session service sees it."""

    def __init__(
        self,
        manifest: Manifest,
        adapter: Adapter,
        board: HealthBoard,
        sessions: DirectorySessions,
        ledger: ProviderLedger,
        signatures: Signatures | None = None,
    ) -> None:
        self._manifest = manifest
        self._ledger = ledger
        self._signatures = signatures
        self._adapter = adapter
        self._board = board
        self._sessions = sessions

    async def Describe(self, request: pb.DescribeRequest, context: Any) -> pb.DescribeResponse:
        """Tell the manifest."""
        return description(self._manifest)

    async def GetDeliveryPolicy(
        self,
        request: pb.GetDeliveryPolicyRequest,
        context: Any,
    ) -> pb.GetDeliveryPolicyResponse:
        """Tell how the provider delivers its messages."""
        return policy(self._manifest)

    async def CreateLaunch(self, request: pb.CreateLaunchRequest, context: Any) -> pb.CreateLaunchResponse:
        """Ask the provider for the address that starts a game."""
        launch = launch_of(request)
        if launch.demo and Capability.DEMO not in self._manifest.capabilities:
            raise DemoNotOfferedError(provider=self._manifest.name)
        address = await self._adapter.create_launch(launch)
        if not launch.demo:
            self._sessions.launched(_facts(launch))
        return pb.CreateLaunchResponse(launch_url=address)

    async def ListProviderGames(
        self,
        request: pb.ListProviderGamesRequest,
        context: Any,
    ) -> pb.ListProviderGamesResponse:
        """Fetch the provider's catalog."""
        return pb.ListProviderGamesResponse(games=map(_game, await self._adapter.list_games()))

    async def GrantFreeRounds(self, request: pb.GrantFreeRoundsRequest, context: Any) -> pb.GrantFreeRoundsResponse:
        """Ask the provider to give free rounds."""
        self._must_offer(Capability.FREE_ROUND_GRANTS)
        if len(request.game_ids) > 1:
            self._must_offer(Capability.FREE_ROUNDS_SHARED)
        if request.bonus_buy:
            self._must_offer(Capability.BONUS_BUY_GRANTS)
        if request.HasField("max_winnings"):
            self._must_offer(Capability.VOUCHER_GRANTS)
        try:
            reference = await self._adapter.grant_free_rounds(rounds_of(request))
        except AmountError:
            raise RequestInvalidError(violations=[("bet", "does not fit the provider's wire")]) from None
        return pb.GrantFreeRoundsResponse(provider_reference=reference)

    async def CancelFreeRounds(self, request: pb.CancelFreeRoundsRequest, context: Any) -> pb.CancelFreeRoundsResponse:
        """Ask the provider to take back what is left of them."""
        self._must_offer(Capability.FREE_ROUND_GRANTS)
        player = _player(request.player_reference)
        given = GivenRounds(grant_id=request.grant_id, player=player, reference=request.provider_reference)
        await self._adapter.cancel_free_rounds(given)
        return pb.CancelFreeRoundsResponse()

    def _must_offer(self, capability: Capability) -> None:
        if capability not in self._manifest.capabilities:
            raise FreeRoundsNotOfferedError(provider=self._manifest.name)

    async def GetRoundReplay(self, request: pb.GetRoundReplayRequest, context: Any) -> pb.GetRoundReplayResponse:
        """Ask the provider to show a round."""
        if Capability.ROUND_REPLAY not in self._manifest.capabilities:
            raise ReplayNotOfferedError(provider=self._manifest.name)
        player = _player(request.player_reference)
        shown = await self._adapter.replay_round(
            PlayedRound(player=player, game_id=request.game_id, round_id=request.round_id)
        )
        return pb.GetRoundReplayResponse(url=shown.url) if shown.url else pb.GetRoundReplayResponse(page=shown.page)

    async def FetchProviderLedger(
        self,
        request: pb.FetchProviderLedgerRequest,
        context: Any,
    ) -> AsyncIterator[pb.FetchProviderLedgerResponse]:
        """Read the provider's own record, page by page."""
        span = request.start_time.ToMilliseconds(), request.end_time.ToMilliseconds()
        wanted = set(request.kinds) or set(pb.ProviderLedgerKind.values())
        if wanted & _MESSAGES:
            async for page in self._ledger.messages(*span):
                yield pb.FetchProviderLedgerResponse(lines=_of(wanted, page))
        if pb.PROVIDER_LEDGER_KIND_GRANT in wanted and Capability.FREE_ROUND_GRANTS in self._manifest.capabilities:
            async for page in self._ledger.grants(*span):
                yield pb.FetchProviderLedgerResponse(lines=_of(wanted, page))

    async def ExplainSignature(
        self,
        request: pb.ExplainSignatureRequest,
        context: Any,
    ) -> pb.ExplainSignatureResponse:
        """Tell what a message's signature must be."""
        if self._signatures is None:
            raise SandboxOnlyError(provider=self._manifest.name)
        try:
            found = self._signatures(http_of(request))
        except NotParseableError:
            raise RequestInvalidError(violations=[("body", "cannot be read as this provider writes")]) from None
        return pb.ExplainSignatureResponse(
            algorithm=found.algorithm,
            canonical=found.canonical,
            expected=found.expected,
            given=found.given,
            valid=found.valid,
            first_difference=found.first_difference(request.believed),
        )

    async def WatchHealth(
        self,
        request: pb.WatchHealthRequest,
        context: Any,
    ) -> AsyncIterator[pb.WatchHealthResponse]:
        """The present state first, then each change at once."""
        async for health in self._board.watch():
            yield _health(health)


def http_of(request: pb.ExplainSignatureRequest) -> HttpRequest:
    """The message, as the callback server would have it."""
    return HttpRequest(
        method=request.method or "POST",
        path=request.path,
        query=request.query.encode(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )


def description(manifest: Manifest) -> pb.DescribeResponse:
    """The manifest as a message."""
    timeout = Duration()
    timeout.FromMilliseconds(manifest.provider_timeout_ms)
    return pb.DescribeResponse(
        provider=manifest.name,
        capabilities=sorted(manifest.capabilities),
        id_scope=pb.IdScope.Value(f"ID_SCOPE_{manifest.id_scope.upper()}"),
        money_unit=pb.MoneyUnit.Value(f"MONEY_UNIT_{manifest.money_unit.upper()}"),
        provider_timeout=timeout,
        unknown_cancel_reply=pb.UnknownCancelReply.Value(
            f"UNKNOWN_CANCEL_REPLY_{manifest.unknown_cancel_reply.upper()}"
        ),
        cancel_trigger_codes=manifest.cancel_trigger_codes,
        currency_codes=manifest.currency_codes,
        quality=manifest.quality,
    )


def launch_of(request: pb.CreateLaunchRequest) -> Launch:
    """The launch as values."""
    mobile = request.device == pb.LAUNCH_DEVICE_MOBILE
    return Launch(
        session_id=request.session_id,
        token=request.token,
        player=_player(request.player_reference),
        game_id=request.game_id,
        currency_code=request.currency_code,
        language=request.language or "en",
        country=request.country,
        device=Device.MOBILE if mobile else Device.DESKTOP,
        lobby_url=request.lobby_url,
        demo=request.demo,
    )


def rounds_of(request: pb.GrantFreeRoundsRequest) -> FreeRounds:
    """The free rounds as values."""
    return FreeRounds(
        grant_id=request.grant_id,
        player=_player(request.player_reference),
        game_ids=tuple(request.game_ids),
        rounds=request.rounds,
        bet=request.bet,
        expires_at=request.expire_time.ToDatetime(tzinfo=dt.UTC),
        bonus_buy=request.bonus_buy,
        max_winnings=request.max_winnings if request.HasField("max_winnings") else None,
    )


def _player(reference: str) -> PlayerReference:
    player = PlayerReference.parse(reference)
    if player is None:
        raise RequestInvalidError(violations=[("player_reference", "must look like licensee.player")])
    return player


def _facts(launch: Launch) -> SessionFacts:
    return SessionFacts(
        session_id=launch.session_id,
        player=launch.player,
        game_id=launch.game_id,
        currency_code=launch.currency_code,
        token=launch.token,
        country=launch.country,
    )


def _game(game: Game) -> pb.ProviderGame:
    return pb.ProviderGame(
        game_id=game.game_id,
        title=game.title,
        category=game.category,
        enabled=game.enabled,
        currency_codes=game.currency_codes,
        refused_countries=game.refused_countries,
        return_ppm=game.return_ppm,
        languages=game.languages,
        markets=map(_market, game.markets),
    )


def _market(facts: MarketFacts) -> game_pb.MarketFacts:
    return game_pb.MarketFacts(market=facts.market, certificate_id=facts.certificate_id, return_ppm=facts.return_ppm)


_MESSAGES = {
    pb.PROVIDER_LEDGER_KIND_BET,
    pb.PROVIDER_LEDGER_KIND_WIN,
    pb.PROVIDER_LEDGER_KIND_CANCEL,
    pb.PROVIDER_LEDGER_KIND_CLOSE,
}


def _of(wanted: set[pb.ProviderLedgerKind.ValueType], page: Sequence[RecordedMessage]) -> list[pb.ProviderLedgerLine]:
    return [line for line in map(_ledger_line, page) if line.kind in wanted]


def _ledger_line(message: RecordedMessage) -> pb.ProviderLedgerLine:
    line = pb.ProviderLedgerLine(
        kind=pb.ProviderLedgerKind.Value(f"PROVIDER_LEDGER_KIND_{message.kind.upper()}"),
        transaction_key=message.transaction_key,
        player_reference=str(message.player),
        currency_code=message.currency_code,
        round_id=message.round_id,
        bet_key=message.bet_key,
        closes=message.closes,
        belief=pb.ProviderBelief.Value(f"PROVIDER_BELIEF_{message.belief.upper()}"),
        code=message.code,
    )
    if message.amount is not None:
        line.amount.CopyFrom(Money(currency_code=message.currency_code, amount=format(message.amount, "f")))
    line.send_time.FromMilliseconds(message.noted_at_ms)
    return line


def _health(health: Health) -> pb.WatchHealthResponse:
    state = pb.PROVIDER_HEALTH_UP if health.up else pb.PROVIDER_HEALTH_DOWN
    message = pb.WatchHealthResponse(health=state, breaker_state=health.breaker_state)
    message.since_time.FromDatetime(health.since)
    return message
