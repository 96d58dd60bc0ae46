"""Asks the source over HTTP. Every failure is silence."""

import httpx

from fact_sources.sanctions.reading import Said, SilentError, Trouble, read, read_version


class SourceClient:
    """One source."""

    def __init__(self, client: httpx.Client, url: str, token: str) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"}

    def version(self) -> str:
        """The version of the lists now. Raises SilentError."""
        return read_version(*self._ask(self._client.build_request("GET", f"{self._url}/version")))

    def screen(self, reference: str) -> Said:
        """What the lists say of a player now. Raises SilentError."""
        request = self._client.build_request("POST", f"{self._url}/screen", json={"reference": reference})
        return read(*self._ask(request), reference)

    def _ask(self, request: httpx.Request) -> tuple[int, bytes]:
        request.headers.update(self._headers)
        try:
            response = self._client.send(request)
        except httpx.TimeoutException:
            raise SilentError(Trouble.TIMEOUT) from None
        except httpx.HTTPError:
            raise SilentError(Trouble.UNREACHABLE) from None
        return response.status_code, response.content
