"""Watches whether the vendor is well. What cannot be understood is silence, as for every source."""

import json
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import httpx

from fact_sources.lease import HealthLease
from mesh import logs

_log = logs.get("fact_sources.geolocation")

_OK: Final = 200
_MOST_BYTES: Final = 4096


class Teller(Protocol):
    """Whoever is told how the vendor is."""

    def tell(self, *, silent: bool) -> bool: ...


def is_well(client: httpx.Client, url: str) -> bool:
    """Whether the vendor says now that it is up."""
    try:
        answer = client.get(url.rstrip("/") + "/status")
        said = json.loads(answer.content[:_MOST_BYTES])
        return answer.status_code == _OK and isinstance(said, dict) and said.get("status") == "UP"
    except (httpx.HTTPError, ValueError):
        return False


class Watch:
    """Asks again and again, and tells what is new, and what would soon be forgotten: a word holds for a time only."""

    def __init__(
        self,
        ask: Callable[[], bool],
        teller: Teller,
        *,
        every_s: float,
        hold_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._teller = teller
        self._every_s = every_s
        self._lease = HealthLease(hold_s)
        self._now_s = now_s
        self._stop = threading.Event()

    def once(self) -> None:
        """Ask, and tell if that is needed. What nobody could be told is told the next time."""
        silent, now_s = not self._ask(), self._now_s()
        if not self._lease.is_due(silent=silent, now_s=now_s):
            return
        if not self._teller.tell(silent=silent):
            _log.warning("no wallet could be told how the vendor is")
            self._lease.silent = None
            return
        if silent != bool(self._lease.silent):
            _log.warning("the vendor is silent" if silent else "the vendor answers again")
        self._lease.renew(silent=silent, now_s=now_s)

    def run(self) -> None:
        """Until `stop`."""
        while not self._stop.is_set():
            self.once()
            self._stop.wait(self._every_s)

    def stop(self) -> None:
        """End soon."""
        self._stop.set()
