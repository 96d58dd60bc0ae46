"""The studios, through their control API: what they shall play, and what they think happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a studio is with everything it was told to play."""

    planned: int = 0
    rounds: int = 0
    bets: int = 0
    accepted: int = 0
    running: bool = False
    crashed: int = 0
    not_entered: int = 0


class Studio:
    """One studio."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def play(self, order: dict[str, Any]) -> None:
        """Begin to play."""
        await self._post("play", order)

    async def progress(self) -> Progress:
        """Of all plays together."""
        plays = (await self._get("plays"))["plays"]
        return Progress(
            planned=sum(play["rounds_planned"] for play in plays),
            rounds=sum(play["rounds"] for play in plays),
            bets=sum(play["bets"] for play in plays),
            accepted=sum(play["bets_accepted"] for play in plays),
            running=any(play["running"] for play in plays),
            crashed=sum(play["crashed"] for play in plays),
            not_entered=sum(play["not_entered"] for play in plays),
        )

    async def bet(self, launch_url: str, name: str, stake: str) -> dict[str, Any]:
        """One bet by hand."""
        return await self._post(f"bet/{name}", {"launch_url": launch_url, "stake": stake})

    async def win(self, launch_url: str, name: str, stake: str, amount: str) -> dict[str, Any]:
        """The win of that bet, and the end of its round."""
        return await self._post(f"win/{name}", {"launch_url": launch_url, "stake": stake, "amount": amount})

    async def scenario(self, launch_url: str, name: str) -> dict[str, Any]:
        """A fixed exchange, each step checked by the studio."""
        return await self._post(f"scenario/{name}", {"launch_url": launch_url, "stake": "0.50"})

    async def down(self) -> None:
        """Its own API answers 503 from now on, and no new rounds begin."""
        await self._post("down", {"mode": "refuse"})

    async def up(self) -> None:
        """It works again."""
        await self._post("up", {})

    async def close_tables(self) -> None:
        """No more rounds; what is open is settled."""
        await self._post("stop", {})

    async def stats(self) -> dict[str, Any]:
        """Latencies and codes by kind of message."""
        calls: dict[str, Any] = (await self._get("stats"))["calls"]
        return calls

    async def settled(self) -> bool:
        """Whether nothing is unanswered."""
        record = await self._get("record")
        return not record["unresolved"] and not record["settling"]

    async def _post(self, command: str, content: dict[str, Any]) -> dict[str, Any]:
        return _content(await self._http.post(f"/control/{command}", json=content))

    async def _get(self, command: str) -> dict[str, Any]:
        return _content(await self._http.get(f"/control/{command}"))


def _content(reply: httpx.Response) -> dict[str, Any]:
    content: dict[str, Any] = reply.json()
    if reply.is_error:
        message = f"a studio refused a command: {content.get('error', reply.status_code)}"
        raise RuntimeError(message)
    return content
