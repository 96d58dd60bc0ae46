"""One episode: some players, two processes, and steps whose answers the model foretells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.law_machine.markets import HOUR, MARKETS, SECOND
from tests.law_machine.model import Gambler, Held
from tests.law_machine.shard import CASHIER, GAME, PLATFORM, PROVIDER, Process, Shard
from tests.law_machine.shard import LICENSEE as TENANT
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

LENGTH = 300
"""Steps of an episode."""
_PLAYERS, _PROCESSES = 3, 2
_START_US = 1_790_000_000 * SECOND
_CASH = 5_000_00
_STAKES = (1_00, 2_00, 5_00, 5_00, 10_00)
_LIMITS = (0, 4_99, 10_00, 20_00, 20_00, 35_00, 35_00, 60_00, 60_00, 60_00, 200_00, 200_00)
_PAUSES = (0, 0, 0, 0, SECOND, 60 * SECOND, HOUR, 6 * HOUR)
_NEARLY = (-1_000, 0, 0, 1_000)
"""Resolution is a millisecond."""


class Violation(AssertionError):  # noqa: N818 - it is what was found, not a failure of the machine
    """The product did what the model forbids, or refused what it allows."""


@dataclass
class Told:
    """What was asked once, to be asked again."""

    player: str
    source: str
    key: str
    action: c.Action
    outcome: Outcome
    sequence: int


@dataclass
class Episode:
    """Everything that happens on one shard."""

    seed: str
    shard: Shard = field(default_factory=Shard)
    counts: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    sessions: dict[str, list[str]] = field(default_factory=dict)
    """Every session that a player has had."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now_us = _START_US + self.random.randrange(365 * 24) * HOUR
        self.processes = [Process(self.shard) for _ in range(_PROCESSES)]
        self.market = self.random.choice(MARKETS)
        self.gamblers = {f"p{number}": Gambler(self.market, _CASH) for number in range(_PLAYERS)}
        self.told: list[Told] = []
        self.last = ""

    def _open(self, name: str) -> None:
        opened = c.OpenAccount(currency=self.market.currency, jurisdiction=self.market.pack, born_on="1986-01-15")
        # Not a deposit: what pays for the play counts in no limit.
        gift = c.Credit(kind=Kind.PROMO, money=self._money(_CASH), to=AccountClass.CASH)
        for source, action in ((CASHIER, opened), (CASHIER, gift)):
            self._ask(name, source, action, expected=None)
        for required in sorted(self.market.required):
            self._limit(name, required, 200_00)
        self._open_play(name)

    # -- asking

    def _money(self, amount: int) -> c.MoneyText:
        return c.MoneyText(self.market.currency, f"{amount // 100}.{amount % 100:02}")

    def _ask(self, name: str, source: str, action: c.Action, *, expected: str | None) -> Decided:
        """Ask one of the processes. `expected` is why it must refuse; None: it must not."""
        key = f"k{len(self.told)}"
        decided = self._say(name, source, key, action)
        outcome = decided.entry.outcome
        self.told.append(Told(name, source, key, action, outcome, decided.entry.sequence))
        accepted = outcome is Outcome.OK
        self.counts[f"{type(action).__name__} {'accepted' if accepted else 'refused'}"] += 1
        if expected is not None:
            self.counts[f"refused: {expected}"] += 1
        if accepted is not (expected is None):
            wanted = "allowed" if expected is None else f"refused ({expected})"
            reasons = decided.entry.decision_json or ""
            raise Violation(f"{self.last}: {wanted} by the model, answered {outcome.name} {reasons}")
        return decided

    def _say(self, name: str, source: str, key: str, action: c.Action) -> Decided:
        self.last = f"episode {self.seed} step {self.steps}: {name} {action}"
        return self.random.choice(self.processes).do(
            name, c.Command(TENANT, source, name, key, action, ""), self.now_us
        )

    # -- steps

    def run(self, steps: int) -> None:
        """Open the accounts, and take this many steps. Violation: the first difference."""
        for name in self.gamblers:
            self._open(name)
        for _ in range(steps):
            self.steps += 1
            name = self.random.choice(list(self.gamblers))
            self._wait(self.gamblers[name])
            verb = self.random.choices(_VERBS, _WEIGHTS)[0]
            verb(self, name, self.gamblers[name])
            self._compare(name)

    def _wait(self, gambler: Gambler) -> None:
        """Mostly a little; now and then just to where something changes, or nearly there."""
        self.now_us += self.random.choice(_PAUSES)
        edges = gambler.edges(self.now_us)
        if edges and self.random.random() < 0.25:
            self.counts["edges"] += 1
            self.now_us = max(self.now_us, self.random.choice(edges[:4]) + self.random.choice(_NEARLY))

    def _compare(self, name: str) -> None:
        who, entry = self.shard.log[-1]
        cash = self.gamblers[name].cash
        if who == name and entry.available not in (None, cash):
            raise Violation(f"{self.last}: cash {entry.available}, by the model {cash}")

    def bet_at_the_edge(self, name: str, gambler: Gambler) -> None:
        """A stake that just fits, at the instant at which an earlier one leaves the window of a limit."""
        edges = gambler.window_edges(self.now_us, ("wager", "loss"))
        if edges:
            self.now_us = self.random.choice(edges)
            self.bet(name, gambler, fits=True)

    def bet(self, name: str, gambler: Gambler, *, fits: bool = False) -> None:
        """A stake in a new round, or one more in a round that is there."""
        rounds = [stake.round for stake in gambler.stakes[-3:]]
        joins = bool(rounds) and self.random.random() < 0.2
        round_ = self.random.choice(rounds) if joins else f"{name}-r{len(self.told)}"
        fits = fits or self.random.random() < 0.5
        amount = self._fitting(gambler) if fits else self.random.choice(_STAKES)
        had = self.sessions[name]
        session = self.random.choice(had) if self.random.random() < 0.05 else had[-1]
        reason = gambler.against_bet(session, amount, self.now_us)
        action = c.Bet(round=round_, money=self._money(amount), game=GAME, session=session)
        self._ask(name, PROVIDER, action, expected=reason)
        if reason is None:
            gambler.bet(self.told[-1].key, round_, amount, self.now_us)

    def _fitting(self, gambler: Gambler) -> int:
        """What just fits the tightest limit, or a cent more."""
        left = [
            (gambler.cap(one, self.now_us) or 0) - gambler.used(one, self.now_us)
            for one in gambler.caps
            if one[0] in ("wager", "loss", "stake")
        ]
        return max(0, min([*left, 50_00]) + self.random.choice((0, 0, 1)))

    def tip(self, name: str, gambler: Gambler) -> None:
        """Something for the dealer: it needs what a bet needs, and counts in no limit."""
        amount = self.random.choice(_STAKES)
        session = self.random.choice(self.sessions[name])
        reason = gambler.against_play(session, self.now_us)
        self._ask(name, PROVIDER, c.Tip(money=self._money(amount), session=session), expected=reason)
        if reason is None:
            gambler.cash -= amount

    def win(self, name: str, gambler: Gambler) -> None:
        """A result of a bet, whatever has happened to its player since."""
        if not gambler.stakes:
            return
        stake = self.random.choice(gambler.stakes[-6:])
        amount = self.random.choice((0, 1_00, 5_00, 30_00))
        action = c.Win(round=stake.round, money=self._money(amount), bet_key=stake.key, game=GAME)
        self._ask(name, PROVIDER, action, expected="cancelled" if stake.cancelled else None)
        if not stake.cancelled:
            stake.won.append(amount)
            gambler.cash += amount

    def cancel(self, name: str, gambler: Gambler) -> None:
        """A stake that is given back, unless it has its result."""
        open_ones = [stake for stake in gambler.stakes[-6:] if not stake.cancelled]
        if not open_ones:
            return
        stake = self.random.choice(open_ones)
        expected = "settled" if stake.won else None
        self._ask(name, PROVIDER, c.Cancel(bet_key=stake.key), expected=expected)
        if expected is None:
            stake.cancelled = True
            gambler.cash += stake.amount

    def deposit(self, name: str, gambler: Gambler) -> None:
        """Money from outside."""
        amount = self.random.choice(_STAKES) * 2
        reason = gambler.against_deposit(amount, self.now_us)
        self._ask(name, CASHIER, c.Deposit(money=self._money(amount)), expected=reason)
        if reason is None:
            gambler.deposits.append((self.now_us, amount))
            gambler.cash += amount

    def hold(self, name: str, gambler: Gambler) -> None:
        """A withdrawal, which nothing stops."""
        amount = self.random.choice(_STAKES)
        self._ask(name, CASHIER, c.Hold(money=self._money(amount)), expected=None)
        gambler.holds.append(Held(self.told[-1].key, amount, self.now_us))
        gambler.cash -= amount

    def release(self, name: str, gambler: Gambler) -> None:
        """A withdrawal that comes to nothing."""
        pending = [held for held in gambler.holds if not held.released]
        if pending:
            held = self.random.choice(pending)
            self._ask(name, CASHIER, c.Release(hold_key=held.key), expected=None)
            held.released = True
            gambler.cash += held.amount

    def set_limit(self, name: str, gambler: Gambler) -> None:
        """A first limit, a cut or a raise."""
        kind = self.random.choice(("wager", "loss", "loss", "deposit", "netdep", "stake"))
        window = "" if kind == "stake" else self.random.choice(self.market.windows)
        known = [one for one in gambler.caps if one[0] == kind]
        if known and self.random.random() < 0.6:
            kind, window = self.random.choice(known)
        self._limit(name, (kind, window), self.random.choice(_LIMITS))

    def _limit(self, name: str, which: tuple[str, str], amount: int) -> None:
        action = c.SetLimit(limit=which[0], window=which[1], money=self._money(amount))
        self._ask(name, PLATFORM, action, expected=None)
        self.gamblers[name].set_limit(which, amount, self.now_us)

    def confirm(self, name: str, gambler: Gambler) -> None:
        """The player's word on an increase."""
        which = self._waiting(gambler)
        if which is not None:
            if self.random.random() < 0.5:
                self.now_us = max(self.now_us, gambler.caps[which].from_us + self.random.choice(_NEARLY))
            reason = gambler.against_confirming(which, self.now_us)
            self._ask(name, PLATFORM, c.ConfirmLimit(limit=which[0], window=which[1]), expected=reason)
            if reason is None:
                gambler.confirm(which)

    def drop(self, name: str, gambler: Gambler) -> None:
        """An increase that the player no longer wants."""
        which = self._waiting(gambler)
        if which is not None:
            self._ask(name, PLATFORM, c.CancelPendingLimit(limit=which[0], window=which[1]), expected=None)
            gambler.drop_increase(which, self.now_us)

    def _waiting(self, gambler: Gambler) -> tuple[str, str] | None:
        known = [name for name, cap in gambler.caps.items() if cap.pending is not None] or list(gambler.caps)
        return self.random.choice(known) if known else None

    def exclude(self, name: str, gambler: Gambler) -> None:
        """At once."""
        term = self.random.choice(self.market.terms)
        self._ask(name, PLATFORM, c.Exclude(term=term), expected=None)
        gambler.exclude(term, self.now_us)

    def take_break(self, name: str, gambler: Gambler) -> None:
        """At once, too."""
        term = self.random.choice(self.market.breaks)
        self._ask(name, PLATFORM, c.TakeBreak(term=term), expected=None)
        gambler.take_break(term, self.now_us)

    def come_back(self, name: str, gambler: Gambler) -> None:
        """Ask to return, often as soon as that is possible, or a moment before; or wait for the return to take effect."""
        if gambler.is_excluded(self.now_us) and self.random.random() < 0.7:
            due_us = gambler.eligible_us if gambler.returns_us is None else gambler.returns_us
            self.now_us = max(self.now_us, due_us + self.random.choice(_NEARLY))
        reason = gambler.against_return(self.now_us)
        self._ask(name, PLATFORM, c.RequestReinstatement(), expected=reason)
        if reason is None:
            gambler.ask_return(self.now_us)

    def open_play(self, name: str, gambler: Gambler) -> None:
        """A new session, for who has none."""
        if not gambler.session:
            self._open_play(name)

    def _open_play(self, name: str) -> None:
        gambler = self.gamblers[name]
        session = f"{name}-s{len(self.told)}"
        reason = None
        if gambler.is_stopped(self.now_us):
            reason = "excluded" if gambler.is_excluded(self.now_us) else "break"
        play = c.OpenPlay(session=session, provider=PROVIDER, currency=self.market.currency, game=GAME)
        self._ask(name, PLATFORM, play, expected=reason)
        if reason is None:
            self.sessions.setdefault(name, []).append(session)
            gambler.session = session

    def again(self, name: str, gambler: Gambler) -> None:
        """A retry: the first answer, and nothing new in the log."""
        del name, gambler
        told = self.random.choice(self.told)
        length = len(self.shard.log)
        decided = self._say(told.player, told.source, told.key, told.action)
        if (decided.entry.outcome, decided.entry.sequence) != (told.outcome, told.sequence):
            raise Violation(f"{self.last}: first {told.outcome.name}, then {decided.entry.outcome.name}")
        if len(self.shard.log) != length:
            raise Violation(f"{self.last}: a retry was booked")
        self.counts["retries"] += 1


_MIX: dict[Callable[[Episode, str, Gambler], Any], int] = {
    Episode.bet: 38,
    Episode.bet_at_the_edge: 6,
    Episode.tip: 3,
    Episode.win: 12,
    Episode.cancel: 9,
    Episode.deposit: 6,
    Episode.hold: 3,
    Episode.release: 2,
    Episode.set_limit: 9,
    Episode.confirm: 3,
    Episode.drop: 1,
    Episode.exclude: 2,
    Episode.take_break: 2,
    Episode.come_back: 4,
    Episode.open_play: 8,
    Episode.again: 4,
}
_VERBS, _WEIGHTS = list(_MIX), list(_MIX.values())
