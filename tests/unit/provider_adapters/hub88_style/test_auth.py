from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from provider_adapters.hub88_style import auth
from tests.unit.provider_adapters.hub88_style.keys import other_key, sheet_key

FIXTURES = Path("provider_adapters/hub88_style/fixtures")
VECTORS: dict[str, Any] = json.loads((FIXTURES / "signature_vectors.json").read_text())
SIGNED = VECTORS["bodies"][0]["body"].encode()
PUBLIC = (sheet_key().public_key(),)


def test_the_fixture_is_the_message_of_the_sheet() -> None:
    assert len(SIGNED) == 303
    assert hashlib.sha256(SIGNED).hexdigest() == VECTORS["sha256"]
    stored = load_pem_public_key((FIXTURES / "public_key.pem").read_bytes())
    assert stored == sheet_key().public_key()


def test_signing_gives_the_signature_of_the_sheet() -> None:
    assert auth.sign(sheet_key(), SIGNED) == VECTORS["signature"]


@pytest.mark.parametrize("vector", VECTORS["bodies"], ids=lambda vector: vector["name"])
def test_the_signature_covers_exactly_these_bytes(vector: dict[str, Any]) -> None:
    assert auth.verify(PUBLIC, vector["body"].encode(), VECTORS["signature"]) is vector["valid"]


@pytest.mark.parametrize(
    "signature", ["", "not base64!", "AAAA", VECTORS["signature"][:-4], VECTORS["signature"] + " "]
)
def test_a_spoilt_signature_is_refused(signature: str) -> None:
    assert not auth.verify(PUBLIC, SIGNED, signature)


def test_the_signature_of_another_key_is_refused() -> None:
    assert not auth.verify(PUBLIC, SIGNED, auth.sign(other_key(), SIGNED))


def test_during_a_rotation_both_keys_are_believed() -> None:
    both = (sheet_key().public_key(), other_key().public_key())
    assert auth.verify(both, SIGNED, auth.sign(other_key(), SIGNED))
    assert auth.verify(both, SIGNED, VECTORS["signature"])
