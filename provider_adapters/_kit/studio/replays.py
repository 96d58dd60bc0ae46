"""Rounds as a studio shows them: a page, and addresses of it that are good for a while."""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlencode

from mesh.clock import Clock
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.studio.record import Line, Record

PATH: Final = "/replay/"
LIFE_S: Final = 3600.0
_GONE: Final = HttpReply(status=410, body=b"<!doctype html><title>Gone</title>", content_type="text/html")


class Replays:
    """Pages of rounds that the studio has played."""

    def __init__(self, record: Record, clock: Clock, public_url: Callable[[], str]) -> None:
        self._record, self._clock, self._public_url = record, clock, public_url
        self._key = secrets.token_bytes(32)
        self.life_s = LIFE_S
        """How long an address is good, in seconds."""

    def address(self, user: str, round_id: str) -> str:
        """An address of a player's round; empty if the player never was in it."""
        if not self._record.of_round(round_id, user):
            return ""
        until = str(self._clock.now_us() // 1000 + int(self.life_s * 1000))
        query = urlencode({"user": user, "until": until, "proof": self._proof(user, round_id, until)})
        return f"{self._public_url()}{PATH}{quote(round_id, safe='')}?{query}"

    def page(self, round_id: str, user: str = "") -> str:
        """The document; empty if nobody, or not this player, was in the round."""
        lines = self._record.of_round(round_id, user)
        return _PAGE.format(round=html.escape(round_id), rows="".join(map(_row, lines))) if lines else ""

    def open(self, path: str, query: Mapping[str, str]) -> HttpReply:
        """What a browser gets at an address."""
        round_id, user, until = unquote(path.removeprefix(PATH)), unquote(query.get("user", "")), query.get("until", "")
        proof = self._proof(user, round_id, until)
        if not hmac.compare_digest(proof.encode(), query.get("proof", "").encode()):
            return HttpReply(status=404, content_type="text/html")
        if int(until) <= self._clock.now_us() // 1000:
            return _GONE
        return HttpReply(body=self.page(round_id, user).encode(), content_type="text/html")

    def _proof(self, *parts: str) -> str:
        return hmac.new(self._key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Round {round}</title>'
    "<h1>Round {round}</h1><ol>{rows}</ol></html>\n"
)


def _row(line: Line) -> str:
    act = line.act
    amount = "" if act.amount is None else f" {act.amount:f} {act.seat.currency_code}"
    return f"<li>{act.kind} {html.escape(act.transaction_key)}{amount} {line.belief}</li>"
