"""The closed lists of the contracts. A value that is newer than this library reads as `UNRECOGNIZED_<number>`."""

from __future__ import annotations

import enum


class _Open(enum.IntEnum):
    @classmethod
    def _missing_(cls, value: object) -> _Open | None:
        if not isinstance(value, int):
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"UNRECOGNIZED_{value}"
        unknown._value_ = value
        # One object for each number, as with the members that are known.
        cls._value2member_map_[value] = unknown
        return unknown


class Outcome(_Open):
    """The answer to one money action."""

    UNSPECIFIED = 0
    OK = 1
    TOMBSTONED = 2
    INSUFFICIENT_FUNDS = 3
    LIMIT_EXCEEDED = 4
    SESSION_EXPIRED = 5
    SESSION_INVALID = 6
    PLAYER_BLOCKED = 7
    PLAYER_NOT_FOUND = 8
    GAME_NOT_AVAILABLE = 9
    CURRENCY_MISMATCH = 10
    AMOUNT_INVALID = 11
    ROUND_CLOSED = 12
    ORIGINAL_NOT_FOUND = 13
    ALREADY_ROLLED_BACK = 14
    ALREADY_SETTLED = 15
    HOLD_ENDED = 16
    HOLD_EXCEEDED = 17
    NOT_APPLIED = 18
    COMPLIANCE_DENIED = 19
    IN_PROGRESS = 20
    ORIGINAL_PENDING = 21
    UNAVAILABLE = 22
    UNKNOWN = 23
    IDEMPOTENCY_CONFLICT = 24
    REQUEST_INVALID = 25
    ACCOUNT_FROZEN = 26
    ACCOUNT_CLOSED = 27
    ACCOUNT_NOT_EMPTY = 28
    APPROVAL_NEEDED = 29
    APPROVAL_INVALID = 30
    EFFECTIVE_TIME_REFUSED = 31


class OutcomeClass(_Open):
    """What a caller does next. This library does it."""

    UNSPECIFIED = 0
    SUCCESS = 1
    REJECT = 2
    RETRY = 3
    UNCERTAIN = 4
    FATAL = 5


class TransactionKind(_Open):
    """What a transaction did; part of its key."""

    UNSPECIFIED = 0
    BET = 1
    WIN = 2
    CANCEL = 3
    CLOSE_ROUND = 4
    DEPOSIT = 5
    HOLD = 6
    """Money reserved for a withdrawal."""
    CAPTURE = 7
    """A withdrawal paid, wholly or in part."""
    RELEASE = 8
    """The rest of a withdrawal given back."""
    EXPIRE = 9
    TIP = 10
    ROLLBACK_LIST = 11
    REVERSE_WIN = 12
    UNDO_ROLLBACK = 13
    PROMO = 14
    TOURNAMENT = 15
    JACKPOT = 16
    FREE_ROUND_SPIN = 17
    FREE_ROUND_TOTAL = 18
    ADJUST = 19
    PROPOSE_ADJUSTMENT = 20
    APPROVE_ADJUSTMENT = 21
    TRANSFER_IN = 22
    """Money moved into a game wallet."""
    TRANSFER_OUT = 23
    """Money moved out of a game wallet."""
    OPEN_ACCOUNT = 30
    OPEN_PLAY = 31
    END_PLAY = 32
    SET_BLOCK = 33
    SET_LIMIT = 34
    CONFIRM_LIMIT = 35
    CANCEL_PENDING_LIMIT = 36
    EXCLUDE = 37
    TAKE_BREAK = 38
    REQUEST_REINSTATEMENT = 39
    FREEZE_ACCOUNT = 40
    UNFREEZE_ACCOUNT = 41
    CLOSE_ACCOUNT = 42
    REOPEN_ACCOUNT = 43
    RESUME_PLAY = 44
    ENTER = 60
    CHANGE_PLAY = 61
    APPROVE_REINSTATEMENT = 62
    RECORD_FINDING = 63
    CONCLUDE = 64
    """What a licensee's own wallet said to an intent; money it took is taken over here."""
    DELIVER = 65
    """A credit or cancel that a licensee's own wallet has booked."""
    DELIVERY_REFUSED = 66
    """A credit or cancel that a licensee's own wallet refused for good."""
    LEAVE_FOR_GOOD = 67
    NONCE = 68
    """The ledger's own note that a licensee's word was used."""
    EARLY_WIN = 202
    """The ledger's own note of when a win came that overtook its bet."""
    GRANT = 217
    """The ledger's own note of what pays for a free-round grant."""
    INTENT_BET = 301
    """A bet that a licensee's own wallet is asked for."""
    INTENT_TIP = 310
    INTENT_ROLLBACK_LIST = 311
    INTENT_REVERSE_WIN = 312
    INTENT_UNDO_ROLLBACK = 313
    INTENT_ADJUST = 319
    INTENT_APPROVE_ADJUSTMENT = 321


class TransactionState(_Open):
    """What the ledger knows about a key."""

    UNSPECIFIED = 0
    APPLIED = 1
    REFUSED = 2
    TOMBSTONED = 3
    """Cancelled before it came; it will never be accepted."""
    UNKNOWN = 4
    """Never seen."""


class ReviewCase(_Open):
    """Something that a person should look at."""

    NONE = 0
    ORPHAN_WIN = 1
    WIN_AFTER_ROLLBACK = 2
    LATE_WIN = 3
    REVERSAL_SHORTFALL = 4
    STALE_ROUND = 5
    DELIVERY_REFUSED = 6
    """A licensee's own wallet refused a credit or a cancel for good."""


class FreezeDirection(_Open):
    """What a freeze stops."""

    UNSPECIFIED = 0
    IN = 1
    """Credits that can wait: deposits, promotional credits and prizes. Wins and refunds still pass."""
    OUT = 2
    """Everything that takes cash or bonus."""


class PromoReason(_Open):
    """What a promotional credit is for."""

    UNSPECIFIED = 0
    BONUS_WIN = 1
    CASHBACK = 2
    PRIZE_DROP = 3
    VOUCHER = 4
    OTHER = 5


class HoldState(_Open):
    """The life of a withdrawal."""

    UNSPECIFIED = 0
    ACTIVE = 1
    CAPTURED = 2
    RELEASED = 3
    EXPIRED = 4


class AttemptProof(_Open):
    """How the message was proved that led to a call."""

    UNSPECIFIED = 0
    SIGNATURE = 1
    TOKEN = 2
    WORKLOAD = 3


class BookAccountClass(_Open):
    """What an account of the books holds."""

    UNSPECIFIED = 0
    CASH = 1
    HELD = 2
    BONUS = 3
    RECEIVABLE = 4
    OUTSIDE = 11
    """Money that came from or went to payment providers."""
    GAMING = 12
    """Stakes taken less results paid."""
    PROMOTIONS = 13
    JACKPOTS = 14
    TIPS = 15


class DifferenceKind(_Open):
    """How a file and the ledger differ."""

    UNSPECIFIED = 0
    MISSING_HERE = 1
    """The file has it, the ledger does not, in this span of time."""
    MISSING_THERE = 2
    """The ledger has it, the file does not."""
    AMOUNT_DIFFERS = 3
    STATE_DIFFERS = 4


class RoundState(_Open):
    """Where a round stands."""

    UNSPECIFIED = 0
    OPEN = 1
    CLOSED = 2


class SessionState(_Open):
    """The life of a session."""

    UNSPECIFIED = 0
    ACTIVE = 1
    CLOSED = 2
    EXPIRED = 3
    REPLACED = 4
    ENDED = 5
    """By the law, such as an exclusion."""


class Device(_Open):
    """Where a game runs."""

    UNSPECIFIED = 0
    DESKTOP = 1
    MOBILE = 2


class Category(_Open):
    """What kind of game it is."""

    UNSPECIFIED = 0
    SLOT = 1
    TABLE = 2
    LIVE = 3


class Verdict(_Open):
    """What the law says about one action."""

    UNSPECIFIED = 0
    ALLOW = 1
    DENY = 2
    CHALLENGE = 3
    """The player must do something first, then try again."""
    SCHEDULE = 4
    """Accepted for later, see `Decision.effective_time`."""


class Duty(_Open):
    """What a licensee has to do about a player, as a decision asked for it."""

    UNSPECIFIED = 0
    VULNERABILITY_CHECK = 1
    """For "RUN_FVC"."""
    DUE_DILIGENCE = 2
    """For "CDD_DUE"."""
    CONTACT = 3
    """For "CONTACT_PLAYER", or a limit that was refused with "LIM.CONTACT_REQUIRED"."""
    PAYMENTS = 4
    """For "INVESTIGATE_PAYMENTS"."""


class EntryPurpose(_Open):
    """What a player's entry is checked for."""

    UNSPECIFIED = 0
    LOGIN = 1
    MARKETING = 2


class LimitKind(_Open):
    """What a limit counts."""

    UNSPECIFIED = 0
    DEPOSIT = 1
    LOSS = 2
    STAKE = 3
    NETDEP = 4
    WAGER = 5
    TIME = 6
