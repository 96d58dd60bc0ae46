"""The only place where a limit file's process is put together."""

import httpx

from fact_sources.limit_file.client import LimitFileClient
from fact_sources.limit_file.config import LimitFileSettings
from fact_sources.limit_file.grpc_api import LimitFileServicer
from fact_sources.limit_file.watching import Telling, Watch
from mesh import server
from mesh.channels import channel
from mesh.identity import Policy
from pitboss.source.v1 import limit_file_service_pb2_grpc

LIMIT_FILE = "pitboss.source.v1.LimitFileService"

POLICY = Policy(
    callers={
        LIMIT_FILE: ("wallet_svc", "platform"),
        f"{LIMIT_FILE}/GetHeadroom": ("wallet_svc", "compliance_svc", "platform"),
    }
)


def main() -> None:
    """Run the process."""
    server.main("fact_sources/limit_file", LimitFileSettings, build)


async def build(settings: LimitFileSettings) -> server.Parts:
    """Put the process together. Waits for nobody."""
    http = httpx.AsyncClient(trust_env=False)
    client = LimitFileClient(
        http,
        settings.limit_file_url,
        settings.limit_file_token,
        keys=settings.keys(),
        currency=settings.limit_file_currency,
        timeout_s=settings.limit_file_timeout_ms / 1000,
    )
    wallets = [channel(address, settings, workload="fact_sources/limit_file") for address in settings.wallet_addresses]
    telling = Telling(wallets, settings.limit_file_name, hold_ms=settings.limit_file_hold_ms)
    watch = Watch(
        client.is_well,
        telling,
        every_s=settings.limit_file_watch_ms / 1000,
        hold_s=settings.limit_file_hold_ms / 1000,
    )
    return server.Parts(
        services=[
            server.Service(
                name=LIMIT_FILE,
                add=limit_file_service_pb2_grpc.add_LimitFileServiceServicer_to_server,
                servicer=LimitFileServicer(client, settings.limit_file_name),
            )
        ],
        policy=POLICY,
        tasks={"watch": watch.run} if wallets else {},
        closers=[http.aclose, *[one.close for one in wallets]],
    )
