"""Requests are checked once, against the rules written next to their fields in the contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import protovalidate

from mesh.errors import MessageTooLargeError, RequestInvalidError
from mesh.rules import Acceptors, Accepts

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_validator = protovalidate.Validator()
_acceptors = Acceptors()
_by_class: dict[type, Accepts] = {}

Violation = Any
PathElement = Any


def check(request: Message) -> None:
    """Raise `RequestInvalidError` with one violation for each rule that the request breaks."""
    kind = type(request)
    accepts = _by_class.get(kind)
    if accepts is None:
        accepts = _by_class[kind] = _acceptors.of(cast("Descriptor", request.DESCRIPTOR))
    if accepts(request):
        return
    if found := _validator.collect_violations(request):
        raise RequestInvalidError(violations=[(_path(item.proto), item.proto.message) for item in found])


def decode(raw: bytes, parse: Callable[[bytes], Message], limit_bytes: int) -> Message:
    """The request in `raw`, parsed and checked."""
    if len(raw) > limit_bytes:
        raise MessageTooLargeError(limit_bytes=str(limit_bytes))
    try:
        request = parse(raw)
    except Exception:  # noqa: BLE001 - every parser has its own exception for bytes it cannot read
        raise RequestInvalidError(violations=[("", "is not a message of this type")]) from None
    check(request)
    return request


def _path(violation: Violation) -> str:
    elements = violation.field.elements if violation.field else ()
    return ".".join(_step(element) for element in elements)


def _step(element: PathElement) -> str:
    if element.subscript is None:
        return str(element.field_name)
    return f"{element.field_name}[{element.subscript.value}]"
