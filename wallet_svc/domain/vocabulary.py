"""The closed lists of the ledger. Numbers are stored and never reused."""

import enum


class Kind(enum.IntEnum):
    """What an action is; the fourth part of its idempotency key."""

    BET = 1
    WIN = 2
    CANCEL = 3
    CLOSE_ROUND = 4
    DEPOSIT = 5
    HOLD = 6
    CAPTURE = 7
    RELEASE = 8
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
    TRANSFER_OUT = 23
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
    """What a licensee's own wallet said to an intent. The key is the position of the intent."""
    DELIVER = 65
    """A credit or cancel that a licensee's own wallet has booked. The key is the position of what it was owed."""
    DELIVERY_REFUSED = 66
    """A credit or cancel that a licensee's own wallet refused for good."""
    LEAVE_FOR_GOOD = 67
    NONCE = 68
    """That a licensee's word was used. The key is its nonce."""
    LATE_BET = 101
    """A bet that came after its cancel. The tombstone holds the key of the bet itself."""
    LATE_WIN = 102
    """A win that came after it was taken back."""
    LATE_TIP = 110
    """A tip that came after its cancel."""
    EARLY_WIN = 202
    """When a win that overtook its bet came first. An answer is not stored: its bet may still come."""
    GRANT = 217
    """The first message of a free-round grant, which fixes what pays. The key is the grant's id."""
    INTENT_BET = 301
    """A bet that the law allows, and that a licensee's own wallet is asked for. The key is the bet's."""
    INTENT_TIP = 310
    INTENT_ROLLBACK_LIST = 311
    """A list that takes more back than it returns, asked for as one sum."""
    INTENT_REVERSE_WIN = 312
    INTENT_UNDO_ROLLBACK = 313
    INTENT_ADJUST = 319
    INTENT_APPROVE_ADJUSTMENT = 321
    """A correction downwards that a second person agreed to. The key is the approval's."""


INTENT_KINDS = {
    Kind.BET: Kind.INTENT_BET,
    Kind.TIP: Kind.INTENT_TIP,
    Kind.ROLLBACK_LIST: Kind.INTENT_ROLLBACK_LIST,
    Kind.REVERSE_WIN: Kind.INTENT_REVERSE_WIN,
    Kind.UNDO_ROLLBACK: Kind.INTENT_UNDO_ROLLBACK,
    Kind.ADJUST: Kind.INTENT_ADJUST,
    Kind.APPROVE_ADJUSTMENT: Kind.INTENT_APPROVE_ADJUSTMENT,
}
"""What an action that takes money is while a licensee's own wallet is asked for it."""
LATE_KINDS = {Kind.LATE_BET: Kind.BET, Kind.LATE_WIN: Kind.WIN, Kind.LATE_TIP: Kind.TIP}
"""What each late message would have been."""


class Outcome(enum.IntEnum):
    """The answer to an action. Equal to pitboss.type.v1.Outcome."""

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


class OutcomeClass(enum.IntEnum):
    """What the caller does next. Equal to pitboss.type.v1.OutcomeClass."""

    SUCCESS = 1
    REJECT = 2
    RETRY = 3
    UNCERTAIN = 4
    FATAL = 5


_CLASSES = {
    Outcome.OK: OutcomeClass.SUCCESS,
    Outcome.TOMBSTONED: OutcomeClass.SUCCESS,
    Outcome.IN_PROGRESS: OutcomeClass.RETRY,
    Outcome.ORIGINAL_PENDING: OutcomeClass.RETRY,
    Outcome.UNAVAILABLE: OutcomeClass.RETRY,
    Outcome.UNKNOWN: OutcomeClass.UNCERTAIN,
    Outcome.IDEMPOTENCY_CONFLICT: OutcomeClass.FATAL,
    Outcome.REQUEST_INVALID: OutcomeClass.FATAL,
}

NEVER_STORED = frozenset(
    {
        Outcome.PLAYER_NOT_FOUND,
        Outcome.IN_PROGRESS,
        Outcome.ORIGINAL_PENDING,
        Outcome.UNAVAILABLE,
        Outcome.UNKNOWN,
        Outcome.IDEMPOTENCY_CONFLICT,
        Outcome.REQUEST_INVALID,
        Outcome.APPROVAL_NEEDED,
        Outcome.APPROVAL_INVALID,
    }
)
"""Outcomes that do not use up the key."""


def class_of(outcome: Outcome) -> OutcomeClass:
    """The class of an outcome; every outcome that is not listed above is a final refusal."""
    return _CLASSES.get(outcome, OutcomeClass.REJECT)


class AccountClass(enum.IntEnum):
    """What an account holds. Below HOUSE it belongs to a player and is never below zero.

    But RECEIVABLE, which is what the player owes, is never above zero.
    """

    CASH = 1
    HELD = 2
    BONUS = 3
    RECEIVABLE = 4
    HOUSE = 10
    OUTSIDE = 11
    """Money that came from or went to payment providers."""
    GAMING = 12
    """Stakes taken less results paid, by provider."""
    PROMOTIONS = 13
    """Promotional credits, prizes and free rounds, by source."""
    JACKPOTS = 14
    """Jackpots paid apart from wins, by provider."""
    TIPS = 15
    """Tips taken, by provider."""


class TransactionState(enum.IntEnum):
    """What became of a stored action. Equal to pitboss.wallet.v1.TransactionState."""

    APPLIED = 1
    REFUSED = 2
    TOMBSTONED = 3


class RoundState(enum.IntEnum):
    """Life of a round. Equal to pitboss.wallet.v1.RoundState."""

    UNKNOWN = 0
    OPEN = 1
    CLOSED = 2


class HoldState(enum.IntEnum):
    """Life of a hold. Equal to pitboss.wallet.v1.HoldState."""

    NONE = 0
    ACTIVE = 1
    CAPTURED = 2
    RELEASED = 3
    EXPIRED = 4


class PlayState(enum.IntEnum):
    """Life of a session in the ledger. Above ACTIVE equal to pitboss.wallet.v1.PlayEnd."""

    ACTIVE = 0
    EXPIRED = 1
    REPLACED = 2
    CLOSED = 3


class Case(enum.IntEnum):
    """Something a person should look at. Stored with the entry that opened it."""

    ORPHAN_WIN = 1
    WIN_AFTER_ROLLBACK = 2
    LATE_WIN = 3
    REVERSAL_SHORTFALL = 4
    STALE_ROUND = 5
    DELIVERY_REFUSED = 6


class StakeOrder(enum.IntEnum):
    """Which sub-balance a stake takes first. Equal to pitboss.wallet.v1.StakeOrder."""

    CASH_FIRST = 1
    BONUS_FIRST = 2


class Shortfall(enum.IntEnum):
    """What happens when a reversed win is not there. Equal to pitboss.wallet.v1.WinReversalShortfall."""

    REFUSE = 1
    RECEIVABLE = 2


class AssetKind(enum.IntEnum):
    """What a unit is. Equal to pitboss.wallet.v1.AssetKind."""

    FIAT = 1
    CRYPTO = 2
    POINTS = 3


class Scope(enum.IntEnum):
    """What a kill switch stops. Equal to pitboss.wallet.v1.SuspensionScope."""

    ALL = 1
    LICENSEE = 2
    PACK = 3
    PROVIDER = 4
    GAME = 5
    PLAYER = 6
    GAME_BUILD = 7


class Standing(enum.IntFlag):
    """What is stopped for one currency account of a player."""

    OPEN = 0
    FROZEN_IN = 1
    FROZEN_OUT = 2
    CLOSED = 4


MAX_MINOR = 9_223_372_036_854_775_807
"""Largest amount and largest balance of a player account, in smallest units."""
