"""Stakes given back, wins taken back, and a cancel undone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tests.torture.model.answer import Answer, Line, Step, alone
from tests.torture.model.play import has_win, wins_of
from tests.torture.model.state import Cancel, Stake, Win

if TYPE_CHECKING:
    from tests.torture.model.player import Player

HOUSE = {"bet": "gaming", "tip": "tips"}


def cancel(player: Player, step: Step) -> Answer:
    """Give a stake back, once; a stake that was never seen is refused for ever."""
    by, of = step["by"], step.get("of", "bet")
    one = player.stakes.get((by, of, step["ref"]))
    if one is None:
        return _bury(player, step, of, step["ref"])
    if one.undone:
        return alone(step, "OK")
    if of == "bet" and (has_win(player, by, one) or player.rounds[by, one.round].closed_us is not None):
        return alone(step, "ALREADY_SETTLED")
    player.cancels[by, step["key"]] = Cancel(of, step["ref"])
    return Answer("OK", _give_back(player, by, of, one, step["key"]))


def _give_back(player: Player, by: str, of: str, one: Stake, key: str) -> list[Line]:
    one.undone = True
    if of == "bet":
        player.lost -= one.amount
    return player.give("cancel", key, one.parts, (HOUSE[of], by))


def _bury(player: Player, step: Step, kind: str, ref: str) -> Answer:
    answer = alone(step, "TOMBSTONED")
    if (step["by"], kind, ref) not in player.answers and not player.is_buried(step["by"], kind, ref):
        answer.lines += _tombstone(player, step["by"], kind, ref)
    return answer


def _tombstone(player: Player, by: str, kind: str, key: str) -> list[Line]:
    player.buried.add((by, kind, key))
    return [Line(kind, key, "ALREADY_ROLLED_BACK")]


def reverse_win(player: Player, step: Step) -> Answer:
    """Take a win back from where it went, if it is still there."""
    by = step["by"]
    one = player.wins.get((by, step["ref"]))
    if one is None:
        return _bury(player, step, "win", step["ref"])
    if one.undone:
        return alone(step, "OK")
    lines = _take_back(player, by, one, step["key"])
    return Answer("OK", lines) if lines else alone(step, "INSUFFICIENT_FUNDS")


def _take_back(player: Player, by: str, one: Win, key: str) -> list[Line]:
    """No lines if it is not there any more."""
    if one.parts.cash > player.cash or one.parts.bonus > player.bonus:
        return []
    one.undone = True
    player.lost += sum(one.parts)
    return player.take("reverse_win", key, one.parts, ("gaming", by))


def undo_rollback(player: Player, step: Step) -> Answer:
    """Book again what a cancel returned, from the same sources, once."""
    by = step["by"]
    undone = player.cancels.get((by, step["ref"]))
    if undone is None:
        return alone(step, "ORIGINAL_NOT_FOUND")
    if undone.undone:
        return alone(step, "OK")
    one = player.stakes[by, undone.of, undone.ref]
    if one.parts.cash > player.cash or one.parts.bonus > player.bonus:
        return alone(step, "INSUFFICIENT_FUNDS")
    undone.undone, one.undone = True, False
    if undone.of == "bet":
        player.lost += one.amount
    return Answer("OK", player.take("undo_rollback", step["key"], one.parts, (HOUSE[undone.of], by)))


def rollback_list(player: Player, step: Step) -> Answer:
    """Undo exactly these, refunds before take-backs, or nothing at all."""
    trial = player.fork()
    for kind, key in step["items"]:
        _copy_item(trial, step["by"], kind, key)
    lines: list[Line] = []
    for kind, key in sorted(step["items"], key=lambda item: item[0] == "win"):
        outcome, added = _item(trial, step, kind, key)
        if outcome:
            return alone(step, outcome)
        lines += added
    player.__dict__.update(trial.__dict__)
    return Answer("OK", [*lines, *alone(step, "OK").lines])


def _copy_item(player: Player, by: str, kind: str, key: str) -> None:
    if kind == "win" and (by, key) in player.wins:
        player.wins[by, key] = copy.copy(player.wins[by, key])
    elif (by, kind, key) in player.stakes:
        player.stakes[by, kind, key] = copy.copy(player.stakes[by, kind, key])


def _item(player: Player, step: Step, kind: str, key: str) -> tuple[str, list[Line]]:
    """Why it cannot be undone, or the lines that undo it."""
    by = step["by"]
    one = player.wins.get((by, key)) if kind == "win" else player.stakes.get((by, kind, key))
    if one is None:
        unseen = (by, kind, key) not in player.answers and not player.is_buried(by, kind, key)
        return "", _tombstone(player, by, kind, key) if unseen else []
    if one.undone:
        return "", []
    if isinstance(one, Win):
        lines = _take_back(player, by, one, "")
        return ("", lines) if lines else ("INSUFFICIENT_FUNDS", [])
    listed = {name for of, name in step["items"] if of == "win"}
    if kind == "bet" and any(found.key not in listed for found in wins_of(player, by, one)):
        return "ALREADY_SETTLED", []
    return "", _give_back(player, by, kind, one, "")
