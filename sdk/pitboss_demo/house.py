"""Everything that an act can touch."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mesh.dev.stack import Stack
from pitboss_demo.cast import Group, Player
from pitboss_demo.licensee import Licensee, licensees
from pitboss_demo.studio import Studio
from pitboss_demo.tally import Tally
from pitboss_sdk import Launch, PitbossError

Tell = Callable[[str], None]


@dataclass(slots=True)
class House:
    """The mesh from outside: its licensees, its studios, and the switches of the stack."""

    stack: Stack
    licensees: dict[str, Licensee]
    studios: dict[str, Studio]
    tally: Tally
    tell: Tell
    began: float = field(default_factory=time.monotonic)
    closers: list[Callable[[], None]] = field(default_factory=list)
    """What is ended when the house closes."""

    async def guest(self, name: str, *, licensee: str, provider: str, game: str, deposit: int = 50) -> Guest:
        """A player of an act's own, seated at a game."""
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
async def open_house(stack: Stack, tell: Tell) -> AsyncIterator[House]:
    """A house over a running stack."""
    tally, mesh = Tally(), stack.mesh
    house = House(
        stack=stack,
        licensees=licensees(mesh, tally),
        studios={each["name"]: Studio(each["name"], each["studio_url"]) for each in mesh["providers"]},
        tally=tally,
        tell=tell,
    )
    try:
        yield house
    finally:
        for licensee in house.licensees.values():
            await licensee.client.close()
        for studio in house.studios.values():
            await studio.close()
        for close in house.closers:
            close()


async def refused(kind: type[PitbossError], call: Awaitable[object]) -> bool:
    """Whether a call is refused with this exception, and no other."""
    try:
        await call
    except kind:
        return True
    except PitbossError:
        return False
    return False
