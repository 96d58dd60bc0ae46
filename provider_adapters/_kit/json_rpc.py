"""JSON-RPC 2.0: one call in one body, one answer. Batches and calls without an id are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import orjson

from provider_adapters._kit.strict_json import NotParseableError, parse_object

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_ERROR: Final = -32000

MESSAGES: Final[Mapping[int, str]] = {
    PARSE_ERROR: "Parse error",
    INVALID_REQUEST: "Invalid Request",
    METHOD_NOT_FOUND: "Method not found",
    INVALID_PARAMS: "Invalid params",
    INTERNAL_ERROR: "Internal error",
    SERVER_ERROR: "Server error",
}

_LONGEST_ID = 128


class RpcError(Exception):
    """The body is no call that can be answered with a result."""

    def __init__(self, code: int, call_id: str | int | None = None) -> None:
        super().__init__(MESSAGES[code])
        self.code = code
        self.call_id = call_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcCall:
    """One call."""

    call_id: str | int
    method: str
    params: Mapping[str, Any]


def parse_call(body: bytes) -> RpcCall:
    """The call in a body, or RpcError."""
    if body.lstrip()[:1] == b"[":
        raise RpcError(INVALID_REQUEST)
    try:
        content = parse_object(body)
    except NotParseableError as error:
        raise RpcError(PARSE_ERROR) from error
    call_id, method, params = content.get("id"), content.get("method"), content.get("params")
    if not _is_id(call_id) or content.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(INVALID_REQUEST)
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, call_id)
    return RpcCall(call_id=call_id, method=method, params=params)


def _is_id(call_id: object) -> TypeGuard[str | int]:
    return type(call_id) is int or (isinstance(call_id, str) and len(call_id) <= _LONGEST_ID)


def result(call_id: str | int | None, content: Mapping[str, Any]) -> bytes:
    """An answer."""
    return orjson.dumps({"jsonrpc": "2.0", "id": call_id, "result": content})


def error(call_id: str | int | None, code: int, data: Mapping[str, Any] | None = None) -> bytes:
    """A refusal: of the call itself, or (with data) of what it asked for."""
    said: dict[str, Any] = {"code": code, "message": MESSAGES[code]}
    return orjson.dumps({"jsonrpc": "2.0", "id": call_id, "error": {**said, "data": data} if data else said})
