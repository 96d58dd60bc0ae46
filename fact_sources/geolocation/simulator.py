"""A vendor of locations, with habits: `POST /control/<habit>`. For sandboxes and drills.

`POST /locate` with `<licensee>/<player>` as its body answers an assertion, as the vendor's library in a client gets it.
`POST /control/place/<territory>` says where everybody is. `GET /status` is asked by whoever watches the vendor.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fact_sources import simulating
from mesh.clock import Clock, open_clock

TAG_BYTES: Final = 16
_SPOILED: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "honest": lambda claims: claims,
    "stale": lambda claims: {**claims, "iat_ms": claims["iat_ms"] - 3_600_000},
    "suspicious": lambda claims: {**claims, "result": "SUSPICIOUS", "troubles": ["vpn"]},
    "contradictory": lambda claims: {**claims, "troubles": ["vpn"]},
    "unknown": lambda claims: {**claims, "result": "UNKNOWN", "territory": ""},
    "unreadable": lambda claims: {**claims, "result": "PERHAPS"},
    "forged": lambda claims: claims,
}
HABITS: Final = (*_SPOILED, *simulating.FAILURES)


def seal(claims: bytes, *, sealing: bytes, signing: Ed25519PrivateKey, key_id: str, nonce: bytes) -> str:
    """As a vendor does it: sign, then seal under a nonce that is used for nothing else."""
    head = _text(json.dumps({"alg": "EdDSA", "kid": key_id}).encode())
    signed = f"{head}.{_text(claims)}"
    inner = f"{signed}.{_text(signing.sign(signed.encode()))}"
    outer = _text(json.dumps({"alg": "dir", "enc": "A256GCM"}).encode())
    closed = AESGCM(sealing).encrypt(nonce, inner.encode(), outer.encode())
    return f"{outer}..{_text(nonce)}.{_text(closed[:-TAG_BYTES])}.{_text(closed[-TAG_BYTES:])}"


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Vendor:
    """What it knows, and how it behaves."""

    def __init__(self, name: str, *, sealing: bytes, signing: bytes, key_id: str, clock: Clock, valid_s: int) -> None:
        self._name = name
        self._sealing = sealing
        self._signing = Ed25519PrivateKey.from_private_bytes(signing)
        self._key_id = key_id
        self._clock = clock
        self._valid_ms = valid_s * 1000
        self.habit = "honest"
        self.place = "US-NJ"

    def assertion(self, subject: str) -> str:
        """A new assertion about a player."""
        now_ms = self._clock.now_us() // 1000
        claims = {
            "iss": self._name,
            "sub": subject,
            "jti": secrets.token_urlsafe(16),
            "iat_ms": now_ms,
            "exp_ms": now_ms + self._valid_ms,
            "result": "LOCATED",
            "territory": self.place,
        }
        said = json.dumps(_SPOILED.get(self.habit, _SPOILED["honest"])(claims)).encode()
        signing = Ed25519PrivateKey.generate() if self.habit == "forged" else self._signing
        return seal(said, sealing=self._sealing, signing=signing, key_id=self._key_id, nonce=secrets.token_bytes(12))

    def status(self) -> tuple[int, bytes]:
        """Whether it is well."""
        if failure := simulating.failing(self.habit):
            return failure
        return 200, b'{"status": "UP"}'

    def control(self, word: str) -> int:
        """Take an order; the status for it."""
        name, _, territory = word.partition("/")
        if name == "place" and territory:
            self.place = territory
            return 200
        if word not in HABITS:
            return 404
        self.habit = word
        return 200


def make_server(address: str, vendor: Vendor) -> ThreadingHTTPServer:
    """A server that is not serving yet."""

    class Handler(simulating.Handler):
        def get(self) -> None:
            if self.path == "/status":
                self.answer(*vendor.status())
            else:
                super().get()

        def post(self, body: bytes) -> None:
            if self.path == "/locate":
                self.answer(200, vendor.assertion(body.decode()).encode())
            else:
                super().post(body)

        def control(self, words: str) -> int:
            return vendor.control(words)

    return simulating.make_server(address, Handler)


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    clock_file = environment.get("PITBOSS_CLOCK_FILE")
    vendor = Vendor(
        environment["PITBOSS_GEOLOCATION_VENDOR"],
        sealing=b64decode(environment["PITBOSS_GEOLOCATION_SEALING_KEY"]),
        signing=b64decode(environment["PITBOSS_GEOLOCATION_SIGNING_KEY"]),
        key_id=environment["PITBOSS_GEOLOCATION_KEY_ID"],
        clock=open_clock(Path(clock_file) if clock_file else None),
        valid_s=int(environment.get("PITBOSS_GEOLOCATION_VALID_S", "1200")),
    )
    server = make_server(environment["PITBOSS_GEOLOCATION_LISTEN"], vendor)
    simulating.serve(server)


if __name__ == "__main__":
    main()
