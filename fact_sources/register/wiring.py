"""The only place where a register's process is put together."""

import httpx

from fact_sources.register.client import RegisterClient
from fact_sources.register.config import RegisterSettings
from fact_sources.register.grpc_api import RegisterServicer
from mesh import server
from mesh.identity import Policy
from pitboss.source.v1 import exclusion_register_service_pb2_grpc

REGISTER = "pitboss.source.v1.ExclusionRegisterService"

POLICY = Policy(callers={REGISTER: ("compliance_svc", "platform")})


def main() -> None:
    """Run the process."""
    server.main("fact_sources/register", RegisterSettings, build)


async def build(settings: RegisterSettings) -> server.Parts:
    """Put the process together. Waits for nobody."""
    client = httpx.AsyncClient(trust_env=False)
    register = RegisterClient(
        client, settings.register_url, settings.register_token, settings.register_timeout_ms / 1000
    )
    return server.Parts(
        services=[
            server.Service(
                name=REGISTER,
                add=exclusion_register_service_pb2_grpc.add_ExclusionRegisterServiceServicer_to_server,
                servicer=RegisterServicer(register, settings.register_name),
            )
        ],
        policy=POLICY,
        closers=[client.aclose],
    )
