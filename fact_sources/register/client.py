"""Asks the register over HTTP. Every failure is silence."""

import json

import httpx

from fact_sources.asking import TooLongError, post
from fact_sources.register.reading import Said, Trouble, read, silent


class RegisterClient:
    """One register."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, timeout_s: float) -> None:
        self._client = client
        self._url = url.rstrip("/") + "/check"
        self._headers = {"authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s

    async def ask(self, reference: str) -> Said:
        """What the register says of a player now, within the time that it has."""
        body = json.dumps({"reference": reference}).encode()
        try:
            reply = await post(self._client, self._url, body, self._headers, self._timeout_s)
        except TooLongError:
            return silent(Trouble.UNREADABLE)
        except TimeoutError:
            return silent(Trouble.TIMEOUT)
        except httpx.HTTPError:
            return silent(Trouble.UNREACHABLE)
        return read(reply.status, reply.body, reference)
