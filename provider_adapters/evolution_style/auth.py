"""Who speaks: a shared secret in the query of a callback, and Basic credentials in our own calls.

There is no signature over the body, so everything rests on TLS. The query is written into no log.
"""

import base64
from collections.abc import Sequence
from urllib.parse import quote

from provider_adapters._kit.shared_secrets import is_one_of
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError

PARAMETER = "authToken"


def query(token: str) -> bytes:
    """The query of a callback."""
    return f"{PARAMETER}={quote(token, safe='')}".encode("ascii")


def verify(tokens: Sequence[str], given: bytes) -> bool:
    """Whether a query names one of the tokens, once."""
    try:
        return is_one_of(decode(parse_pairs(given)).get(PARAMETER), tokens)
    except NotParseableError:
        return False


def basic(casino_key: str, api_token: str) -> str:
    """The header of the calls that have no token in their path."""
    return "Basic " + base64.b64encode(f"{casino_key}:{api_token}".encode()).decode("ascii")
