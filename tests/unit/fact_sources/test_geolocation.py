"""Assertions about where players are: what is believed, what it means, and who is told how the vendor is."""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fact_sources.geolocation.config import GeolocationSettings
from fact_sources.geolocation.reading import NOWHERE, Finding, Refusal, RefusedError, read
from fact_sources.geolocation.sealing import Keys, open_assertion
from fact_sources.geolocation.serving import Assertions
from fact_sources.geolocation.simulator import HABITS, Vendor, seal
from fact_sources.geolocation.watching import Watch
from mesh.clock import ManualClock

SEALING, VENDOR = b"s" * 32, "sandbox"
SIGNING = Ed25519PrivateKey.from_private_bytes(b"v" * 32)
KEYS = Keys(sealing=SEALING, signing={"k1": SIGNING.public_key()})
NOW_US = 1_000_000_000_000
SAID: dict[str, Any] = {
    "iss": VENDOR,
    "sub": "aurora/ada",
    "jti": "abcdefghijklmnop",
    "iat_ms": NOW_US // 1000,
    "exp_ms": NOW_US // 1000 + 600_000,
    "result": "LOCATED",
    "territory": "US-NJ",
}


def claims(**changes: Any) -> bytes:
    return json.dumps({**SAID, **changes}).encode()


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(
    raw: bytes = b"{}",
    *,
    signing: Ed25519PrivateKey = SIGNING,
    sealing: bytes = SEALING,
    inner: dict[str, Any] | None = None,
    outer: dict[str, Any] | None = None,
) -> str:
    """Both envelopes, written against RFC 7515 and 7516, with headers of one's choice."""
    head = text(json.dumps({"alg": "EdDSA", "kid": "k1"} if inner is None else inner).encode())
    signed = f"{head}.{text(raw)}"
    token = f"{signed}.{text(signing.sign(signed.encode()))}"
    top = text(json.dumps({"alg": "dir", "enc": "A256GCM"} if outer is None else outer).encode())
    closed = AESGCM(sealing).encrypt(b"n" * 12, token.encode(), top.encode())
    return f"{top}..{text(b'n' * 12)}.{text(closed[:-16])}.{text(closed[-16:])}"


def refusal(assertion: str) -> Refusal | None:
    try:
        open_assertion(assertion, KEYS)
    except RefusedError as error:
        return error.refusal
    return None


def test_what_is_sealed_for_us_and_signed_by_the_vendor_is_believed() -> None:
    assert open_assertion(sealed(claims()), KEYS) == claims()


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        (sealed(signing=Ed25519PrivateKey.from_private_bytes(b"x" * 32)), Refusal.UNSIGNED),
        (sealed(sealing=b"x" * 32), Refusal.UNSIGNED),
        (sealed(inner={"alg": "EdDSA", "kid": "k2"}), Refusal.UNSIGNED),
        (sealed(inner={"alg": "EdDSA"}), Refusal.UNSIGNED),
        (sealed(inner={"alg": "none", "kid": "k1"}), Refusal.OTHER_ALGORITHM),
        (sealed(inner={"alg": "HS256", "kid": "k1"}), Refusal.OTHER_ALGORITHM),
        (sealed(inner={"alg": "EdDSA", "kid": "k1", "jwk": {}}), Refusal.OTHER_ALGORITHM),
        (sealed(outer={"alg": "dir", "enc": "A128GCM"}), Refusal.OTHER_ALGORITHM),
        (sealed(outer={"alg": "dir", "enc": "A256GCM", "zip": "DEF"}), Refusal.OTHER_ALGORITHM),
        ("", Refusal.UNREADABLE),
        ("a.b.c", Refusal.UNREADABLE),
        ("!.!.!.!.!", Refusal.UNREADABLE),
        (sealed(outer={"alg": "dir", "enc": "A256GCM"}).replace(".", "", 1), Refusal.UNREADABLE),
    ],
)
def test_everything_else_is_refused(assertion: str, expected: Refusal) -> None:
    assert refusal(assertion) is expected


def test_no_changed_byte_is_believed() -> None:
    whole = sealed(claims())
    for place in range(len(whole)):
        other = "A" if whole[place] != "A" else "B"
        assert refusal(whole[:place] + other + whole[place + 1 :]) is not None, place


def meaning(**changes: Any) -> Finding | Refusal:
    try:
        return read(claims(**changes), vendor=VENDOR, now_us=NOW_US, max_age_us=60_000_000)
    except RefusedError as error:
        return error.refusal


def test_a_located_player_is_there_until_the_assertion_ends() -> None:
    assert meaning() == Finding(
        licensee="aurora",
        player="ada",
        nonce="abcdefghijklmnop",
        territory="US-NJ",
        event_us=NOW_US,
        until_us=NOW_US + 600_000_000,
    )


def test_a_player_who_hides_the_place_is_nowhere() -> None:
    found = meaning(result="SUSPICIOUS", troubles=["vpn"])
    assert isinstance(found, Finding)
    assert found.territory == NOWHERE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iat_ms": SAID["iat_ms"] - 60_001}, Refusal.STALE),
        ({"iat_ms": SAID["iat_ms"] + 5_001}, Refusal.STALE),
        ({"exp_ms": SAID["iat_ms"]}, Refusal.STALE),
        ({"troubles": ["vpn"]}, Refusal.CONTRADICTORY),
        ({"result": "SUSPICIOUS"}, Refusal.CONTRADICTORY),
        ({"territory": ""}, Refusal.CONTRADICTORY),
        ({"result": "UNKNOWN", "territory": ""}, Refusal.UNKNOWN),
        ({"result": "PERHAPS"}, Refusal.UNREADABLE),
        ({"territory": "us-nj"}, Refusal.UNREADABLE),
        ({"iss": "other"}, Refusal.UNREADABLE),
        ({"sub": "aurora"}, Refusal.UNREADABLE),
        ({"jti": "short"}, Refusal.UNREADABLE),
        ({"jti": 7}, Refusal.UNREADABLE),
        ({"iat_ms": "now"}, Refusal.UNREADABLE),
        ({"exp_ms": True}, Refusal.UNREADABLE),
        ({"troubles": "vpn"}, Refusal.UNREADABLE),
        ({"more": 1}, Refusal.UNREADABLE),
    ],
)
def test_what_is_signed_and_not_fit_for_use_changes_nothing(changes: dict[str, Any], expected: Refusal) -> None:
    assert meaning(**changes) is expected


class CodeError(grpc.RpcError):
    """An answer of the compliance service."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, (200, None)),
        (grpc.StatusCode.ALREADY_EXISTS, (409, "SYS.ASSERTION_REPLAY")),
        (grpc.StatusCode.NOT_FOUND, (404, "PLAYER_NOT_FOUND")),
        (grpc.StatusCode.UNAVAILABLE, (503, "GEO.UNAVAILABLE")),
        (grpc.StatusCode.DEADLINE_EXCEEDED, (503, "GEO.UNAVAILABLE")),
    ],
)
def test_the_answer_says_by_a_stable_code_what_became_of_it(
    code: grpc.StatusCode | None, expected: tuple[int, str | None]
) -> None:
    def record(_finding: Finding, _assertion: str) -> None:
        if code is not None:
            raise CodeError(code)

    assertions = Assertions(VENDOR, KEYS, ManualClock(NOW_US), 60_000_000, record)
    status, answer = assertions.take(sealed(claims()).encode())
    assert (status, answer.get("reason")) == expected


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}"])
def test_a_body_that_is_no_assertion_is_refused(body: bytes) -> None:
    assertions = Assertions(VENDOR, KEYS, ManualClock(NOW_US), 60_000_000, lambda *_: None)
    assert assertions.take(body) == (400, {"accepted": False, "reason": "GEO.ASSERTION_UNREADABLE"})


@pytest.mark.parametrize("habit", sorted({*HABITS} - {"slow"}))
def test_a_simulated_vendor_is_believed_only_while_it_is_honest(habit: str) -> None:
    clock = ManualClock(NOW_US)
    vendor = Vendor(VENDOR, sealing=SEALING, signing=b"v" * 32, key_id="k1", clock=clock, valid_s=60)
    assert vendor.control(habit) == 200
    found: list[Finding] = []
    assertions = Assertions(VENDOR, KEYS, clock, 60_000_000, lambda finding, _: found.append(finding))
    status, _ = assertions.take(vendor.assertion("aurora/ada").encode())
    honest = habit in {"honest", "suspicious", "empty", "broken"}
    assert (status == 200, len(found)) == (honest, int(honest))


def test_two_programs_write_the_same_envelope() -> None:
    ours = seal(claims(), sealing=SEALING, signing=SIGNING, key_id="k1", nonce=b"n" * 12)
    assert ours == sealed(claims())


class Listener:
    """Whoever is told; deaf when asked to be."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.deaf = False

    def tell(self, *, silent: bool) -> bool:
        if not self.deaf:
            self.told.append(silent)
        return not self.deaf


def test_news_of_the_vendor_are_told_at_once_and_old_words_before_they_are_forgotten() -> None:
    well, now, listener = [True], [0.0], Listener()
    watch = Watch(lambda: well[0], listener, every_s=1, hold_s=30, now_s=lambda: now[0])
    watch.once()
    watch.once()
    assert listener.told == [False]
    well[0] = False
    watch.once()
    assert listener.told == [False, True]
    now[0] = 10.0
    watch.once()
    assert listener.told == [False, True, True]
    listener.deaf, well[0] = True, True
    watch.once()
    listener.deaf = False
    watch.once()
    assert listener.told == [False, True, True, False]


def settings(**changes: Any) -> GeolocationSettings:
    given: dict[str, Any] = {
        "geolocation_listen": "127.0.0.1:1",
        "geolocation_vendor": VENDOR,
        "geolocation_url": "http://127.0.0.1:2",
        "geolocation_keys": {"k1": b64encode(SIGNING.public_key().public_bytes_raw()).decode()},
        "geolocation_sealing_key": b64encode(SEALING).decode(),
        "compliance_address": "127.0.0.1:3",
        "wallet_addresses": ("127.0.0.1:4",),
        "tls_dir": "/",
    }
    return GeolocationSettings(**{**given, **changes})


@pytest.mark.parametrize(
    "changes", [{"geolocation_keys": {}}, {"geolocation_keys": {"k1": "AA=="}}, {"geolocation_sealing_key": "?"}]
)
def test_keys_that_are_none_stop_the_start(changes: dict[str, Any]) -> None:
    assert "k1" in settings().keys().signing
    with pytest.raises(ValueError, match="PITBOSS_GEOLOCATION"):
        settings(**changes)
