"""What the clients send: an endless stream of steps for each client, the same for the same seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.torture.model.answer import Step

STRICT, LOOSE, CASHIER = "acme", "zeta", "cashier"
"""A provider that pays no win without its bet, one that does, and the payment account."""

SHUTTLE = "shuttle"
"""Names of players that begin so are players of the licensee with game wallets."""

_REMEMBERED = 6
_AMOUNTS = ("0.10", "0.25", "1.00", "1.00", "2.50", "5.00", "12.34")
_ODD_AMOUNTS = ("0", "0.001", "7.5", "99999.00")


@dataclass(frozen=True)
class Operation:
    """What a client wants done: one step, or a message of several steps that is all or nothing."""

    player: str
    steps: tuple[Step, ...]
    atomic: bool = False


@dataclass
class Memory:
    """What a client remembers of one player, so that steps refer to each other."""

    bets: deque[tuple[str, str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    wins: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    tips: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    cancels: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    holds: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    buried: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    last: Step | None = None
    shuttles: bool = False
    """Whether money comes and goes by transfers."""


_WEIGHTS = {
    "bet": 36, "win": 24, "cancel": 9, "close_round": 3, "deposit": 8, "hold": 5, "capture": 5, "release": 3, "late": 2,
    "tip": 3, "gift": 4, "free_round": 2, "reverse_win": 4, "undo_rollback": 3, "rollback_list": 3, "adjust": 3,
}  # fmt: skip


_SHUTTLED = {"deposit": "transfer_in", "release": "transfer_in", "hold": "transfer_out", "capture": "transfer_out"}
"""What takes the place of deposits and withdrawals at a licensee with game wallets."""
_ASTRAY = 0.05
"""How often a deposit or a withdrawal is sent there all the same."""


class Script:
    """The stream of one client. It never looks at answers, so that the seed alone decides it."""

    def __init__(self, seed: int, client: str, players: Sequence[str]) -> None:
        self._random = random.Random(f"{seed} {client}")
        self._client, self._players = client, players
        self._memories = {player: Memory(shuttles=player.startswith(SHUTTLE)) for player in players}
        self._number = 0

    def operations(self) -> Iterator[Operation]:
        """Without end."""
        while True:
            player = self._random.choice(self._players)
            yield self._next(player, self._memories[player])

    def _next(self, player: str, memory: Memory) -> Operation:
        choice = self._random.random()
        if choice < 0.05:
            return Operation(player, self._pair(memory), atomic=True)
        if choice < 0.08:
            return Operation(player, self._mixed(memory), atomic=True)
        step = self._conflict(memory) if choice < 0.09 else self._step(memory)
        memory.last = step
        return Operation(player, (step,))

    def _step(self, memory: Memory) -> Step:
        verb = self._random.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
        if memory.shuttles and verb in _SHUTTLED and self._random.random() >= _ASTRAY:
            verb = _SHUTTLED[verb]
        step: Step = getattr(self, f"_{verb}")(memory)
        return step

    def _key(self, prefix: str) -> str:
        self._number += 1
        return f"{self._client}-{prefix}{self._number}"

    def _amount(self) -> str:
        odd = self._random.random() < 0.02
        return self._random.choice(_ODD_AMOUNTS if odd else _AMOUNTS)

    def _provider(self) -> str:
        return STRICT if self._random.random() < 0.8 else LOOSE

    def _stake(self, memory: Memory) -> tuple[str, str, str]:
        """Provider, key and round of a bet that was sent, mostly."""
        if memory.bets and self._random.random() < 0.97:
            return self._random.choice(memory.bets)
        return self._provider(), f"{self._client}-never", f"{self._client}-nowhere"

    def _bet(self, memory: Memory) -> Step:
        by, _, round_ = self._stake(memory)
        key = self._key("b")
        if not memory.bets or self._random.random() < 0.8:
            by, round_ = self._provider(), f"r{key}"
        memory.bets.append((by, key, round_))
        return {
            "do": "bet", "by": by, "key": key, "round": round_, "amount": self._amount(),
            "close": self._random.random() < 0.05,
        }  # fmt: skip

    def _win(self, memory: Memory) -> Step:
        by, bet, round_ = self._stake(memory)
        named, key = self._random.random() < 0.6, self._key("w")
        memory.wins.append((by, key))
        return {
            "do": "win", "by": by, "key": key, "round": round_, "amount": self._amount(),
            "ref": bet if named else "", "close": self._random.random() < 0.3,
        }  # fmt: skip

    def _cancel(self, memory: Memory) -> Step:
        by, bet, _ = self._stake(memory)
        if self._random.random() < 0.1:
            # Its bet comes later, and is refused.
            bet = self._key("b")
            memory.buried.append((by, bet))
        key = self._key("x")
        memory.cancels.append((by, key))
        return {"do": "cancel", "by": by, "key": key, "ref": bet, "of": "bet"}

    def _one_of(self, known: deque[tuple[str, str]]) -> tuple[str, str]:
        if known and self._random.random() < 0.95:
            return self._random.choice(known)
        return self._provider(), f"{self._client}-never{self._random.randint(1, 9)}"

    def _tip(self, memory: Memory) -> Step:
        if memory.tips and self._random.random() < 0.3:
            by, tip = self._random.choice(memory.tips)
            key = self._key("x")
            memory.cancels.append((by, key))
            return {"do": "cancel", "by": by, "key": key, "ref": tip, "of": "tip"}
        by, key = self._provider(), self._key("t")
        memory.tips.append((by, key))
        return {"do": "tip", "by": by, "key": key, "amount": self._amount()}

    def _gift(self, memory: Memory) -> Step:
        verb = self._random.choice(("promo", "promo", "tournament", "jackpot"))
        to = self._random.choice(("cash", "bonus"))
        return {"do": verb, "by": self._provider(), "key": self._key("g"), "amount": self._amount(), "to": to}

    def _free_round(self, memory: Memory) -> Step:
        grant = f"{self._client}-grant{self._random.randint(1, 5)}"
        verb = self._random.choice(("free_round_spin", "free_round_total"))
        return {
            "do": verb, "by": self._provider(), "key": self._key("g"), "amount": self._amount(), "to": "cash",
            "grant": grant,
        }  # fmt: skip

    def _reverse_win(self, memory: Memory) -> Step:
        by, win = self._one_of(memory.wins)
        return {"do": "reverse_win", "by": by, "key": self._key("v"), "ref": win}

    def _undo_rollback(self, memory: Memory) -> Step:
        by, cancel = self._one_of(memory.cancels)
        return {"do": "undo_rollback", "by": by, "key": self._key("u"), "ref": cancel}

    def _rollback_list(self, memory: Memory) -> Step:
        by = self._provider()
        items = {("bet", key) for of, key, _ in memory.bets if of == by and self._random.random() < 0.5}
        items |= {("win", key) for of, key in memory.wins if of == by and self._random.random() < 0.7}
        items |= {("tip", key) for of, key in memory.tips if of == by and self._random.random() < 0.3}
        chosen = sorted(items) or [("bet", f"{self._client}-never{self._random.randint(1, 9)}")]
        return {"do": "rollback_list", "by": by, "key": self._key("l"), "items": [list(item) for item in chosen]}

    def _adjust(self, memory: Memory) -> Step:
        kind, (by, ref) = "win", self._one_of(memory.wins)
        if memory.bets and self._random.random() < 0.5:
            kind, (by, ref, _) = "bet", self._random.choice(memory.bets)
        sign = self._random.choice(("", "-"))
        amount = f"{sign}{self._random.choice(_AMOUNTS)}"
        return {"do": "adjust", "by": by, "key": self._key("a"), "ref": ref, "of": kind, "amount": amount}

    def _late(self, memory: Memory) -> Step:
        if not memory.buried:
            return self._cancel(memory)
        by, bet = self._random.choice(memory.buried)
        return {"do": "bet", "by": by, "key": bet, "round": f"r{bet}", "amount": "1.00", "close": False}

    def _close_round(self, memory: Memory) -> Step:
        by, _, round_ = self._stake(memory)
        return {"do": "close_round", "by": by, "key": "", "round": round_}

    def _deposit(self, memory: Memory) -> Step:
        return {"do": "deposit", "by": CASHIER, "key": self._key("d"), "amount": self._amount()}

    def _transfer_in(self, _memory: Memory) -> Step:
        return {"do": "transfer_in", "by": CASHIER, "key": self._key("i"), "amount": self._amount()}

    def _transfer_out(self, _memory: Memory) -> Step:
        amount = self._amount() if self._random.random() < 0.7 else None
        return {"do": "transfer_out", "by": CASHIER, "key": self._key("o"), "amount": amount}

    def _hold(self, memory: Memory) -> Step:
        key = self._key("h")
        memory.holds.append(key)
        seconds = self._random.choice([None, None, 1, 3])
        return {"do": "hold", "by": CASHIER, "key": key, "amount": self._amount(), "seconds": seconds}

    def _held(self, memory: Memory) -> str:
        return self._random.choice(memory.holds) if memory.holds else f"{self._client}-never"

    def _capture(self, memory: Memory) -> Step:
        amount = self._amount() if self._random.random() < 0.5 else None
        return {"do": "capture", "by": CASHIER, "key": self._key("c"), "ref": self._held(memory), "amount": amount}

    def _release(self, memory: Memory) -> Step:
        return {"do": "release", "by": CASHIER, "key": self._key("f"), "ref": self._held(memory)}

    def _pair(self, memory: Memory) -> tuple[Step, ...]:
        """A bet and its win."""
        bet = self._bet(memory)
        win = {
            "do": "win", "by": bet["by"], "key": self._key("w"), "round": bet["round"], "amount": self._amount(),
            "ref": bet["key"], "close": bet["close"],
        }  # fmt: skip
        return {**bet, "close": False}, win

    def _mixed(self, memory: Memory) -> tuple[Step, ...]:
        """A few steps of one provider, some of which may be refused."""
        by = self._provider()
        steps: list[Step] = []
        while len(steps) < self._random.randint(2, 4):
            step: Step = getattr(self, self._random.choice(("_bet", "_win", "_cancel")))(memory)
            steps.append({**step, "by": by})
        return tuple(steps)

    def _conflict(self, memory: Memory) -> Step:
        """The last key again, with other content."""
        if memory.last is None or "amount" not in memory.last or memory.last["do"] in ("capture", "adjust"):
            return self._step(memory)
        return {**memory.last, "amount": "77.77"}
