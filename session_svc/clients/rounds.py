"""The ledger, as far as rounds are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc.aio

from mesh import logs
from mesh.channels import AffinityStub
from mesh.errors import DeadlineExceededError, DependencyDownError
from mesh.status import read_error
from pitboss.wallet.v1 import ledger_service_pb2 as ledger
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from session_svc.domain.rounds import PlayedRound, RoundName

_log = logs.get("session_svc.rounds")

_NOT_KNOWN = frozenset({"ERROR_REASON_PLAYER_NOT_FOUND", "ERROR_REASON_PROVIDER_NOT_FOUND"})


class LedgerRounds:
    """Implements `ports.PlayedRounds`."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], *, timeout_s: float) -> None:
        self._ledger = AffinityStub(channels, LedgerServiceStub)
        self._timeout_s = timeout_s

    async def find(self, name: RoundName) -> PlayedRound | None:
        request = ledger.GetRoundRequest(player_id=name.player_id, provider=name.provider, round_id=name.round_id)
        try:
            found: Any = await self._ledger.call(
                "GetRound", request, licensee=name.licensee, player=name.player_id, timeout_s=self._timeout_s
            )
        except (grpc.aio.AioRpcError, DeadlineExceededError) as error:
            told = read_error(error) if isinstance(error, grpc.aio.AioRpcError) else None
            if told is not None and told.reason in _NOT_KNOWN:
                return None
            _log.warning("the round could not be read", reason=told.reason if told else "deadline")
            raise DependencyDownError(dependency="wallet_svc", retry_after=1.0) from error
        if not found.state:
            return None
        games = [one.game_id for one in found.transactions if one.game_id]
        return PlayedRound(name=name, game_id=games[0] if games else "", state=found.state)
