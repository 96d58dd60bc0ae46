"""Every course of events that explains what was seen, by the money rules of an independent model.

A message that is on its way may be decided at any moment until its answer comes; one whose answer nobody waits for, at
any moment at all, or never. What the mesh shows rules courses out. When none is left, the mesh broke a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tests.torture.model import Flags, Line, Player
from tests.torture.model.answer import Step

CASHIER = "cashier"
_NOW_US = 0


class MismatchError(Exception):
    """What was seen cannot be. The text says what, and what the model allows."""


class Row(NamedTuple):
    """One entry of the ledger for a player and a provider, in commit order."""

    kind: str
    key: str
    outcome: str
    cents: Decimal
    """What the player's cash gained."""

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.outcome} {self.cents:+f}"

    @classmethod
    def of(cls, line: Line) -> Row:
        """As the model says it."""
        moved = line.posting
        gained = 0 if moved is None else moved.amount if moved.credit == ("cash", "") else -moved.amount
        return cls(line.kind, "" if line.kind == "close_round" else line.key, line.outcome, Decimal(gained))


@dataclass
class World:
    """One possible course."""

    player: Player
    rows: list[Row] = field(default_factory=list)
    waiting: dict[int, Step] = field(default_factory=dict)
    """Messages that may be decided from now on, by number."""
    outcomes: dict[int, str] = field(default_factory=dict)
    """Messages that were decided and not answered yet."""

    def decide(self, number: int) -> None:
        """The ledger decides a message now."""
        answer = self.player.do(self.waiting.pop(number), _NOW_US)
        self.rows += map(Row.of, answer.lines)
        self.outcomes[number] = answer.outcome

    def after(self, numbers: Iterable[int]) -> World:
        """The world in which these are decided next, in this order."""
        later = World(self.player.twin(), [*self.rows], {**self.waiting}, {**self.outcomes})
        for number in numbers:
            later.decide(number)
        return later


class Worlds:
    """All courses that are possible now, of one player at one provider."""

    def __init__(self, provider: str, flags: Flags, cents: int) -> None:
        player = Player({provider: flags, CASHIER: Flags()})
        amount = f"{cents // 100}.{cents % 100:02}"
        player.do({"do": "deposit", "by": CASHIER, "key": "opening", "amount": amount}, _NOW_US)
        self._now = [World(player)]
        self._unheard: set[int] = set()
        self._sent = 0

    def sent(self, step: Step) -> int:
        """A message is on its way. Returns its number."""
        self._sent += 1
        for world in self._now:
            world.waiting[self._sent] = step
        return self._sent

    def abandoned(self, number: int) -> None:
        """Nobody waits for the answer any more: it may be decided later, or never."""
        self._unheard.add(number)

    def answered(self, number: int, fits: Callable[[str], bool], *, unsure: bool) -> None:
        """An answer came. `fits` says whether it tells an outcome; `unsure`: it may also tell that nothing is known.

        Where it can tell an outcome, it does: a dialect with one word for all refusals and for trouble would explain everything.
        """
        if len(self._now) == 1 and set(self._now[0].waiting) == {number} and not unsure:
            self._now[0].decide(number)
        else:
            self._now = [world for one in self._now for world in _deciding(one, number)]
        found = {world.outcomes[number] for world in self._now if number in world.outcomes}
        left = [world for world in self._now if number in world.outcomes and fits(world.outcomes.pop(number))]
        if unsure and not left:
            self.abandoned(number)
            left = [world for world in self._now if number in world.waiting]
        if not left:
            raise MismatchError(f"the model allows {', '.join(sorted(found)) or 'nothing'}")
        self._now = _different(map(self._tidy, left))

    def _tidy(self, world: World) -> World:
        """Forget messages that nobody waits for and that can change nothing any more."""
        for number in [one for one in world.waiting if one in self._unheard]:
            step = world.waiting[number]
            if (step["by"], step["do"], step["key"]) in world.player.answers:
                del world.waiting[number]
        for number in self._unheard & world.outcomes.keys():
            del world.outcomes[number]
        return world

    @staticmethod
    def may_come_late(world: World) -> frozenset[str] | None:
        """Keys of bets that may still be refused in the ledger. None: what is on its way may do more than that."""
        steps = list(world.waiting.values())
        if all(step["do"] == "bet" and world.player.is_buried(step["by"], "bet", step["key"]) for step in steps):
            return frozenset(step["key"] for step in steps)
        return None

    def ended(self, rows: Sequence[Row], cents: Decimal) -> World:
        """The course that the ledger's entries and the balance show."""
        futures = [future for world in self._now for future in _futures(world)]
        for future in futures:
            if future.rows == list(rows) and future.player.cash == cents:
                return future
        nearest = min(futures, key=lambda one: _distance(one.rows, rows))
        raise MismatchError(
            f"the ledger has {cents} cents after [{', '.join(map(str, rows))}], "
            f"the model {nearest.player.cash} after [{', '.join(map(str, nearest.rows))}]"
        )


def _deciding(world: World, number: int) -> Iterator[World]:
    """The courses in which the message is decided next, or after some of those that are on their way; and the present one."""
    yield world
    if number in world.waiting:
        for before in _orders([one for one in world.waiting if one != number]):
            yield world.after([*before, number])


def _futures(world: World) -> Iterator[World]:
    """The courses in which some of what is on its way is decided, in any order."""
    for order in _orders(list(world.waiting)):
        yield world.after(order)


def _orders(numbers: Collection[int]) -> Iterator[tuple[int, ...]]:
    """Every choice of some of them, in every order."""
    yield ()
    for first in numbers:
        for rest in _orders([one for one in numbers if one != first]):
            yield first, *rest


def _different(worlds: Iterable[World]) -> list[World]:
    found: list[World] = []
    for world in worlds:
        if world not in found:
            found.append(world)
    return found


def _distance(one: Sequence[Row], other: Sequence[Row]) -> int:
    return len(set(one) ^ set(other))


def flags_of(account: Mapping[str, object]) -> Flags:
    """What a provider's account says in the development stack."""
    window = str(account.get("late_win_window", "0s")).removesuffix("s")
    return Flags(
        win_without_bet=bool(account.get("win_without_bet")),
        one_credit_per_bet=bool(account.get("one_credit_per_bet")),
        late_win_window_us=int(window) * 1_000_000,
    )
