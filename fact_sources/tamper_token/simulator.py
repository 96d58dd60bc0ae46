"""An authority's token service, with habits: `POST /control/<habit>`. For sandboxes and drills. Wire: README.md."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Final

from fact_sources import simulating
from mesh.clock import Clock, open_clock
from mesh.notes import Signer, new_seed

HABITS: Final = ("honest", *simulating.FAILURES, "unreadable", "contradictory", "forged", "hasty")
KEY_BYTES: Final = 32


@dataclass(slots=True)
class Given:
    """A token that was given."""

    id: str
    batch: str
    key: bytes = field(repr=False)
    valid_until_us: int
    mac: str = ""
    closed_us: int = 0
    receipt: str = ""


class Authority:
    """The tokens it has given, and how it behaves."""

    def __init__(self, signer: Signer, clock: Clock, valid_s: int) -> None:
        self._signer = signer
        self._clock = clock
        self._valid_us = valid_s * 1_000_000
        self._tokens: dict[str, Given] = {}
        self._of_batch: dict[str, Given] = {}
        self._lock = threading.Lock()
        self.habit = "honest"

    def open(self, batch: str) -> tuple[int, bytes]:
        """The token of a batch: the one that it has, unless that is over without being used."""
        now_us = self._clock.now_us()
        with self._lock:
            given = self._of_batch.get(batch)
            if given is None or (not given.mac and given.valid_until_us <= now_us):
                valid_us = 0 if self.habit == "hasty" else self._valid_us
                given = Given(secrets.token_hex(16), batch, secrets.token_bytes(KEY_BYTES), now_us + valid_us)
                self._tokens[given.id] = self._of_batch[batch] = given
        said = {
            "batch": "dk/somebody/1" if self.habit == "contradictory" else batch,
            "token": given.id,
            "key": b64encode(given.key).decode(),
            "valid_until_us": given.valid_until_us,
        }
        return 200, json.dumps(said).encode()

    def close(self, name: str, mac: str, digest: str) -> tuple[int, bytes]:
        """Close a token, once."""
        now_us = self._clock.now_us()
        with self._lock:
            given = self._tokens.get(name)
            if given is None:
                return 404, b""
            if given.mac and not hmac.compare_digest(given.mac, mac):
                return 409, b"another MAC has closed it"
            if not given.mac:
                if given.valid_until_us <= now_us:
                    return 410, b"it was not used in time"
                given.mac, given.closed_us = mac, now_us
                lines = ("pitboss-tamper-token/1", given.id, given.batch, mac, digest, now_us, given.valid_until_us)
                given.receipt = self._signer.sign("".join(f"{line}\n" for line in lines))
        receipt = given.receipt
        if self.habit == "forged":
            stranger = Signer.load(self._signer.name, new_seed())
            receipt = stranger.sign(receipt.partition("\n\n")[0] + "\n")
        return 200, json.dumps({"closed_us": given.closed_us, "receipt": receipt}).encode()

    def verify(self, name: str, manifest: bytes) -> tuple[int, bytes]:
        """Whether a batch is the one that was sealed."""
        given = self._tokens.get(name)
        if given is None or not given.mac:
            return 404, b""
        mac = hmac.new(given.key, manifest, hashlib.sha256).hexdigest()
        return 200, json.dumps({"unchanged": hmac.compare_digest(mac, given.mac)}).encode()

    def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        if failure := simulating.failing(self.habit):
            return failure
        if self.habit == "unreadable":
            return 200, b"{]"
        parts = path.strip("/").split("/")
        if parts == ["tokens"]:
            return self.open(json.loads(body)["batch"])
        match parts:
            case ["tokens", name, "close"]:
                asked = json.loads(body)
                return self.close(name, asked["mac"], asked["digest"])
            case ["tokens", name, "verify"]:
                return self.verify(name, body)
        return 404, b""


def make_server(address: str, secret: str, authority: Authority) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(simulating.Handler):
        def post(self, body: bytes) -> None:
            if self.is_from(secret):
                self.answer(*authority.reply(self.path, body))

        def control(self, words: str) -> int:
            if words not in HABITS:
                return 404
            authority.habit = words
            return 200

    return simulating.make_server(address, Handler)


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    clock_file = environment.get("PITBOSS_CLOCK_FILE")
    authority = Authority(
        Signer.load(environment["PITBOSS_TOKEN_NAME"], environment["PITBOSS_TOKEN_SIGNING_KEY"]),
        open_clock(Path(clock_file) if clock_file else None),
        int(environment.get("PITBOSS_TOKEN_VALID_S", "3600")),
    )
    simulating.serve(make_server(environment["PITBOSS_TOKEN_LISTEN"], environment["PITBOSS_TOKEN_SECRET"], authority))


if __name__ == "__main__":
    main()
