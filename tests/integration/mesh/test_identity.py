"""Who may call, over real connections with real certificates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from mesh.channels import secure_channel
from mesh.dev.secrets import Authority, private_pem
from mesh.identity import Caller, Policy, current_caller, require_scope
from mesh.tls import Tls
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.harness import GOOD, SERVICE, Echo, EchoStub, World, refusal, serving

LICENSEE = ("x-pitboss-licensee", "aurora")
USAGES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


class Witness:
    """Remembers who called."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []

    async def __call__(self, request: Money, context: Any) -> Money:
        self.callers.append(current_caller())
        return request

    @property
    def echo(self) -> Echo:
        async def unary(request: Money, context: Any) -> Money:
            return await self(request, context)

        return Echo(unary=unary)


def odd_certificate(world: World, authority: Authority, names: list[x509.GeneralName], name: str = "odd") -> Tls:
    issued = authority._issue(name, names, USAGES)
    return Tls(authority=world.authority.pem.encode(), certificate=issued.certificate.encode(), key=issued.key.encode())


async def test_the_workload_is_the_uri_in_the_certificate_of_the_peer(world: World) -> None:
    witness = Witness()
    async with serving(world, witness.echo) as running:
        for workload in ("session_svc", "provider_adapters/hub88_style", "session_svc"):
            await (await running.stub(workload)).Unary(GOOD, timeout=20)
    assert [caller.workload for caller in witness.callers] == [
        "session_svc",
        "provider_adapters/hub88_style",
        "session_svc",
    ]
    assert [caller.adapter for caller in witness.callers] == [None, "hub88_style", None]


async def test_a_header_cannot_name_another_workload_when_certificates_are_used(world: World) -> None:
    witness = Witness()
    async with serving(world, witness.echo) as running:
        stub = await running.stub("session_svc")
        await stub.Unary(GOOD, timeout=20, metadata=[("x-pitboss-workload", "platform")])
    assert witness.callers[0].workload == "session_svc"


async def test_a_caller_without_a_certificate_is_not_connected(world: World) -> None:
    async with serving(world) as running:
        credentials = grpc.ssl_channel_credentials(world.authority.pem.encode())
        async with grpc.aio.secure_channel(f"localhost:{running.port}", credentials) as channel:
            assert (await refusal(EchoStub(channel).Unary(GOOD, timeout=20))).code == "UNAVAILABLE"


async def test_a_certificate_of_another_authority_is_not_connected(world: World) -> None:
    stranger = Authority.create("somebody else")
    names = [x509.UniformResourceIdentifier("spiffe://pitboss/platform"), x509.DNSName("localhost")]
    async with serving(world) as running:
        tls = odd_certificate(world, stranger, names)
        async with secure_channel(f"localhost:{running.port}", tls) as channel:
            assert (await refusal(EchoStub(channel).Unary(GOOD, timeout=20))).code == "UNAVAILABLE"


@pytest.mark.parametrize(
    "names",
    [
        [x509.DNSName("localhost")],
        [x509.UniformResourceIdentifier("spiffe://elsewhere/platform")],
    ],
)
async def test_a_certificate_of_ours_that_names_no_workload_is_nobody(
    world: World, names: list[x509.GeneralName]
) -> None:
    async with serving(world) as running:
        tls = odd_certificate(world, world.authority, names, name="spiffe://pitboss/platform")
        async with secure_channel(f"localhost:{running.port}", tls) as channel:
            refused = await refusal(EchoStub(channel).Unary(GOOD, timeout=20))
    assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "CALLER_UNKNOWN")


async def test_a_common_name_is_not_a_workload(world: World) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "spiffe://pitboss/platform")]))
        .issuer_name(world.authority._certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(world.authority._key, hashes.SHA256())
    )
    tls = Tls(
        authority=world.authority.pem.encode(),
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=private_pem(key).encode(),
    )
    async with serving(world) as running, secure_channel(f"localhost:{running.port}", tls) as channel:
        refused = await refusal(EchoStub(channel).Unary(GOOD, timeout=20))
    assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "CALLER_UNKNOWN")


async def test_a_workload_that_the_policy_does_not_name_is_refused(world: World) -> None:
    policy = Policy({SERVICE: {"session_svc"}, f"{SERVICE}/Sending": {"platform"}})
    async with serving(world, policy=policy) as running:
        platform, session = await running.stub("platform"), await running.stub("session_svc")
        refused = await refusal(platform.Unary(GOOD, timeout=20))
        assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "CALLER_FORBIDDEN")
        assert refused.metadata["workload"] == "platform"
        assert (await session.Unary(GOOD, timeout=20)) == GOOD
        assert [answer.amount async for answer in platform.Sending(GOOD, timeout=20)] == ["0", "1", "2"]
        refused = await refusal(anext(aiter(session.Sending(GOOD, timeout=20))))
        assert refused.reason == "CALLER_FORBIDDEN"


async def test_every_adapter_is_meant_by_the_star_and_nobody_else(world: World) -> None:
    async with serving(world, policy=Policy({SERVICE: {"provider_adapters/*"}})) as running:
        assert await (await running.stub("provider_adapters/one")).Unary(GOOD, timeout=20) == GOOD
        for workload in ("platform", "gateway"):
            refused = await refusal((await running.stub(workload)).Unary(GOOD, timeout=20))
            assert refused.reason == "CALLER_FORBIDDEN"


async def test_the_gateway_must_say_which_licensee_it_speaks_for(world: World) -> None:
    witness = Witness()
    async with serving(world, witness.echo) as running:
        gateway = await running.stub("gateway")
        for metadata in ([], [("x-pitboss-licensee", "")], [("x-pitboss-licensee", "Not-An-Id")]):
            refused = await refusal(gateway.Unary(GOOD, timeout=20, metadata=metadata))
            assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "LICENSEE_MISSING")
        await gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE])
    assert [(caller.licensee, caller.source) for caller in witness.callers] == [("aurora", "cashier")]


async def test_a_tenantless_method_needs_no_licensee(world: World) -> None:
    policy = Policy({SERVICE: {"gateway"}}, tenantless={f"{SERVICE}/Unary"})
    async with serving(world, policy=policy) as running:
        gateway = await running.stub("gateway")
        assert await gateway.Unary(GOOD, timeout=20) == GOOD
        assert (await refusal(anext(aiter(gateway.Sending(GOOD, timeout=20))))).reason == "LICENSEE_MISSING"


async def test_a_header_that_comes_twice_is_refused(world: World) -> None:
    async with serving(world) as running:
        gateway = await running.stub("gateway")
        refused = await refusal(
            gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE, ("x-pitboss-licensee", "borealis")])
        )
    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "CALLER_FORBIDDEN")


async def test_the_source_is_the_callers_own_unless_it_is_the_platform(world: World) -> None:
    witness = Witness()
    claim = [LICENSEE, ("x-pitboss-source", "hub88_style")]
    async with serving(world, witness.echo) as running:
        for workload in ("gateway", "platform", "provider_adapters/pragmatic_style", "session_svc"):
            await (await running.stub(workload)).Unary(GOOD, timeout=20, metadata=claim)
    assert [caller.source for caller in witness.callers] == ["cashier", "hub88_style", "pragmatic_style", "session_svc"]


async def test_scopes_count_only_from_the_gateway(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        require_scope("wallet")
        return request

    async with serving(world, Echo(unary=unary)) as running:
        gateway, session = await running.stub("gateway"), await running.stub("session_svc")
        scopes = ("x-pitboss-scopes", "play wallet")
        assert await gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE, scopes]) == GOOD
        assert await session.Unary(GOOD, timeout=20) == GOOD
        refused = await refusal(gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE, ("x-pitboss-scopes", "play")]))
    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "SCOPE_MISSING")
    assert refused.metadata["scope"] == "wallet"


async def test_a_scope_in_the_policy_is_asked_for_before_the_servicer_runs(world: World) -> None:
    witness = Witness()
    policy = Policy({SERVICE: {"gateway"}}, scopes={SERVICE: "wallet"})
    async with serving(world, witness.echo, policy) as running:
        gateway = await running.stub("gateway")
        assert (await refusal(gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE]))).reason == "SCOPE_MISSING"
        await gateway.Unary(GOOD, timeout=20, metadata=[LICENSEE, ("x-pitboss-scopes", "wallet")])
    assert len(witness.callers) == 1


async def test_the_request_id_goes_through_if_it_is_fit_for_logs(world: World) -> None:
    witness = Witness()
    async with serving(world, witness.echo) as running:
        stub = await running.stub()
        await stub.Unary(GOOD, timeout=20, metadata=[("x-request-id", "0192f5a0-1111-7000-8000-000000000001")])
        await stub.Unary(GOOD, timeout=20, metadata=[("x-request-id", 'bad"} {"level": "x')])
    given, replaced = (caller.request_id for caller in witness.callers)
    assert given == "0192f5a0-1111-7000-8000-000000000001"
    assert replaced
    assert '"' not in replaced


async def test_binary_and_unknown_metadata_are_ignored(world: World) -> None:
    witness = Witness()
    metadata = [("x-pitboss-licensee-bin", b"\xff\x00"), ("x-other", "1"), ("x-other", "2"), LICENSEE]
    async with serving(world, witness.echo) as running:
        await (await running.stub()).Unary(GOOD, timeout=20, metadata=metadata)
    assert witness.callers[0].licensee == "aurora"


async def test_on_a_loopback_without_certificates_callers_name_themselves(world: World) -> None:
    witness = Witness()
    async with serving(world, witness.echo, tls_dir=None, insecure_loopback=True) as running:
        await (await running.stub("provider_adapters/hub88_style")).Unary(GOOD, timeout=20)
        refused = await refusal((await running.stub("")).Unary(GOOD, timeout=20))
    assert witness.callers[0].workload == "provider_adapters/hub88_style"
    assert refused.reason == "CALLER_UNKNOWN"
