"""Takes clients' assertions over HTTP: `POST /assertion`."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import grpc
import httpx

from fact_sources import running
from fact_sources.geolocation.config import GeolocationSettings
from fact_sources.geolocation.reading import Finding, Refusal, RefusedError, read
from fact_sources.geolocation.recording import HealthTeller, Recorder
from fact_sources.geolocation.sealing import Keys, open_assertion
from fact_sources.geolocation.watching import Watch, is_well
from mesh import logs
from mesh.channels import blocking_channel
from mesh.clock import Clock, open_clock
from mesh.settings import split_address
from mesh.tls import Tls

_log = logs.get("fact_sources.geolocation")

_MOST_BYTES: Final = 16 * 1024
_STATUS: Final = {
    Refusal.UNREADABLE: 400,
    Refusal.OTHER_ALGORITHM: 401,
    Refusal.UNSIGNED: 401,
    Refusal.STALE: 409,
    Refusal.REPLAYED: 409,
    Refusal.CONTRADICTORY: 422,
    Refusal.UNKNOWN: 422,
}
_HONEST: Final = frozenset({Refusal.UNKNOWN, Refusal.CONTRADICTORY})
"""What an honest client may bring."""

Answer = tuple[int, dict[str, object]]


class Assertions:
    """Opens, reads and records, one assertion at a time in each thread."""

    def __init__(
        self, vendor: str, keys: Keys, clock: Clock, max_age_us: int, record: Callable[[Finding, str], None]
    ) -> None:
        self._vendor = vendor
        self._keys = keys
        self._clock = clock
        self._max_age_us = max_age_us
        self._record = record

    def take(self, body: bytes) -> Answer:
        """Status and answer for an assertion; 200 when the place is recorded."""
        try:
            text = _text(body)
            claims = open_assertion(text, self._keys)
            finding = read(claims, vendor=self._vendor, now_us=self._clock.now_us(), max_age_us=self._max_age_us)
            return self._recorded(finding, text)
        except RefusedError as error:
            tell = _log.warning if error.refusal in _HONEST else _log.security
            tell("an assertion was refused", vendor=self._vendor, reason=error.refusal.value)
            return _STATUS[error.refusal], {"accepted": False, "reason": error.refusal.value}

    def _recorded(self, finding: Finding, text: str) -> Answer:
        try:
            self._record(finding, text)
        except grpc.RpcError as error:
            match error.code():
                case grpc.StatusCode.ALREADY_EXISTS:
                    raise RefusedError(Refusal.REPLAYED) from None
                case grpc.StatusCode.INVALID_ARGUMENT:
                    raise RefusedError(Refusal.UNREADABLE) from None
                case grpc.StatusCode.NOT_FOUND:
                    return 404, {"accepted": False, "reason": "PLAYER_NOT_FOUND"}
            _log.warning("a place was not recorded", vendor=self._vendor, code=error.code().name)
            return 503, {"accepted": False, "reason": "GEO.UNAVAILABLE"}
        return 200, {"accepted": True, "territory": finding.territory}


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise RefusedError(Refusal.UNREADABLE) from None


def make_server(address: str, assertions: Assertions) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(running.Answering, BaseHTTPRequestHandler):
        log = _log

        def do_GET(self) -> None:
            self._answer(200 if self.path == "/healthz" else 404, {})

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path != "/assertion":
                self._answer(404, {})
            elif not length.isdecimal() or int(length) > _MOST_BYTES:
                self._answer(413, {})
            else:
                self._answer(*assertions.take(self.rfile.read(int(length))))

        def _answer(self, status: int, answer: dict[str, object]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    with running.process("fact_sources/geolocation", GeolocationSettings, _log) as settings:
        tls, timeout_s = Tls.load(settings.tls_dir), settings.call_timeout_ms / 1000
        compliance = blocking_channel(settings.compliance_address, tls)
        wallets = [blocking_channel(address, tls) for address in settings.wallet_addresses]
        recorder = Recorder(compliance, settings.geolocation_vendor, timeout_s)
        assertions = Assertions(
            settings.geolocation_vendor,
            settings.keys(),
            open_clock(settings.clock_file),
            settings.geolocation_max_age_ms * 1000,
            recorder.record,
        )
        server = make_server(settings.geolocation_listen, assertions)
        vendor = httpx.Client(trust_env=False, timeout=settings.geolocation_timeout_ms / 1000)
        teller = HealthTeller(wallets, settings.geolocation_hold_ms, timeout_s)
        watch = Watch(
            lambda: is_well(vendor, settings.geolocation_url),
            teller,
            every_s=settings.geolocation_watch_ms / 1000,
            hold_s=settings.geolocation_hold_ms / 1000,
        )
        watching = threading.Thread(target=watch.run, name="watch")
        watching.start()
        running.serve(server, settings.geolocation_listen, _log)
        watch.stop()
        watching.join()
        server.server_close()
        vendor.close()
        for channel in (compliance, *wallets):
            channel.close()
