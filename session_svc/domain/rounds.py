"""Rounds that a licensee wants to see."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundName:
    """A round of a player at a provider, as the ledger knows it."""

    licensee: str
    player_id: str
    provider: str
    round_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedRound:
    """A round that the ledger has."""

    name: RoundName
    game_id: str
    """Empty if no transaction of it names a game."""
    state: int
    """RoundState of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How the provider shows a round. One of the two."""

    url: str = field(default="", repr=False)
    page: str = field(default="", repr=False)
