"""A time server, with habits: `POST /control/<habit>`. For sandboxes and drills.

It shows the sandbox's clock, and is asked over UDP at the port at which it takes orders over TCP. `POST /control/ahead/<ms>`
lets it show another time than our clock.
"""

from __future__ import annotations

import os
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, UDPServer
from typing import Any, Final

from fact_sources import simulating
from fact_sources.clock import ntp
from mesh.clock import Clock, open_clock
from mesh.settings import split_address

HABITS: Final = ("honest", "silent", "empty", "unsynchronised", "mixed_up")


class TimeServer:
    """What it shows, and how it behaves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.habit = "honest"
        self.ahead_us = 0

    def control(self, words: str) -> int:
        """Take an order; the status for it."""
        order, _, rest = words.partition("/")
        if order == "ahead" and rest.removeprefix("-").isdecimal():
            self.ahead_us = int(rest) * 1_000
        elif order in HABITS and not rest:
            self.habit, self.ahead_us = order, 0
        else:
            return 404
        return 200

    def reply(self, asked: bytes) -> bytes | None:
        """The answer to a question; None: it says nothing."""
        if self.habit == "silent" or len(asked) < ntp.PACKET.size:
            return None
        if self.habit == "empty":
            return b""
        special: dict[str, dict[str, Any]] = {"unsynchronised": {"leap": 3, "stratum": 0}, "mixed_up": {"cookie": 1}}
        return ntp.reply(asked, self._clock.now_us() + self.ahead_us, **special.get(self.habit, {}))


def make_servers(address: str, shown: TimeServer) -> tuple[ThreadingHTTPServer, UDPServer]:
    """One that takes orders, and one that is asked for the time. Both are not serving yet."""

    class Orders(simulating.Handler):
        def control(self, words: str) -> int:
            return shown.control(words)

    class Questions(BaseRequestHandler):
        def handle(self) -> None:
            asked, opened = self.request
            if (answer := shown.reply(asked)) is not None:
                opened.sendto(answer, self.client_address)

    return simulating.make_server(address, Orders), UDPServer(split_address(address), Questions)


def main() -> None:
    """Serve until SIGTERM."""
    file = os.environ.get("PITBOSS_CLOCK_FILE")
    shown = TimeServer(open_clock(Path(file) if file else None))
    orders, questions = make_servers(os.environ["PITBOSS_TIME_LISTEN"], shown)
    threading.Thread(target=questions.serve_forever, daemon=True).start()
    simulating.serve(orders)


if __name__ == "__main__":
    main()
