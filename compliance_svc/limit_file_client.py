"""Processes of cross-operator limit files over gRPC, asked for the players whose law asks them."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import grpc.aio

from compliance_svc.ports import Law, Ledger
from mesh import logs
from mesh.channels import call_metadata
from mesh.clock import Clock
from pitboss.source.v1 import limit_file_service_pb2 as pb
from pitboss.source.v1.limit_file_service_pb2_grpc import LimitFileServiceStub
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("compliance_svc.limit_files")

_TIMEOUT_S = 2.5
_RANKS = {protection_pb2.SOURCE_ANSWER_CLEAR: 2, protection_pb2.SOURCE_ANSWER_NOT_SET: 1}
"""Which answer counts of several: the least."""


class LimitFileClient:
    """Implements `compliance_svc.ports.LimitFiles`. A file that nobody can ask is silent."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel], ledger: Ledger, law: Law, clock: Clock) -> None:
        self._stubs = {name: LimitFileServiceStub(one) for name, one in channels.items()}
        self._ledger = ledger
        self._law = law
        self._clock = clock

    async def fill(self, licensee: str, player: str, answers: protection_pb2.SourceAnswers) -> None:
        standing = await self._ledger.player(licensee, player)
        pack = (await self._law.library()).at(standing.jurisdiction, self._clock.now_us(), licensee)
        wanted = frozenset() if pack is None else pack.limit_files
        asked = [self._ask(name, licensee, player) for name in sorted(wanted & self._stubs.keys())]
        if not asked:
            return
        said = min(await asyncio.gather(*asked), key=_room)
        answers.limit_file = said.answer if said.answer in _RANKS else protection_pb2.SOURCE_ANSWER_SILENT
        answers.ClearField("limit_left")
        answers.ClearField("limit_file_time")
        answers.limit_file_name = said.limit_file
        if said.HasField("left"):
            answers.limit_left.CopyFrom(said.left)
        if answers.limit_file != protection_pb2.SOURCE_ANSWER_SILENT:
            answers.limit_file_time.FromMicroseconds(self._clock.now_us())

    async def _ask(self, name: str, licensee: str, player: str) -> pb.GetHeadroomResponse:
        request = pb.GetHeadroomRequest(player_id=player)
        try:
            said = await self._stubs[name].GetHeadroom(request, timeout=_TIMEOUT_S, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            _log.warning("a limit file cannot be asked", limit_file=name, code=error.code().name)
            return pb.GetHeadroomResponse(answer=protection_pb2.SOURCE_ANSWER_SILENT, limit_file=name)
        return said


def _room(said: pb.GetHeadroomResponse) -> tuple[int, Decimal]:
    return _RANKS.get(said.answer, 0), Decimal(said.left.amount or 0)
