"""What the wallet knows when it asks for a decision. Nothing else is read."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from compliance_svc.kernel.actions import Category
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
class Session:
    """One play session: the permit to play one game for some time."""

    opened_us: int
    until_us: int | None = None
    """End of the permit; None if nothing but its closing ends it."""
    ended: bool = False
    epoch: int = 0
    """The player's permit epoch when it was opened or renewed."""
    check_every_s: int | None = None
    """The player's own interval of reality checks."""
    checked_us: int | None = None
    """The last acknowledged reality check."""
    spend_limit_minor: int | None = None
    """Stakes that the player fixed at the opening."""
    seconds_limit: int | None = None
    """Time that the player fixed at the opening."""
    spent_minor: int = 0
    """Stakes of the session so far, not given back. Kept only under a spend limit."""
    vouched_us: int | None = None
    """When the licensee vouched last for stakes of the session (mode ASSERT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """What is known of a game's permits."""

    category: Category | None = None
    """None: not known, and rules about games refuse."""
    certified: bool = True
    """The build that runs is one of those with a certificate."""
    progressive: bool = False
    """The game feeds or pays a progressive jackpot."""
    return_ppm: int = 0
    """Certified return in millionths of the stakes, for OPEN_PLAY; 0: not told."""
    features: tuple[str, ...] = ()
    """What the game can do that some markets forbid, for OPEN_PLAY."""


class Answer(StrEnum):
    """What a source outside said when it was asked for this action."""

    LICENSEE = "LICENSEE"
    """Not asked by us: the licensee asks this source itself and vouches for the action that it sends."""
    CLEAR = "CLEAR"
    """Nothing against the player. For a limit file: no amount that could matter."""
    MATCH = "MATCH"
    """The player is listed; active at another operator."""
    FUZZY = "FUZZY"
    """A possible match that a person has to look at."""
    NOT_SET = "NOT_SET"
    """A limit file without a limit of this player."""
    SILENT = "SILENT"
    """Timeout, nothing, or an answer that is none. Never taken for clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Answers and health of everything outside the ledger, for one action."""

    register: Answer = Answer.LICENSEE
    """The exclusion register; for actions that do not ask it, its last answer."""
    limit_file: Answer = Answer.LICENSEE
    """The cross-operator limit file."""
    limit_left_minor: int | None = None
    """What the limit file leaves, if it named an amount."""
    limit_file_source: str = ""
    """Which file that was; of several, the one that leaves least."""
    limit_file_answered_us: int | None = None
    """When it answered, on our clock: the age is the time of the decision less this."""
    limit_file_reference: str = ""
    """Under which reference of ours it keeps the deposit, if it was asked to."""
    activity: Answer = Answer.LICENSEE
    """The cross-operator activity file."""
    geo_silent: bool = False
    """The source of physical locations does not answer."""
    screening_silent: bool = False
    """The source of screenings does not answer."""
    limit_file_silent: bool = False
    """A limit file of the player's market does not answer."""
    register_silent: bool = False
    """The last question to the exclusion register, whoever asked, had no answer."""
    clock_off: bool = False
    """The clock is further from its reference than allowed, or nobody knows."""
    clock_offset_us: int | None = None
    """How far it was ahead when it was measured last; None while it is not off, or if there was no measurement."""
    clock_error_us: int | None = None
    """How exact that is."""
    clock_measured_us: int | None = None
    """When that was, on the clock itself: the age is the time of the decision less this."""
    clock_source: str = ""
    """What it was compared with."""
    zone_changed: bool = False
    """The data of the market's time zone has changed since this process has loaded it."""
    counters_down: bool = False
    audit_down: bool = False
    """Evidence cannot be made durable."""
    pack_doubted: bool = False
    """A stored pack that should hold in the player's place cannot be believed: wrong content, or wrong signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The licensee's signed word that limits and exclusions are in order (mode ASSERT)."""

    max_age_us: int
    issued_us: int | None
    """None: the action came without one."""
    replayed: bool = False
    """Its nonce was used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The rate from the action's currency into the player's main currency."""

    value: int
    decimals: int
    """One main unit of the action's currency is `value / 10**decimals` main units of the player's."""
    observed_us: int
    max_age_us: int
    exponent: int
    """Decimals of the smallest unit of the player's currency."""


CALM: Final = Outside()
"""Everything answers, and the licensee asks registers and files itself."""


@value(kw_only=True)
class Facts:
    """The facts of one decision."""

    player: Player
    usage: Spending | None = None
    """Needed for BET and DEPOSIT of a player with limits; see `usage_needed`."""
    cycle: Cycle | None = None
    """Needed for BET."""
    session: Session | None = None
    """Needed for BET, and for what is done to a session."""
    game: Game | None = None
    """Needed for BET and OPEN_PLAY under packs with rules about games."""
    others: tuple[Category | None, ...] = ()
    """Categories of the player's other open sessions, for OPEN_PLAY."""
    outside: Outside = CALM
    assertion: Assertion | None = None
    """None in mode ENFORCE."""
    rate: Rate | None = None
    """None if none is known. Not needed where the action is in the player's currency."""
    suspended: bool = False
    """A kill switch holds for the licensee, provider, game or player."""
    licensed: bool = True
    """False: the licensee has no licence for the player's residence."""


def born_on(text: str) -> int | None:
    """Return the date of birth from `1986-01-15`; None for an empty text, ValueError for anything else."""
    if not text:
        return None
    day = date.fromisoformat(text)
    return day.year * 10_000 + day.month * 100 + day.day
