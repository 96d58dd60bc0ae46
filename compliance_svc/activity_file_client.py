"""Processes of cross-operator activity files over gRPC, told of the play of those whose law asks them."""

import asyncio
from collections.abc import Iterable, Mapping

import grpc.aio

from compliance_svc.ports import Law, Ledger
from mesh import logs
from mesh.channels import call_metadata
from mesh.clock import Clock
from mesh.errors import DependencyDownError
from pitboss.source.v1 import activity_file_service_pb2 as pb
from pitboss.source.v1.activity_file_service_pb2_grpc import ActivityFileServiceStub
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("compliance_svc.activity_files")

_TIMEOUT_S = 2.5
_BAD = (protection_pb2.SOURCE_ANSWER_SILENT, protection_pb2.SOURCE_ANSWER_MATCH, protection_pb2.SOURCE_ANSWER_CLEAR)
"""Which answer counts of several: the first of these."""


class ActivityFileClient:
    """Implements `compliance_svc.ports.ActivityFiles`. A file that nobody can ask is silent."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel], ledger: Ledger, law: Law, clock: Clock) -> None:
        self._stubs = {name: ActivityFileServiceStub(one) for name, one in channels.items()}
        self._ledger = ledger
        self._law = law
        self._clock = clock

    async def begin(self, licensee: str, player: str, session: str, answers: protection_pb2.SourceAnswers) -> bool:
        standing = await self._ledger.player(licensee, player)
        pack = (await self._law.library()).at(standing.jurisdiction, self._clock.now_us(), licensee)
        names = self._known(frozenset() if pack is None else pack.activity_files)
        if not names:
            return False
        said = await asyncio.gather(*[self._begin(name, licensee, player, session) for name in names])
        answers.activity_file = next((answer for answer in _BAD if answer in said), _BAD[0])
        return True

    async def end(self, licensee: str, player: str, session: str) -> None:
        standing = await self._ledger.player(licensee, player)
        # A version of the law that begins or ends between a session's opening and its end may ask other files.
        versions = [one for one in (await self._law.library()).every() if one.name == standing.jurisdiction]
        names = self._known(frozenset().union(*(one.activity_files for one in versions)))
        await asyncio.gather(*[self._end(name, licensee, player, session) for name in names])

    def _known(self, wanted: Iterable[str]) -> list[str]:
        return sorted(self._stubs.keys() & frozenset(wanted))

    async def _begin(
        self, name: str, licensee: str, player: str, session: str
    ) -> protection_pb2.SourceAnswer.ValueType:
        request = pb.BeginActivityRequest(player_id=player, reference=session)
        try:
            said = await self._stubs[name].BeginActivity(request, timeout=_TIMEOUT_S, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            _log.warning("an activity file cannot be asked", activity_file=name, code=error.code().name)
            return protection_pb2.SOURCE_ANSWER_SILENT
        return said.answer

    async def _end(self, name: str, licensee: str, player: str, session: str) -> None:
        request = pb.EndActivityRequest(player_id=player, reference=session)
        try:
            said = await self._stubs[name].EndActivity(request, timeout=_TIMEOUT_S, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            _log.warning("an activity file cannot be told", activity_file=name, code=error.code().name)
            raise DependencyDownError(dependency=f"activity_file/{name}", retry_after=1.0) from error
        if not said.ended:
            raise DependencyDownError(dependency=f"activity_file/{name}", retry_after=1.0)
