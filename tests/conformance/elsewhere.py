"""A studio's own server in the place of the simulator: our adapter calls it, and the suite signs with the studio's keys.

    make conformance ARGS="--studio hub88_style=https://studio.example --credentials keys.json"

The mesh runs here. What a case needs that only the simulator has, its commands, is left out and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mesh.dev.files import write_private_json
from mesh.dev.providers import discover
from mesh.dev.stack import Stack
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from provider_adapters._kit.ports import Game, MarketFacts
from tests.conformance.afterwards import AUDIT, LOG
from tests.conformance.afterwards import TITLES as AFTERWARDS
from tests.conformance.chain import NUMBERS
from tests.conformance.idle import NUMBER as IDLE
from tests.conformance.idle import TITLE as IDLE_TITLE
from tests.conformance.lawless import NUMBER as LAWLESS
from tests.conformance.lawless import TITLE as LAWLESS_TITLE
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider, provider
from tests.conformance.replays import TITLES as REPLAYS
from tests.conformance.run import Verdict

_SIDES: Final = ("adapter", "studio")
_WHY: Final = "only the simulator plays on command"
_OURS: Final = "it is about the mesh and not about the studio"
_URL: Final = re.compile(r"https?://[!-~]+")


class EndpointError(Exception):
    """What was said about the studio cannot be used. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A studio's server, and the keys of both sides of its integration."""

    name: str
    url: str
    adapter: Mapping[str, Any] = field(repr=False)
    """As in the file of PITBOSS_PROVIDER_CREDENTIALS."""
    studio: Mapping[str, Any] = field(repr=False)
    """What the studio signs with, under the names of the table `studio` in the provider's `sandbox.toml`."""

    @classmethod
    def read(cls, said: str, credentials: Path | None) -> Endpoint:
        """From NAME=URL and a file. Errors: EndpointError."""
        name, _, url = said.partition("=")
        known = {one.name: one for one in discover()}
        if name not in known:
            raise EndpointError(f"no such provider: {name!r}; there are: {', '.join(sorted(known))}")
        if not _URL.fullmatch(url):
            raise EndpointError(f"--studio {name}=http://... or https://..., and not {url!r}")
        if credentials is None:
            raise EndpointError("name the file with the keys of both sides: --credentials FILE")
        sides = _read(credentials)
        for side in _SIDES:
            if missing := set(known[name].credentials[side]) - set(sides[side]):
                raise EndpointError(f"{credentials}: {side!r} lacks {', '.join(sorted(missing))}")
        return cls(name=name, url=url.rstrip("/"), adapter=sides["adapter"], studio=sides["studio"])

    def environment(self, folder: Path) -> Mapping[str, str]:
        """What tells our adapter where the studio is. Its keys go into a file of this folder."""
        file = folder / f"{self.name}.adapter.json"
        write_private_json(file, dict(self.adapter))
        return {"PITBOSS_PROVIDER_URL": self.url, "PITBOSS_PROVIDER_CREDENTIALS": str(file)}

    async def provider(self, stack: Stack, office: CountingOffice) -> Provider:
        """The provider with the studio's keys and the games that its server lists. Errors: EndpointError."""
        try:
            await office.put_games(self.name)
        except TimeoutError:
            raise EndpointError(
                f"no game of {self.url} can be launched: is it there, are these its keys, and does it list games? "
                f"What our adapter says: {stack.run / 'log' / f'{self.name}.log'}"
            ) from None
        told = await office.adapter(self.name).ListProviderGames(pb.ListProviderGamesRequest(), timeout=30)
        games = tuple(_game(one) for one in told.games)
        return provider(stack, self.name, keys=self.studio, adapter=self.adapter, games=games)


def left_out(name: str) -> list[Verdict]:
    """Every number that is not played with a server that is not the simulator, with the reason."""
    simulated = [(number, scenario.replace("_", " ")) for scenario, number in NUMBERS.items()]
    simulated += [*REPLAYS.items(), *((number, title) for number, title in AFTERWARDS.items() if number not in _MESH)]
    ours = [(number, AFTERWARDS[number]) for number in _MESH]
    ours += [(IDLE, IDLE_TITLE), (LAWLESS, LAWLESS_TITLE)]
    return [*_skipped(name, simulated, _WHY), *_skipped(name, ours, _OURS)]


_MESH: Final = (AUDIT, LOG)


def _skipped(name: str, numbers: Sequence[tuple[str, str]], why: str) -> list[Verdict]:
    return [
        Verdict(id=number, title=title, kind="chain", subject=name, ok=False, skipped_because=why)
        for number, title in numbers
    ]


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise EndpointError(f"{file}: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(content.get(side), dict) for side in _SIDES):
        raise EndpointError(f'{file} must be {{"adapter": {{...}}, "studio": {{...}}}}')
    return content


def _game(told: pb.ProviderGame) -> Game:
    return Game(
        game_id=told.game_id,
        title=told.title,
        category=told.category,
        enabled=told.enabled,
        currency_codes=tuple(told.currency_codes),
        refused_countries=tuple(told.refused_countries),
        return_ppm=told.return_ppm,
        languages=tuple(told.languages),
        markets=tuple(
            MarketFacts(market=one.market, certificate_id=one.certificate_id, return_ppm=one.return_ppm)
            for one in told.markets
        ),
    )
