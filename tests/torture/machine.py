"""Any order of requests, as Hypothesis rules: whoever decides is compared with the model after each one."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.torture.model import Flags, Player
from tests.torture.model.answer import Step
from tests.torture.script import CASHIER, LOOSE, STRICT

PROVIDERS = st.sampled_from([STRICT, STRICT, LOOSE])
ROUNDS = st.sampled_from(["r1", "r1", "r2"])
AMOUNTS = st.sampled_from(["0", "0.01", "2.50", "10", "10.00", "100.00", "0.001"])
TARGETS = st.sampled_from(["cash", "bonus"])
RARELY = st.sampled_from([False, False, False, True])
OPENING = "100.00"
UNSEEN = "unseen"


class MoneyMachine(RuleBasedStateMachine):
    """What can be asked. Subclasses say who is asked."""

    bets: Bundle[tuple[str, str]] = Bundle("bets")
    """Who took them and their keys."""
    wins: Bundle[tuple[str, str]] = Bundle("wins")
    tips: Bundle[tuple[str, str]] = Bundle("tips")
    cancels: Bundle[tuple[str, str]] = Bundle("cancels")
    holds: Bundle[str] = Bundle("holds")

    game_wallet = False
    """Whether the player's money comes and goes by transfers."""
    late_win_window_us = 0
    """How long after the end of a round its wins are paid; what cannot set the clock keeps it at zero."""

    def __init__(self) -> None:
        super().__init__()
        late = self.late_win_window_us
        loose = Flags(win_without_bet=True, one_credit_per_bet=True, late_win_window_us=late)
        self.model = Player({STRICT: Flags(late_win_window_us=late), LOOSE: loose, CASHIER: Flags()})
        self.model.game_wallet = self.game_wallet
        self.told: list[tuple[list[Step], bool, list[str]]] = []
        self._number = 0

    # -- who is asked

    def ask(self, steps: list[Step], *, atomic: bool) -> list[tuple[str, bool]]:
        """The outcome of each step, and whether it is an old answer."""
        raise NotImplementedError

    def look(self) -> tuple[int, int, int]:
        """Available, reserved and bonus money now."""
        raise NotImplementedError

    def now_us(self) -> int:
        """The moment of the next decision."""
        return 0

    # -- what is asked

    def _key(self) -> str:
        self._number += 1
        return f"k{self._number}"

    def tell(self, steps: list[Step], *, atomic: bool = False) -> None:
        """Ask, and compare."""
        before = set(self.model.answers)
        expected = self.model.message(steps, self.now_us()) if atomic else [self.model.do(steps[0], self.now_us())]
        answers = self.ask(steps, atomic=atomic)
        assert [outcome for outcome, _ in answers] == [answer.outcome for answer in expected], steps
        for step, (_, replayed), answer in zip(steps, answers, expected, strict=True):
            if (step["by"], step["do"], step["key"]) in before and answer.outcome != "IDEMPOTENCY_CONFLICT":
                assert replayed, step
        self.told.append((steps, atomic, [answer.outcome for answer in expected]))

    @initialize()
    def open(self) -> None:
        """Some money to begin with."""
        into = "transfer_in" if self.game_wallet else "deposit"
        self.tell([{"do": into, "by": CASHIER, "key": "opening", "amount": OPENING}])

    def _bet(self, by: str, round_: str, amount: str, *, close: bool) -> Step:
        return {"do": "bet", "by": by, "key": self._key(), "round": round_, "amount": amount, "close": close}

    def _win(self, by: str, ref: str, round_: str, amount: str, *, close: bool) -> Step:
        key = self._key()
        return {"do": "win", "by": by, "key": key, "round": round_, "amount": amount, "ref": ref, "close": close}

    @rule(target=bets, by=PROVIDERS, round_=ROUNDS, amount=AMOUNTS, close=RARELY)
    def bet(self, by: str, round_: str, amount: str, close: bool) -> tuple[str, str]:
        """Take a stake."""
        step = self._bet(by, round_, amount, close=close)
        self.tell([step])
        return by, step["key"]

    @rule(target=wins, of=bets, named=st.booleans(), round_=ROUNDS, amount=AMOUNTS, close=RARELY)
    def win(self, of: tuple[str, str], named: bool, round_: str, amount: str, close: bool) -> tuple[str, str]:
        """Pay a result, to one bet or to a round."""
        by, key = of
        step = self._win(by, key if named else "", round_, amount, close=close)
        self.tell([step])
        return by, step["key"]

    def _cancel(self, by: str, key: str, of: str) -> tuple[str, str]:
        step = {"do": "cancel", "by": by, "key": self._key(), "ref": key, "of": of}
        self.tell([step])
        return by, str(step["key"])

    @rule(target=cancels, of=bets)
    def cancel(self, of: tuple[str, str]) -> tuple[str, str]:
        """Give a stake back."""
        return self._cancel(*of, "bet")

    @rule(target=tips, by=PROVIDERS, amount=AMOUNTS)
    def tip(self, by: str, amount: str) -> tuple[str, str]:
        """Something for the dealer."""
        key = self._key()
        self.tell([{"do": "tip", "by": by, "key": key, "amount": amount}])
        return by, key

    @rule(target=cancels, of=tips)
    def cancel_tip(self, of: tuple[str, str]) -> tuple[str, str]:
        """Give a tip back."""
        return self._cancel(*of, "tip")

    @rule(by=PROVIDERS, verb=st.sampled_from(["promo", "tournament", "jackpot"]), amount=AMOUNTS, to=TARGETS)
    def gift(self, by: str, verb: str, amount: str, to: str) -> None:
        """A credit without a bet, to cash or to bonus."""
        self.tell([{"do": verb, "by": by, "key": self._key(), "amount": amount, "to": to}])

    @rule(by=PROVIDERS, what=st.sampled_from(["spin", "total"]), amount=AMOUNTS, grant=st.sampled_from(["g1", "g2"]))
    def free_round(self, by: str, what: str, amount: str, grant: str) -> None:
        """A spin is recorded, a total is paid."""
        key = self._key()
        self.tell([{"do": f"free_round_{what}", "by": by, "key": key, "amount": amount, "to": "bonus", "grant": grant}])

    @rule(of=wins)
    def reverse_win(self, of: tuple[str, str]) -> None:
        """Take a result back."""
        by, key = of
        self.tell([{"do": "reverse_win", "by": by, "key": self._key(), "ref": key}])

    @rule(of=cancels)
    def undo_rollback(self, of: tuple[str, str]) -> None:
        """Book a cancelled stake again."""
        by, key = of
        self.tell([{"do": "undo_rollback", "by": by, "key": self._key(), "ref": key}])

    @rule(by=PROVIDERS, some=st.lists(st.one_of(bets, bets, tips), max_size=3), won=st.lists(wins, max_size=3))
    def rollback_list(self, by: str, some: list[tuple[str, str]], won: list[tuple[str, str]]) -> None:
        """Undo several things, or none of them."""
        stakes = [("tip" if (by, "tip", key) in self.model.answers else "bet", key) for _, key in some]
        items = sorted({*stakes, *(("win", key) for _, key in won)})
        if items:
            listed = [list(item) for item in items]
            self.tell([{"do": "rollback_list", "by": by, "key": self._key(), "items": listed}])

    @rule(of=st.one_of(bets, wins), sign=st.sampled_from(["", "-"]), amount=AMOUNTS)
    def adjust(self, of: tuple[str, str], sign: str, amount: str) -> None:
        """Correct a bet or a win."""
        by, key = of
        kind = "win" if (by, "win", key) in self.model.answers else "bet"
        self.tell([{"do": "adjust", "by": by, "key": self._key(), "ref": key, "of": kind, "amount": f"{sign}{amount}"}])

    @rule(target=bets, by=PROVIDERS)
    def cancel_unseen(self, by: str) -> tuple[str, str]:
        """Undo a bet that has not come yet."""
        key = self._key()
        self.tell([{"do": "cancel", "by": by, "key": self._key(), "ref": key, "of": "bet"}])
        return by, key

    @rule(of=bets, round_=ROUNDS)
    def bet_again(self, of: tuple[str, str], round_: str) -> None:
        """A key of a bet that may be known, buried or new, with content that may be another one."""
        by, key = of
        self.tell([{"do": "bet", "by": by, "key": key, "round": round_, "amount": "2.50", "close": False}])

    @rule(by=PROVIDERS, round_=ROUNDS)
    def close(self, by: str, round_: str) -> None:
        """No more bets."""
        self.tell([{"do": "close_round", "by": by, "key": "", "round": round_}])

    @rule(amount=AMOUNTS)
    def deposit(self, amount: str) -> None:
        """Money from outside."""
        self.tell([{"do": "deposit", "by": CASHIER, "key": self._key(), "amount": amount}])

    @rule(amount=AMOUNTS)
    def transfer_in(self, amount: str) -> None:
        """Money of the licensee comes into the game wallet, if there is one."""
        self.tell([{"do": "transfer_in", "by": CASHIER, "key": self._key(), "amount": amount}])

    @rule(amount=st.one_of(st.none(), AMOUNTS))
    def transfer_out(self, amount: str | None) -> None:
        """An amount goes back, or all that is free."""
        self.tell([{"do": "transfer_out", "by": CASHIER, "key": self._key(), "amount": amount}])

    @rule(target=holds, amount=AMOUNTS)
    def hold(self, amount: str) -> str:
        """Reserve money."""
        key = self._key()
        self.tell([{"do": "hold", "by": CASHIER, "key": key, "amount": amount, "seconds": None}])
        return key

    @rule(of=holds, amount=st.one_of(st.none(), AMOUNTS))
    def capture(self, of: str, amount: str | None) -> None:
        """Pay reserved money out."""
        self.tell([{"do": "capture", "by": CASHIER, "key": self._key(), "ref": of, "amount": amount}])

    @rule(of=st.one_of(holds, st.just(UNSEEN)))
    def release(self, of: str) -> None:
        """Give reserved money back."""
        self.tell([{"do": "release", "by": CASHIER, "key": self._key(), "ref": of}])

    @rule(target=bets, by=PROVIDERS, round_=ROUNDS, amounts=st.tuples(AMOUNTS, AMOUNTS), close=RARELY)
    def bet_and_win(self, by: str, round_: str, amounts: tuple[str, str], close: bool) -> tuple[str, str]:
        """A bet and its win, both or neither."""
        bet = self._bet(by, round_, amounts[0], close=False)
        self.tell([bet, self._win(by, bet["key"], round_, amounts[1], close=close)], atomic=True)
        return by, bet["key"]

    @rule(
        of=bets,
        others=st.lists(st.tuples(st.sampled_from(["bet", "win", "cancel"]), ROUNDS, AMOUNTS), min_size=1, max_size=3),
    )
    def message(self, of: tuple[str, str], others: list[tuple[str, str, str]]) -> None:
        """Several steps of one provider, all or nothing."""
        by, key = of
        steps: list[Step] = [{"do": "cancel", "by": by, "key": self._key(), "ref": key, "of": "bet"}]
        for verb, round_, amount in others:
            if verb == "cancel":
                ref = next((step["key"] for step in steps if step["do"] == "bet"), key)
                steps.append({"do": "cancel", "by": by, "key": self._key(), "ref": ref, "of": "bet"})
            elif verb == "bet":
                steps.append(self._bet(by, round_, amount, close=False))
            else:
                steps.append(self._win(by, "", round_, amount, close=False))
        self.tell(steps, atomic=True)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 60))
    def repeat(self, which: int) -> None:
        """An old request again: the old answer, and nothing happens."""
        steps, atomic, outcomes = self.told[which % len(self.told)]
        if any(not step["key"] for step in steps) or {"IDEMPOTENCY_CONFLICT", "REQUEST_INVALID"} & set(outcomes):
            return
        before = dict(self.model.balances)
        answers = self.ask(steps, atomic=atomic)
        assert [outcome for outcome, _ in answers] == outcomes, steps
        assert all(replayed for _, replayed in answers), steps
        assert dict(self.model.balances) == before

    @invariant()
    def money_is_the_model_s(self) -> None:
        """After each step."""
        if self.told:
            ours = self.model.cash, self.model.held, self.model.bonus
            assert self.look() == ours
            assert min(ours) >= 0
            assert sum(self.model.balances.values()) == 0
