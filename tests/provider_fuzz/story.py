"""What one player's studio says, in which order, and what goes wrong on the way. Drawn by Hypothesis, which also shrinks it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from provider_adapters._kit.studio.plan import BET_MISHAPS, WIN_MISHAPS, Mishap

NUMBERS: Final = 3
"""Bets and wins of a story have the numbers 0, 1 and 2: few enough that messages often speak of the same thing."""
SHORTEST, LONGEST = 3, 8


class Verb(enum.StrEnum):
    """What is said."""

    BET = "bet"
    WIN = "win"
    CANCEL = "cancel"
    CLOSE = "close"
    AGAIN = "again"
    """An earlier message arrives once more, late; the studio does not know of it."""
    CHANGED = "changed"
    """An earlier bet or win under its key, and another amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One message, with all that the studio does until it knows its end."""

    verb: Verb
    number: int = 0
    """Of the bet, for a close any bet of the round, of the win; which earlier message comes again."""
    bet: int = 0
    """Which bet a win pays."""
    closes: bool = False
    mishap: Mishap = Mishap.NONE
    cancel_mishap: Mishap = Mishap.NONE

    def __str__(self) -> str:
        of = f" of bet {self.bet}" if self.verb is Verb.WIN else ""
        mishap = "" if self.mishap is Mishap.NONE else f", {self.mishap}"
        cancel = "" if self.cancel_mishap is Mishap.NONE else f", its cancel {self.cancel_mishap}"
        return f"{self.verb} {self.number}{of}{' and the end' if self.closes else ''}{mishap}{cancel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One player's sequence. Moves of one moment are said at once, moments one after the other."""

    cents: int
    """What the player has at first."""
    stakes: tuple[int, ...]
    """Cents of each bet, by number."""
    results: tuple[int, ...]
    """Cents of each win, by number."""
    moments: tuple[tuple[Move, ...], ...]

    def lines(self) -> list[str]:
        """For people."""
        head = f"{self.cents} cents, stakes {self.stakes}, wins {self.results}"
        return [head, *(" at once with ".join(map(str, moment)) for moment in self.moments)]


def round_of(bet: int) -> int:
    """Number of a bet's round: two bets share one."""
    return bet % 2


def _mishaps(possible: frozenset[Mishap]) -> st.SearchStrategy[Mishap]:
    rare = st.sampled_from(sorted(possible - {Mishap.NONE}))
    return st.one_of(st.just(Mishap.NONE), rare)


_NUMBER = st.integers(0, NUMBERS - 1)
_BET_MISHAP, _MISHAP = _mishaps(BET_MISHAPS), _mishaps(WIN_MISHAPS)
_BET = st.builds(Move, verb=st.just(Verb.BET), number=_NUMBER, mishap=_BET_MISHAP, cancel_mishap=_MISHAP)
_WIN = st.builds(
    Move,
    verb=st.just(Verb.WIN),
    number=_NUMBER,
    bet=_NUMBER,
    closes=st.sampled_from((False, False, True)),
    mishap=_MISHAP,
)
_CANCEL = st.builds(Move, verb=st.just(Verb.CANCEL), number=_NUMBER, cancel_mishap=_MISHAP)
_CLOSE = st.builds(Move, verb=st.just(Verb.CLOSE), number=_NUMBER)
_REPEATED = st.builds(Move, verb=st.sampled_from((Verb.AGAIN, Verb.CHANGED)), number=st.integers(0, LONGEST))
_MOVE = st.one_of(_BET, _BET, _WIN, _WIN, _CANCEL, _CLOSE, _REPEATED)
_ALONE = st.tuples(_MOVE)
_MOMENT = st.one_of(_ALONE, _ALONE, _ALONE, _ALONE, st.tuples(_MOVE, _MOVE))
_CENTS = st.integers(0, 400)

STORIES: Final[st.SearchStrategy[Story]] = st.builds(
    Story,
    cents=st.sampled_from((1000, 500, 50)),
    stakes=st.tuples(*[_CENTS] * NUMBERS),
    results=st.tuples(*[_CENTS] * NUMBERS),
    moments=st.lists(_MOMENT, min_size=SHORTEST, max_size=LONGEST).map(tuple),
)
