"""What simulators of outside sources have in common: how they answer over HTTP, and the ways in which any source can fail."""

from __future__ import annotations

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from fact_sources.signing import HEADER
from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import split_address

SLOW_S: Final = 20.0
_ORDERS: Final = "/control/"
_BOOK: Final = "/book/"
FAILURES: Final = ("slow", "empty", "broken")


def failing(habit: str) -> tuple[int, bytes] | None:
    """Status and body of a source that fails so. None: it answers, after a while if it is slow."""
    if habit == "slow":
        time.sleep(SLOW_S)
    return {"empty": (200, b""), "broken": (503, b"maintenance")}.get(habit)


class Handler(BaseHTTPRequestHandler):
    """Reads whole bodies and answers, also somebody who did not wait."""

    timeout = 30.0

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        words = self.path.removeprefix(_ORDERS)
        if words != self.path:
            self.answer(self.control(words), b"")
        else:
            self.post(body)

    def get(self) -> None:
        """Answer a question: that it is well is what every simulator says."""
        self.answer(200 if self.path == "/healthz" else 404, b"")

    def post(self, body: bytes) -> None:  # noqa: ARG002 - for those that are asked so
        """Answer what was sent: nothing is known here."""
        self.answer(404, b"")

    def control(self, words: str) -> int:  # noqa: ARG002 - as above
        """Take an order that came to `/control/`; the status for it."""
        return 404

    def is_from(self, token: str) -> bool:
        """Whether the caller knows the token; who does not has been answered."""
        known = self.headers.get("authorization") == f"Bearer {token}"
        if not known:
            self.answer(401, b"")
        return known

    def answer(self, status: int, body: bytes) -> None:
        """Send an answer."""
        try:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except BrokenPipeError:
            # Whoever asked did not wait.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


class SignedFile(Protocol):
    """A state's file that is simulated: what it answers, and how that is signed."""

    def reply(self, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, body and signature of an answer; no signature where it is to have none."""
        ...

    def control(self, words: str) -> int:
        """See `Handler.control`."""
        ...

    def shown(self, player: str) -> tuple[int, bytes]:
        """Status and body of what it has about a player."""
        ...


def make_file_server(address: str, token: str, file: SignedFile) -> ThreadingHTTPServer:
    """A server of such a file that is not serving yet. Whoever knows the token may ask, and anybody may look into its book."""

    class FileHandler(Handler):
        signature = ""

        def get(self) -> None:
            player = self.path.removeprefix(_BOOK)
            if player != self.path:
                self.answer(*file.shown(player))
            else:
                super().get()

        def post(self, body: bytes) -> None:
            if self.is_from(token):
                status, answer, self.signature = file.reply(self.path, body)
                self.answer(status, answer)

        def control(self, words: str) -> int:
            return file.control(words)

        def end_headers(self) -> None:
            if self.signature:
                self.send_header(HEADER, self.signature)
                self.signature = ""
            super().end_headers()

    return make_server(address, FileHandler)


def make_server(address: str, handler: type[Handler]) -> ThreadingHTTPServer:
    """A server that is not serving yet."""
    server = ThreadingHTTPServer(split_address(address), handler)
    server.daemon_threads = True
    return server


def serve(server: ThreadingHTTPServer) -> None:
    """Serve until SIGTERM, or as long as the parent lives if the environment says so."""
    if os.environ.get("PITBOSS_DIE_WITH_PARENT"):
        die_with_parent()
    stop_on_signals(server)
    server.serve_forever(poll_interval=0.1)
