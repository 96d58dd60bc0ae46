"""A ledger on a real database, written by as many engines as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import psycopg

from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.statute import Statute
from mesh.clock import ManualClock
from mesh.database import connect
from mesh.dev.postgres import Database
from wallet_svc.attempts import Attempts
from wallet_svc.domain import commands as c
from wallet_svc.domain.placing import shard_of
from wallet_svc.domain.state import ProviderFlags
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.engine import Answer, Engine
from wallet_svc.store.log import PostgresLog
from wallet_svc.store.registry import RegistryStore

SHARDS = 4
LICENSEE, PROVIDER, CASHIER, PLATFORM = "borealis", "acme", "cashier", "platform"
NOW_US = 1_790_000_000_000_000


@cache
def statute() -> Statute:
    return Statute(load_documents())


def money(amount: str, currency: str = "EUR") -> c.MoneyText:
    return c.MoneyText(currency, amount)


def bet(amount: str, round_: str, **more: Any) -> c.Bet:
    return c.Bet(**{"round": round_, "money": money(amount), "game": "g1", "session": "s", **more})


def win(amount: str, round_: str, **more: Any) -> c.Win:
    return c.Win(**{"round": round_, "money": money(amount), "game": "g1", **more})


def deposit(amount: str) -> c.Deposit:
    return c.Deposit(money=money(amount))


@dataclass(slots=True)
class Wallet:
    """One engine, as a wallet process has it."""

    engine: Engine
    log: PostgresLog
    licensee: str = LICENSEE

    async def do(
        self,
        player: str,
        key: str,
        action: c.Action,
        *,
        source: str = PROVIDER,
        timeout_s: float = 20,
        dry: bool = False,
    ) -> Answer:
        command = c.Command(self.licensee, source, player, key, action, f"request of {key}")
        return await self.engine.execute(command, timeout_s, dry=dry)

    async def must(self, player: str, key: str, action: c.Action, *, source: str = PROVIDER) -> Answer:
        answer = await self.do(player, key, action, source=source)
        assert answer.entry.outcome is Outcome.OK, answer.entry
        return answer

    async def player(self, name: str = "alice", cash: str = "100.00") -> str:
        """Open a player with money and the session "s"."""
        await self.must(name, "open", c.OpenAccount(currency="EUR", born_on="1990-01-01"), source=CASHIER)
        if float(cash):
            await self.must(name, "opening", deposit(cash), source=CASHIER)
        play = c.OpenPlay(session="s", provider=PROVIDER, currency="EUR")
        await self.must(name, "play", play, source=PLATFORM)
        return name


@dataclass(slots=True)
class Ledger:
    """The database, its registry, and the wallets that write it."""

    database: Database
    clock: ManualClock
    registry: RegistryStore
    stack: contextlib.AsyncExitStack
    wallets: list[Wallet] = field(default_factory=list)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, database: Database) -> AsyncIterator[Ledger]:
        async with contextlib.AsyncExitStack() as stack:

            async def connection() -> psycopg.AsyncConnection[Any]:
                return await connect(database.service_url, name="registry")

            opened = cls(database, ManualClock(NOW_US), RegistryStore(connection), stack)
            await opened.register()
            yield opened

    async def register(self, licensee: str = LICENSEE, pack: str = "sandbox") -> None:
        await self.registry.put_licensee(
            name=licensee, default_pack=pack, stake_order=1, shortfall=1, suspended=False, thresholds=[("EUR", "50")]
        )
        await self.registry.put_asset(licensee, "EUR", 2)
        await self.put_provider(licensee)
        await self.registry.put_games(licensee, PROVIDER, [("g1", "live", True), ("slot", "slot", True)])

    async def put_provider(self, licensee: str = LICENSEE, **flags: Any) -> None:
        await self.registry.put_provider(licensee, PROVIDER, ProviderFlags(**flags))

    async def wallet(
        self,
        log: PostgresLog | None = None,
        *,
        url: str = "",
        most_in_flight: int = 64,
        attempts: Attempts | None = None,
    ) -> Wallet:
        """Start another engine on the same shards."""
        name = f"wallet-{len(self.wallets) + 1}"
        log = log or PostgresLog(url or self.database.service_url, writer=name, statement_timeout_ms=5_000)
        bounds = {"most_waiting": 4_096, "most_in_flight": most_in_flight}
        engine = Engine(log, self.clock, statute(), **bounds, attempts=attempts)
        flying = asyncio.create_task(engine.run())
        made = Wallet(engine, log)
        self.wallets.append(made)
        self.stack.push_async_callback(_stop, flying, log)
        return made

    # -- what is in the tables

    def rows(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.database.reader_url) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def value(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def cash(self, player: str = "alice") -> int:
        """Available cash as the account row has it, in cents."""
        return int(
            self.value(
                "SELECT credits - debits FROM account JOIN player ON player.id = player_id WHERE name = %s AND class = 1",
                player,
            )
        )

    def stored(self, kind: Kind, key: str) -> list[tuple[Outcome, int | None]]:
        """Outcome and movement of every entry with this key."""
        rows = self.rows("SELECT outcome, moved FROM transfer WHERE kind = %s AND key = %s", kind.value, key)
        return [(Outcome(outcome), moved) for outcome, moved in rows]

    def shard(self, player: str = "alice", licensee: str = LICENSEE) -> int:
        return shard_of(licensee, player, SHARDS)


async def _stop(flying: asyncio.Task[None], log: PostgresLog) -> None:
    flying.cancel()
    await asyncio.gather(flying, return_exceptions=True)
    await log.close()
