"""HTTP requests and replies as plain values, for callbacks, outbound calls and studios alike."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, its body byte for byte as it came: signatures are over these bytes."""

    method: str
    path: str
    """Path below the callback base, with a leading slash and without the query."""
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case. A repeated header keeps its first value."""
    body: bytes = b""
    request_id: str = ""
    peer: str = ""
    """Address of the nearest hop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """One reply."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    code: str = ""
    """The provider's own code in this reply, for the access log and metrics. Never a secret."""


_request_id: ContextVar[str] = ContextVar("pitboss_callback_request_id", default="")


def current_request_id() -> str:
    """The request id of the callback that is being answered, or an empty text."""
    return _request_id.get()


def set_current_request_id(request_id: str) -> None:
    """Make it known to every call that this task makes."""
    _request_id.set(request_id)
