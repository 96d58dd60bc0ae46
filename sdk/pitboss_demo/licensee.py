"""Licensees, who know the mesh only through the SDK and the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pitboss_demo.cash_book import BookkeepingClient, CashBook
from pitboss_demo.cast import CURRENCIES, Player
from pitboss_demo.own_wallet import OwnWallet
from pitboss_demo.tally import Tally
from pitboss_sdk import AsyncClient, Launch, Money

_AT_ONCE = 12
_COUNTRIES = {"GBP": "GB"}
"""Where players are, by currency. Some games are refused in some countries, and to players of none."""


@dataclass(slots=True)
class Licensee:
    """A licensee and its connection."""

    name: str
    client: AsyncClient
    tally: Tally
    currency: str = field(init=False)

    def __post_init__(self) -> None:
        """Its currency follows from its name."""
        self.currency = CURRENCIES[self.name]

    def money(self, amount: Decimal | int | str) -> Money:
        """An amount in the licensee's currency."""
        return Money(Decimal(amount), self.currency)

    async def welcome(self, players: Sequence[Player]) -> dict[str, Launch]:
        """Open accounts, take deposits, launch games; returns the launches by player."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(player: Player) -> Launch:
            async with gate:
                return await self.seat(player)

        launches = await asyncio.gather(*(one(player) for player in players))
        return {player.player_id: launch for player, launch in zip(players, launches, strict=True)}

    async def seat(self, player: Player) -> Launch:
        """Account, money and launch of one player."""
        client, name = self.client, player.player_id
        await self.tally.time("open_account", client.open_account(name, self.currency, born_on=player.born_on))
        await self.give(player)
        launch = client.create_session(
            name,
            provider=player.group.provider,
            game_id=player.game_id,
            currency_code=self.currency,
            country=_COUNTRIES.get(self.currency, "DE"),
        )
        return await self.tally.time("create_session", launch)

    async def give(self, player: Player) -> None:
        """The money that the player comes with."""
        await self.tally.time("deposit", self.client.deposit(player.player_id, self.money(player.group.deposit)))


@dataclass(slots=True)
class HostedLicensee(Licensee):
    """A licensee whose players' money is in our ledger. It keeps a record of its payments."""

    book: CashBook


@dataclass(slots=True)
class SeamlessLicensee(Licensee):
    """A licensee that keeps its players' money itself."""

    wallet: OwnWallet

    async def welcome(self, players: Sequence[Player]) -> dict[str, Launch]:
        """Its wallet opens first."""
        await asyncio.to_thread(self.wallet.open)
        # Not `super()`: a class with slots is made twice, and it would name the first one.
        return await Licensee.welcome(self, players)

    async def give(self, player: Player) -> None:
        """The money is in its own wallet, and nobody tells us."""
        cash = str(player.group.deposit)
        await asyncio.to_thread(
            lambda: self.wallet.ask("players", id=player.player_id, currency=self.currency, cash=cash)
        )


def hosted(mesh: dict[str, Any], tally: Tally) -> dict[str, HostedLicensee]:
    """The licensees that a running mesh begins with."""
    gateway, found = mesh["gateway"], {}
    for entry in (each for each in mesh["licensees"] if each["id"] in CURRENCIES):
        book = CashBook()
        client = BookkeepingClient(gateway["grpc"], token=entry["token"], ca_file=gateway["ca"], book=book)
        found[entry["id"]] = HostedLicensee(entry["id"], client, tally, book)
    return found
