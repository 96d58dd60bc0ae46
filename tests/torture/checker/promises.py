"""What clients were told, against the log: nothing that was acknowledged is lost, and no key has two effects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.torture.checker.log import Row
from tests.torture.checker.told import Answer, Key, Operation, Step, Told

NEVER_STORED = frozenset(
    {"IDEMPOTENCY_CONFLICT", "IN_PROGRESS", "ORIGINAL_PENDING", "REQUEST_INVALID", "UNAVAILABLE", "UNKNOWN"}
)
UNANSWERED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED"})
"""How a call may fail when something is down."""
WORLD = frozenset({"open_account", "open_play"})
"""Kinds of the run itself, which no history has."""

Rows = Mapping[Key, Sequence[Row]]


def rows_by_key(rows: Sequence[Row]) -> dict[Key, list[Row]]:
    """All rows of each key; a late bet has the key of its bet, beside the tombstone."""
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        if row.key is not None:
            found[row.player, row.source, row.kind, row.key].append(row)
    return found


def check_promises(told: Told, rows: Sequence[Row]) -> Iterator[str]:
    """Every violation."""
    by_key = rows_by_key(rows)
    by_id = {row.transaction: row for row in rows}
    for code in sorted(told.codes.keys() - UNANSWERED):
        yield f"status: {told.codes[code]} calls failed with {code}, which no fault explains"
    yield from _doubles(by_key, rows)
    for operation in told.operations.values():
        yield from _answers_agree(operation)
        for answers in operation.answers[:1]:
            for number, answer in enumerate(answers):
                yield from _kept(operation, number, answer, by_key, by_id)
        if operation.resolved is not None:
            yield from _resolved(operation, by_key)
    yield from _strangers(told, by_key)


def _doubles(by_key: Rows, rows: Sequence[Row]) -> Iterator[str]:
    for key, found in by_key.items():
        if len(found) > 1:
            yield f"double: {_name(key)} stands {len(found)} times"
    undone: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        if row.undoes is not None:
            undone[row.shard, row.undoes] += 1
        if row.outcome != "OK" and row.moved is not None:
            yield f"refused: {row.transaction} was refused with {row.outcome} and moved {row.moved}"
    yield from (f"double: {shard}-{sequence} is undone {n} times" for (shard, sequence), n in undone.items() if n > 1)


def _answers_agree(operation: Operation) -> Iterator[str]:
    """Every answer to an operation is the first one again."""
    for answers in operation.answers[1:]:
        for number, (first, again) in enumerate(zip(operation.answers[0], answers, strict=True)):
            if _is_lasting(operation.steps[number]) and first[:2] != again[:2]:
                yield f"answer: {_name(operation.key(number))} was told {first} and then {again}"
    fresh = sum(1 for answers in operation.answers if any(not answer.replayed for answer in answers))
    stored = all(_is_lasting(step) for step in operation.steps) and operation.answers
    if stored and fresh > 1 and not any(answer.outcome in NEVER_STORED for answer in operation.answers[0]):
        yield f"answer: {_name(operation.key(0))} was told {fresh} times that it is new"


def _is_lasting(step: Step) -> bool:
    """A round that is closed again says so; every other answer stays as it was."""
    return str(step["do"]) != "close_round"


def _kept(operation: Operation, number: int, answer: Answer, by_key: Rows, by_id: Mapping[str, Row]) -> Iterator[str]:
    step, key = operation.steps[number], operation.key(number)
    if answer.outcome in NEVER_STORED or (step["do"] == "close_round" and not answer.transaction):
        return
    row = by_id.get(answer.transaction) if answer.transaction else None
    if row is None or not _is_of(row, operation, step):
        others = by_key.get(key) or by_key.get((key[0], key[1], f"late_{key[2]}", key[3]))
        yield f"lost: {_name(key)} was acknowledged as {answer.outcome} {answer.transaction}; the log has {others}"
        return
    if row.outcome != answer.outcome or (row.available or 0) != (answer.available or 0):
        yield f"content: {_name(key)} was acknowledged as {answer}; the log has {row}"
    if row.outcome == "OK" and step.get("round") and row.round != step["round"]:
        yield f"content: {_name(key)} is of round {step['round']}; the log has {row.round}"


def _is_of(row: Row, operation: Operation, step: Step) -> bool:
    kinds = (step["do"], f"late_{step['do']}")
    same = (row.player, row.source) == (operation.player, step["by"]) and row.kind in kinds
    return same and (row.round == step["round"] if step["do"] == "close_round" else row.key == step["key"])


def _resolved(operation: Operation, by_key: Rows) -> Iterator[str]:
    keyed = [number for number, step in enumerate(operation.steps) if step["key"]]
    for number, (state, outcome, transaction) in zip(keyed, operation.resolved or (), strict=True):
        player, source, kind, name = operation.key(number)
        found = [*by_key.get((player, source, kind, name), ())]
        # Beside a tombstone stands what the late bet was told; either is the right answer.
        found += by_key.get((player, source, f"late_{kind}", name), ())
        if state == "UNKNOWN" and found:
            yield f"resolved: {_name(operation.key(number))} was looked up as unknown; the log has {found}"
        elif state != "UNKNOWN" and (outcome, transaction) not in [(row.outcome, row.transaction) for row in found]:
            yield f"resolved: {_name(operation.key(number))} was looked up as {outcome} {transaction}; the log has {found}"


def _strangers(told: Told, by_key: Rows) -> Iterator[str]:
    """Nothing stands in the log that nobody asked for."""
    asked: set[Key] = set()
    for operation in told.operations.values():
        for number, step in enumerate(operation.steps):
            player, source, kind, name = operation.key(number)
            asked |= {(player, source, kind, name), (player, source, f"late_{kind}", name)}
            asked |= {(player, source, of, ref) for of, ref in _named_by(step)}
    for key in by_key:
        if key not in asked and key[2] not in WORLD:
            yield f"stranger: {_name(key)} was never asked for"


def _named_by(step: Step) -> Iterator[tuple[str, str]]:
    """Kinds and keys of rows that a step may add besides its own."""
    if step["do"] == "cancel":
        yield step["of"], step["ref"]
    elif step["do"] == "reverse_win":
        yield "win", step["ref"]
    elif step["do"] == "rollback_list":
        yield from ((of, ref) for of, ref in step["items"])
    elif step["do"] == "hold":
        yield "expire", step["key"]
    elif "grant" in step:
        yield "grant", step["grant"]


def _name(key: Key) -> str:
    player, source, kind, name = key
    return f"{kind} {name!r} of {player} by {source}"
