"""Certificates, tokens and provider keys."""

from __future__ import annotations

import json
import time

import jwt
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from mesh.dev.secrets import AUDIENCE, ISSUER, Authority, TokenSigner, provider_credentials

AUTHORITY = Authority.create("test")


def workload(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(AUTHORITY.issue_workload(name).certificate.encode())


def names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


@pytest.mark.parametrize("name", ["wallet_svc", "provider_adapters/hub88_style"])
def test_a_workload_is_named_by_one_uri(name: str) -> None:
    assert names(workload(name)).get_values_for_type(x509.UniformResourceIdentifier) == [f"spiffe://pitboss/{name}"]


def test_a_workload_can_be_reached_on_this_machine() -> None:
    found = names(workload("wallet_svc"))
    assert found.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in found.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_a_workload_is_server_and_client() -> None:
    usages = workload("wallet_svc").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH} == set(usages)


def test_the_edge_certificate_names_no_workload_and_cannot_be_a_client() -> None:
    certificate = x509.load_pem_x509_certificate(AUTHORITY.issue_edge().certificate.encode())
    assert names(certificate).get_values_for_type(x509.UniformResourceIdentifier) == []
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_certificate_is_signed_by_its_authority_and_no_other() -> None:
    issued = workload("wallet_svc")
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(AUTHORITY.pem.encode()))
    with pytest.raises(InvalidSignature):
        issued.verify_directly_issued_by(x509.load_pem_x509_certificate(Authority.create("test").pem.encode()))


def test_a_workload_cannot_issue_certificates() -> None:
    constraints = workload("wallet_svc").extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca is False


def decoded(signer: TokenSigner, token: str) -> dict[str, object]:
    public = jwt.PyJWKSet.from_dict(signer.jwks()).keys[0]
    claims: dict[str, object] = jwt.decode(token, public, ["ES256"], audience=AUDIENCE, issuer=ISSUER)
    return claims


def test_a_token_carries_licensee_and_scopes_and_ends() -> None:
    signer = TokenSigner.create()
    claims = decoded(signer, signer.token("aurora", scopes=["play", "wallet"], expires_s=60))
    assert (claims["licensee"], claims["scope"]) == ("aurora", "play wallet")
    assert 50 < float(str(claims["exp"])) - time.time() <= 60


def test_an_expired_token_can_be_made_on_purpose() -> None:
    signer = TokenSigner.create()
    with pytest.raises(jwt.ExpiredSignatureError):
        decoded(signer, signer.token("aurora", expires_s=-1))


def test_the_published_keys_have_no_private_part() -> None:
    assert '"d"' not in json.dumps(TokenSigner.create().jwks())


def test_a_claim_can_be_spoiled_for_a_test() -> None:
    signer = TokenSigner.create()
    assert decoded(signer, signer.token("aurora", changes={"licensee": "borealis"}))["licensee"] == "borealis"


RSA = {
    "adapter": {"private_key_pem": "rsa_private:ours", "provider_public_key_pem": "rsa_public:theirs"},
    "studio": {"private_key_pem": "rsa_private:theirs", "operator_public_key_pem": "rsa_public:ours"},
}


def public_half(private: str) -> str:
    key = serialization.load_pem_private_key(private.encode(), None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def test_each_side_of_a_provider_knows_the_others_public_key() -> None:
    made = provider_credentials(RSA)
    assert public_half(made.adapter["private_key_pem"]) == made.studio["operator_public_key_pem"]
    assert public_half(made.studio["private_key_pem"]) == made.adapter["provider_public_key_pem"]
    assert made.adapter["private_key_pem"] != made.studio["private_key_pem"]


def test_a_shared_secret_is_the_same_on_both_sides_and_new_each_time() -> None:
    recipe = {"adapter": {"secret": "secret:s"}, "studio": {"secret": "secret:s", "login": "text:pitboss"}}
    first, second = provider_credentials(recipe), provider_credentials(recipe)
    assert first.adapter["secret"] == first.studio["secret"] != second.adapter["secret"]
    assert first.studio["login"] == "pitboss"


def test_a_recipe_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="dice"):
        provider_credentials({"adapter": {"key": "dice:1"}, "studio": {}})
