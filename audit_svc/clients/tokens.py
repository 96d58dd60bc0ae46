"""The authority's token service over HTTP. Every failure is "down"; a signature that is wrong is a security event too."""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import httpx

from audit_svc.domain.extracts import Extract
from audit_svc.domain.tokens import Token, receipt_text
from mesh import logs
from mesh.errors import DependencyDownError
from mesh.verify.notes import Key, NoteError, open_note

_log = logs.get("audit_svc.tokens")

_OK = 200
_MOST_BYTES = 64 * 1024
_KEY_BYTES = 32


class TokenClient:
    """Implements `ports.TokenService`."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, key: str, timeout_s: float) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {secret}"}
        self._key = Key.parse(key)
        self._timeout_s = timeout_s

    async def open(self, batch: str) -> Token:
        """The token of a batch."""
        found = await self._post("/tokens", {"batch": batch})
        try:
            key = base64.b64decode(found["key"], validate=True)
            token = Token(id=str(found["token"]), key=key, valid_until_us=int(found["valid_until_us"]))
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise _down("unreadable") from None
        if found.get("batch") != batch or len(key) != _KEY_BYTES or not token.id.isalnum():
            raise _down("contradictory")
        return token

    async def close(self, extract: Extract, token: Token, mac: str) -> str:
        """What the authority signs about the batch."""
        found = await self._post(f"/tokens/{token.id}/close", {"mac": mac, "digest": extract.digest.hex()})
        try:
            receipt, closed_us = str(found["receipt"]), int(found["closed_us"])
        except (KeyError, TypeError, ValueError):
            raise _down("unreadable") from None
        try:
            said = open_note(receipt, [self._key])
        except NoteError as error:
            _log.security("a seal is not signed by the authority", batch=extract.batch, why=str(error))
            raise _down("unsigned") from None
        if said != receipt_text(extract, token, mac, closed_us):
            _log.security("the authority signed something else than was sent", batch=extract.batch)
            raise _down("contradictory")
        return receipt

    async def _post(self, path: str, content: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            # Over all of it: a service that sends a byte a second is slow too.
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(f"{self._url}{path}", json=content, headers=self._headers)
        except (TimeoutError, httpx.HTTPError) as error:
            raise _down("unreachable") from error
        if response.status_code != _OK:
            raise _down(f"status {response.status_code}")
        try:
            found = json.loads(response.content[:_MOST_BYTES])
        except ValueError:
            raise _down("unreadable") from None
        if not isinstance(found, dict):
            raise _down("unreadable")
        return found


def _down(trouble: str) -> DependencyDownError:
    return DependencyDownError(dependency="token service", trouble=trouble, retry_after=1.0)
