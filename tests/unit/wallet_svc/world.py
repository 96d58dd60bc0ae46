"""One shard in memory: the real rules, the real batch and the real digest, without a database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from compliance_svc.kernel import PackLibrary
from compliance_svc.kernel.loading import load_library
from wallet_svc.domain import commands as c
from wallet_svc.domain.decide import decide, decide_together, split
from wallet_svc.domain.digest import GENESIS
from wallet_svc.domain.journal import Batch, Book, Head
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Asset, Entry, Game, Licensee, Player, ProviderFlags, Registry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

SECOND = 1_000_000
START = 1_790_000_000 * SECOND
LICENSEE = "borealis"
CASHIER, PROVIDER, OTHER, PLATFORM = "cashier", "acme", "zenith", "platform"
SOURCES = {CASHIER: 1, PLATFORM: 2, PROVIDER: 3, OTHER: 4}
EUR = Asset(id=1, code="EUR", exponent=2)
USD = Asset(id=2, code="USD", exponent=2)
JPY = Asset(id=3, code="JPY", exponent=0)
GBP = Asset(id=4, code="GBP", exponent=6)
ASSETS = (EUR, USD, JPY, GBP)
GAMES = {
    "g1": Game(category="live", enabled=True),
    "slot": Game(category="slot", enabled=True),
    "off": Game(category="live", enabled=False),
}
HUGE = "92233720368547758.07"
"""The largest amount at two decimals."""


@cache
def library() -> PackLibrary:
    return load_library(allow_sandbox=True)


def registry(**flags: Any) -> Registry:
    tenant = Licensee(id=1, name=LICENSEE, default_pack="sandbox")
    return Registry(
        version=1,
        licensees={LICENSEE: tenant},
        sources=SOURCES,
        assets={(1, asset.code): asset for asset in ASSETS},
        providers={(1, SOURCES[PROVIDER]): ProviderFlags(**flags), (1, SOURCES[OTHER]): ProviderFlags()},
        games={(1, SOURCES[source], name): game for source in (PROVIDER, OTHER) for name, game in GAMES.items()},
        shards=1,
        packs=library(),
        assets_by_id={asset.id: asset for asset in ASSETS},
        source_names={number: name for name, number in SOURCES.items()},
        licensees_by_id={1: tenant},
    )


def money(amount: str, currency: str = "EUR") -> c.MoneyText:
    return c.MoneyText(currency, amount)


Items = Sequence[tuple[str, c.Action]]
"""The keys and actions of one message."""


@dataclass(slots=True)
class Table:
    """A shard with whoever plays on it. Every call is one batch that commits."""

    registry: Registry = field(default_factory=registry)
    now_us: int = START
    book: Book = field(default_factory=lambda: Book(Head(0, 1, 1, GENESIS, 1)))
    log: list[Entry] = field(default_factory=list)
    answers: int = 0

    def player(self, name: str = "alice") -> Player:
        return self.book.players[LICENSEE, name]

    def do(self, key: str, action: c.Action, *, source: str = PROVIDER, player: str = "alice") -> Decided:
        """Decide one command, commit it, and give its answer (the last part's, for a bet and win)."""
        return self.message([(key, action)], source=source, player=player)[-1]

    def message(self, items: Items, *, source: str = PROVIDER, player: str = "alice") -> list[Decided]:
        """Decide one message, atomic if it has several keys."""
        wanted = [c.Command(LICENSEE, source, player, key, action, "request") for key, action in items]
        commands = [part for command in wanted for part in split(command)]
        batch = Batch.on(self.book, self.registry, self.now_us)
        known = self.book.players.get((LICENSEE, player)) or batch.new_player(self.registry.licensees[LICENSEE], player)
        if len(commands) == 1:
            decided = [decide(known, commands[0], self.registry, self.now_us)]
        else:
            decided = decide_together(known, commands, self.registry, self.now_us, batch.next_sequence)
        for one in decided:
            batch.append(known, one)
        self.log += batch.entries
        batch.committed(batch.digest())
        return decided

    def later(self, seconds: float) -> None:
        self.now_us += int(seconds * SECOND)

    def set_game(self, name: str, **changes: Any) -> None:
        place = (1, SOURCES[PROVIDER], name)
        self.registry.games[place] = replace(self.registry.games[place], **changes)

    def tenant(self, **changes: Any) -> None:
        """Change policies of the licensee."""
        self.player().licensee = replace(self.player().licensee, **changes)

    def asset(self, asset: Asset, **changes: Any) -> None:
        """Change what the registry says of an asset."""
        self.registry.assets[1, asset.code] = replace(asset, **changes)

    def suspend(self) -> None:
        tenant = self.registry.licensees[LICENSEE]
        self.player().licensee = replace(tenant, suspended=True)

    # -- what tests look at

    def cash(self, player: str = "alice", asset: Asset = EUR) -> int:
        return self.player(player).balance(asset.id, AccountClass.CASH)

    def held(self, player: str = "alice", asset: Asset = EUR) -> int:
        return self.player(player).balance(asset.id, AccountClass.HELD)

    def bonus(self, player: str = "alice", asset: Asset = EUR) -> int:
        return self.player(player).balance(asset.id, AccountClass.BONUS)

    def owed(self, player: str = "alice", asset: Asset = EUR) -> int:
        return -self.player(player).balance(asset.id, AccountClass.RECEIVABLE)

    def house(self, asset: Asset = EUR) -> int:
        return sum(one.balance for (_, name), one in self.book.house.items() if name.asset_id == asset.id)

    def postings(self) -> int:
        return sum(1 for entry in self.log if entry.moved)


def with_bonus(cash: str, bonus: str, **flags: Any) -> Table:
    """As `table`, with bonus money."""
    made = table(cash, **flags)
    promo = c.Credit(kind=Kind.PROMO, money=money(bonus), to=AccountClass.BONUS)
    assert outcome(made.do("opening bonus", promo, source=CASHIER)) is Outcome.OK
    return made


def table(cash: str = "100.00", *, pack: str = "", currency: str = "EUR", **flags: Any) -> Table:
    """A shard with alice: money, and a session "s" at the provider."""
    made = Table(registry(**flags))
    opened = c.OpenAccount(currency=currency, jurisdiction=pack, born_on="1986-01-15")
    assert outcome(made.do("open", opened, source=CASHIER)) is Outcome.OK
    if float(cash):
        assert outcome(made.do("opening", c.Deposit(money=money(cash, currency)), source=CASHIER)) is Outcome.OK
    # Under a market's law there may be no second session beside an open one.
    for source in (PROVIDER, OTHER) if not pack else (PROVIDER,):
        session = "s" if source == PROVIDER else "t"
        play = c.OpenPlay(session=session, provider=source, currency=currency)
        assert outcome(made.do(f"play {session}", play, source=PLATFORM)) is Outcome.OK
    return made


def bet(amount: str = "10.00", round_: str = "r1", **more: Any) -> c.Bet:
    given = {"round": round_, "game": "g1", "session": "s", **more}
    return c.Bet(money=money(amount, given.pop("currency", "EUR")), **given)


def win(amount: str = "10.00", round_: str = "r1", **more: Any) -> c.Win:
    given = {"round": round_, "game": "g1", **more}
    return c.Win(money=money(amount, given.pop("currency", "EUR")), **given)


def cancel(bet_key: str) -> c.Cancel:
    return c.Cancel(bet_key=bet_key)


def bet_and_win(amount: str, win_key: str, win_amount: str, **more: Any) -> c.BetAndWin:
    return c.BetAndWin(bet=bet(amount, **more), win_key=win_key, win_money=money(win_amount))


def outcome(decided: Decided) -> Outcome:
    return decided.entry.outcome


def outcomes(decided: list[Decided]) -> list[str]:
    return [one.entry.outcome.name for one in decided]


def verdict(decided: Decided) -> tuple[str, tuple[str, ...]]:
    """What the law said, by the stored record: the verdict and the reasons."""
    record = json.loads(decided.entry.decision_json or "{}")
    return record["verdict"], tuple(reason["code"] for reason in record.get("reasons", []))


def stored(made: Table, kind: Kind, key: str, source: str = PROVIDER) -> Entry | None:
    return made.player().keys.get((SOURCES[source], kind, key))
