"""The JSON Schema of manifest.toml, for editors and for whoever writes one elsewhere. Made from the class that reads it.

`manifest.parse` is what decides. Two of its rules a schema cannot say: the name is the folder's, and `margin_ms` is below
`provider_timeout_ms`.
"""

import enum
from dataclasses import MISSING, fields
from typing import Any

from mesh.settings_help import field_texts
from provider_adapters._kit.manifest import (
    CURRENCY,
    KINDS,
    LONGEST_GRACE_MS,
    MOST_DECIMALS,
    NAME,
    POSITIVE,
    Capability,
    Manifest,
    Reproduction,
)

_TEXT = {"type": "string", "minLength": 1}


def schema() -> dict[str, Any]:
    """Draft 2020-12."""
    texts, shapes = field_texts(Manifest), _shapes()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A provider's manifest",
        "description": "manifest.toml in a provider's folder: facts about the provider, for machines.",
        "type": "object",
        "properties": {field.name: _described(shapes[field.name], texts.get(field.name)) for field in fields(Manifest)},
        "required": [field.name for field in fields(Manifest) if field.default is MISSING],
        "additionalProperties": False,
        "if": {"properties": {"token_grace_ms": {"minimum": 1}}, "required": ["token_grace_ms"]},
        "then": {"properties": {"capabilities": {"contains": {"const": Capability.TOKEN_SWAP.value}}}},
    }


def _shapes() -> dict[str, dict[str, Any]]:
    return {
        "name": {"type": "string", "pattern": f"^{NAME.pattern}$"},
        **dict.fromkeys(("title", "owner", "api_version"), _TEXT),
        **{key: _one_of(kind) for key, kind in KINDS.items()},
        "reproduction": {**_one_of(Reproduction), "default": Reproduction.R1.value},
        "capabilities": _list_of(_one_of(Capability)),
        "currency_codes": _list_of({"type": "string", "pattern": f"^{CURRENCY.pattern}$"}),
        "cancel_trigger_codes": _list_of({"type": "string"}),
        **{key: {"type": "integer", "minimum": 1} for key in POSITIVE},
        "retry_attempts": {"type": "integer", "minimum": 0},
        "decimals": {"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS},
        "token_grace_ms": {"type": "integer", "minimum": 0, "maximum": LONGEST_GRACE_MS, "default": 0},
        "nonces": {"type": "boolean", "default": False},
    }


def _one_of(kind: type[enum.StrEnum]) -> dict[str, Any]:
    texts = field_texts(kind)
    words = [_described({"const": each.value}, texts.get(each.name)) for each in kind]
    return _described({"oneOf": words}, kind.__doc__)


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "uniqueItems": True, "items": item}


def _described(shape: dict[str, Any], text: str | None) -> dict[str, Any]:
    """A shape with what it means, if that is said."""
    return shape if text is None else {**shape, "description": text}
