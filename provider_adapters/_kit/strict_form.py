"""Form fields as a signed message must be: ASCII on the wire, every name once, UTF-8 inside."""

from urllib.parse import unquote_plus

from provider_adapters._kit.strict_json import NotParseableError

MAX_FIELDS = 64


def parse_pairs(body: bytes, *, most: int = MAX_FIELDS) -> list[tuple[str, str]]:
    """Names and values exactly as they stand on the wire, still encoded, in wire order; at most so many."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise NotParseableError("not ASCII") from error
    parts = text.split("&") if text else []
    if len(parts) > most:
        raise NotParseableError("too many fields")
    pairs = [part.partition("=") for part in parts]
    if any(not separator for _, separator, _ in pairs):
        raise NotParseableError("a field without a value")
    return [(name, value) for name, _, value in pairs]


def decode(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The fields, decoded. A name that is there twice is refused."""
    try:
        found = {_decoded(name): _decoded(value) for name, value in pairs}
    except UnicodeDecodeError as error:
        raise NotParseableError("not UTF-8") from error
    if len(found) != len(pairs):
        raise NotParseableError("a name is there twice")
    return found


def _decoded(text: str) -> str:
    # Most names and values spell themselves.
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text
