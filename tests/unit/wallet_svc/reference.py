"""A second opinion about the money rules: plain dictionaries, written from the rules, sharing nothing with the wallet."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

Step = dict[str, Any]
"""What is sent: `do`, `key`, and the fields of the action. Amounts in cents."""


@dataclass
class Reference:
    """One player at one provider and at the cashier."""

    cash: int = 0
    bonus: int = 0
    held: int = 0
    house: int = 0
    now: int = 0
    late_window: int = 0
    one_credit: bool = False
    orphans: bool = False
    answers: dict[tuple[str, str], tuple[Step, str]] = field(default_factory=dict)
    bets: dict[str, Step] = field(default_factory=dict)
    wins: dict[str, Step] = field(default_factory=dict)
    tips: dict[str, Step] = field(default_factory=dict)
    cancels: dict[str, Step] = field(default_factory=dict)
    buried: set[str] = field(default_factory=set)
    buried_wins: set[str] = field(default_factory=set)
    order: int = 0
    rounds: dict[str, Step] = field(default_factory=dict)
    holds: dict[str, Step] = field(default_factory=dict)

    def do(self, step: Step) -> tuple[str, bool]:
        """The outcome of a step, and whether it is a replay."""
        kind, key = step["do"], step["key"]
        if kind == "close":
            return self._close(step)
        if kind == "expire":
            return self._expire(step)
        name = (kind, key)
        if name in self.answers:
            content, outcome = self.answers[name]
            return (outcome, True) if content == _content(step) else ("IDEMPOTENCY_CONFLICT", False)
        outcome, replayed = getattr(self, f"_{kind}")(step)
        self.answers[name] = (_content(step), outcome)
        return outcome, replayed

    def _bet(self, step: Step) -> tuple[str, bool]:
        if step["key"] in self.buried:
            return "ALREADY_ROLLED_BACK", False
        known = self.rounds.get(step["round"])
        if known is not None and known["closed"] is not None:
            return "ROUND_CLOSED", False
        if step["amount"] > self.cash + self.bonus:
            return "INSUFFICIENT_FUNDS", False
        bonus = max(step["amount"] - self.cash, 0)
        self._take(step["amount"] - bonus, bonus)
        self.order += 1
        self.rounds.setdefault(step["round"], {"closed": None, "bets": []})["bets"].append(step["key"])
        self.bets[step["key"]] = {
            "key": step["key"],
            "round": step["round"],
            "cash": step["amount"] - bonus,
            "bonus": bonus,
            "undone": False,
            "order": self.order,
        }
        self._close_with(step)
        return "OK", False

    def _win(self, step: Step) -> tuple[str, bool]:
        if step["key"] in self.buried_wins:
            return "ALREADY_ROLLED_BACK", False
        refusal = self._reference(step)
        if refusal == "ORIGINAL_NOT_FOUND" and self.orphans:
            refusal = ""
        if refusal:
            return refusal, False
        known = self.rounds.get(step["round"])
        if known is not None and known["closed"] is not None and self.now >= known["closed"] + self.late_window:
            return "ROUND_CLOSED", False
        stakes = self._won(step)
        bonus = sum(bet["bonus"] for bet in stakes)
        if bonus:
            bonus = step["amount"] * bonus // sum(bet["cash"] + bet["bonus"] for bet in stakes)
        self._take(bonus - step["amount"], -bonus)
        self.order += 1
        self.wins[step["key"]] = {
            "round": step["round"] if known is not None else None,
            "ref": step["ref"],
            "cash": step["amount"] - bonus,
            "bonus": bonus,
            "undone": False,
            "order": self.order,
        }
        if known is not None:
            self._close_with(step)
        return "OK", False

    def _take(self, cash: int, bonus: int) -> None:
        self.cash -= cash
        self.bonus -= bonus
        self.house += cash + bonus

    def _settled_by(self, bet: Step, but: frozenset[str] = frozenset()) -> bool:
        """Whether a live win, but for these, names the bet, or its round after it."""
        return any(
            not win["undone"]
            and key not in but
            and win["round"] == bet["round"]
            and (win["ref"] == bet["key"] or (not win["ref"] and win["order"] > bet["order"]))
            for key, win in self.wins.items()
        )

    def _reference(self, step: Step) -> str:
        return self._named(step) if step["ref"] else self._unnamed(step)

    def _named(self, step: Step) -> str:
        bet = self.bets.get(step["ref"])
        if step["ref"] in self.buried:
            return "ALREADY_ROLLED_BACK"
        if bet is None or bet["round"] != step["round"]:
            return "ORIGINAL_NOT_FOUND"
        if bet["undone"]:
            return "ALREADY_ROLLED_BACK"
        return "ALREADY_SETTLED" if self.one_credit and self._settled_by(bet) else ""

    def _unnamed(self, step: Step) -> str:
        bets = [self.bets[key] for key in self.rounds.get(step["round"], {"bets": []})["bets"]]
        if not bets:
            return "ORIGINAL_NOT_FOUND"
        live = [bet for bet in bets if not bet["undone"]]
        if not live:
            return "ALREADY_ROLLED_BACK"
        return "ALREADY_SETTLED" if self.one_credit and all(self._settled_by(bet) for bet in live) else ""

    def _won(self, step: Step) -> list[Step]:
        if step["ref"]:
            bet = self.bets.get(step["ref"])
            return [bet] if bet is not None and bet["round"] == step["round"] else []
        keys = self.rounds.get(step["round"], {"bets": []})["bets"]
        return [self.bets[key] for key in keys if not self.bets[key]["undone"]]

    def _cancel(self, step: Step) -> tuple[str, bool]:
        key = step["ref"]
        if key in self.buried:
            return "TOMBSTONED", True
        if key not in self.bets:
            if ("bet", key) not in self.answers:
                self.buried.add(key)
            return "TOMBSTONED", False
        bet = self.bets[key]
        if bet["undone"]:
            return "OK", True
        if self._settled_by(bet) or self.rounds[bet["round"]]["closed"] is not None:
            return "ALREADY_SETTLED", False
        self.cancels[step["key"]] = {"stake": bet, "undone": False}
        self._undo_stake(bet)
        return "OK", False

    def _undo_stake(self, bet: Step) -> None:
        bet["undone"] = True
        self._take(-bet["cash"], -bet["bonus"])

    def _tip(self, step: Step) -> tuple[str, bool]:
        if step["amount"] <= 0:
            return "AMOUNT_INVALID", False
        if step["amount"] > self.cash:
            return "INSUFFICIENT_FUNDS", False
        self._take(step["amount"], 0)
        self.tips[step["key"]] = {"cash": step["amount"], "bonus": 0, "undone": False}
        return "OK", False

    def _reverse(self, step: Step) -> tuple[str, bool]:
        key = step["ref"]
        if key in self.buried_wins:
            return "TOMBSTONED", True
        win = self.wins.get(key)
        if win is None:
            if ("win", key) not in self.answers:
                self.buried_wins.add(key)
            return "TOMBSTONED", False
        if win["undone"]:
            return "OK", True
        if win["cash"] > self.cash or win["bonus"] > self.bonus:
            return "INSUFFICIENT_FUNDS", False
        win["undone"] = True
        self._take(win["cash"], win["bonus"])
        return "OK", False

    def _again(self, step: Step) -> tuple[str, bool]:
        cancelled = self.cancels.get(step["ref"])
        if cancelled is None:
            return "ORIGINAL_NOT_FOUND", False
        if cancelled["undone"]:
            return "OK", True
        stake = cancelled["stake"]
        if stake["cash"] > self.cash or stake["bonus"] > self.bonus:
            return "INSUFFICIENT_FUNDS", False
        cancelled["undone"], stake["undone"] = True, False
        self._take(stake["cash"], stake["bonus"])
        return "OK", False

    def _list(self, step: Step) -> tuple[str, bool]:
        """Undo a bet and a win together, or nothing."""
        trial = copy.deepcopy(self)
        outcome = trial._undo_bet(step["bet"], frozenset({step["won"]})) or trial._undo_win(step["won"])
        if not outcome:
            vars(self).update(vars(trial))
        return outcome or "OK", False

    def _undo_bet(self, key: str, listed: frozenset[str]) -> str:
        bet = self.bets.get(key)
        if bet is None:
            if ("bet", key) not in self.answers:
                self.buried.add(key)
            return ""
        if bet["undone"]:
            return ""
        if self._settled_by(bet, listed):
            return "ALREADY_SETTLED"
        self._undo_stake(bet)
        return ""

    def _undo_win(self, key: str) -> str:
        outcome, _ = self._reverse({"ref": key})
        return "" if outcome in ("OK", "TOMBSTONED") else outcome

    def _promo(self, step: Step) -> tuple[str, bool]:
        if step["amount"] <= 0:
            return "AMOUNT_INVALID", False
        self._take(0, -step["amount"]) if step["to_bonus"] else self._take(-step["amount"], 0)
        return "OK", False

    def _close(self, step: Step) -> tuple[str, bool]:
        known = self.rounds.get(step["round"])
        if known is None:
            return "OK", False
        was_closed = known["closed"] is not None
        self._close_with({**step, "close": True})
        return "OK", was_closed

    def _close_with(self, step: Step) -> None:
        known = self.rounds[step["round"]]
        if step["close"] and known["closed"] is None:
            known["closed"] = self.now

    def _deposit(self, step: Step) -> tuple[str, bool]:
        if step["amount"] <= 0:
            return "AMOUNT_INVALID", False
        self.cash += step["amount"]
        self.house -= step["amount"]
        return "OK", False

    def _hold(self, step: Step) -> tuple[str, bool]:
        if step["amount"] <= 0:
            return "AMOUNT_INVALID", False
        if step["amount"] > self.cash:
            return "INSUFFICIENT_FUNDS", False
        self.cash -= step["amount"]
        self.held += step["amount"]
        expires = None if step["seconds"] is None else self.now + step["seconds"]
        self.holds[step["key"]] = {"left": step["amount"], "expires": expires}
        return "OK", False

    def _capture(self, step: Step) -> tuple[str, bool]:
        hold = self.holds.get(step["ref"])
        if hold is None:
            return "ORIGINAL_NOT_FOUND", False
        if step["amount"] is not None and step["amount"] <= 0:
            return "AMOUNT_INVALID", False
        if self._over(hold):
            return "HOLD_ENDED", False
        amount = hold["left"] if step["amount"] is None else step["amount"]
        if amount > hold["left"]:
            return "HOLD_EXCEEDED", False
        hold["left"] -= amount
        self.held -= amount
        self.house += amount
        return "OK", False

    def _release(self, step: Step) -> tuple[str, bool]:
        hold = self.holds.get(step["ref"])
        if hold is None:
            return "ORIGINAL_NOT_FOUND", False
        if self._over(hold):
            return "HOLD_ENDED", False
        self._free(hold)
        return "OK", False

    def _expire(self, step: Step) -> tuple[str, bool]:
        hold = self.holds.get(step["ref"])
        if hold is None or not hold["left"] or hold["expires"] is None or self.now < hold["expires"]:
            return "HOLD_ENDED", False
        self._free(hold)
        return "OK", False

    def _free(self, hold: Step) -> None:
        self.cash += hold["left"]
        self.held -= hold["left"]
        hold["left"] = 0

    def _over(self, hold: Step) -> bool:
        return not hold["left"] or (hold["expires"] is not None and self.now >= hold["expires"])


def _content(step: Step) -> Step:
    """What a key stands for."""
    return {name: value for name, value in step.items() if name not in ("close", "seconds")}
