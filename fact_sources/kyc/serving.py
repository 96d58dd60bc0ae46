"""Takes a vendor's callbacks over HTTP: `POST /callback`."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import grpc

from fact_sources import running
from fact_sources.kyc.config import KycSettings
from fact_sources.kyc.reading import Finding, Refusal, RefusedError, check, read
from fact_sources.kyc.recording import Recorder
from mesh import logs
from mesh.channels import blocking_channel
from mesh.settings import split_address
from mesh.tls import Tls

_log = logs.get("fact_sources.kyc")

_MOST_BYTES: Final = 256 * 1024
_STATUS: Final = {Refusal.UNSIGNED: 401, Refusal.OTHER_ALGORITHM: 401, Refusal.UNREADABLE: 400}
_FOR_GOOD: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
}
"""What a retry would not change. Everything else the vendor sends again."""


class Callbacks:
    """Verifies, reads and records, one callback at a time in each thread."""

    def __init__(self, vendor: str, secret: str, algorithm: str, record: Callable[[Finding], None]) -> None:
        self._vendor = vendor
        self._secret = secret.encode()
        self._algorithm = algorithm
        self._record = record

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status for a callback; 200 when what it says is recorded."""
        try:
            check(headers, body, secret=self._secret, algorithm=self._algorithm)
            finding = read(body)
        except RefusedError as error:
            _log.security("a callback was refused", vendor=self._vendor, refusal=error.refusal.value)
            return _STATUS[error.refusal]
        try:
            self._record(finding)
        except grpc.RpcError as error:
            code = error.code()
            _log.warning("a finding was not recorded", vendor=self._vendor, code=code.name)
            return _FOR_GOOD.get(code, 503)
        return 200


def make_server(address: str, callbacks: Callbacks) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(running.Answering, BaseHTTPRequestHandler):
        log = _log

        def do_GET(self) -> None:
            self.answer_empty(200 if self.path == "/healthz" else 404)

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path != "/callback":
                self.answer_empty(404)
            elif not length.isdecimal() or int(length) > _MOST_BYTES:
                self.answer_empty(413)
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.answer_empty(callbacks.take(headers, self.rfile.read(int(length))))

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    with running.process("fact_sources/kyc", KycSettings, _log) as settings:
        channel = blocking_channel(settings.compliance_address, Tls.load(settings.tls_dir))
        recorder = Recorder(channel, settings.call_timeout_ms / 1000)
        callbacks = Callbacks(settings.kyc_vendor, settings.kyc_secret, settings.kyc_algorithm, recorder.record)
        server = make_server(settings.kyc_listen, callbacks)
        running.serve(server, settings.kyc_listen, _log)
        server.server_close()
        channel.close()
