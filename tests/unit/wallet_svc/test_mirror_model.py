"""Any order of a studio's messages, lost answers and late calls: the studio, the ledger and a licensee's own wallet agree in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.wallet_svc.test_mirror import bet, conclude, deliver, mirrored, outside
from tests.unit.wallet_svc.world import CASHIER, PLATFORM, PROVIDER, SOURCES, Table, money, win
from wallet_svc.domain import commands as c
from wallet_svc.domain import owing
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.own_wallets.messages import ACTION_OF, debit_key, is_cancel, key_of, owed_minor

Step = dict[str, Any]
START = 60_00
UNDECIDED = (Outcome.IN_PROGRESS, Outcome.UNAVAILABLE)


@dataclass(slots=True)
class OwnWallet:
    """What the contract wants of a licensee's wallet, and nothing of ours: each key once, and a cancelled debit never."""

    balance: int = START
    debits: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Key to what became of it: taken, refused, cancelled; and the amount."""
    credits: set[str] = field(default_factory=set)

    def debit(self, key: str, amount: int, *, unwilling: bool = False) -> str:
        if key not in self.debits:
            taken = not unwilling and amount <= self.balance
            self.debits[key] = ("taken" if taken else "refused", amount)
            self.balance -= amount if taken else 0
        return self.debits[key][0]

    def credit(self, key: str, amount: int) -> None:
        self.balance += 0 if key in self.credits else amount
        self.credits.add(key)

    def cancel(self, key: str) -> None:
        state, amount = self.debits.get(key, ("never", 0))
        self.balance += amount if state == "taken" else 0
        self.debits[key] = ("refused" if state == "refused" else "cancelled", amount)


class Story:
    """A studio, the mirror, and the wallet behind it."""

    def __init__(self) -> None:
        self.table = Table(registry=mirrored())
        self.table.do("open", c.OpenAccount(currency="EUR", born_on="1990-05-17"), source=CASHIER)
        self.table.do("play", c.OpenPlay(session="s", provider=PROVIDER, currency="EUR", game="g1"), source=PLATFORM)
        self.theirs = OwnWallet()
        self.said: list[tuple[str, c.Action]] = []
        self.seen: dict[Kind, list[str]] = {Kind.BET: [], Kind.TIP: [], Kind.WIN: [], Kind.CANCEL: []}
        self.under_way: list[Entry] = []
        """Debits that were sent and have not arrived."""

    def go(self, step: Step) -> None:
        """One step, and what holds after each."""
        does = {
            "ask": self.ask,
            "arrive": self.arrive,
            "look_up": self.look_up,
            "tell": self.tell,
            "repeat": self.repeat,
        }
        does.get(step["do"], self.say)(step)
        self.check()

    # -- the studio

    def say(self, step: Step) -> None:
        key = f"k{len(self.said)}"
        self.said.append((key, self.action_of(step)))
        if (kind := _REFERRED_TO.get(step["do"])) is not None:
            self.seen[kind].append(key)
        self.do(*self.said[-1])

    def do(self, key: str, action: c.Action) -> Decided:
        """Hear the ledger's answer. Nothing is asked for while something else is, or is owed."""
        before, mirror = len(self.table.log), self.table.player().mirror
        free = mirror.intent is None and not mirror.owed
        answer = self.table.do(key, action)
        assert free or not any(entry.kind in ACTION_OF for entry in self.table.log[before:])
        return answer

    def action_of(self, step: Step) -> c.Action:
        made: dict[str, Callable[[], c.Action]] = {
            "bet": lambda: bet(_text(step["amount"]), step["round"]),
            "win": lambda: win(_text(step["amount"]), step["round"], bet_key=self.name(Kind.BET, step["ref"])),
            "tip": lambda: c.Tip(money=money(_text(step["amount"])), session="s"),
            "adjust": lambda: c.Adjust(
                ref_kind=Kind.BET, ref_key=self.name(Kind.BET, step["ref"]), money=money(_text(step["amount"]))
            ),
            "cancel": lambda: c.Cancel(bet_key=self.name(step["of"], step["ref"]), of=step["of"]),
            "again": lambda: c.UndoRollback(cancel_key=self.name(Kind.CANCEL, step["ref"])),
            "reverse": lambda: c.ReverseWin(win_key=self.name(Kind.WIN, step["ref"])),
            "list": lambda: c.RollbackList(items=tuple(dict.fromkeys(self.items(step)))),
        }
        return made[step["do"]]()

    def items(self, step: Step) -> Iterable[tuple[Kind, str]]:
        for kind, ago in step["items"]:
            yield kind, self.name(kind, ago)

    def name(self, kind: Kind, ago: int) -> str:
        """The key of a message of so long ago, or of one that comes next."""
        known = self.seen[kind]
        return known[-1 - ago] if ago < len(known) else f"k{len(self.said) + 1}"

    def repeat(self, step: Step) -> None:
        if self.said:
            self.do(*self.said[step["which"] % len(self.said)])

    # -- calls to the wallet

    @property
    def open_intent(self) -> Entry | None:
        open_ = self.table.player().mirror.intent
        return None if open_ is None else self.table.log[open_.sequence - 1]

    def ask(self, step: Step) -> None:
        """Send the debit of the open intent."""
        intent = self.open_intent
        if intent is None:
            return
        if step["how"] == "late":
            self.under_way.append(intent)
            return
        state = self.theirs.debit(key_of(intent), intent.amount or 0, unwilling=step["how"] == "refused")
        if step["how"] != "lost":
            self.conclude(intent, state)

    def arrive(self, _: Step) -> None:
        """A debit arrives late, and its answer too."""
        if self.under_way:
            intent = self.under_way.pop(0)
            self.conclude(intent, self.theirs.debit(key_of(intent), intent.amount or 0))

    def look_up(self, _: Step) -> None:
        """Ask what became of the open intent; what nobody knows is undone."""
        if (intent := self.open_intent) is not None:
            self.conclude(intent, self.theirs.debits.get(key_of(intent), ("never", 0))[0])

    def conclude(self, intent: Entry, state: str) -> None:
        if state == "never":
            conclude(self.table, Decided(intent), Outcome.NOT_APPLIED, undo=True)
        elif state == "cancelled":
            conclude(self.table, Decided(intent), Outcome.NOT_APPLIED)
        else:
            conclude(self.table, Decided(intent), Outcome.OK if state == "taken" else Outcome.INSUFFICIENT_FUNDS)

    def waiting(self, *, stuck: bool) -> list[Entry]:
        """What the wallet has to be told, in the order of the log; with what it has refused for good."""
        found: dict[int, bool] = {}
        for entry in self.table.log:
            changes = owing.changes_of(entry)
            if changes.new and entry.kind not in ACTION_OF:
                found[entry.sequence] = False
            if changes.done is not None:
                found.pop(changes.done, None)
            if changes.stuck is not None:
                found[changes.stuck] = True
        return [self.table.log[sequence - 1] for sequence, is_stuck in found.items() if stuck or not is_stuck]

    def tell(self, step: Step) -> None:
        """Deliver the first thing that waits."""
        for entry in self.waiting(stuck=step["how"] == "retried")[:1]:
            if step["how"] == "refused" and not is_cancel(entry):
                deliver(self.table, Decided(entry), refused="OUTCOME_ACCOUNT_CLOSED")
                return
            self.book(entry)
            if step["how"] != "lost":
                deliver(self.table, Decided(entry))

    def book(self, entry: Entry) -> None:
        if is_cancel(entry):
            self.theirs.cancel(debit_key(entry))
        else:
            self.theirs.credit(key_of(entry), entry.amount or 0)

    # -- what holds

    def check(self) -> None:
        """Cash is what the wallet still has to book, and stakes wait for nothing else."""
        mirror, waiting = self.table.player().mirror, self.waiting(stuck=True)
        assert self.table.cash() == sum(owed_minor(entry) for entry in waiting if entry.kind is not Kind.CONCLUDE) >= 0
        assert mirror.owed == len(self.waiting(stuck=False))

    def settle(self) -> None:
        """Everything arrives, and everything is said again until it has its answer."""
        for _ in range(3):
            while self.under_way:
                self.arrive({})
            for key, action in self.said:
                while self.do(key, action).entry.outcome in UNDECIDED:
                    self.look_up({})
                    self.tell({"how": "retried"})
            while self.open_intent is not None or self.waiting(stuck=True):
                self.look_up({})
                self.tell({"how": "retried"})
                self.check()

    def believed(self) -> int:
        """What the studio believes that it has taken, by the answers that it gets now, less what it has paid."""
        said = [(self.do(key, action).entry, key, action) for key, action in self.said]
        agreed = sorted((one for one in said if one[0].outcome is Outcome.OK), key=lambda one: one[0].sequence)
        taken: dict[tuple[Kind, str], int] = {}
        undone: dict[tuple[Kind, str], bool] = {}
        cancels: dict[str, tuple[Kind, str]] = {}
        """What each has given back; without those that were undone."""
        for _, key, action in agreed:
            match action:
                case c.Bet():
                    taken[Kind.BET, key] = _cents(action.money)
                case c.Tip():
                    taken[Kind.TIP, key] = _cents(action.money)
                case c.Win():
                    taken[Kind.WIN, key] = -_cents(action.money)
                case c.Adjust():
                    taken[Kind.ADJUST, key] = -_cents(action.money)
                case c.Cancel():
                    cancels[key] = action.of, action.bet_key
                    undone[cancels[key]] = True
                case c.UndoRollback() if action.cancel_key in cancels:
                    undone[cancels.pop(action.cancel_key)] = False
                case c.ReverseWin():
                    undone[Kind.WIN, action.win_key] = True
                case c.RollbackList():
                    undone |= dict.fromkeys(action.items, True)
        return sum(amount for name, amount in taken.items() if not undone.get(name))


_REFERRED_TO = {"bet": Kind.BET, "tip": Kind.TIP, "win": Kind.WIN, "cancel": Kind.CANCEL}


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _cents(amount: c.MoneyText) -> int:
    return int(amount.amount.replace(".", ""))


AMOUNTS = st.sampled_from([1_00, 3_33, 10_00, 25_00])
ROUNDS = st.sampled_from(["r1", "r1", "r1", "r2"])
LATELY = st.sampled_from([0, 0, 0, 0, 1, 1, 9])
ITEMS = st.lists(
    st.tuples(st.sampled_from([Kind.BET, Kind.BET, Kind.WIN, Kind.WIN, Kind.TIP]), LATELY), min_size=1, max_size=3
)


def steps(do: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.fixed_dictionaries({"do": st.just(do), **fields})


BETS = steps("bet", amount=AMOUNTS, round=ROUNDS)
WINS = steps("win", amount=AMOUNTS, round=ROUNDS, ref=LATELY)
TIPS = steps("tip", amount=AMOUNTS)
CORRECTIONS = steps("adjust", amount=st.sampled_from([-3_33, -1_00, 1_00]), ref=LATELY)
STAKES = st.sampled_from([Kind.BET, Kind.BET, Kind.BET, Kind.TIP])
UNDOING = st.one_of(
    steps("list", items=ITEMS),
    steps("cancel", of=STAKES, ref=LATELY),
    steps("reverse", ref=LATELY),
    steps("again", ref=LATELY),
)
REPEATS = steps("repeat", which=st.integers(0, 30))


def calls(*named: str) -> list[Step]:
    """`ask late` and the like as steps."""
    return [dict(zip(("do", "how"), name.split(), strict=False)) for name in named]


SMOOTH = calls("ask answered", "tell answered")
CALLS = st.sampled_from([
    [], calls("ask late"), calls("ask lost"), calls("ask refused"), calls("look_up"), calls("arrive"),
    calls("ask late", "look_up"), calls("ask late", "arrive"), calls("ask lost", "look_up"), calls("look_up", "arrive"),
    calls("tell answered"), calls("tell lost"), calls("tell refused"), calls("tell retried"), SMOOTH, SMOOTH, SMOOTH,
])  # fmt: skip
"""What is done about a message before the next one comes."""


CLEARED = calls("arrive", "look_up", *["tell retried"] * 4)
"""Usually nothing waits then. While something does, no stake is asked for."""


def paid(stake: int, prize: int, name: str) -> list[Step]:
    """A bet and a win that both sides have booked."""
    won = {"do": "win", "amount": prize, "round": name, "ref": 0}
    return [*CLEARED, {"do": "bet", "amount": stake, "round": name}, *SMOOTH, won, *SMOOTH]


BOTH_BACK: Step = {"do": "list", "items": [(Kind.BET, 0), (Kind.WIN, 0)]}
TAKE_BACK: Step = {"do": "reverse", "ref": 0}


def taken_back(stake: int, prize: int, first: list[Step], meanwhile: Step, then: list[Step]) -> list[Step]:
    """A win is taken back, with its bet or alone, and something comes between."""
    return [*paid(stake, prize, "r1"), *first, meanwhile, *then]


def booked_again(stake: Step, first: list[Step], meanwhile: Step, then: list[Step]) -> list[Step]:
    """A stake is cancelled, its cancel is undone, and something comes between."""
    cancel = {"do": "cancel", "of": _REFERRED_TO[stake["do"]], "ref": 0}
    return [*CLEARED, stake, *SMOOTH, cancel, *SMOOTH, {"do": "again", "ref": 0}, *first, meanwhile, *then]


MESSAGES = st.one_of(BETS, WINS, TIPS, CORRECTIONS, UNDOING, UNDOING, REPEATS)
ABOUT_THE_SAME = st.sampled_from([
    *[BOTH_BACK] * 5, TAKE_BACK, {"do": "again", "ref": 0}, {"do": "win", "amount": 3_33, "round": "r1", "ref": 0},
    *({"do": "cancel", "of": kind, "ref": 0} for kind in (Kind.BET, Kind.TIP)),
    *({"do": "list", "items": [(kind, 0)]} for kind in (Kind.BET, Kind.TIP, Kind.WIN)),
])  # fmt: skip
MEANWHILE = st.one_of(ABOUT_THE_SAME, ABOUT_THE_SAME, MESSAGES)
BEGUN = st.tuples(st.sampled_from([BOTH_BACK, TAKE_BACK]), CALLS).map(lambda both: [both[0], *both[1]])
TURNS = st.one_of(
    st.tuples(MESSAGES, CALLS).map(lambda both: [both[0], *both[1]]),
    st.builds(paid, AMOUNTS, AMOUNTS, ROUNDS),
    st.builds(taken_back, AMOUNTS, AMOUNTS, BEGUN, MEANWHILE, CALLS),
    st.builds(booked_again, st.one_of(BETS, TIPS), CALLS, MEANWHILE, CALLS),
)
STORIES = st.lists(TURNS, min_size=5, max_size=9).map(lambda told: [step for turn in told for step in turn])


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_studio_ledger_and_own_wallet_agree_after_any_story(told: list[Step]) -> None:
    story = Story()
    for step in told:
        story.go(step)
    story.settle()
    ended = len(story.table.log)
    believed = story.believed()
    assert len(story.table.log) == ended, "whatever is said again changes nothing"
    assert believed == outside(story.table) == START - story.theirs.balance
    assert story.table.cash() == 0


@pytest.mark.parametrize("how", ["answered", "lost", "late"])
def test_a_list_that_takes_is_asked_once_however_its_answer_comes(how: str) -> None:
    story = Story()
    for step in (*paid(10_00, 25_00, "r1"), BOTH_BACK, *calls(f"ask {how}")):
        story.go(step)
    story.settle()
    assert (story.believed(), outside(story.table), story.theirs.balance) == (0, 0, START)
    assert story.table.player().keys[SOURCES[PROVIDER], Kind.ROLLBACK_LIST, "k2"].outcome is Outcome.OK
