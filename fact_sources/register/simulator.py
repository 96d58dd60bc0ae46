"""A register to ask, with habits: `POST /control/<habit>` makes it clear, listed, possible, slow, empty, broken ...

For sandboxes and drills. Whom it lists is told it by `POST /control/list/<reference>`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import split_address

SLOW_S: Final = 20.0
HABITS: Final = ("honest", "possible", "slow", "empty", "broken", "unreadable", "contradictory", "mixed_up")


_SPOILED: Final[Mapping[str, Mapping[str, object]]] = {
    "possible": {"status": "POSSIBLE"},
    "unreadable": {"status": "PERHAPS"},
    "contradictory": {"status": "NOT_LISTED", "entries": [{"term": "6mo"}]},
    "mixed_up": {"reference": "somebody/else"},
}


class Register:
    """What it knows, and how it behaves."""

    def __init__(self) -> None:
        self.habit = "honest"
        self.listed: set[str] = set()

    def reply(self, reference: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        listed = reference in self.listed
        honest: dict[str, object] = {
            "reference": reference,
            "status": "LISTED" if listed else "NOT_LISTED",
            "entries": [{"term": "6mo"}] if listed else [],
        }
        if self.habit == "slow":
            time.sleep(SLOW_S)
        if self.habit in {"empty", "broken"}:
            return (200, b"") if self.habit == "empty" else (503, b"maintenance")
        return 200, json.dumps({**honest, **_SPOILED.get(self.habit, {})}).encode()


def make_server(address: str, token: str, register: Register) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30.0

        def do_GET(self) -> None:
            self._answer(200 if self.path == "/healthz" else 404, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith("/control/list/"):
                register.listed.add(self.path.removeprefix("/control/list/"))
                self._answer(200, b"")
            elif self.path.startswith("/control/"):
                habit = self.path.removeprefix("/control/")
                register.habit = habit if habit in HABITS else register.habit
                self._answer(200 if habit in HABITS else 404, b"")
            elif self.headers.get("authorization") != f"Bearer {token}":
                self._answer(401, b"")
            else:
                self._answer(*register.reply(json.loads(body)["reference"]))

        def _answer(self, status: int, body: bytes) -> None:
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

    server = ThreadingHTTPServer(split_address(address), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until SIGTERM."""
    if os.environ.get("PITBOSS_DIE_WITH_PARENT"):
        die_with_parent()
    environment = os.environ
    server = make_server(environment["PITBOSS_REGISTER_LISTEN"], environment["PITBOSS_REGISTER_TOKEN"], Register())
    stop_on_signals(server)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
