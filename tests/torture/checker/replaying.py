"""The log played through the model: every outcome, every posting and every balance must be the model's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.torture.checker.log import Ledger, Row
from tests.torture.checker.promises import WORLD
from tests.torture.checker.told import Key, Operation, Step, Told
from tests.torture.model import Answer, Flags, Line, Player

_OF_PLAYERS = ("cash", "held", "bonus", "receivable")


class Replay:
    """One model player for each player of the log."""

    def __init__(self, told: Told, flags: Mapping[str, Flags]) -> None:
        self._asked: dict[Key, list[Operation]] = defaultdict(list)
        for operation in told.operations.values():
            for number in range(len(operation.steps)):
                self._asked[operation.key(number)].append(operation)
        self.players: dict[str, Player] = defaultdict(lambda: Player(flags))

    def check(self, ledger: Ledger) -> Iterator[str]:
        """Every difference; a player is given up at the first one, because all that follows would differ too."""
        by_player: dict[str, list[Row]] = defaultdict(list)
        for row in ledger.rows:
            if row.kind not in WORLD:
                by_player[row.player].append(row)
        for player, rows in by_player.items():
            self.players[player].game_wallet = player in ledger.game_wallets
            problem = self._play(self.players[player], rows)
            if problem:
                yield f"model: {player}: {problem}"
            else:
                yield from self._end(player, ledger)
        yield from self._house(ledger)

    def _play(self, player: Player, rows: Sequence[Row]) -> str:
        position = 0
        while position < len(rows):
            row = _named_row(rows, position)
            operation = self._operation(row)
            if operation is not None and operation.atomic:
                answers = player.message(operation.steps, row.recorded_us)
            else:
                answers = [self._single(player, row)]
            lines = [line for answer in answers for line in answer.lines]
            found = rows[position : position + len(lines)]
            if not lines or not _equal(lines, found):
                return f"{rows[position].transaction}: the log has {found or [row]}; the model says {answers}"
            last = found[-1]
            if last.available is not None and last.available != player.cash:
                return f"{last.transaction}: the log says {last.available} available, the model {player.cash}"
            position += len(lines)
        return ""

    def _operation(self, row: Row) -> Operation | None:
        asked = self._asked.get((row.player, row.source, row.kind.removeprefix("late_"), row.key or ""), [])
        return asked[0] if asked else None

    def _single(self, player: Player, row: Row) -> Answer:
        steps = self._candidates(row)
        for step in steps[1:]:
            # Two contents were sent under one key, and only one of them came first.
            trial = player.trial([step])
            if _equal(trial.do(step, row.recorded_us).lines, [row]) and _says(row, step):
                return player.do(step, row.recorded_us)
        return player.do(steps[0], row.recorded_us)

    def _candidates(self, row: Row) -> list[Step]:
        if row.kind == "close_round":
            return [{"do": "close_round", "by": row.source, "key": "", "round": row.round}]
        if row.kind == "expire":
            return [{"do": "expire", "by": row.source, "key": row.key}]
        asked = self._asked.get((row.player, row.source, row.kind.removeprefix("late_"), row.key or ""), [])
        return [operation.steps[0] for operation in asked] or [_from_row(row)]

    def _end(self, player: str, ledger: Ledger) -> Iterator[str]:
        """What the tables say of one player."""
        model = self.players[player]
        ours = {name: amount for name, amount in model.balances.items() if name[0] in _OF_PLAYERS and amount}
        theirs = {name: amount for name, amount in ledger.balances[player].items() if amount}
        if ours != theirs:
            yield f"state: {player} has {theirs}; the model says {ours}"
        for (source, name), round_ in model.rounds.items():
            closed = ledger.rounds.pop((player, source, name), None)
            if closed is not (round_.closed_us is not None):
                yield f"state: round {name} of {player}: closed is {closed}; the model says {round_.closed_us}"
        for (source, key), hold in model.holds.items():
            found = ledger.holds.pop((player, source, key), None)
            if found != (hold.left, hold.state):
                yield f"state: hold {key} of {player} is {found}; the model says {(hold.left, hold.state)}"
        yield from (
            f"state: {player} has a round that no bet opened: {name}" for name in ledger.rounds if name[0] == player
        )
        yield from (
            f"state: {player} has a hold that nobody made: {name}" for name in ledger.holds if name[0] == player
        )

    def _house(self, ledger: Ledger) -> Iterator[str]:
        """The house's accounts over all shards, and the sum of everything."""
        ours: dict[tuple[str, str], int] = defaultdict(int)
        for model in self.players.values():
            for name, amount in model.balances.items():
                if name[0] not in _OF_PLAYERS:
                    ours[name] += amount
        if {name: amount for name, amount in ours.items() if amount} != {n: a for n, a in ledger.house.items() if a}:
            yield f"state: the house has {dict(ledger.house)}; the model says {dict(ours)}"
        total = sum(ledger.house.values()) + sum(sum(accounts.values()) for accounts in ledger.balances.values())
        if total:
            yield f"state: all accounts sum to {total}"


def _named_row(rows: Sequence[Row], position: int) -> Row:
    """The row with the key of the operation that begins here: of a list it is the last one."""
    row = rows[position]
    if row.is_tombstone or (row.unasked and row.kind in ("cancel", "reverse_win")):
        return next((later for later in rows[position:] if later.kind == "rollback_list"), row)
    return row


def _equal(lines: Sequence[Line], rows: Sequence[Row]) -> bool:
    return len(lines) == len(rows) and all(map(_is_line, rows, lines))


def _is_line(row: Row, line: Line) -> bool:
    key = row.round if row.kind == "close_round" else row.key or ""
    if (row.kind, key, row.outcome) != (line.kind, line.key, line.outcome):
        return False
    if line.posting is None:
        return row.moved is None
    posting = line.posting
    return (row.debit, row.credit, row.moved) == (posting.debit, posting.credit, posting.amount)


def _says(row: Row, step: Step) -> bool:
    """Whether a row may be the trace of a step."""
    return row.amount is None or not step.get("amount") or round(float(step["amount"]) * 100) == row.amount


def _from_row(row: Row) -> Step:
    """A row that nobody asked for, as well as it can be told; another check reports it."""
    amount = "0" if row.amount is None else f"{row.amount / 100:.2f}"
    return {
        "do": row.kind, "by": row.source, "key": row.key, "round": row.round or "", "amount": amount,
        "ref": row.reference or "", "limit": "stake", "of": "bet", "to": "cash", "grant": "", "items": [],
    }  # fmt: skip
