"""Calls to the provider: deadline, breaker, retries where they are safe, and one vocabulary of failures."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TypeVar

import httpx
import pybreaker
import stamina

from mesh import metrics
from mesh.breaker import AsyncBreaker
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.errors import BreakerOpenError, ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply

T = TypeVar("T")

_TOO_MANY_REQUESTS = 429
_REDIRECT, _CLIENT_ERROR = 300, 400
_SERVER_ERROR = 500
_ATTEMPTS = 3
_MAX_REPLY_BYTES = 8 * 1024 * 1024


def is_failure(error: BaseException) -> bool:
    """Whether an error says that the provider is ill. A refusal in its own words is an answer."""
    return not isinstance(error, ProviderRefusedError)


class HttpOutbound:
    """The provider's API over HTTP."""

    def __init__(
        self, provider: str, client: httpx.AsyncClient, breaker: AsyncBreaker, *, timeout_s: float, retry_after_s: float
    ) -> None:
        self._provider = provider
        self._client = client
        self._breaker = breaker
        self._timeout_s = timeout_s
        self._retry_after_s = retry_after_s

    async def send(  # noqa: PLR0913 - one argument for each part of a request
        self,
        operation: str,
        method: str,
        path: str,
        *,
        read: Callable[[HttpReply], T],
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        guarded: bool = True,
        timeout_s: float | None = None,
    ) -> T:
        """See `ports.Outbound`."""
        url = f"{path}?{query}" if query else path
        request = self._client.build_request(method, url, content=body, headers=dict(headers or {}))
        budget = Budget.of(timeout_s or self._timeout_s)
        repeated = stamina.retry_context(
            on=ProviderFailedError,
            attempts=_ATTEMPTS if safe else 1,
            timeout=budget.remaining(),
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.05,
        )
        async for attempt in repeated:
            with attempt:
                return await self._attempt(operation, request, read, budget, guarded=guarded)
        raise self._failed(operation, "no attempt")

    async def _attempt(
        self, operation: str, request: httpx.Request, read: Callable[[HttpReply], T], budget: Budget, *, guarded: bool
    ) -> T:
        started = time.monotonic()
        try:
            async with self._breaker.guard() if guarded else nullcontext():
                return read(await self._exchange(operation, request, budget))
        except pybreaker.CircuitBreakerError:
            state = self._breaker.state
            raise BreakerOpenError(provider=self._provider, state=state, retry_after=self._retry_after_s) from None
        finally:
            timer = metrics.histogram("provider_call_seconds", provider=self._provider, operation=operation)
            timer.observe(time.monotonic() - started)

    async def _exchange(self, operation: str, request: httpx.Request, budget: Budget) -> HttpReply:
        try:
            # Around all of it: httpx bounds each read, so a slow drip would last for ever. Inside the
            # breaker's guard: there it is a failure, while a cancelled caller is not.
            async with asyncio.timeout(budget.remaining()):
                reply = await self._read_bounded(request)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._failed(operation, type(error).__name__) from error
        if reply is None:
            raise self._failed(operation, "reply_too_large")
        if _REDIRECT <= reply.status < _CLIENT_ERROR:
            # Never followed: where it leads, our secrets would go along.
            raise self._failed(operation, f"http_{reply.status}")
        if reply.status >= _SERVER_ERROR or reply.status == _TOO_MANY_REQUESTS:
            raise self._failed(operation, f"http_{reply.status}")
        return reply

    async def _read_bounded(self, request: httpx.Request) -> HttpReply | None:
        reply = await self._client.send(request, stream=True)
        body = bytearray()
        try:
            async for chunk in reply.aiter_bytes():
                body += chunk
                if len(body) > _MAX_REPLY_BYTES:
                    return None
        finally:
            await reply.aclose()
        return HttpReply(
            status=reply.status_code,
            body=bytes(body),
            content_type=reply.headers.get("content-type", ""),
            headers=tuple(reply.headers.items()),
        )

    def _failed(self, operation: str, cause: str) -> ProviderFailedError:
        metrics.counter("provider_call_failures", provider=self._provider, operation=operation, cause=cause).add()
        return ProviderFailedError(provider=self._provider, operation=operation)
