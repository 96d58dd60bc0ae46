"""Public keys that are asked for at an https address: a new signing key needs no restart."""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mesh.dev.files import write_private
from mesh.dev.ports import free_port
from mesh.dev.secrets import Authority, TokenSigner
from tests.integration.gateway.conftest import Edge, running_edge

_PATIENCE_S = 15


class KeySet:
    """A real https server with the key set of an identity provider."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.port, self.body = free_port(), b'{"keys": []}'
        issued = authority.issue_edge()
        pair = write_private(folder / "keys.pem", issued.certificate + issued.key)
        key_set = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(key_set.body)))
                self.end_headers()
                self.wfile.write(key_set.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def publish(self, *signers: TokenSigner) -> None:
        keys = [key for signer in signers for key in signer.jwks()["keys"]]  # type: ignore[attr-defined]
        self.body = json.dumps({"keys": keys}).encode()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()


def status(edge: Edge, token: str) -> int:
    with edge.json(token) as client:
        return client.get("/v1/players/pl-1/balance").status_code


def becomes(edge: Edge, signer: TokenSigner, wanted: int) -> bool:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        if status(edge, signer.token("aurora")) == wanted:
            return True
        time.sleep(0.1)
    return False


def test_a_new_signing_key_counts_and_a_withdrawn_one_does_not_without_a_restart(tmp_path: Path) -> None:
    authority, old, new = Authority.create("identity provider"), TokenSigner.create(), TokenSigner.create()
    trusted = write_private(tmp_path / "idp_ca.pem", authority.pem)
    keys = KeySet(tmp_path, authority)
    keys.publish(old)
    changes = {
        "PITBOSS_GATEWAY_JWKS": f"https://localhost:{keys.port}/jwks",
        "PITBOSS_GATEWAY_JWKS_CA": str(trusted),
        "PITBOSS_GATEWAY_JWKS_SECONDS": "1",
    }
    with keys.running(), running_edge(tmp_path / "edge", **changes) as edge:
        assert becomes(edge, old, 200)
        assert status(edge, new.token("aurora")) == 401
        keys.publish(old, new)
        assert becomes(edge, new, 200)
        assert status(edge, old.token("aurora")) == 200
        keys.publish(new)
        assert becomes(edge, old, 401)
        assert status(edge, new.token("aurora")) == 200


def test_keys_of_a_server_that_nobody_vouches_for_do_not_count(tmp_path: Path) -> None:
    signer = TokenSigner.create()
    keys = KeySet(tmp_path, Authority.create("stranger"))
    keys.publish(signer)
    changes = {
        "PITBOSS_GATEWAY_JWKS": f"https://localhost:{keys.port}/jwks",
        "PITBOSS_GATEWAY_JWKS_CA": str(write_private(tmp_path / "ca.pem", Authority.create("identity provider").pem)),
        "PITBOSS_GATEWAY_JWKS_SECONDS": "1",
    }
    with keys.running(), running_edge(tmp_path / "edge", **changes) as edge:
        time.sleep(1.5)
        assert status(edge, signer.token("aurora")) == 401
