"""A source of screenings, with habits: `POST /control/<habit>`. For sandboxes and drills.

`POST /control/list/<kind>/<reference>` puts somebody on the lists (`SANCTION`, `PEP`, or `POSSIBLE` for a name that is
near), `POST /control/unlist/<reference>` takes off; both make a new version of the lists.
"""

from __future__ import annotations

import json
import os
from http.server import ThreadingHTTPServer
from typing import Any, Final

from fact_sources import simulating

_SPOILED: Final[dict[str, dict[str, Any]]] = {
    "honest": {},
    "unreadable": {"status": "PERHAPS"},
    "contradictory": {"status": "NO_MATCH", "entries": [{"kind": "SANCTION"}]},
    "mixed_up": {"reference": "somebody/else"},
}
HABITS: Final = (*_SPOILED, *simulating.FAILURES)


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
        if failure := simulating.failing(self.habit):
            return failure
        said: dict[str, Any] = {"version": f"lists-{self.version}"}
        if reference is not None:
            kind = self.listed.get(reference)
            entries = [] if kind is None else [{"kind": "PEP" if kind == "PEP" else "SANCTION"}]
            status = "NO_MATCH" if kind is None else ("POSSIBLE" if kind == "POSSIBLE" else "MATCH")
            said |= {"reference": reference, "status": status, "entries": entries} | _SPOILED[self.habit]
        return 200, json.dumps(said).encode()


def make_server(address: str, token: str, lists: Lists) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(simulating.Handler):
        def get(self) -> None:
            if self.path == "/version":
                self._known(None)
            else:
                super().get()

        def post(self, body: bytes) -> None:
            self._known(json.loads(body)["reference"])

        def control(self, words: str) -> int:
            return lists.control(words)

        def _known(self, reference: str | None) -> None:
            if self.is_from(token):
                self.answer(*lists.reply(reference))

    return simulating.make_server(address, Handler)


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    server = make_server(environment["PITBOSS_SANCTIONS_LISTEN"], environment["PITBOSS_SANCTIONS_TOKEN"], Lists())
    simulating.serve(server)


if __name__ == "__main__":
    main()
