"""What the law must say about one player: lists and plain loops, written from the rules, sharing nothing with the product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.law_machine.markets import DAY, Market, period_end, term_end, window_start

COUNTED_BY_BETS = ("wager", "loss", "stake")
COUNTED_BY_DEPOSITS = ("deposit", "netdep")


@dataclass
class Stake:
    """One accepted bet."""

    key: str
    round: str
    amount: int
    at_us: int
    first_us: int
    """When the first bet of its round was taken."""
    cancelled: bool = False
    won: list[int] = field(default_factory=list)


@dataclass
class Held:
    """One withdrawal that was asked for."""

    key: str
    amount: int
    at_us: int
    released: bool = False


@dataclass
class Cap:
    """A limit, and perhaps an increase that waits."""

    amount: int
    pending: int | None = None
    from_us: int = 0


@dataclass
class Gambler:
    """One player."""

    market: Market
    cash: int
    stakes: list[Stake] = field(default_factory=list)
    deposits: list[tuple[int, int]] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    caps: dict[tuple[str, str], Cap] = field(default_factory=dict)
    excluded: bool = False
    """An exclusion was committed, and no return since has taken effect; see `is_excluded`."""
    eligible_us: int = 0
    returns_us: int | None = None
    break_until_us: int = 0
    session: str = ""
    """The session that may stake; empty when an exclusion or a break has ended it."""

    # -- what is in force

    def is_excluded(self, now_us: int) -> bool:
        """Whether an exclusion is in force."""
        return self.excluded and (self.returns_us is None or now_us < self.returns_us)

    def is_stopped(self, now_us: int) -> bool:
        """Whether exclusion or break stops stakes and deposits."""
        return self.is_excluded(now_us) or now_us < self.break_until_us

    def cap(self, name: tuple[str, str], now_us: int) -> int | None:
        """The amount of a limit that is in force."""
        cap = self.caps.get(name)
        if cap is None:
            return None
        ripe = cap.pending is not None and now_us >= cap.from_us and not self.market.confirms
        return cap.pending if ripe else cap.amount

    def used(self, name: tuple[str, str], now_us: int) -> int:
        """What counts against a limit, the worst case of open bets included."""
        kind, window = name
        if kind == "stake":
            return 0
        start = window_start(window, now_us, self.market.zone)
        return max(0, sum(amount for at_us, amount in self._events(kind) if at_us > start))

    def _events(self, kind: str) -> Iterator[tuple[int, int]]:
        if kind == "deposit":
            yield from self.deposits
        elif kind == "netdep":
            yield from self.deposits
            yield from ((held.at_us, -held.amount) for held in self.holds if not held.released)
        else:
            live = [stake for stake in self.stakes if not stake.cancelled]
            yield from ((stake.at_us, stake.amount) for stake in live)
            if kind == "loss":
                yield from ((stake.first_us, -won) for stake in self.stakes for won in stake.won)

    # -- what may be done: None, or why not

    def against_bet(self, session: str, amount: int, now_us: int) -> str | None:
        """Why a stake must be refused."""
        reason = self.against_play(session, now_us) or self._against(COUNTED_BY_BETS, amount, now_us)
        return reason or ("money" if amount > self.cash else None)

    def against_play(self, session: str, now_us: int) -> str | None:
        """Why nothing can be played at all."""
        if self.is_excluded(now_us):
            return "excluded"
        if self.is_stopped(now_us):
            return "break"
        if session != self.session:
            return "session ended"
        if not self.market.required <= self.caps.keys():
            return "required limit"
        return None

    def against_deposit(self, amount: int, now_us: int) -> str | None:
        """Why a deposit must be refused."""
        if self.is_stopped(now_us):
            return "excluded" if self.is_excluded(now_us) else "break"
        return self._against(COUNTED_BY_DEPOSITS, amount, now_us)

    def _against(self, kinds: tuple[str, ...], amount: int, now_us: int) -> str | None:
        for name in self.caps:
            if name[0] in kinds and self.used(name, now_us) + amount > (self.cap(name, now_us) or 0):
                return f"{name[0]} limit"
        return None

    # -- what an accepted action does

    def bet(self, key: str, round_: str, amount: int, now_us: int) -> None:
        """Take a stake."""
        first_us = next((stake.first_us for stake in self.stakes if stake.round == round_), now_us)
        self.stakes.append(Stake(key, round_, amount, now_us, first_us))
        self.cash -= amount

    def set_limit(self, name: tuple[str, str], amount: int, now_us: int) -> None:
        """A first limit and a cut hold at once, a raise waits."""
        in_force = self.cap(name, now_us)
        if in_force is None or amount <= in_force:
            self.caps[name] = Cap(amount)
            return
        from_us = now_us + self.market.raise_after_us
        if self.market.waits_for_period:
            from_us = max(from_us, period_end(name[1], now_us, self.market.zone))
        self.caps[name] = Cap(in_force, amount, from_us)

    def against_confirming(self, name: tuple[str, str], now_us: int) -> str | None:
        """Why there is nothing to confirm."""
        cap = self.caps.get(name)
        ripe = cap is not None and cap.pending is not None and now_us >= cap.from_us
        return None if ripe and self.market.confirms else "nothing to confirm"

    def confirm(self, name: tuple[str, str]) -> None:
        """The ripe increase holds."""
        self.caps[name] = Cap(self.caps[name].pending or 0)

    def drop_increase(self, name: tuple[str, str], now_us: int) -> None:
        """The increase is off, unless it holds already."""
        in_force = self.cap(name, now_us)
        if in_force is not None:
            self.caps[name] = Cap(in_force)

    def exclude(self, term: str, now_us: int) -> None:
        """From now on, until a return that was asked for takes effect. A second one can only lengthen the first."""
        end_us = term_end(term, now_us, self.market.zone)
        self.eligible_us = max(end_us, self.eligible_us) if self.is_excluded(now_us) else end_us
        self.excluded, self.returns_us, self.session = True, None, ""

    def take_break(self, term: str, now_us: int) -> None:
        """From now on, until it ends by itself."""
        self.break_until_us = max(self.break_until_us, term_end(term, now_us, self.market.zone))
        self.session = ""

    def against_return(self, now_us: int) -> str | None:
        """Why a return cannot be asked for yet."""
        return "minimum term" if self.is_excluded(now_us) and now_us < self.eligible_us else None

    def ask_return(self, now_us: int) -> None:
        """The return takes effect after the market's delay."""
        if self.is_excluded(now_us) and self.returns_us is None:
            self.returns_us = now_us + self.market.return_after_us

    # -- when something changes

    def edges(self, now_us: int) -> list[int]:
        """Instants to come at which the answer to the same question changes, or nearly does."""
        found = [self.break_until_us]
        if self.is_excluded(now_us):
            found.append(self.eligible_us if self.returns_us is None else self.returns_us)
        found += [cap.from_us for cap in self.caps.values() if cap.pending is not None]
        found += self.window_edges(now_us, COUNTED_BY_BETS + COUNTED_BY_DEPOSITS)
        return sorted({edge for edge in found if edge > now_us})

    def window_edges(self, now_us: int, kinds: tuple[str, ...]) -> list[int]:
        """Instants to come at which something just leaves the window of a limit, or a calendar window begins anew."""
        spans = {"24h": DAY, "7d": 7 * DAY}
        found = []
        for kind, window in self.caps:
            if kind in kinds and window in spans:
                moments = [stake.at_us for stake in self.stakes[-6:] if not stake.cancelled]
                moments += [at_us for at_us, _ in self.deposits[-2:]]
                found += [at_us + spans[window] for at_us in moments]
            elif kind in kinds and window:
                found.append(period_end(window, now_us, self.market.zone))
        return sorted({edge for edge in found if edge > now_us})
