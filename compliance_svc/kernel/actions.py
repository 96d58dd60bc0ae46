"""What a player, or a game on a player's behalf, wants to do.

Amounts are integers in the smallest unit; `exponent` says how many decimals that unit has
in the licensee's registry (GBP at 6: 5.00 is 5_000_000).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from compliance_svc.kernel.limits import WINDOWS, LimitKind, Window
from compliance_svc.kernel.local_time import Term
from compliance_svc.kernel.protection import Identity
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
    DEMO_PLAY = "DEMO_PLAY"
    SET_LIMIT = "SET_LIMIT"
    CONFIRM_LIMIT = "CONFIRM_LIMIT"
    CANCEL_PENDING_LIMIT = "CANCEL_PENDING_LIMIT"
    EXCLUDE = "EXCLUDE"
    TAKE_BREAK = "TAKE_BREAK"
    REQUEST_REINSTATEMENT = "REQUEST_REINSTATEMENT"
    APPROVE_REINSTATEMENT = "APPROVE_REINSTATEMENT"
    REGISTER = "REGISTER"
    MARKETING = "MARKETING"
    CANCEL_WITHDRAWAL = "CANCEL_WITHDRAWAL"
    CLOSE_PLAY = "CLOSE_PLAY"
    SET_SESSION_LIMIT = "SET_SESSION_LIMIT"
    ACK_REALITY_CHECK = "ACK_REALITY_CHECK"
    RENEW_ASSERTION = "RENEW_ASSERTION"
    CLOSE_ACCOUNT = "CLOSE_ACCOUNT"
    RECORD_IDENTITY = "RECORD_IDENTITY"
    RECORD_LOCATION = "RECORD_LOCATION"
    RECORD_SCREENING = "RECORD_SCREENING"
    RECORD_CHECK = "RECORD_CHECK"
    RECORD_RISK = "RECORD_RISK"
    RECORD_DEPOSIT_FAILURE = "RECORD_DEPOSIT_FAILURE"


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
class Register:
    """Make an account."""

    kind: ClassVar = ActionKind.REGISTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketing:
    """Ask whether marketing may be sent now."""

    kind: ClassVar = ActionKind.MARKETING


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWithdrawal:
    """The player takes a requested withdrawal back."""

    kind: ClassVar = ActionKind.CANCEL_WITHDRAWAL
    amount_minor: int
    currency: str
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlay:
    """Open or renew a play session."""

    kind: ClassVar = ActionKind.OPEN_PLAY
    category: Category | None = None
    until_us: int | None = None
    """End of the permit that is asked for."""
    renews: bool = False
    """An open session goes on; its own facts are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlay:
    """Open a game for play money. No money stands behind it, and no session that could stake."""

    kind: ClassVar = ActionKind.DEMO_PLAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePlay:
    """Close a play session."""

    kind: ClassVar = ActionKind.CLOSE_PLAY


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSessionLimit:
    """Change what was fixed for a session."""

    kind: ClassVar = ActionKind.SET_SESSION_LIMIT
    spend_minor: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AckRealityCheck:
    """The player has seen the reality check."""

    kind: ClassVar = ActionKind.ACK_REALITY_CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewAssertion:
    """The licensee vouches anew for the stakes of a session (mode ASSERT)."""

    kind: ClassVar = ActionKind.RENEW_ASSERTION


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit:
    """Set or change a limit. ValueError for a window that the kind does not have."""

    kind: ClassVar = ActionKind.SET_LIMIT
    limit_kind: LimitKind
    window: Window
    amount_minor: int
    """Seconds for a limit of time."""
    currency: str
    """Empty for a limit of time."""
    exponent: int | None = None
    """Needed under packs that look at the height of a limit."""
    by_licensee: bool = False
    """The licensee asks and not the player, so it can only become lower."""

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
    by_licensee: bool = False
    """The licensee asks and not the player, which confirms nothing."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveReinstatement:
    """The operator, or the register through it, agrees to a return."""

    kind: ClassVar = ActionKind.APPROVE_REINSTATEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAccount:
    """The player closes the account."""

    kind: ClassVar = ActionKind.CLOSE_ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIdentity:
    """An authenticated result about the player's identity."""

    kind: ClassVar = ActionKind.RECORD_IDENTITY
    result: Identity
    event_us: int
    """When the source found it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLocation:
    """An authenticated result about where the player is."""

    kind: ClassVar = ActionKind.RECORD_LOCATION
    territory: str
    until_us: int | None = None
    event_us: int | None = None
    """When the source found it; None: results are not ordered."""
    evidence: str = ""
    """Source and reference of what it rests on."""


class Screening(StrEnum):
    """Result of a screening."""

    CLEAR = "CLEAR"
    """Nothing any more, as a person has decided: a freeze ends."""
    HIT = "HIT"
    FREEZE = "FREEZE"
    NO_MATCH = "NO_MATCH"
    """A source found nothing. That ends no freeze."""
    POSSIBLE = "POSSIBLE"
    """A source found somebody who may be the player: a person has to look."""
    PEP = "PEP"
    """A source found a politically exposed person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordScreening:
    """A result of a screening. HIT freezes everything, FREEZE an amount of the main currency."""

    kind: ClassVar = ActionKind.RECORD_SCREENING
    result: Screening
    amount_minor: int = 0
    evidence: str = ""
    """Source and reference of what it rests on, such as the version of a list."""


class Check(StrEnum):
    """A duty that somebody has to do about a player."""

    VULNERABILITY = "FVC"
    DUE_DILIGENCE = "CDD"
    CONTACT = "CONTACT"
    """Somebody has talked to the player about high limits."""
    PAYMENTS = "PAYMENTS"
    """Somebody has looked into deposits that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck:
    """A duty is done."""

    kind: ClassVar = ActionKind.RECORD_CHECK
    check: Check
    evidence: str = ""
    """Source and reference of what it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRisk:
    """A flag that risk monitoring raises, or lowers by an end that is over."""

    kind: ClassVar = ActionKind.RECORD_RISK
    flag: str
    """Names it: the id of its case."""
    until_us: int
    diligence: bool = False
    """Two people have decided that deposits wait for due diligence, however long the flag holds."""
    evidence: str = ""
    """Source and reference of what it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDepositFailure:
    """A deposit of the player did not succeed at whoever takes payments."""

    kind: ClassVar = ActionKind.RECORD_DEPOSIT_FAILURE
    event_us: int
    """When it failed."""
    evidence: str = ""
    """Source and reference of what it rests on."""


Protective: TypeAlias = (
    SetLimit
    | ConfirmLimit
    | CancelPendingLimit
    | Exclude
    | TakeBreak
    | RequestReinstatement
    | ApproveReinstatement
    | CloseAccount
    | RecordIdentity
    | RecordLocation
    | RecordScreening
    | RecordCheck
    | RecordRisk
    | RecordDepositFailure
)
"""Actions that change what protects the player, or what is known of the person."""

Standing: TypeAlias = (
    Login
    | Register
    | Marketing
    | DemoPlay
    | CancelWithdrawal
    | ClosePlay
    | SetSessionLimit
    | AckRealityCheck
    | RenewAssertion
)
"""Questions with a yes or no, without a game of money."""

Action: TypeAlias = Bet | Tip | Deposit | Credit | OpenPlay | Standing | Protective


def _check_window(kind: LimitKind, window: Window) -> None:
    if window not in WINDOWS[kind]:
        message = f"a {kind} limit has no window {window!r}"
        raise ValueError(message)
