"""What a player has: bets, rounds, holds; and what providers are known to do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flags:
    """What a provider is known to do. Times in microseconds."""

    win_without_bet: bool = False
    one_credit_per_bet: bool = False
    late_win_window_us: int = 0


@dataclass
class Bet:
    """An accepted stake."""

    key: str
    round: str
    amount: int
    undone: bool = False
    wins: int = 0


@dataclass
class Round:
    """A round: opened by its first accepted bet."""

    bets: list[str] = field(default_factory=list)
    closed_us: int | None = None


@dataclass
class Hold:
    """Reserved money."""

    amount: int
    left: int
    expires_us: int | None
    state: str = "ACTIVE"
