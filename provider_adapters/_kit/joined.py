"""`ports.Adapter`, joined from the parts that a provider's folder brings."""

from collections.abc import Callable, Sequence
from typing import Protocol

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.errors import FreeRoundsNotOfferedError, ReplayNotOfferedError
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import FreeRounds, Game, GivenRounds, Launch, PlayedRound, Problem, Replay


class Client(Protocol):
    """What we ask the provider. Raises the kit's provider errors."""

    async def launch_url(self, launch: Launch) -> str:
        """The address that starts the game."""
        ...

    async def games(self) -> Sequence[Game]:
        """The catalog."""
        ...

    async def ping(self, timeout_s: float) -> None:
        """The cheapest call that the provider has, unguarded and not repeated."""
        ...


class Granter(Protocol):
    """What we ask the provider about free rounds. Raises the kit's provider errors."""

    async def grant(self, rounds: FreeRounds) -> str:
        """Give them; the provider's name of the grant."""
        ...

    async def cancel_grant(self, given: GivenRounds) -> None:
        """Take back what is left."""
        ...


class Replayer(Protocol):
    """What we ask the provider about rounds. Raises the kit's provider errors."""

    async def replay(self, played: PlayedRound) -> Replay:
        """How it shows a round."""
        ...


class Callbacks(Protocol):
    """What the provider asks us."""

    async def answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """The reply to one callback."""
        ...


class JoinedAdapter:
    """See `ports.Adapter`."""

    def __init__(
        self,
        client: Client,
        callbacks: Callbacks,
        refuse: Callable[[Problem], HttpReply],
        granter: Granter | None = None,
        replayer: Replayer | None = None,
    ) -> None:
        self._client = client
        self._granter = granter
        self._replayer = replayer
        self._refuse = refuse
        # One call less on each callback.
        self.callback = callbacks.answer

    async def create_launch(self, launch: Launch) -> str:
        """See `ports.Adapter`."""
        return await self._client.launch_url(launch)

    async def list_games(self) -> Sequence[Game]:
        """See `ports.Adapter`."""
        return await self._client.games()

    async def grant_free_rounds(self, rounds: FreeRounds) -> str:
        """See `ports.Adapter`."""
        if self._granter is None:
            raise FreeRoundsNotOfferedError
        return await self._granter.grant(rounds)

    async def cancel_free_rounds(self, given: GivenRounds) -> None:
        """See `ports.Adapter`."""
        if self._granter is None:
            raise FreeRoundsNotOfferedError
        await self._granter.cancel_grant(given)

    async def replay_round(self, played: PlayedRound) -> Replay:
        """See `ports.Adapter`."""
        if self._replayer is None:
            raise ReplayNotOfferedError
        return await self._replayer.replay(played)

    async def probe(self, timeout_s: float) -> None:
        """See `ports.Adapter`."""
        await self._client.ping(timeout_s)

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:  # noqa: ARG002 - the port's signature
        """See `ports.Adapter`."""
        return self._refuse(problem)
