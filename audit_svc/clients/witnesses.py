"""Witnesses over HTTP, as in C2SP tlog-witness."""

from base64 import b64encode
from collections.abc import Sequence

import httpx

from audit_svc.ports import Answer
from mesh.errors import DependencyDownError

_TIMEOUT_S = 5.0

_OK, _CONFLICT = 200, 409
_SIZE_TYPE = "text/x.tlog.size"


class WitnessClient:
    """Implements `ports.Witness`."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self.url = url.rstrip("/")

    async def cosign(self, *, old: int, path: Sequence[bytes], checkpoint: str) -> Answer:
        """Ask for a cosignature. Errors: DependencyDownError."""
        proof = "".join(f"{b64encode(step).decode()}\n" for step in path)
        try:
            response = await self._client.post(
                f"{self.url}/add-checkpoint", content=f"old {old}\n{proof}\n{checkpoint}", timeout=_TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise DependencyDownError(dependency="witness", retry_after=1.0) from error
        if response.status_code == _OK:
            return Answer(line=response.text.strip())
        if response.status_code == _CONFLICT and response.headers.get("content-type") == _SIZE_TYPE:
            return Answer(seen=int(response.text))
        return Answer(refusal=f"{response.status_code} {response.text.strip()[:200]}")
