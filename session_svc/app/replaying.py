"""Rounds as their providers show them."""

from __future__ import annotations

from session_svc.domain.rounds import PlayedRound, Replay, RoundName
from session_svc.errors import ProviderNotFoundError, RoundNotFoundError
from session_svc.ports import PlayedRounds, ReplayProviders


class ReplayDesk:
    """Asks a provider to show a round, once the ledger has said that it is this licensee's player's."""

    def __init__(self, *, rounds: PlayedRounds, providers: ReplayProviders) -> None:
        self._rounds = rounds
        self._providers = providers

    async def replay(self, name: RoundName) -> tuple[PlayedRound, Replay]:
        """The round and how it is shown."""
        if name.provider not in self._providers.names:
            raise ProviderNotFoundError(provider=name.provider)
        played = await self._rounds.find(name)
        if played is None:
            raise RoundNotFoundError(provider=name.provider, round_id=name.round_id)
        return played, await self._providers.replay(played)
