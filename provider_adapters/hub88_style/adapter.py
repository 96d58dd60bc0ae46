"""The port, joined from the files beside it."""

from collections.abc import Sequence

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Adapter, AdapterParts, Game, Launch, Problem
from provider_adapters.hub88_style import callbacks
from provider_adapters.hub88_style.callbacks import Callbacks
from provider_adapters.hub88_style.client import Client
from provider_adapters.hub88_style.config import adapter_keys


def create(parts: AdapterParts) -> Adapter:
    """Called by the kit."""
    return Hub88Style(parts)


class Hub88Style:
    """See `_kit.ports.Adapter`."""

    def __init__(self, parts: AdapterParts) -> None:
        keys = adapter_keys(parts.credentials)
        self._client = Client(keys=keys, outbound=parts.outbound)
        self._callbacks = Callbacks(keys=keys, wallet=parts.wallet, sessions=parts.sessions, security=parts.security)

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
