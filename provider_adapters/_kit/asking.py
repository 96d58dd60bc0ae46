"""Calls to a provider's API, as a dialect writes and reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Outbound
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters._kit.typed_json import FieldInvalidError

T = TypeVar("T")

_LONGEST_CODE = 64
_LONGEST_ID = 128
_NONSENSE = (NotParseableError, FieldInvalidError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call, written and signed."""

    operation: str
    """Name in metrics and errors."""
    path: str
    method: str = "POST"
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


async def ask(
    outbound: Outbound,
    question: Question,
    read: Callable[[HttpReply], T],
    *,
    probe_timeout_s: float | None = None,
    once: bool = False,
) -> T:
    """What `read` makes of the answer; an answer that it cannot read is a failure of the provider.

    Repeated unless it is `once`: then whoever asked decides. With `probe_timeout_s` it is the probe's: not guarded, not repeated.
    """

    def checked(reply: HttpReply) -> T:
        try:
            return read(reply)
        except (ProviderFailedError, ProviderRefusedError) as error:
            error.metadata.setdefault("operation", question.operation)
            raise
        except _NONSENSE as error:
            raise ProviderFailedError(operation=question.operation) from error

    is_probe = probe_timeout_s is not None
    return await outbound.send(
        question.operation,
        question.method,
        question.path,
        read=checked,
        body=question.body,
        query=question.query,
        headers=question.headers,
        safe=not is_probe and not once,
        guarded=not is_probe,
        timeout_s=probe_timeout_s,
    )


def raise_for(code: object, failures: Mapping[Any, type[ProviderFailedError | ProviderRefusedError]]) -> NoReturn:
    """Raise what a code of the provider means. A code that is not in the paper is a refusal in words we do not know."""
    if not isinstance(code, str) or not code or not code.isascii() or not code.isprintable():
        raise FieldInvalidError("code")
    failure = failures.get(code, ProviderRefusedError)
    raise failure(code=code[:_LONGEST_CODE])


def text_in(content: Mapping[str, Any], name: str) -> str:
    """A text of an answer that must be there."""
    value = content[name]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise FieldInvalidError(name)
    return value


def browser_address(url: object) -> str:
    """The address, if it is one that a browser may be sent to."""
    if not isinstance(url, str) or not 8 <= len(url) <= 4096 or urlsplit(url).scheme not in {"http", "https"}:  # noqa: PLR2004 - "https://" and what browsers bear
        raise FieldInvalidError("url")
    return url
