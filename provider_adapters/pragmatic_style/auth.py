"""The hash of this provider: MD5 over the sorted fields and a shared secret.

Its implementations disagree on what a value is: most hash it plain, some hash it as the form spells it
("a b" against "a+b"). Both are accepted, because the secret is in both.
"""

import enum
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote_plus, urlencode

HASH = "hash"


class Spelling(enum.Enum):
    """How values stand in the text that is hashed."""

    PLAIN = "plain"
    ENCODED = "encoded"


def digest(pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """Lower-case MD5 of the fields without `hash` and without empty ones, sorted by name, and the secret."""
    return hashlib.md5((text(pairs) + secret).encode()).hexdigest()  # noqa: S324 - the provider's choice, not ours


def text(pairs: Iterable[tuple[str, str]]) -> str:
    """What is hashed before the secret."""
    counted = sorted((name, value) for name, value in pairs if value and name != HASH)
    return "&".join(f"{name}={value}" for name, value in counted)


def matches(pairs: Iterable[tuple[str, str]], given: str, secret: str) -> bool:
    """Whether `given` is the hash of the fields. Upper case is as good; the comparison takes the same time always."""
    return hmac.compare_digest(digest(pairs, secret).encode(), given.lower().encode())


def verify(wire: Sequence[tuple[str, str]], decoded: Mapping[str, str], secrets: Sequence[str]) -> Spelling | None:
    """Which spelling of the values the hash is over, or None when it is over neither.

    `wire` are the pairs as they stood in the form, `decoded` the same fields decoded.
    """
    given = decoded.get(HASH, "")
    # Every comparison is made, so that time tells nothing about which one was right.
    plain = [matches(decoded.items(), given, secret) for secret in secrets]
    encoded = [matches(wire, given, secret) for secret in secrets]
    if any(plain):
        return Spelling.PLAIN
    return Spelling.ENCODED if any(encoded) else None


def sign(fields: Mapping[str, str], secret: str, spelling: Spelling = Spelling.PLAIN) -> str:
    """The hash of a message of ours."""
    if spelling is Spelling.PLAIN:
        return digest(fields.items(), secret)
    return digest(((name, quote_plus(value)) for name, value in fields.items()), secret)


def signed_form(fields: Mapping[str, str], secret: str, spelling: Spelling = Spelling.PLAIN) -> bytes:
    """A form with its hash. Empty fields are left out: they are not part of the hash."""
    filled = {name: value for name, value in fields.items() if value}
    return urlencode({**filled, HASH: sign(filled, secret, spelling)}).encode("ascii")
