"""Rows as they are stored, and the numbers that the format gives them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

OK: Final = 1
"""Outcome of an accepted action."""

ID_STRIDE: Final = 1024
"""Ids of players and accounts name their shard: id modulo this."""


class Kind(enum.IntEnum):
    """Kinds of entries that move money, or say something about it or about a player."""

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
    TRANSFER_IN = 22
    TRANSFER_OUT = 23
    OPEN_ACCOUNT = 30
    OPEN_PLAY = 31
    SET_BLOCK = 33
    ENTER = 60
    CHANGE_PLAY = 61
    CONCLUDE = 64
    DELIVER = 65
    DELIVERY_REFUSED = 66


INTENTS: Final = {301: 1, 310: 10, 311: 11, 312: 12, 313: 13, 319: 19, 321: 21}
"""Intents of actions that a licensee's own wallet is asked for, and what those actions are."""


class Class(enum.IntEnum):
    """Classes of accounts. Up to RECEIVABLE they belong to a player and are never below zero.

    But RECEIVABLE, which is what the player owes, is never above it.
    """

    CASH = 1
    HELD = 2
    BONUS = 3
    RECEIVABLE = 4
    OUTSIDE = 11
    GAMING = 12
    PROMOTIONS = 13
    JACKPOTS = 14
    TIPS = 15


class Transfer(NamedTuple):
    """One entry of the log: the elements of its digest in their order, then the shard."""

    sequence: int
    operation: int
    licensee_id: int
    player_id: int
    source_id: int
    kind: int
    key: str | None
    fingerprint: str | None
    outcome: int
    asset_id: int | None
    amount: int | None
    debit_id: int | None
    credit_id: int | None
    moved: int | None
    debit_after: str | None
    credit_after: str | None
    available: int | None
    round: str | None
    game: str | None
    session: str | None
    reference: str | None
    undoes: int | None
    opened_case: int | None
    limit_kind: str | None
    details: str | None
    pack: str | None
    decision: str | None
    recorded_us: int
    shard: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One commit to one shard."""

    first_sequence: int
    count: int
    previous: bytes
    digest: bytes
    root: bytes
    writer: str


class Account(NamedTuple):
    """One account with the sums that the table has."""

    id: int
    licensee_id: int
    player_id: int | None
    asset_id: int
    account_class: int
    source_id: int
    debits: int
    credits: int


class Round(NamedTuple):
    """One round as its table has it."""

    player_id: int
    source_id: int
    name: str
    asset_id: int
    opened_sequence: int
    state: int


class Hold(NamedTuple):
    """One reservation as its table has it."""

    player_id: int
    source_id: int
    key: str
    asset_id: int
    amount: int
    captured: int
    released: int
    state: int


class Head(NamedTuple):
    """The end of a shard's log."""

    shard: int
    next_sequence: int
    digest: bytes
    frontier: bytes


class Asset(NamedTuple):
    """A currency of a licensee."""

    licensee_id: int
    code: str
    exponent: int


class Facts(NamedTuple):
    """What the law asks for of a player, as its table has it. A player of whom nothing was accepted has the defaults."""

    pack: str = ""
    born_on: str = ""
    main_asset_id: int | None = None
    blocked: bool = False
    register: str | None = None
    """What the exclusion register said last."""
    person: str | None = None
    """A keyed digest that names the human."""


class Player(NamedTuple):
    """A player's owner and name, and what its table says besides; None in an export, which does not have that."""

    licensee_id: int
    name: str
    facts: Facts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the numbers mean, for all shards."""

    licensees: Mapping[int, str]
    assets: Mapping[int, Asset]
    sources: Mapping[int, str]
    outcomes: Mapping[int, str] = field(default_factory=dict)

    # A log that was tampered with may name what is not registered; it is checked all the same.

    def licensee(self, number: int) -> str:
        """A licensee's name."""
        return self.licensees.get(number, f"licensee {number}")

    def source(self, number: int) -> str:
        """A source's name."""
        return self.sources.get(number, f"source {number}")

    def asset(self, number: int) -> Asset:
        """A currency."""
        return self.assets.get(number, Asset(0, f"asset {number}", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Everything of one shard but its transfers. No transaction crosses shards, so each is checked alone."""

    head: Head
    batches: Sequence[Batch]
    accounts: Mapping[int, Account]
    rounds: Sequence[Round]
    holds: Sequence[Hold]
    players: Mapping[int, Player]
