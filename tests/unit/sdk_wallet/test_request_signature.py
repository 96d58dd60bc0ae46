"""The signature on requests to a licensee's wallet: made by the mesh, checked by the SDK, which share no code."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.request_signature import Signer
from pitboss_sdk.request_signature import SignatureError, Verifier

METHOD = "/pitboss.licensee.v1.LicenseeWalletService/Debit"
NOW = 1_790_000_000
BODY = b'{"playerId": "ada"}'

# Key of RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")


def signer(key_id: str = "k1", seed: bytes = SEED) -> Signer:
    return Signer(key_id=key_id, key=Ed25519PrivateKey.from_private_bytes(seed))


def verifier(*signers: Signer) -> Verifier:
    return Verifier({each.key_id: each.key.public_key() for each in signers or (signer(),)})


def test_a_request_of_the_mesh_is_genuine() -> None:
    verifier().check(signer().header(METHOD, BODY, NOW), METHOD, BODY, NOW)


def test_the_format_stays_as_it_was_published() -> None:
    header = signer().header(METHOD, BODY, NOW, nonce="n-1")
    assert header == "v1,k1,1790000000,n-1," + base64.b64encode(
        signer().key.sign(b"v1\nk1\n1790000000\nn-1\n" + METHOD.encode() + b"\n" + BODY)
    ).decode()  # fmt: skip


@pytest.mark.parametrize(
    ("method", "body", "now"),
    [
        (METHOD, BODY + b" ", NOW),
        (METHOD, b'{"playerId":"ada"}', NOW),
        (METHOD, b"", NOW),
        (METHOD.replace("Debit", "Credit"), BODY, NOW),
        (METHOD, BODY, NOW + 61),
        (METHOD, BODY, NOW - 61),
    ],
)
def test_other_bytes_another_method_or_another_time_are_refused(method: str, body: bytes, now: int) -> None:
    with pytest.raises(SignatureError):
        verifier().check(signer().header(METHOD, BODY, NOW), method, body, now)


@pytest.mark.parametrize("header", [None, "", "v1", "v1,k1,1,n", "v2,k1,1,n,AA==", "v1,k1,x,n,AA==", "v1,k1,-1,n,AA==",
                                    "v1,k1,1790000000,,AA==", "v1,k1,1790000000,n,!!", "v1,k1,1790000000,n,AA==",
                                    "v1,k1,1790000000," + "n" * 65 + ",AA=="])  # fmt: skip
def test_a_header_that_is_missing_or_malformed_is_refused(header: str | None) -> None:
    with pytest.raises(SignatureError):
        verifier().check(header, METHOD, BODY, NOW)


def test_a_key_that_is_not_ours_is_refused_under_its_own_id_and_under_ours() -> None:
    for stranger in (signer("k2", bytes(32)), signer("k1", bytes(32))):
        with pytest.raises(SignatureError):
            verifier().check(stranger.header(METHOD, BODY, NOW), METHOD, BODY, NOW)


def test_the_old_and_the_new_key_count_while_they_overlap() -> None:
    both = verifier(signer("old"), signer("new", bytes(32)))
    both.check(signer("old").header(METHOD, BODY, NOW), METHOD, BODY, NOW)
    both.check(signer("new", bytes(32)).header(METHOD, BODY, NOW), METHOD, BODY, NOW)


def test_a_request_that_was_seen_is_refused_and_a_retry_with_its_own_nonce_is_not() -> None:
    ours, header = verifier(), signer().header(METHOD, BODY, NOW)
    ours.check(header, METHOD, BODY, NOW)
    with pytest.raises(SignatureError):
        ours.check(header, METHOD, BODY, NOW + 59)
    ours.check(signer().header(METHOD, BODY, NOW + 59), METHOD, BODY, NOW + 59)


def test_a_stranger_cannot_use_up_a_nonce() -> None:
    ours = verifier()
    with pytest.raises(SignatureError):
        ours.check(signer("k1", bytes(32)).header(METHOD, BODY, NOW, nonce="n"), METHOD, BODY, NOW)
    ours.check(signer().header(METHOD, BODY, NOW, nonce="n"), METHOD, BODY, NOW)


def test_nonces_are_forgotten_when_their_time_is_over() -> None:
    ours = verifier()
    for second in range(0, 1200, 10):
        ours.check(signer().header(METHOD, BODY, NOW + second), METHOD, BODY, NOW + second)
    assert len(ours._seen) < 20
