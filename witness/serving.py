"""The witness over HTTP, as in C2SP tlog-witness: `POST /add-checkpoint`."""

from __future__ import annotations

import os
import sys
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from mesh import logs
from mesh.notes import Cosigner
from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import load_or_exit, split_address
from mesh.verify.notes import Key
from witness.checking import SECURITY, Refusal, RefusedError, Request, check, read_note
from witness.config import WitnessSettings
from witness.state import State

_log = logs.get("witness")

_MOST_BYTES: Final = 64 * 1024
_READ_S: Final = 5.0
_STATUS: Final = {
    Refusal.MALFORMED: 400,
    Refusal.UNKNOWN: 404,
    Refusal.UNSIGNED: 403,
    Refusal.STALE: 409,
    Refusal.ROLLED_BACK: 409,
    Refusal.SPLIT: 422,
}


class Witness:
    """Checks and cosigns, one request at a time."""

    def __init__(self, state: State, cosigner: Cosigner, keys: list[Key]) -> None:
        self._state = state
        self._cosigner = cosigner
        self._keys = keys
        self._turn = threading.Lock()

    def add_checkpoint(self, body: bytes) -> str:
        """Our line for the checkpoint. What is signed is remembered first. Raises RefusedError."""
        request = parse(body)
        moment = int(time.time())
        with self._turn:
            try:
                new = read_note(request, self._keys)
                with self._state.moment():
                    check(request, new, self._state.last(new.origin))
                    self._state.put(new, request.note)
            except RefusedError as error:
                self._tell(error, request, moment)
                raise
        return self._cosigner.cosign(request.note.partition("\n\n")[0] + "\n", moment)

    def _tell(self, error: RefusedError, request: Request, moment: int) -> None:
        if error.refusal in SECURITY:
            _log.security("a log was refused", refusal=error.refusal.value, why=str(error))
            with self._state.moment():
                self._state.refuse(moment, error.refusal.value, str(error), request.note)


def parse(body: bytes) -> Request:
    """`old <size>`, a hash on each line, an empty line, the checkpoint. Raises RefusedError."""
    head, separator, note = body.partition(b"\n\n")
    first, *hashes = head.split(b"\n")
    try:
        old = first.removeprefix(b"old ").decode("ascii")
        path = [b64decode(line, validate=True) for line in hashes]
        text = note.decode()
    except ValueError:
        old, path, text = "", [], ""
    if not separator or not first.startswith(b"old ") or not old.isdecimal():
        raise RefusedError(Refusal.MALFORMED, "the request is not: old size, hashes, an empty line, a checkpoint")
    return Request(old=int(old), path=path, note=text)


def make_server(address: str, witness: Witness) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _READ_S

        def do_GET(self) -> None:
            self._answer(200 if self.path == "/healthz" else 404, "")

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path != "/add-checkpoint" or not length.isdecimal() or int(length) > _MOST_BYTES:
                self._answer(404 if self.path != "/add-checkpoint" else 413, "")
                return
            try:
                line = witness.add_checkpoint(self.rfile.read(int(length)))
            except RefusedError as error:
                self._refuse(error)
            else:
                self._answer(200, f"{line}\n")

        def _refuse(self, error: RefusedError) -> None:
            status = _STATUS[error.refusal]
            if status == _STATUS[Refusal.STALE]:
                self._answer(status, f"{error.seen}\n", "text/x.tlog.size")
            else:
                self._answer(status, f"{error.refusal.value}: {error}\n")

        def _answer(self, status: int, text: str, kind: str = "text/plain") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            _log.debug("request", line=format % args)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    settings = load_or_exit(WitnessSettings, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure("witness", settings.log_level)
    state = State(settings.witness_state)
    server = make_server(settings.witness_listen, Witness(state, settings.cosigner(), settings.keys()))
    stop_on_signals(server)
    _log.info(
        "ready", listen=settings.witness_listen, port=server.server_address[1], key=settings.cosigner().verifier_key
    )
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    state.close()
    _log.info("stopped")
    lines.flush()
    sys.exit(0)
