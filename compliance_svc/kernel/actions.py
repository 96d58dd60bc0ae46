"""What a player, or a game on a player's behalf, wants to do.

Amounts are integers in the smallest unit; `exponent` says how many decimals that unit has
in the licensee's registry (GBP at 6: 5.00 is 5_000_000).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from compliance_svc.kernel.limits import WINDOWS, LimitKind, Window
from compliance_svc.kernel.local_time import Term
from compliance_svc.kernel.values import value

ENDLESS: Final = frozenset({"indefinite", "final"})
"""Terms of an exclusion that have no end."""


class ActionKind(StrEnum):
    """Names of the actions in packs and records."""

    BET = "BET"
    TIP = "TIP"
    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    RELEASE = "RELEASE"
    WIN = "WIN"
    CANCEL = "CANCEL"
    REFUND = "REFUND"
    LOGIN = "LOGIN"
    OPEN_PLAY = "OPEN_PLAY"
    SET_LIMIT = "SET_LIMIT"
    CONFIRM_LIMIT = "CONFIRM_LIMIT"
    CANCEL_PENDING_LIMIT = "CANCEL_PENDING_LIMIT"
    EXCLUDE = "EXCLUDE"
    TAKE_BREAK = "TAKE_BREAK"
    REQUEST_REINSTATEMENT = "REQUEST_REINSTATEMENT"


CREDITS: Final = frozenset(
    {ActionKind.WIN, ActionKind.CANCEL, ActionKind.REFUND, ActionKind.RELEASE, ActionKind.WITHDRAW}
)
"""Never blocked by limits, exclusions, sessions, switches or missing facts."""


class Category(StrEnum):
    """Kind of game, as the rules see it."""

    SLOT = "slot"
    TABLE = "table"
    LIVE = "live"


class Funding(StrEnum):
    """What pays for a stake."""

    CASH = "cash"
    BONUS = "bonus"
    FREE_SPIN = "free_spin"


@value(kw_only=True)
class Bet:
    """A stake."""

    kind: ClassVar = ActionKind.BET
    amount_minor: int
    currency: str
    exponent: int
    category: Category | None
    """None: not known, and rules about games refuse."""
    starts_cycle: bool
    """True for the first accepted bet of a round."""
    automatic: bool = False
    """The start was not made by the player (autoplay or queued)."""
    funding: Funding = Funding.CASH


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """A dealer's tip: a debit without a round."""

    kind: ClassVar = ActionKind.TIP
    amount_minor: int
    currency: str
    exponent: int


@value(kw_only=True)
class Deposit:
    """Money from outside."""

    kind: ClassVar = ActionKind.DEPOSIT
    amount_minor: int
    currency: str
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money that goes to the player or stays the player's: one of `CREDITS`."""

    kind: ActionKind
    amount_minor: int
    currency: str
    exponent: int

    def __post_init__(self) -> None:
        """Refuse a debit in the clothes of a credit."""
        if self.kind not in CREDITS:
            message = f"{self.kind} is not a credit"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login."""

    kind: ClassVar = ActionKind.LOGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlay:
    """Open or renew a play session."""

    kind: ClassVar = ActionKind.OPEN_PLAY
    category: Category | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit:
    """Set or change a limit. ValueError for a window that the kind does not have."""

    kind: ClassVar = ActionKind.SET_LIMIT
    limit_kind: LimitKind
    window: Window
    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        """Check the window and the amount."""
        _check_window(self.limit_kind, self.window)
        if self.amount_minor < 0:
            message = "a limit is never below zero"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmLimit:
    """Confirm a ripe increase."""

    kind: ClassVar = ActionKind.CONFIRM_LIMIT
    limit_kind: LimitKind
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPendingLimit:
    """Take back an increase that is not in force."""

    kind: ClassVar = ActionKind.CANCEL_PENDING_LIMIT
    limit_kind: LimitKind
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """Exclude the player on own request. ValueError for a term that is none."""

    kind: ClassVar = ActionKind.EXCLUDE
    term: str
    """`6mo`, `1y`, `indefinite`, `final` ..."""

    def __post_init__(self) -> None:
        """Check the form of the term."""
        if self.term not in ENDLESS:
            Term.parse(self.term)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBreak:
    """Start a short break that ends by itself. ValueError for a term that is none."""

    kind: ClassVar = ActionKind.TAKE_BREAK
    term: str
    """`24h`, `7d`, `1mo` ..."""

    def __post_init__(self) -> None:
        """Check the form of the term."""
        Term.parse(self.term)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReinstatement:
    """Ask for the end of an exclusion."""

    kind: ClassVar = ActionKind.REQUEST_REINSTATEMENT


Protective: TypeAlias = SetLimit | ConfirmLimit | CancelPendingLimit | Exclude | TakeBreak | RequestReinstatement
"""Actions that change the player's protection."""

Action: TypeAlias = Bet | Tip | Deposit | Credit | Login | OpenPlay | Protective


def _check_window(kind: LimitKind, window: Window) -> None:
    if window not in WINDOWS[kind]:
        message = f"a {kind} limit has no window {window!r}"
        raise ValueError(message)
