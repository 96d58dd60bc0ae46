"""Signatures: HMAC-SHA1 over the parameters and three headers together, spelt as PHP spells a query.

Sorted by top-level name in byte order; what is inside a name keeps its order. A space is "+", "~" is "%7E", and
brackets are encoded.
"""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote_plus

from provider_adapters._kit.shared_secrets import hmac_hex, made_with_one_of
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError

MERCHANT, TIMESTAMP, NONCE, SIGN = "X-Merchant-Id", "X-Timestamp", "X-Nonce", "X-Sign"
SIGNED_HEADERS = (MERCHANT, NONCE, TIMESTAMP)
MOST_FIELDS = 1100
"""A list rollback has four fields for each of up to 256 transactions."""

_ALGORITHM = "sha1"  # the provider's choice, not ours


def parse(form: bytes) -> dict[str, str]:
    """The parameters in the order of the wire. A name that is also that of a signed header is refused."""
    found = decode(parse_pairs(form, most=MOST_FIELDS))
    if found.keys() & set(SIGNED_HEADERS):
        raise NotParseableError("a parameter with the name of a header")
    return found


def message(parameters: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    """What is signed. `headers` are the three of `SIGNED_HEADERS`, under these names."""
    merged = [*parameters.items(), *((name, headers[name]) for name in SIGNED_HEADERS)]
    merged.sort(key=lambda pair: pair[0].partition("[")[0].encode())
    return "&".join(f"{_php(name)}={_php(value)}" for name, value in merged).encode("ascii")


def _php(text: str) -> str:
    return quote_plus(text).replace("~", "%7E")


def encode(parameters: Iterable[tuple[str, str]]) -> bytes:
    """A form as PHP writes it."""
    return "&".join(f"{_php(name)}={_php(value)}" for name, value in parameters).encode("ascii")


def sign(key: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The value of the signature header."""
    return hmac_hex(key, message(parameters, headers), _ALGORITHM)


def verify(keys: Sequence[str], parameters: Mapping[str, str], headers: Mapping[str, str], given: str) -> bool:
    """Whether one of the keys signed these parameters with these headers."""
    return made_with_one_of(keys, message(parameters, headers), given, _ALGORITHM)


def signed_headers(
    key: str, merchant_id: str, parameters: Mapping[str, str], *, now_s: int, nonce: str
) -> dict[str, str]:
    """The four headers of a message of ours."""
    headers = {MERCHANT: merchant_id, TIMESTAMP: str(now_s), NONCE: nonce}
    return {**headers, SIGN: sign(key, parameters, headers)}
