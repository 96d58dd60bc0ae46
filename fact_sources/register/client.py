"""Asks the register over HTTP. Every failure is silence."""

import asyncio

import httpx

from fact_sources.register.reading import Said, Trouble, read, silent

_MOST_BYTES = 64 * 1024


class RegisterClient:
    """One register."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, timeout_s: float) -> None:
        self._client = client
        self._url = url.rstrip("/") + "/check"
        self._headers = {"authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s

    async def ask(self, reference: str) -> Said:
        """What the register says of a player now, within the time that it has."""
        try:
            # Over all of it: a register that sends a byte a second is slow too.
            async with asyncio.timeout(self._timeout_s):
                request = self._client.build_request(
                    "POST", self._url, json={"reference": reference}, headers=self._headers
                )
                response = await self._client.send(request, stream=True)
                try:
                    body = b""
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > _MOST_BYTES:
                            return silent(Trouble.UNREADABLE)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            return silent(Trouble.TIMEOUT)
        except httpx.HTTPError:
            return silent(Trouble.UNREACHABLE)
        return read(response.status_code, body, reference)
