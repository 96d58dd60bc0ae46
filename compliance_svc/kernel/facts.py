"""What the wallet knows when it asks for a decision. Nothing else is read."""

from dataclasses import dataclass, field
from datetime import date

from compliance_svc.kernel.protection import Protection
from compliance_svc.kernel.usage import Spending
from compliance_svc.kernel.values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Facts that change rarely. Build one per player and replace it when something changes."""

    born: int | None
    """Date of birth as YYYYMMDD; None if not known."""
    currency: str
    """Main currency: that of the player's limits."""
    protection: Protection | None
    """None if the stored state is absent or unreadable: every debit is refused."""
    memo: list[str] = field(default_factory=list, init=False, repr=False, compare=False)
    """The JSON of the player, once a record has needed it: every bet's record repeats it."""


@value(kw_only=True)
class Cycle:
    """The round that a bet belongs to."""

    staked_minor: int
    """Live stakes of the round so far, of every funding, without this bet; 0 for a new round."""
    last_start_us: int | None
    """Start of the latest cycle of this session in this game category; None if there was none."""


@value(kw_only=True)
class Facts:
    """The facts of one decision."""

    player: Player
    usage: Spending | None = None
    """Needed for BET and DEPOSIT of a player with limits; see `usage_needed`."""
    cycle: Cycle | None = None
    """Needed for BET."""
    suspended: bool = False
    """A kill switch holds for the licensee, provider, game or player."""


def born_on(text: str) -> int | None:
    """Return the date of birth from `1986-01-15`; None for an empty text, ValueError for anything else."""
    if not text:
        return None
    day = date.fromisoformat(text)
    return day.year * 10_000 + day.month * 100 + day.day
