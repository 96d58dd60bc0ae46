"""Runs the rounds, and answers health checks over HTTP."""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import httpx

from fact_sources.sanctions.client import SourceClient
from fact_sources.sanctions.config import SanctionsSettings
from fact_sources.sanctions.mesh_client import MeshClient
from fact_sources.sanctions.screening import Screening
from fact_sources.sanctions.state import State
from mesh import logs
from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import load_or_exit, split_address
from mesh.tls import Tls

_log = logs.get("fact_sources.sanctions")


def make_server(address: str, working: threading.Thread) -> ThreadingHTTPServer:
    """A server that is not serving yet. It is well while the work goes on."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            self.send_response((200 if working.is_alive() else 503) if self.path == "/healthz" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            _log.debug("request", line=format % args)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    settings = load_or_exit(SanctionsSettings, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure("fact_sources/sanctions", settings.log_level)
    credentials = Tls.load(settings.tls_dir).channel_credentials()
    compliance = grpc.secure_channel(settings.compliance_address, credentials)
    wallets = [grpc.secure_channel(address, credentials) for address in settings.wallet_addresses]
    mesh = MeshClient(
        compliance,
        wallets,
        settings.sanctions_source,
        hold_ms=settings.sanctions_hold_ms,
        timeout_s=settings.call_timeout_ms / 1000,
    )
    state = State(settings.sanctions_state)
    http = httpx.Client(trust_env=False, timeout=settings.sanctions_timeout_ms / 1000)
    source = SourceClient(http, settings.sanctions_url, settings.sanctions_token)
    screening = Screening(state, source, mesh, hold_s=settings.sanctions_hold_ms / 1000)
    working = threading.Thread(target=screening.run, args=(settings.sanctions_poll_ms / 1000,), name="screening")
    working.start()
    server = make_server(settings.sanctions_listen, working)
    stop_on_signals(server)
    _log.info("ready", listen=settings.sanctions_listen, port=server.server_address[1])
    server.serve_forever(poll_interval=0.1)
    screening.stop()
    working.join()
    server.server_close()
    http.close()
    for channel in (compliance, *wallets):
        channel.close()
    state.close()
    _log.info("stopped")
    lines.flush()
    sys.exit(0)
