"""Throw-away secrets for the development stack: authorities, certificates, tokens and provider keys.

Nothing here is read from the repository or written to it; every start makes new ones.
Files are 0600, folders 0700.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mesh.dev.files import write_private, write_private_json

TRUST_DOMAIN = "spiffe://pitboss/"
ISSUER = "https://id.pitboss.localhost"
AUDIENCE = "pitboss"
SCOPES = ("play", "wallet", "admin")

_LOCAL_NAMES = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
_VALID_DAYS = 30


def random_text() -> str:
    """A password nobody can guess, safe in a URL."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str


class Authority:
    """A private certificate authority."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate, self._key = certificate, key

    @classmethod
    def create(cls, name: str) -> Self:
        """A new authority with a key of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, _name(name), key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(authority=True), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @property
    def pem(self) -> str:
        """What others need in order to trust it."""
        return _pem(self._certificate)

    def issue_workload(self, workload: str) -> Certificate:
        """A certificate for both ends of a connection inside the mesh; the URI SAN is who it is."""
        return self._issue(
            workload,
            [x509.UniformResourceIdentifier(TRUST_DOMAIN + workload), *_LOCAL_NAMES],
            [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
        )

    def issue_edge(self) -> Certificate:
        """A certificate licensees see at the gateway."""
        return self._issue("gateway edge", _LOCAL_NAMES, [ExtendedKeyUsageOID.SERVER_AUTH])

    def _issue(self, name: str, names: Iterable[x509.GeneralName], usages: list[x509.ObjectIdentifier]) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(name, self._certificate.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Certificate(certificate=_pem(certificate), key=private_pem(key))


class TokenSigner:
    """The identity provider of the development stack: signs licensee tokens with ES256."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, key_id: str) -> None:
        self._key, self.key_id = key, key_id

    @classmethod
    def create(cls) -> Self:
        """A signer with a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_hex(8))

    @classmethod
    def load(cls, path: Path) -> Self:
        """The signer that `save` wrote."""
        stored = json.loads(path.read_text())
        key = serialization.load_pem_private_key(stored["key"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, stored["key_id"])

    def save(self, path: Path) -> Path:
        """Keep the private key, for minting more tokens later."""
        return write_private_json(path, {"key_id": self.key_id, "key": private_pem(self._key)})

    def jwks(self) -> dict[str, object]:
        """The public half, as Envoy reads it."""
        key = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self.key_id, "alg": "ES256", "use": "sig"}]}

    def token(
        self,
        licensee: str,
        *,
        scopes: Iterable[str] = SCOPES,
        expires_s: int = 12 * 3600,
        changes: Mapping[str, object] | None = None,
    ) -> str:
        """A token for a licensee; `changes` spoils claims on purpose, for tests."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": licensee,
            "licensee": licensee,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + expires_s,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode({**claims, **(changes or {})}, self._key, "ES256", headers={"kid": self.key_id})


def write_workload(directory: Path, authority: Authority, workload: str) -> Path:
    """Issue a certificate into `<directory>/<workload>/{ca.pem,tls.pem,tls.key}` and return that folder."""
    folder = directory / workload
    issued = authority.issue_workload(workload)
    write_private(folder / "ca.pem", authority.pem)
    write_private(folder / "tls.pem", issued.certificate)
    write_private(folder / "tls.key", issued.key)
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCredentials:
    """What an adapter and its studio each need in order to recognise the other."""

    adapter: Mapping[str, str]
    studio: Mapping[str, str]


def provider_credentials(recipe: Mapping[str, Mapping[str, str]]) -> ProviderCredentials:
    """Make what a provider's `sandbox.toml` asks for.

    The tables `adapter` and `studio` name each field of the two credential files and say what goes there:
    `rsa_private:NAME`, `rsa_public:NAME`, `secret:NAME` or `text:ITSELF`. The same NAME is the same key or secret.
    """
    keys: dict[str, rsa.RSAPrivateKey] = {}
    shared: dict[str, str] = {}

    def make(what: str) -> str:
        kind, _, name = what.partition(":")
        match kind:
            case "rsa_private":
                return private_pem(_rsa_key(keys, name))
            case "rsa_public":
                return public_pem(_rsa_key(keys, name))
            case "secret":
                return shared.setdefault(name, random_text())
            case "text":
                return name
        message = f"{what!r} is none of rsa_private:, rsa_public:, secret:, text:"
        raise ValueError(message)

    adapter, studio = ({key: make(what) for key, what in recipe[side].items()} for side in ("adapter", "studio"))
    return ProviderCredentials(adapter=adapter, studio=studio)


def _rsa_key(keys: dict[str, rsa.RSAPrivateKey], name: str) -> rsa.RSAPrivateKey:
    if name not in keys:
        keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return keys[name]


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """PKCS #8 text."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    """The public half as SubjectPublicKeyInfo text."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
