"""A real Envoy with our configuration, and real servers behind it."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from mesh.dev.child import Child, Command, spawn
from mesh.dev.files import write_private, write_private_json
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_ports
from mesh.dev.secrets import Authority, TokenSigner, write_workload
from tests.integration.gateway.upstreams import GrpcUpstream, HttpUpstream


@dataclass(slots=True, kw_only=True)
class Edge:
    """A running gateway with everything a test needs to talk to it and to look behind it."""

    folder: Path
    environment: dict[str, str]
    signer: TokenSigner
    edge_authority: Authority
    wallets: list[GrpcUpstream]
    session: GrpcUpstream
    compliance: GrpcUpstream
    callbacks: HttpUpstream
    envoy: Child

    @property
    def licensee_port(self) -> int:
        return _port(self.environment["PITBOSS_GATEWAY_LISTEN"])

    @property
    def studio_url(self) -> str:
        return "http://" + self.environment["PITBOSS_GATEWAY_STUDIO_LISTEN"]

    @property
    def admin_url(self) -> str:
        return "http://" + self.environment["PITBOSS_GATEWAY_ADMIN_LISTEN"]

    @property
    def operations_url(self) -> str:
        return "http://" + self.environment["PITBOSS_GATEWAY_OPERATIONS_LISTEN"]

    def token(self, licensee: str = "aurora", **options: Any) -> str:
        return self.signer.token(licensee, **options)

    def json(self, token: str | None = None, **options: Any) -> httpx.Client:
        """A JSON client with a token, a good one unless told otherwise; "" sends none."""
        token = self.token() if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        trust = ssl.create_default_context(cadata=self.edge_authority.pem)
        return httpx.Client(
            base_url=f"https://localhost:{self.licensee_port}", headers=headers, verify=trust, **options
        )

    @contextlib.contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        credentials = grpc.ssl_channel_credentials(self.edge_authority.pem.encode())
        with grpc.secure_channel(f"localhost:{self.licensee_port}", credentials) as channel:
            yield channel

    def call(
        self, path: str, request: bytes = b"", *, token: str | None = None, timeout: float | None = 20,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> tuple[bytes, dict[str, str]]:  # fmt: skip
        """One unary gRPC call with raw bytes; returns the answer and its initial metadata."""
        token = self.token() if token is None else token
        bearer = (("authorization", f"Bearer {token}"),) if token else ()
        with self.channel() as channel:
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
            answer, done = method.with_call(request, metadata=(*bearer, *headers), timeout=timeout)
        return answer, {key: str(value) for key, value in done.initial_metadata()}

    def wallet_calls(self) -> list[Any]:
        return [call for wallet in self.wallets for call in wallet.calls]

    def forget(self) -> None:
        """Start a test with empty memories."""
        for upstream in (*self.wallets, self.session, self.compliance):
            upstream.calls.clear()
            upstream.behave.clear()
        self.callbacks.requests.clear()
        self.callbacks.status = 200

    def access_log(self, listener_field: str) -> list[dict[str, Any]]:
        """The log lines of the listener that writes this field."""
        # What follows the last end of a line is still being written.
        lines = self.envoy.command.log.read_text().split("\n")[:-1]
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if listener_field in line]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _environment(folder: Path, ports: list[int], **changes: str) -> dict[str, str]:
    names = ("LISTEN", "STUDIO_LISTEN", "ADMIN_LISTEN", "OPERATIONS_LISTEN")
    listen = {f"PITBOSS_GATEWAY_{name}": f"127.0.0.1:{port}" for name, port in zip(names, ports, strict=False)}
    wallets, session, compliance, callbacks, nobody = ports[4:6], *ports[6:]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        **listen,
        "PITBOSS_GATEWAY_CONFIG_DIR": str(folder),
        "PITBOSS_GATEWAY_JWKS": str(folder / "jwks" / "jwks.json"),
        "PITBOSS_GATEWAY_EDGE_TLS_DIR": str(folder / "edge"),
        "PITBOSS_TLS_DIR": str(folder / "tls" / "gateway"),
        "PITBOSS_WALLET_ADDRESSES": ",".join(f"127.0.0.1:{port}" for port in wallets),
        "PITBOSS_SESSION_ADDRESS": f"127.0.0.1:{session}",
        "PITBOSS_COMPLIANCE_ADDRESS": f"127.0.0.1:{compliance}",
        "PITBOSS_GATEWAY_CALLBACKS": f"hub88_style=127.0.0.1:{callbacks},absent_style=127.0.0.1:{nobody}",
        "PITBOSS_GATEWAY_WORKERS": "1",
        **changes,
    }


def write_edge_certificate(folder: Path, authority: Authority) -> None:
    """The key first: Envoy looks again at each move, and takes the pair when it fits."""
    issued = authority.issue_edge()
    write_private(folder / "edge" / "tls.key", issued.key)
    write_private(folder / "edge" / "tls.pem", issued.certificate)


def _secrets(
    folder: Path, workloads: tuple[str, ...]
) -> tuple[TokenSigner, Authority, dict[str, grpc.ServerCredentials]]:
    mesh, edge, signer = Authority.create("test mesh"), Authority.create("test edge"), TokenSigner.create()
    write_workload(folder / "tls", mesh, "gateway")
    write_edge_certificate(folder, edge)
    write_private_json(folder / "jwks" / "jwks.json", signer.jwks())
    credentials = {}
    for workload in workloads:
        issued = mesh.issue_workload(workload)
        pair = [(issued.key.encode(), issued.certificate.encode())]
        credentials[workload] = grpc.ssl_server_credentials(pair, mesh.pem.encode(), require_client_auth=True)
    return signer, edge, credentials


def _wait_until_ready(envoy: Child, admin: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://{admin}/ready").text.strip() == "LIVE":
                return
        assert envoy.exit_code is None, envoy.last_lines(30)
        time.sleep(0.02)
    pytest.fail(f"Envoy is not ready:\n{envoy.last_lines(30)}")


@contextlib.contextmanager
def running_edge(folder: Path, *, session_identity: str = "session_svc", **changes: str) -> Iterator[Edge]:
    ports = free_ports(10)
    environment = _environment(folder, ports, **changes)
    signer, authority, credentials = _secrets(folder, ("wallet_svc", session_identity, "compliance_svc"))
    wallets = [GrpcUpstream(port, credentials["wallet_svc"]) for port in ports[4:6]]
    session = GrpcUpstream(ports[6], credentials[session_identity])
    compliance = GrpcUpstream(ports[7], credentials["compliance_svc"])
    callbacks = HttpUpstream(ports[8])
    upstreams: list[GrpcUpstream | HttpUpstream] = [*wallets, session, compliance, callbacks]
    for upstream in upstreams:
        upstream.start()
    envoy = spawn(Command(name="gateway", argv=[sys.executable, "-m", "gateway"], environment=environment,
                          log=folder / "gateway.log", directory=ROOT))  # fmt: skip
    try:
        _wait_until_ready(envoy, environment["PITBOSS_GATEWAY_ADMIN_LISTEN"])
        yield Edge(folder=folder, environment=environment, signer=signer, edge_authority=authority, wallets=wallets,
                   session=session, compliance=compliance, callbacks=callbacks, envoy=envoy)  # fmt: skip
    finally:
        envoy.kill()
        for upstream in upstreams:
            upstream.stop()


@pytest.fixture(scope="session")
def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with running_edge(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


@pytest.fixture
def edge(shared_edge: Edge) -> Edge:
    shared_edge.forget()
    return shared_edge
