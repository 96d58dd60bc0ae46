"""A document as JSON and as XML: the same elements in the same order, the same bytes each time. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_ITEMS: Final = {
    "ledger": "shard",
    "totals": "total",
    "rounds": "round",
    "sessions": "session",
    "packs": "pack",
    "anomalies": "anomaly",
    "postings": "posting",
}
"""What an element of a list is called in XML."""
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def json_file(document: Mapping[str, Any]) -> bytes:
    """UTF-8, an element on each line."""
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def xml_file(document: Mapping[str, Any], namespace: str) -> bytes:
    """Elements alone: no attributes but the namespace, no document type, no entities but the three of the syntax."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<extract xmlns="{namespace}">']
    for name, value in document.items():
        lines += _element(name, value)
    return "\n".join([*lines, "</extract>", ""]).encode()


def _element(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield f"<{name}>"
        for inner, content in value.items():
            yield from _element(inner, content)
        yield f"</{name}>"
    elif isinstance(value, (list, tuple)):
        yield f"<{name}>"
        for each in value:
            yield from _element(_ITEMS[name], each)
        yield f"</{name}>"
    else:
        yield f"<{name}>{_text(value)}</{name}>"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(_ESCAPES)
