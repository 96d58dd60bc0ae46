"""One player of one licensee in one currency, at any number of providers and at the cashier."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.torture.model import cashier, gifts, play, undoing
from tests.torture.model.answer import CONFLICT, INVALID, SUCCESS, Account, Answer, Line, Posting, Step
from tests.torture.model.content import content_of, kind_of
from tests.torture.model.state import Cancel, Flags, Hold, Parts, Round, Stake, Win

_T = TypeVar("_T")


@dataclass
class Player:
    """Everything that matters about one player."""

    flags: Mapping[str, Flags]
    exponent: int = 2
    game_wallet: bool = False
    """Whether the money comes and goes by transfers, not by deposits and withdrawals."""
    now_us: int = 0
    order: int = 0
    balances: dict[Account, int] = field(default_factory=lambda: defaultdict(int))
    answers: dict[tuple[str, str, str], tuple[Any, str]] = field(default_factory=dict)
    """By source, kind and key."""
    buried: set[tuple[str, str, str]] = field(default_factory=set)
    stakes: dict[tuple[str, str, str], Stake] = field(default_factory=dict)
    wins: dict[tuple[str, str], Win] = field(default_factory=dict)
    cancels: dict[tuple[str, str], Cancel] = field(default_factory=dict)
    rounds: dict[tuple[str, str], Round] = field(default_factory=dict)
    holds: dict[tuple[str, str], Hold] = field(default_factory=dict)
    grants: set[tuple[str, str]] = field(default_factory=set)
    stake_limit: int | None = None
    loss_limit: int | None = None
    lost: int = 0

    @property
    def cash(self) -> int:
        """Available money."""
        return self.balances["cash", ""]

    @property
    def bonus(self) -> int:
        """Bonus money."""
        return self.balances["bonus", ""]

    @property
    def held(self) -> int:
        """Reserved money."""
        return self.balances["held", ""]

    def is_buried(self, by: str, kind: str, key: str) -> bool:
        """Whether something was undone before it came."""
        return (by, kind, key) in self.buried

    def next(self) -> int:
        """A number that is higher than all before it."""
        self.order += 1
        return self.order

    def do(self, step: Step, now_us: int) -> Answer:
        """Decide one step, and change the player."""
        self.now_us = now_us
        if step["do"] in _KEYLESS:
            return _KEYLESS[step["do"]](self, step)
        name = (step["by"], kind_of(step), step["key"])
        if name in self.answers:
            content, outcome = self.answers[name]
            known = content == content_of(step)
            return Answer(outcome, replayed=True) if known else Answer(CONFLICT)
        answer = _VERBS[step["do"]](self, step)
        if answer.outcome != INVALID:
            self.answers[name] = (content_of(step), answer.outcome)
        return answer

    def message(self, steps: Sequence[Step], now_us: int) -> list[Answer]:
        """Decide several steps, all or nothing."""
        trial = self.trial(steps)
        rehearsed = [trial.do(step, now_us) for step in steps]
        if all(answer.outcome in SUCCESS for answer in rehearsed):
            self.__dict__.update(trial.__dict__)
            return rehearsed
        if any(answer.outcome == CONFLICT for answer in rehearsed):
            return [answer if answer.outcome == CONFLICT else Answer("NOT_APPLIED") for answer in rehearsed]
        return self._refuse(steps, rehearsed)

    def trial(self, steps: Sequence[Step]) -> Player:
        """A copy that bets, wins, cancels and what has no reference may change: what they cannot reach is shared."""
        trial = self.fork()
        for name in {name for step in steps if (name := self._round_of(step)) in self.rounds}:
            trial.rounds[name] = copy.deepcopy(self.rounds[name])
            for key in self.rounds[name].bets:
                trial.stakes[name[0], "bet", key] = copy.copy(self.stakes[name[0], "bet", key])
        return trial

    def fork(self) -> Player:
        """A copy that shares every bet, win, round and hold with this one."""
        twin = _copied(self)
        for part in ("balances", "answers", "buried", "stakes", "wins", "cancels", "rounds", "holds", "grants"):
            setattr(twin, part, getattr(self, part).copy())
        return twin

    def twin(self) -> Player:
        """A copy that shares nothing that any step changes."""
        twin = self.fork()
        for part in ("stakes", "wins", "cancels", "holds"):
            setattr(twin, part, {name: _copied(one) for name, one in getattr(self, part).items()})
        twin.rounds = {name: Round([*one.bets], [*one.wins], one.closed_us) for name, one in self.rounds.items()}
        return twin

    def _round_of(self, step: Step) -> tuple[str, str]:
        """The round that a step of a message may change."""
        stake = self.stakes.get((step["by"], "bet", step.get("ref", "")))
        return step["by"], stake.round if step["do"] == "cancel" and stake is not None else step.get("round", "")

    def _refuse(self, steps: Sequence[Step], rehearsed: Sequence[Answer]) -> list[Answer]:
        """Known keys replay, the first refusal stays, and every other new key is NOT_APPLIED."""
        answers: list[Answer] = []
        refused = False
        for step, rehearsal in zip(steps, rehearsed, strict=True):
            name = (step["by"], kind_of(step), step["key"])
            if name in self.answers:
                answer = Answer(self.answers[name][1], replayed=True)
                refused = refused or answer.refused
            else:
                outcome = rehearsal.outcome if rehearsal.refused and not refused else "NOT_APPLIED"
                refused = refused or rehearsal.refused
                answer = Answer(outcome, [Line(self._stored_kind(step), step["key"], outcome)])
                self.answers[name] = (content_of(step), outcome)
            answers.append(answer)
        return answers

    def _stored_kind(self, step: Step) -> str:
        kind = kind_of(step)
        return f"late_{kind}" if self.is_buried(step["by"], kind, step["key"]) else kind

    def move(self, debit: Account, credit: Account, amount: int) -> Posting | None:
        """Move money; nothing moves for zero."""
        if not amount:
            return None
        self.balances[debit] -= amount
        self.balances[credit] += amount
        return Posting(debit, credit, amount)

    def take(self, kind: str, key: str, parts: Parts, house: Account) -> list[Line]:
        """Money of the player goes to the house: a row for each source."""
        return _rows(kind, key, [self.move(own, house, part) for own, part in zip(_OWN, parts, strict=True)])

    def give(self, kind: str, key: str, parts: Parts, house: Account) -> list[Line]:
        """Money of the house goes to the player."""
        return _rows(kind, key, [self.move(house, own, part) for own, part in zip(_OWN, parts, strict=True)])


def _copied(one: _T) -> _T:
    """As `copy.copy`, several times as fast."""
    twin = object.__new__(type(one))
    twin.__dict__.update(one.__dict__)
    return twin


_OWN: tuple[Account, Account] = (("cash", ""), ("bonus", ""))


def _rows(kind: str, key: str, postings: Sequence[Posting | None]) -> list[Line]:
    """The first row has the key; there is one even if nothing moves."""
    moved = [posting for posting in postings if posting is not None]
    first = moved[0] if moved else None
    return [Line(kind, key, "OK", first), *[Line(kind, "", "OK", other) for other in moved[1:]]]


_VERBS: dict[str, Callable[[Player, Step], Answer]] = {
    "bet": play.bet,
    "win": play.win,
    "tip": play.tip,
    "cancel": undoing.cancel,
    "reverse_win": undoing.reverse_win,
    "undo_rollback": undoing.undo_rollback,
    "rollback_list": undoing.rollback_list,
    "promo": gifts.credit,
    "tournament": gifts.credit,
    "jackpot": gifts.credit,
    "free_round_spin": gifts.free_round,
    "free_round_total": gifts.free_round,
    "adjust": gifts.adjust,
    "deposit": cashier.deposit,
    "hold": cashier.hold,
    "capture": cashier.capture,
    "release": cashier.release,
    "transfer_in": cashier.transfer_in,
    "transfer_out": cashier.transfer_out,
    "set_limit": cashier.set_limit,
}
_KEYLESS: dict[str, Callable[[Player, Step], Answer]] = {"close_round": play.close_round, "expire": cashier.expire}
