"""The port, joined from the files beside it."""

from collections.abc import Sequence

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Adapter, AdapterParts, Game, Launch, Problem
from provider_adapters.acme_slots import callbacks, config
from provider_adapters.acme_slots.callbacks import Callbacks
from provider_adapters.acme_slots.client import Client


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit."""
    return TheAdapter(parts)


class TheAdapter:
    """See `_kit.ports.Adapter`."""

    def __init__(self, parts: AdapterParts) -> None:
        settings = config.read(parts.credentials)
        self._client = Client(settings, parts.outbound)
        self._callbacks = Callbacks(settings, parts)

    async def create_launch(self, launch: Launch) -> str:
        """See `_kit.ports.Adapter`."""
        return await self._client.launch_url(launch)

    async def list_games(self) -> Sequence[Game]:
        """See `_kit.ports.Adapter`."""
        return await self._client.games()

    async def probe(self, timeout_s: float) -> None:
        """See `_kit.ports.Adapter`."""
        await self._client.ping(timeout_s)

    async def callback(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """See `_kit.ports.Adapter`."""
        return await self._callbacks.answer(request, budget)

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:  # noqa: ARG002 - the port's signature
        """See `_kit.ports.Adapter`."""
        return callbacks.refuse(problem)
