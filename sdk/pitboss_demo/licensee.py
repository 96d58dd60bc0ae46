"""One licensee, who knows the mesh only through the SDK and the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pitboss_demo.cast import CURRENCIES, Player
from pitboss_demo.tally import Tally
from pitboss_sdk import AsyncClient, Launch, Money

_AT_ONCE = 12


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
        """Account, deposit and launch of one player."""
        client, name = self.client, player.player_id
        await self.tally.time("open_account", client.open_account(name, self.currency, born_on=player.born_on))
        await self.tally.time("deposit", client.deposit(name, self.money(player.group.deposit)))
        launch = client.create_session(
            name, provider=player.group.provider, game_id=player.game_id, currency_code=self.currency
        )
        return await self.tally.time("create_session", launch)


def licensees(mesh: dict[str, Any], tally: Tally) -> dict[str, Licensee]:
    """The licensees of a running mesh."""
    gateway = mesh["gateway"]
    return {
        entry["id"]: Licensee(
            entry["id"], AsyncClient(gateway["grpc"], token=entry["token"], ca_file=gateway["ca"]), tally
        )
        for entry in mesh["licensees"]
        if entry["id"] in CURRENCIES
    }
