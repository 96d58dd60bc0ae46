"""A source of screenings, with habits: `POST /control/<habit>`. For sandboxes and drills.

`POST /control/list/<kind>/<reference>` puts somebody on the lists (`SANCTION`, `PEP`, or `POSSIBLE` for a name that is
near), `POST /control/unlist/<reference>` takes off; both make a new version of the lists.
"""

from __future__ import annotations

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import split_address

SLOW_S: Final = 20.0
_SPOILED: Final[dict[str, dict[str, Any]]] = {
    "honest": {},
    "unreadable": {"status": "PERHAPS"},
    "contradictory": {"status": "NO_MATCH", "entries": [{"kind": "SANCTION"}]},
    "mixed_up": {"reference": "somebody/else"},
}
HABITS: Final = (*_SPOILED, "slow", "empty", "broken")


class Lists:
    """What it knows, and how it behaves."""

    def __init__(self) -> None:
        self.habit = "honest"
        self.version = 1
        self.listed: dict[str, str] = {}

    def control(self, words: str) -> int:
        """Take an order; the status for it."""
        order, _, rest = words.partition("/")
        if order in HABITS and not rest:
            self.habit = order
            return 200
        kind, _, reference = rest.partition("/")
        if order == "list" and kind in {"SANCTION", "PEP", "POSSIBLE"}:
            self.listed[reference] = kind
        elif order == "unlist":
            self.listed.pop(rest, None)
        else:
            return 404
        self.version += 1
        return 200

    def reply(self, reference: str | None) -> tuple[int, bytes]:
        """Status and body of an answer about a player, or about the version."""
        if self.habit == "slow":
            time.sleep(SLOW_S)
        if self.habit in {"empty", "broken"}:
            return (200, b"") if self.habit == "empty" else (503, b"maintenance")
        said: dict[str, Any] = {"version": f"lists-{self.version}"}
        if reference is not None:
            kind = self.listed.get(reference)
            entries = [] if kind is None else [{"kind": "PEP" if kind == "PEP" else "SANCTION"}]
            status = "NO_MATCH" if kind is None else ("POSSIBLE" if kind == "POSSIBLE" else "MATCH")
            said |= {"reference": reference, "status": status, "entries": entries} | _SPOILED[self.habit]
        return 200, json.dumps(said).encode()


def make_server(address: str, token: str, lists: Lists) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30.0

        def do_GET(self) -> None:
            if self.path == "/version":
                self._known(None)
            else:
                self._answer(200 if self.path == "/healthz" else 404, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith("/control/"):
                self._answer(lists.control(self.path.removeprefix("/control/")), b"")
            else:
                self._known(json.loads(body)["reference"])

        def _known(self, reference: str | None) -> None:
            if self.headers.get("authorization") != f"Bearer {token}":
                self._answer(401, b"")
            else:
                self._answer(*lists.reply(reference))

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
    environment = os.environ
    if environment.get("PITBOSS_DIE_WITH_PARENT"):
        die_with_parent()
    server = make_server(environment["PITBOSS_SANCTIONS_LISTEN"], environment["PITBOSS_SANCTIONS_TOKEN"], Lists())
    stop_on_signals(server)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
