"""The studio's connection to the callback address, and the ways in which a connection can fail on purpose."""

import asyncio
import time
from typing import Protocol

import httpx

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.plan import Mishap

_IMPATIENT_S = 0.004


class NoAnswerError(Exception):
    """No whole answer came. The text is a short code for statistics."""


class Sender(Protocol):
    """Somewhere to send signed messages."""

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        """The whole answer, or NoAnswerError."""
        ...


class CallbackLine:
    """Sends signed messages."""

    def __init__(self, callback_url: str, *, timeout_s: float) -> None:
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=128, keepalive_expiry=30)
        self._client = httpx.AsyncClient(base_url=callback_url, timeout=timeout_s, limits=limits, trust_env=False)
        self._timeout_s = timeout_s

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        """The whole answer, or NoAnswerError."""
        limit = _IMPATIENT_S if mishap is Mishap.IMPATIENT else self._timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._exchange(request, hang_up=mishap is Mishap.LOST_REPLY)
        except TimeoutError:
            raise NoAnswerError("timeout") from None
        except httpx.HTTPError as error:
            raise NoAnswerError(type(error).__name__) from error

    async def _exchange(self, request: HttpRequest, *, hang_up: bool) -> HttpReply:
        headers = dict(request.headers)
        built = self._client.build_request(request.method, request.path, content=request.body, headers=headers)
        reply = await self._client.send(built, stream=True)
        try:
            # The first bytes of the answer are here, so the other side has decided. Closing now loses the rest for good.
            if hang_up:
                raise NoAnswerError("lost_reply")
            body = await reply.aread()
        finally:
            await reply.aclose()
        return HttpReply(status=reply.status_code, body=body, content_type=reply.headers.get("content-type", ""))


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def seconds(self) -> float:
        """Until now."""
        return time.monotonic() - self._started
