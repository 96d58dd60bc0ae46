"""Rounds are shown to the licensee whose player played them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from session_svc.app.replaying import ReplayDesk
from session_svc.domain.rounds import PlayedRound, Replay, RoundName
from session_svc.errors import ProviderNotFoundError, RoundNotFoundError

NAME = RoundName(licensee="aurora", player_id="pl-1", provider="acme_slots", round_id="r-1")
PLAYED = PlayedRound(name=NAME, game_id="fruit", state=1)
SHOWN = Replay(url="https://studio.example/replay/r-1")


class Rounds:
    """`ports.PlayedRounds` with one round."""

    async def find(self, name: RoundName) -> PlayedRound | None:
        return PLAYED if name == NAME else None


class Providers:
    """`ports.ReplayProviders`."""

    names = frozenset({"acme_slots"})

    def __init__(self) -> None:
        self.asked: list[PlayedRound] = []

    async def replay(self, played: PlayedRound) -> Replay:
        self.asked.append(played)
        return SHOWN


async def test_a_round_of_the_ledger_is_shown_by_its_provider() -> None:
    providers = Providers()
    assert await ReplayDesk(rounds=Rounds(), providers=providers).replay(NAME) == (PLAYED, SHOWN)
    assert providers.asked == [PLAYED]


@pytest.mark.parametrize("change", [{"licensee": "borealis"}, {"player_id": "pl-2"}, {"round_id": "r-2"}])
async def test_the_provider_is_not_asked_about_rounds_that_are_not_the_licensees_players(
    change: dict[str, str],
) -> None:
    providers = Providers()
    with pytest.raises(RoundNotFoundError):
        await ReplayDesk(rounds=Rounds(), providers=providers).replay(replace(NAME, **change))
    assert providers.asked == []


async def test_a_provider_that_is_not_connected_is_not_found() -> None:
    with pytest.raises(ProviderNotFoundError):
        await ReplayDesk(rounds=Rounds(), providers=Providers()).replay(replace(NAME, provider="nobody"))
