"""Opaque page tokens: a position, bound to whose list it is."""

from __future__ import annotations

import base64

from mesh.errors import PageTokenInvalidError

NEWEST = 2**62
"""Before every position there is: where a list of the newest first begins."""


def token(position: int, owner: str) -> str:
    """The token of the page after this position of the owner's list."""
    return base64.urlsafe_b64encode(f"{position} {owner}".encode()).decode()


def position(text: str, owner: str, *, empty: int = NEWEST, field: str = "page_token") -> int:
    """The position in a token; `empty` for an empty one. PageTokenInvalidError for another owner's, or for no token."""
    if not text:
        return empty
    try:
        number, _, whose = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
        found = int(number)
    except ValueError:
        raise PageTokenInvalidError(field=field) from None
    if whose != owner or not 0 <= found <= NEWEST:
        raise PageTokenInvalidError(field=field)
    return found
