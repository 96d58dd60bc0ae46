"""What is remembered of one player's money in one currency, and how an entry of the log changes it. Pure.

Amounts are integers of 10**-18 main units, whatever a licensee's smallest unit is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

DECIMALS: Final = 18


class Kind(StrEnum):
    """What an entry did with a player's money."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    """Requested: money is held, and can still be frozen."""
    RETURNED = "returned"
    """A withdrawal, or what was left of it, came back."""
    STAKE = "stake"
    UNSTAKED = "unstaked"
    """A stake undone."""
    WINNING = "winning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accepted entry of the log."""

    shard: int
    sequence: int
    licensee: str
    player: str
    currency: str
    kind: Kind
    amount: int
    at_us: int
    key: str = ""
    reference: str = ""
    """Key of the withdrawal that came back."""
    pack: str = ""
    pack_digest: str = ""
    """The law that decided, if the law was asked."""

    @property
    def id(self) -> str:
        """As transactions are named."""
        return f"{self.shard}-{self.sequence}"

    @property
    def owner(self) -> tuple[str, str, str]:
        """Whose history it is part of."""
        return self.licensee, self.player, self.currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A deposit or a withdrawal, and all that was staked and won before it."""

    id: str
    kind: Kind
    key: str
    at_us: int
    amount: int
    """Of a withdrawal: without what came back."""
    staked_before: int
    won_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is known without looking back."""

    staked: int = 0
    won: int = 0
    day_us: int = 0
    """Start of the day that the next two are of."""
    day_staked: int = 0
    day_won: int = 0
    last_us: int | None = None
    """The last entry of any kind."""
    pack: str = ""
    pack_digest: str = ""
    """The law that decided last."""
    quiet: tuple[tuple[str, int], ...] = ()
    """Watches that have found something, and until when they find nothing more."""

    def is_quiet(self, label: str, now_us: int) -> bool:
        """Say whether a watch has spoken, and its flag still holds."""
        return any(name == label and now_us < until_us for name, until_us in self.quiet)

    def to_json(self) -> str:
        """Return the text that is stored."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `to_json`."""
        found = json.loads(text)
        found["quiet"] = tuple((name, until_us) for name, until_us in found["quiet"])
        return cls(**found)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One player's money in one currency."""

    totals: Totals = Totals()
    movements: tuple[Movement, ...] = ()
    """In the order of the log; those that no window reaches may be missing."""

    def within(self, kind: Kind, after_us: int) -> tuple[Movement, ...]:
        """Return movements of a kind after an instant, without those that came back."""
        return tuple(one for one in self.movements if one.kind is kind and one.at_us > after_us and one.amount)


def after(history: History, entry: Entry, day_us: int) -> History:
    """Return the history with an entry; `day_us` is the start of its day in the player's market."""
    totals = history.totals
    if totals.day_us != day_us:
        totals = replace(totals, day_us=day_us, day_staked=0, day_won=0)
    movements = history.movements
    match entry.kind:
        case Kind.DEPOSIT | Kind.WITHDRAWAL:
            movements = (*movements, _movement(entry, totals))
        case Kind.RETURNED:
            movements = tuple(_returned(one, entry) for one in movements)
        case Kind.STAKE:
            totals = _staked(totals, entry.amount)
        case Kind.UNSTAKED:
            totals = _staked(totals, -entry.amount)
        case Kind.WINNING:
            totals = replace(totals, won=totals.won + entry.amount, day_won=totals.day_won + entry.amount)
    totals = replace(totals, last_us=entry.at_us)
    if entry.pack_digest:
        totals = replace(totals, pack=entry.pack, pack_digest=entry.pack_digest)
    return History(totals=totals, movements=movements)


def _movement(entry: Entry, totals: Totals) -> Movement:
    return Movement(
        id=entry.id,
        kind=entry.kind,
        key=entry.key,
        at_us=entry.at_us,
        amount=entry.amount,
        staked_before=totals.staked,
        won_before=totals.won,
    )


def _returned(one: Movement, entry: Entry) -> Movement:
    if one.kind is not Kind.WITHDRAWAL or one.key != entry.reference:
        return one
    return replace(one, amount=max(0, one.amount - entry.amount))


def _staked(totals: Totals, amount: int) -> Totals:
    """A stake of an earlier day that is undone today takes nothing from today's sum."""
    return replace(
        totals, staked=max(0, totals.staked + amount), day_staked=max(0, totals.day_staked + amount)
    )  # fmt: skip


def quieted(totals: Totals, spoken: Mapping[str, int], now_us: int) -> Totals:
    """Return totals in which watches that have spoken are quiet; those that may speak again are forgotten."""
    kept = {name: until_us for name, until_us in totals.quiet if now_us < until_us} | dict(spoken)
    return replace(totals, quiet=tuple(sorted(kept.items())))


def changed(before: Sequence[Movement], now: Sequence[Movement]) -> list[Movement]:
    """Return the movements that are new, or not what they were."""
    known = {one.id: one for one in before}
    return [one for one in now if known.get(one.id) != one]
