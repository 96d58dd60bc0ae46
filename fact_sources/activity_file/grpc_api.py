"""ActivityFileService: decodes, asks, encodes."""

from fact_sources.activity_file.client import ActivityFileClient
from fact_sources.activity_file.reading import ATTACKS, Said, Trouble
from mesh import logs, metrics
from mesh.identity import require_licensee
from pitboss.source.v1 import activity_file_service_pb2 as pb
from pitboss.source.v1 import activity_file_service_pb2_grpc
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("fact_sources.activity_file")


class ActivityFileServicer(activity_file_service_pb2_grpc.ActivityFileServiceServicer):
    """Serves one file."""

    def __init__(self, client: ActivityFileClient, name: str) -> None:
        self._client = client
        self._name = name

    async def BeginActivity(self, request: pb.BeginActivityRequest, context: object) -> pb.BeginActivityResponse:
        said = await self._client.begin(f"{require_licensee()}/{request.player_id}", request.reference)
        self._note("begin", said.answer.value, said.trouble)
        return pb.BeginActivityResponse(answer=_answer(said), trouble=said.trouble or "", activity_file=self._name)

    async def EndActivity(self, request: pb.EndActivityRequest, context: object) -> pb.EndActivityResponse:
        trouble = await self._client.end(f"{require_licensee()}/{request.player_id}", request.reference)
        self._note("end", "CLEAR" if trouble is None else "SILENT", trouble)
        return pb.EndActivityResponse(ended=trouble is None, trouble=trouble or "", activity_file=self._name)

    def _note(self, question: str, answer: str, trouble: Trouble | None) -> None:
        metrics.counter("source.answers", register=self._name, answer=answer).add()
        if trouble is None:
            return
        tell = _log.security if trouble in ATTACKS else _log.warning
        tell("an activity file is silent", activity_file=self._name, question=question, trouble=trouble.value)


def _answer(said: Said) -> protection_pb2.SourceAnswer.ValueType:
    return protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{said.answer.value}")
