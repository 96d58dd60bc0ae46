"""Runs the rounds, and answers health checks over HTTP."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from fact_sources import running
from fact_sources.sanctions.client import SourceClient
from fact_sources.sanctions.config import SanctionsSettings
from fact_sources.sanctions.mesh_client import MeshClient
from fact_sources.sanctions.screening import Screening
from fact_sources.sanctions.state import State
from mesh import logs
from mesh.channels import blocking_channel
from mesh.settings import split_address
from mesh.tls import Tls

_log = logs.get("fact_sources.sanctions")


def make_server(address: str, working: threading.Thread) -> ThreadingHTTPServer:
    """A server that is not serving yet. It is well while the work goes on."""

    class Handler(running.Answering, BaseHTTPRequestHandler):
        log = _log

        def do_GET(self) -> None:
            self.answer_empty((200 if working.is_alive() else 503) if self.path == "/healthz" else 404)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    with running.process("fact_sources/sanctions", SanctionsSettings, _log) as settings:
        tls = Tls.load(settings.tls_dir)
        compliance = blocking_channel(settings.compliance_address, tls)
        wallets = [blocking_channel(address, tls) for address in settings.wallet_addresses]
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
        running.serve(server, settings.sanctions_listen, _log)
        screening.stop()
        working.join()
        server.server_close()
        http.close()
        for channel in (compliance, *wallets):
            channel.close()
        state.close()
