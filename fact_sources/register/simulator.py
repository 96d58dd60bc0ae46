"""A register to ask, with habits: `POST /control/<habit>` makes it clear, listed, possible, slow, empty, broken ...

For sandboxes and drills. Whom it lists is told it by `POST /control/list/<reference>`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Final

from fact_sources import simulating

HABITS: Final = ("honest", "possible", *simulating.FAILURES, "unreadable", "contradictory", "mixed_up")


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

    def control(self, words: str) -> int:
        """Take an order; the status for it."""
        order, _, reference = words.partition("/")
        if order == "list" and "/" in words:
            self.listed.add(reference)
        elif words in HABITS:
            self.habit = words
        else:
            return 404
        return 200

    def reply(self, reference: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        listed = reference in self.listed
        honest: dict[str, object] = {
            "reference": reference,
            "status": "LISTED" if listed else "NOT_LISTED",
            "entries": [{"term": "6mo"}] if listed else [],
        }
        if failure := simulating.failing(self.habit):
            return failure
        return 200, json.dumps({**honest, **_SPOILED.get(self.habit, {})}).encode()


def make_server(address: str, token: str, register: Register) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(simulating.Handler):
        def post(self, body: bytes) -> None:
            if self.is_from(token):
                self.answer(*register.reply(json.loads(body)["reference"]))

        def control(self, words: str) -> int:
            return register.control(words)

    return simulating.make_server(address, Handler)


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    server = make_server(environment["PITBOSS_REGISTER_LISTEN"], environment["PITBOSS_REGISTER_TOKEN"], Register())
    simulating.serve(server)


if __name__ == "__main__":
    main()
