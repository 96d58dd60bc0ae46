"""Endpoints that are something else: the error says what."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.dev.ports import free_port
from mesh.dev.secrets import Authority
from pitboss_sdk import AsyncClient, Client, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """A certificate for this machine, and who signed it."""

    ca: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder, authority = tmp_path_factory.mktemp("papers"), Authority.create("test")
    issued = authority.issue_edge()
    made = Papers(ca=folder / "ca.pem", certificate=folder / "tls.pem", key=folder / "tls.key")
    made.ca.write_text(authority.pem)
    made.certificate.write_text(issued.certificate)
    made.key.write_text(issued.key)
    return made


class Page(http.server.BaseHTTPRequestHandler):
    """An ordinary web server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_error(404)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def web_server(papers: Papers | None) -> Iterator[str]:
    """An HTTP/1.1 server, with TLS if there are papers; its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if papers:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(papers.certificate, papers.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(target: str, *, ca_file: Path | None = None, plaintext: bool = False) -> tuple[errors.CallError, float]:
    """The error of one read, and how long it took."""
    began = time.monotonic()
    with (
        Client(target, token="t", ca_file=ca_file, plaintext=plaintext, timeout_s=40) as client,
        pytest.raises(errors.CallError) as caught,
    ):
        client.balance("pl-1")
    return caught.value, time.monotonic() - began


def test_a_web_server_without_tls_is_no_grpc() -> None:
    with web_server(None) as target:
        error, seconds = ask(target, plaintext=True)
    assert isinstance(error, errors.NotGrpcError)
    assert seconds < 30, "there is no use in asking again"


def test_a_web_server_with_tls_is_no_grpc(papers: Papers) -> None:
    with web_server(papers) as target:
        error, _ = ask(target, ca_file=papers.ca)
    assert isinstance(error, errors.NotGrpcError)
    assert "HTTP/2" in str(error)


def test_a_certificate_that_nobody_vouches_for(papers: Papers, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(Authority.create("stranger").pem)
    with web_server(papers) as target:
        error, _ = ask(target, ca_file=stranger)
    assert isinstance(error, errors.CertificateError)
    assert "ca_file" in str(error)


def test_a_server_that_does_not_speak_tls(papers: Papers) -> None:
    with web_server(None) as target:
        error, _ = ask(target, ca_file=papers.ca)
    assert isinstance(error, errors.NotTlsError)


def test_nobody_there_is_asked_until_the_deadline() -> None:
    began = time.monotonic()
    with (
        Client(f"127.0.0.1:{free_port()}", token="t", plaintext=True, timeout_s=2) as client,
        pytest.raises(errors.ServiceDownError),
    ):
        client.balance("pl-1")
    assert 0.5 < time.monotonic() - began < 8


async def test_the_asynchronous_client_says_the_same(papers: Papers) -> None:
    with web_server(papers) as target:
        async with AsyncClient(target, token="t", ca_file=papers.ca, timeout_s=40) as client:
            with pytest.raises(errors.NotGrpcError):
                await client.balance("pl-1")
