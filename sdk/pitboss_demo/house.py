"""Everything that an act can touch."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mesh.dev.stack import Stack
from pitboss_demo.cast import OWN_WALLET, Games, Group, Player, quickest
from pitboss_demo.catalog import on_offer
from pitboss_demo.licensee import HostedLicensee, Licensee, SeamlessLicensee, hosted
from pitboss_demo.own_wallet import OwnWallet
from pitboss_demo.patient import PatientClient
from pitboss_demo.studio import Studio
from pitboss_demo.tally import Tally
from pitboss_sdk import AsyncClient, Category, Launch, PitbossError

Tell = Callable[[str], None]


@dataclass(slots=True)
class House:
    """The mesh from outside: its licensees, its studios, and the switches of the stack."""

    stack: Stack
    hosted: dict[str, HostedLicensee]
    seamless: SeamlessLicensee
    studios: dict[str, Studio]
    games: Games
    tally: Tally
    tell: Tell
    hidden_within_s: float
    """How soon the games of a studio whose API is down have to be hidden."""
    began: float = field(default_factory=time.monotonic)

    @property
    def licensees(self) -> dict[str, Licensee]:
        """All of them, by name."""
        return {**self.hosted, self.seamless.name: self.seamless}

    def game(self, provider: str, category: Category | None = None) -> str:
        """A game of the provider: of this category, or one with as little time between two rounds as it has."""
        return self.games[provider][category or quickest(self.games[provider])][0]

    async def guest(self, name: str, *, licensee: str, provider: str, game: str = "", deposit: int = 50) -> Guest:
        """A player of an act's own, seated at a game."""
        game = game or self.game(provider)
        group = Group(name="guest", licensee=licensee, provider=provider, games=(game,), players=1, rounds=0,
                      interval_ms=0, deposit=Decimal(deposit))  # fmt: skip
        player = Player(player_id=name, group=group, game_id=game, born_on=date(1986, 1, 15))
        launch = await self.licensees[licensee].seat(player)
        return Guest(name=name, home=self.licensees[licensee], studio=self.studios[provider], launch=launch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A player, the licensee it belongs to, and the studio it plays at."""

    name: str
    home: Licensee
    studio: Studio
    launch: Launch


@asynccontextmanager
async def open_house(stack: Stack, tell: Tell, *, hidden_within_s: float) -> AsyncIterator[House]:
    """A house over a running stack."""
    tally, mesh = Tally(), stack.mesh
    wallet = OwnWallet.prepare(stack)
    house = House(
        stack=stack,
        hosted=hosted(mesh, tally),
        seamless=SeamlessLicensee(OWN_WALLET, _client_of_own_wallet(stack), tally, wallet),
        studios={each["name"]: Studio(each["name"], each["studio_url"]) for each in mesh["providers"]},
        games={},
        tally=tally,
        tell=tell,
        hidden_within_s=hidden_within_s,
    )
    try:
        house.games = await on_offer(house.hosted["aurora"].client, house.studios)
        yield house
    finally:
        for licensee in house.licensees.values():
            await licensee.client.close()
        for studio in house.studios.values():
            await studio.close()
        wallet.kill()


def _client_of_own_wallet(stack: Stack) -> AsyncClient:
    gateway = stack.mesh["gateway"]
    return PatientClient(gateway["grpc"], token=stack.token(OWN_WALLET), ca_file=gateway["ca"])


async def refused(kind: type[PitbossError], call: Awaitable[object]) -> bool:
    """Whether a call is refused with this exception, and no other."""
    try:
        await call
    except kind:
        return True
    except PitbossError:
        return False
    return False
