"""Joins the files of this folder into the kit's port."""

from collections.abc import Sequence

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Game, Launch, Problem
from provider_adapters.pragmatic_style.callbacks import Callbacks, refuse
from provider_adapters.pragmatic_style.client import Client
from provider_adapters.pragmatic_style.config import Config


class PragmaticStyleAdapter:
    """`ports.Adapter` for this provider."""

    def __init__(self, parts: AdapterParts) -> None:
        config = Config.from_credentials(parts.credentials)
        self._client = Client(parts.outbound, config)
        self._callbacks = Callbacks(parts, config)

    async def create_launch(self, launch: Launch) -> str:
        """See `ports.Adapter`."""
        return await self._client.launch(launch)

    async def list_games(self) -> Sequence[Game]:
        """See `ports.Adapter`."""
        return await self._client.games()

    async def probe(self, timeout_s: float) -> None:
        """See `ports.Adapter`."""
        await self._client.probe(timeout_s)

    async def callback(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """See `ports.Adapter`."""
        return await self._callbacks.answer(request, budget)

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:  # noqa: ARG002 - the port's signature
        """See `ports.Adapter`."""
        return refuse(problem)


def create(parts: AdapterParts) -> PragmaticStyleAdapter:
    """Called by the kit, once."""
    return PragmaticStyleAdapter(parts)
