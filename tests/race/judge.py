"""What must hold after a race, from the plan, the answers and the log alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.race.plan import Plan, Seat

ACCEPTED, AT_THE_LIMIT, BY_THE_LAW = "OK", "LIMIT_EXCEEDED", "COMPLIANCE_DENIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One entry of the log about a bet or an exclusion."""

    player: str
    what: str
    key: str
    outcome: str
    transaction: str
    sequence: int


def judge(plan: Plan, answers: Iterable[dict[str, Any]], log: Sequence[Logged]) -> list[str]:
    """Everything that is wrong. `log` is in commit order within each player's shard."""
    entries: dict[str, list[Logged]] = defaultdict(list)
    for entry in log:
        entries[entry.player].append(entry)
    problems: list[str] = []
    told: set[tuple[str, str, str]] = set()
    by_key = {(one.player, one.what, one.key): one for one in log}
    for answer in answers:
        told.add((answer["player"], answer["what"], answer["key"]))
        problems += _wrong_answers(answer, by_key)
    problems += [f"{key}: in the log and never asked" for key in sorted(by_key.keys() - told)]
    if len(by_key) != len(log):
        problems.append("a key stands twice in the log")
    for seat in plan.seats:
        problems += [f"{seat.player}: {problem}" for problem in _wrong_entries(seat, entries[seat.player])]
    return problems


def _wrong_answers(answer: dict[str, Any], by_key: dict[tuple[str, str, str], Logged]) -> Iterator[str]:
    """Both answers are the first decision, which is the one in the log."""
    name = (answer["player"], answer["what"], answer["key"])
    entry = by_key.get(name)
    if entry is None:
        yield f"{name}: answered {answer['answers']}, and not in the log"
        return
    for one in answer["answers"]:
        if (one["outcome"], one["transaction"]) != (entry.outcome, entry.transaction):
            yield f"{name}: answered {one}, in the log {entry}"
    if sum(not one["replayed"] for one in answer["answers"]) > 1:
        yield f"{name}: decided twice"


def _wrong_entries(seat: Seat, entries: Sequence[Logged]) -> Iterator[str]:
    """In the order of the log: bets are accepted while there is room, then refused, and all refused once excluded."""
    accepted, excluded = 0, False
    for entry in entries:
        if entry.what == "exclude":
            excluded = True
            if entry.outcome != ACCEPTED:
                yield f"the exclusion was answered {entry.outcome}"
            continue
        expected = BY_THE_LAW if excluded else ACCEPTED if accepted < seat.room else AT_THE_LIMIT
        accepted += entry.outcome == ACCEPTED
        if entry.outcome != expected:
            before = "after the exclusion" if excluded else f"with {accepted} of {seat.room} accepted"
            yield f"bet {entry.key} was answered {entry.outcome} {before}, not {expected}"
    if not excluded and accepted != min(seat.room, seat.bets):
        yield f"{accepted} bets accepted, room for {seat.room}"
    if excluded is not seat.excluded:
        yield "the exclusion is missing" if seat.excluded else "nobody excluded the player"
    bets = sum(entry.what == "bet" for entry in entries)
    if bets != seat.bets:
        yield f"{bets} bets in the log, {seat.bets} sent"
