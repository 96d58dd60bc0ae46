"""How a process asks a source over HTTP: all of an answer within a time, and not more of it than a source has to say."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

_MOST_BYTES: Final = 64 * 1024


class TooLongError(Exception):
    """The answer does not end where answers of a source end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def post(client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Reply:
    """Send JSON and read the answer. Raises TimeoutError, TooLongError, or httpx.HTTPError if there is no answer."""
    request = client.build_request("POST", url, content=body, headers={"content-type": "application/json", **headers})
    try:
        # Over all of it: a source that sends a byte a second is slow too.
        async with asyncio.timeout(timeout_s):
            response = await client.send(request, stream=True)
            try:
                found = b""
                async for part in response.aiter_bytes():
                    found += part
                    if len(found) > _MOST_BYTES:
                        raise TooLongError
            finally:
                await response.aclose()
    except httpx.TimeoutException:
        raise TimeoutError from None
    return Reply(status=response.status_code, headers=response.headers, body=found)
