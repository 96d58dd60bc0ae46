"""What stands beside the columns of an entry."""

from __future__ import annotations

import json
from typing import Any


def details_of(text: str | None) -> dict[str, Any]:
    """The details, or none if they cannot be read: that somebody changed them is for the digests to say."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
