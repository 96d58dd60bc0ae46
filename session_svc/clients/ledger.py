"""The wallet, as far as sessions and the catalog go."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import grpc
import grpc.aio

from mesh import logs
from mesh.channels import AffinityStub, call_metadata
from mesh.errors import DeadlineExceededError, DependencyDownError, InternalError
from mesh.placement import teller
from mesh.status import read_error
from pitboss.type.v1 import outcome_pb2 as outcomes
from pitboss.wallet.v1 import action_pb2
from pitboss.wallet.v1 import ledger_service_pb2 as pb
from pitboss.wallet.v1 import registry_service_pb2 as registry_pb
from pitboss.wallet.v1 import transaction_pb2 as transactions
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from session_svc.domain.catalog import Game
from session_svc.domain.session import LedgerPosition, Session
from session_svc.domain.states import PlayEnd
from session_svc.ports import FeedPage, LegalEnd, Switch, SwitchScope

T = TypeVar("T")

_log = logs.get("session_svc.ledger")

_GAMES_PER_CALL = 1_000
_CATEGORIES = {
    "slot": registry_pb.GAME_CATEGORY_SLOT,
    "table": registry_pb.GAME_CATEGORY_TABLE,
    "live": registry_pb.GAME_CATEGORY_LIVE,
}
_ENDS = {PlayEnd.CLOSED: action_pb2.PLAY_END_CLOSED, PlayEnd.REPLACED: action_pb2.PLAY_END_REPLACED}
_EXCLUSIONS = {
    transactions.TRANSACTION_KIND_EXCLUDE: "SEX.SELF",
    transactions.TRANSACTION_KIND_TAKE_BREAK: "SEX.BREAK",
}
"""What ends sessions in the words of wallets that do not name a reason yet."""
_ENDING = (
    *_EXCLUSIONS,
    transactions.TRANSACTION_KIND_END_PLAY,
    transactions.TRANSACTION_KIND_RECORD_FINDING,
    transactions.TRANSACTION_KIND_LEAVE_FOR_GOOD,
)
"""Kinds of entries that can end sessions by law."""
_STAKES_NO_MORE = frozenset({
    outcomes.OUTCOME_OK,
    # The ledger never opened it.
    outcomes.OUTCOME_SESSION_INVALID,
    outcomes.OUTCOME_PLAYER_NOT_FOUND,
})  # fmt: skip


class WalletLedger:
    """Implements `ports.Ledger`."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], *, timeout_s: float) -> None:
        self._ledger = AffinityStub(channels, LedgerServiceStub)
        self._ledgers = [LedgerServiceStub(channel) for channel in channels]
        self._registries = [RegistryServiceStub(channel) for channel in channels]
        self._reads: Counter[int] = Counter()
        self._timeout_s = timeout_s

    async def end_play(self, session: Session, end: PlayEnd) -> None:
        action = action_pb2.Action(
            player_id=session.order.player_id,
            # The first end of a session is its only one.
            transaction_key=session.session_id,
            end_play=action_pb2.EndPlay(session_id=session.session_id, end=_ENDS[end]),
        )
        try:
            response = await self._ledger.call(
                "Execute",
                pb.ExecuteRequest(action=action),
                licensee=session.order.licensee,
                player=session.order.player_id,
                timeout_s=self._timeout_s,
            )
        except (grpc.aio.AioRpcError, DeadlineExceededError) as error:
            raise _down(error) from error
        _check_ended(response.result, session)

    async def put_games(self, provider: str, games: Sequence[Game]) -> None:
        for first in range(0, len(games), _GAMES_PER_CALL):
            some = map(_game, games[first : first + _GAMES_PER_CALL])
            request = registry_pb.PutGamesRequest(provider=provider, games=some)
            await _first_answer([partial(stub.PutGames, request) for stub in self._registries], self._timeout_s)

    async def switches(self) -> list[Switch]:
        request = registry_pb.ListSuspensionsRequest()
        asks = [partial(stub.ListSuspensions, request) for stub in self._registries]
        response = await _first_answer(asks, self._timeout_s)
        # A switch of a build stops stakes while that build runs, and ends no sessions.
        return [_switch(one) for one in response.suspensions if one.scope != registry_pb.SUSPENSION_SCOPE_GAME_BUILD]

    async def shards(self) -> list[int]:
        request = pb.ListHeadsRequest()
        response = await _first_answer([partial(stub.ListHeads, request) for stub in self._ledgers], self._timeout_s)
        return [head.shard for head in response.heads]

    async def feed(self, shard: int, after: int) -> AsyncGenerator[FeedPage, None]:
        stub = self._ledgers[teller(shard, self._reads[shard], len(self._ledgers))]
        self._reads[shard] += 1
        request = pb.ReadFeedRequest(shard=shard, after_sequence=after, follow=True, kinds=sorted(_ENDING))
        call = stub.ReadFeed(request, metadata=call_metadata())
        try:
            async for response in call:
                yield _page(response)
        except grpc.aio.AioRpcError as error:
            raise _down(error) from error
        finally:
            call.cancel()


async def _first_answer(asks: Sequence[Callable[..., Awaitable[T]]], timeout_s: float) -> T:
    """The answer of the first replica that is there."""
    *others, last = asks
    for ask in others:
        try:
            return await ask(timeout=timeout_s, metadata=call_metadata())
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise _down(error) from error
    try:
        return await last(timeout=timeout_s, metadata=call_metadata())
    except grpc.aio.AioRpcError as error:
        raise _down(error) from error


def _check_ended(result: action_pb2.Result, session: Session) -> None:
    if result.outcome in _STAKES_NO_MORE:
        return
    if result.outcome_class in (outcomes.OUTCOME_CLASS_RETRY, outcomes.OUTCOME_CLASS_UNCERTAIN):
        raise DependencyDownError(dependency="wallet_svc", retry_after=1.0)
    _log.error("the ledger refused to end play", session_id=session.session_id, outcome=result.outcome)
    raise InternalError


def _down(error: grpc.aio.AioRpcError | DeadlineExceededError) -> DependencyDownError:
    retry_after = 1.0
    if isinstance(error, grpc.aio.AioRpcError):
        told = read_error(error)
        retry_after = told.retry_after or retry_after
        _log.warning("the wallet did not answer", code=told.code.name, reason=told.reason)
    return DependencyDownError(dependency="wallet_svc", retry_after=retry_after)


def _switch(told: registry_pb.Suspension) -> Switch:
    scope = SwitchScope(registry_pb.SuspensionScope.Name(told.scope).removeprefix("SUSPENSION_SCOPE_").lower())
    is_provider = scope is SwitchScope.PROVIDER
    return Switch(
        scope=scope,
        since=told.since_time.ToDatetime(tzinfo=dt.UTC),
        licensee=told.licensee_id,
        provider=told.name if is_provider else told.provider,
        name="" if is_provider else told.name,
    )


def _game(game: Game) -> registry_pb.Game:
    return registry_pb.Game(game_id=game.game_id, category=_CATEGORIES[game.category], enabled=game.enabled)


def _page(response: pb.ReadFeedResponse) -> FeedPage:
    ends = [_end(entry, reason) for entry in response.entries if (reason := _reason(entry))]
    return FeedPage(last_sequence=response.position, ends=ends)


def _reason(entry: transactions.Entry) -> str:
    """By which reason of the law an entry ended sessions; empty if it ended none."""
    transaction = entry.transaction
    if transaction.state != transactions.TRANSACTION_STATE_APPLIED:
        return ""
    return entry.end_reason or _EXCLUSIONS.get(transaction.kind, "")


def _end(entry: transactions.Entry, reason: str) -> LegalEnd:
    transaction = entry.transaction
    is_one = transaction.kind == transactions.TRANSACTION_KIND_END_PLAY
    return LegalEnd(
        licensee=entry.licensee_id,
        player_id=transaction.player_id,
        position=LedgerPosition(shard=entry.shard, sequence=entry.sequence),
        reason=reason,
        session_id=transaction.session_id if is_one else "",
    )
