"""Any order of actions, retries and messages: the wallet and the reference agree after every step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.wallet_svc.reference import Reference, Step
from tests.unit.wallet_svc.test_replay import from_the_log, state_of
from tests.unit.wallet_svc.world import CASHIER, PROVIDER, Table, bet, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, RoundState

NEW = "new"
keys = st.sampled_from([NEW] * 9 + ["1", "2"])
"""Mostly a new key; now and then one that several actions fight for."""
refs = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 99])
"""How many bets or holds ago; 99 was never seen."""
rounds = st.sampled_from(["r1", "r1", "r2"])
amounts = st.sampled_from([0, 1, 250, 1_000, 10_000])
flags = st.booleans()
rarely = st.sampled_from([False] * 7 + [True])


def steps(do: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.fixed_dictionaries({"do": st.just(do), "key": keys, **fields})


bets = steps("bet", round=rounds, amount=amounts, close=rarely)
wins = steps("win", round=rounds, amount=amounts, ref=st.one_of(st.just(""), refs), close=rarely)
cancels = steps("cancel", ref=refs)
closes = steps("close", round=rounds)
tips = steps("tip", amount=amounts)
reversals = steps("reverse", ref=refs)
agains = steps("again", ref=refs)
lists = steps("list", bet=refs, won=refs)
promos = steps("promo", amount=amounts, to_bonus=flags)
actions = st.one_of(bets, bets, wins, cancels)
undoing = st.one_of(reversals, agains, lists)
messages = st.lists(actions, min_size=2, max_size=5).map(lambda items: {"do": "message", "items": items})
deposits = steps("deposit", amount=amounts)
holds = steps("hold", amount=amounts, seconds=st.sampled_from([None, 1, 2]))
captures = steps("capture", ref=refs, amount=st.one_of(st.none(), amounts))
ends = st.one_of(steps("release", ref=refs), steps("expire", ref=refs))
waits = st.fixed_dictionaries({"do": st.just("wait"), "seconds": st.sampled_from([1, 2])})
repeats = st.fixed_dictionaries({"do": st.just("repeat"), "which": st.integers(0, 30)})
stories = st.lists(
    st.one_of(
        actions,
        actions,
        undoing,
        undoing,
        tips,
        promos,
        closes,
        deposits,
        holds,
        captures,
        ends,
        messages,
        messages,
        waits,
        repeats,
    ),
    min_size=10,
    max_size=40,
)
providers = st.fixed_dictionaries(
    {"win_without_bet": flags, "one_credit_per_bet": flags, "late": st.sampled_from([0, 2])}
)


lately = st.sampled_from([0, 0, 0, 1])


def fresh(do: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    """Always a new key, and about what came last: long chains of undoing that are about one bet."""
    return st.fixed_dictionaries({"do": st.just(do), "key": st.just(NEW), **fields})


small = st.sampled_from([0, 100, 333])
chains = st.lists(
    st.one_of(
        fresh("bet", round=st.just("r1"), amount=small, close=rarely),
        fresh("win", round=st.just("r1"), amount=small, ref=st.one_of(st.just(""), lately), close=rarely),
        fresh("cancel", ref=lately),
        fresh("reverse", ref=lately),
        fresh("again", ref=lately),
        fresh("list", bet=lately, won=lately),
        fresh("promo", amount=small, to_bonus=st.just(True)),
        fresh("hold", amount=st.just(9_500), seconds=st.none()),
    ),
    min_size=5,
    max_size=14,
)


def amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def text(cents: int) -> c.MoneyText:
    return money(amount(cents))


ACTIONS: dict[str, Callable[[Step], c.Action]] = {
    "bet": lambda step: bet(amount(step["amount"]), step["round"], close=step["close"]),
    "win": lambda step: win(amount(step["amount"]), step["round"], bet_key=step["ref"], close=step["close"]),
    "cancel": lambda step: c.Cancel(bet_key=step["ref"]),
    "close": lambda step: c.CloseRound(round=step["round"]),
    "tip": lambda step: c.Tip(money=text(step["amount"]), session="s"),
    "reverse": lambda step: c.ReverseWin(win_key=step["ref"]),
    "again": lambda step: c.UndoRollback(cancel_key=step["ref"]),
    "list": lambda step: c.RollbackList(items=((Kind.BET, step["bet"]), (Kind.WIN, step["won"]))),
    "promo": lambda step: c.Credit(
        kind=Kind.PROMO,
        money=text(step["amount"]),
        to=AccountClass.BONUS if step["to_bonus"] else AccountClass.CASH,
    ),
    "deposit": lambda step: c.Deposit(money=text(step["amount"])),
    "hold": lambda step: c.Hold(
        money=text(step["amount"]), expires_in_us=step["seconds"] and step["seconds"] * 1_000_000
    ),
    "capture": lambda step: c.Capture(
        hold_key=step["ref"], money=None if step["amount"] is None else text(step["amount"])
    ),
    "release": lambda step: c.Release(hold_key=step["ref"]),
    "expire": lambda step: c.Expire(hold_key=step["ref"]),
}


def action_of(step: Step) -> c.Action:
    return ACTIONS[step["do"]](step)


_REFERS = {"win": "bet", "cancel": "bet", "reverse": "win", "again": "cancel"}
"""What each kind of step refers to; the others are about holds."""


class Story:
    """The wallet and the reference, side by side."""

    def __init__(self, flags_: dict[str, Any]) -> None:
        late = flags_.pop("late")
        self.table: Table = table("100.00", late_win_window_us=late * 1_000_000, **flags_)
        self.reference = Reference(
            cash=100_00, house=-100_00, late_window=late,
            one_credit=flags_["one_credit_per_bet"], orphans=flags_["win_without_bet"],
        )  # fmt: skip
        self.told: list[Step] = []
        self.seen: dict[str, list[str]] = {"bet": [], "hold": [], "win": [], "cancel": []}
        self.keys = 0

    def tell(self, step: Step) -> None:
        if step["do"] == "wait":
            self.table.later(step["seconds"])
            self.reference.now += step["seconds"]
        elif step["do"] == "repeat":
            if self.told:
                self.tell_again(self.told[step["which"] % len(self.told)])
        elif step["do"] == "message":
            self.message([self.named(item) for item in step["items"]])
        else:
            self.told.append(self.named(step))
            self.one(self.told[-1])
        self.compare()

    def named(self, step: Step) -> Step:
        """The step with a key of its own, and with the key of what it refers to."""
        self.keys += 1
        named = {**step, "key": f"k{self.keys}" if step["key"] == NEW else step["key"]}
        for field_, kind in {"ref": _REFERS.get(step["do"], "hold"), "bet": "bet", "won": "win"}.items():
            ago = step.get(field_)
            if isinstance(ago, int):
                known = self.seen[kind]
                # What was never seen may come later: its key is one that others take too.
                named[field_] = known[-1 - ago] if ago < len(known) else "1"
        if step["do"] in self.seen:
            self.seen[step["do"]].append(named["key"])
        return named

    def tell_again(self, step: Step) -> None:
        """The same request again. If its answer was stored, nothing is booked."""
        before = len(self.table.log)
        replayed = self.one(step)
        assert not replayed or len(self.table.log) == before

    def one(self, step: Step) -> bool:
        expected = self.reference.do(step)
        source = CASHIER if step["do"] in ("deposit", "hold", "capture", "release", "expire") else PROVIDER
        key: str = "" if step["do"] == "close" else step["ref" if step["do"] == "expire" else "key"]
        decided = self.table.do(key, action_of(step), source=source)
        assert (decided.entry.outcome.name, decided.replayed) == expected, step
        return decided.replayed and not decided.new

    def message(self, items: list[Step]) -> None:
        trial = copy.deepcopy(self.reference)
        outcomes = [trial.do(item)[0] for item in items]
        decided = self.table.message([(item["key"], action_of(item)) for item in items])
        got = [one.entry.outcome.name for one in decided]
        if "IDEMPOTENCY_CONFLICT" in outcomes:
            assert got[outcomes.index("IDEMPOTENCY_CONFLICT")] == "IDEMPOTENCY_CONFLICT"
            assert not any(one.new for one in decided)
        elif set(outcomes) <= {"OK", "TOMBSTONED"}:
            assert got == outcomes
            self.reference = trial
        else:
            self.refused(items, outcomes, got)

    def refused(self, items: list[Step], outcomes: list[str], got: list[str]) -> None:
        """Known keys replay, the first refusal stays, every other new key is NOT_APPLIED."""
        told: dict[tuple[str, str], str] = {}
        refused = False
        for item, rehearsed, answer in zip(items, outcomes, got, strict=True):
            name = (item["do"], item["key"])
            known = self.reference.answers.get(name)
            if known is not None:
                expected = known[1]
            elif name in told:
                expected = told[name]
            else:
                is_first = rehearsed not in ("OK", "TOMBSTONED") and not refused
                expected = told[name] = rehearsed if is_first else "NOT_APPLIED"
            refused = (
                refused
                or (expected not in ("OK", "TOMBSTONED", "NOT_APPLIED"))
                or (known is not None and expected == "NOT_APPLIED")
            )
            assert answer == expected, (item, outcomes, got)
        for item in items:
            name = (item["do"], item["key"])
            if name in told and name not in self.reference.answers:
                content = {key: value for key, value in item.items() if key != "close"}
                self.reference.answers[name] = (content, told[name])

    def compare(self) -> None:
        made, known = self.table, self.reference
        ours = made.cash(), made.bonus(), made.held(), made.house()
        assert ours == (known.cash, known.bonus, known.held, known.house)
        assert sum(ours) == 0
        assert min(ours[:3]) >= 0
        held = sum(one.left for one in made.player().holds.values())
        assert held == made.held()
        states = {name: one.state for (_, name), one in made.player().rounds.items()}
        expected = {
            name: RoundState.OPEN if one["closed"] is None else RoundState.CLOSED for name, one in known.rounds.items()
        }
        assert states == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(providers, stories)
def test_the_wallet_agrees_with_the_reference_in_any_story(flags_: dict[str, Any], story: list[Step]) -> None:
    both = Story(dict(flags_))
    for step in story:
        both.tell(step)
    sums(both.table)
    assert state_of(from_the_log(both.table)) == state_of(both.table.player())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(providers, chains)
def test_chains_of_undoing_agree_with_the_reference(flags_: dict[str, Any], story: list[Step]) -> None:
    both = Story(dict(flags_))
    for step in story:
        both.tell(step)
    sums(both.table)
    assert state_of(from_the_log(both.table)) == state_of(both.table.player())


def sums(made: Table) -> None:
    """Every balance is the sum of its postings, by account, and each key stands once."""
    totals: dict[int, int] = {}
    for entry in made.log:
        if entry.moved:
            assert entry.debit_id is not None
            assert entry.credit_id is not None
            totals[entry.debit_id] = totals.get(entry.debit_id, 0) - entry.moved
            totals[entry.credit_id] = totals.get(entry.credit_id, 0) + entry.moved
            assert (entry.debit_after, entry.credit_after) == (totals[entry.debit_id], totals[entry.credit_id])
    accounts = [*made.player().accounts.values(), *made.book.house.values()]
    assert {one.id: one.balance for one in accounts if one.id in totals} == totals
    named = [(entry.source_id, entry.kind, entry.key) for entry in made.log if entry.key is not None]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1)])
def test_a_bet_its_win_and_its_cancel_sum_to_zero_in_every_order(order: tuple[int, ...]) -> None:
    made = table()
    items: list[tuple[str, c.Action]] = [
        ("x", bet("10.00")),
        ("x", win("7.00", bet_key="x")),
        ("x", c.Cancel(bet_key="x")),
    ]
    for _ in range(2):
        for number in order:
            made.do(*items[number])
    assert made.cash() + made.house() == 0
    assert len({(entry.kind, entry.key) for entry in made.log}) == len(made.log)
