"""The only place where an activity file's process is put together."""

import httpx

from fact_sources.activity_file.client import ActivityFileClient
from fact_sources.activity_file.config import ActivityFileSettings
from fact_sources.activity_file.grpc_api import ActivityFileServicer
from mesh import server
from mesh.identity import Policy
from pitboss.source.v1 import activity_file_service_pb2_grpc

ACTIVITY_FILE = "pitboss.source.v1.ActivityFileService"

POLICY = Policy(callers={ACTIVITY_FILE: ("compliance_svc", "platform")})


def main() -> None:
    """Run the process."""
    server.main("fact_sources/activity_file", ActivityFileSettings, build)


async def build(settings: ActivityFileSettings) -> server.Parts:
    """Put the process together. Waits for nobody."""
    http = httpx.AsyncClient(trust_env=False)
    client = ActivityFileClient(
        http,
        settings.activity_file_url,
        settings.activity_file_token,
        keys=settings.keys(),
        timeout_s=settings.activity_file_timeout_ms / 1000,
    )
    return server.Parts(
        services=[
            server.Service(
                name=ACTIVITY_FILE,
                add=activity_file_service_pb2_grpc.add_ActivityFileServiceServicer_to_server,
                servicer=ActivityFileServicer(client, settings.activity_file_name),
            )
        ],
        policy=POLICY,
        closers=[http.aclose],
    )
