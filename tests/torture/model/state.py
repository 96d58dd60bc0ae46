"""What a player has: bets, wins, rounds, tips, holds; and what providers are known to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Parts(NamedTuple):
    """An amount by where it comes from, or goes to."""

    cash: int
    bonus: int = 0


@dataclass(frozen=True)
class Flags:
    """What a provider is known to do. Times in microseconds."""

    win_without_bet: bool = False
    one_credit_per_bet: bool = False
    late_win_window_us: int = 0


@dataclass
class Stake:
    """An accepted bet or tip."""

    key: str
    round: str
    parts: Parts
    order: int
    undone: bool = False

    @property
    def amount(self) -> int:
        """All of it."""
        return sum(self.parts)


@dataclass
class Win:
    """An accepted result."""

    key: str
    round: str
    ref: str
    parts: Parts
    order: int
    undone: bool = False

    def settles(self, bet: Stake) -> bool:
        """It names the bet, or its round after the bet."""
        if self.undone:
            return False
        return self.ref == bet.key if self.ref else self.order > bet.order


@dataclass
class Round:
    """A round: opened by its first accepted bet."""

    bets: list[str] = field(default_factory=list)
    wins: list[str] = field(default_factory=list)
    closed_us: int | None = None


@dataclass
class Cancel:
    """A cancel that gave a stake back."""

    of: str
    ref: str
    undone: bool = False


@dataclass
class Hold:
    """Reserved money."""

    amount: int
    left: int
    expires_us: int | None
    state: str = "ACTIVE"
