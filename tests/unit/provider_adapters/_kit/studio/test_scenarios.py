from __future__ import annotations

import inspect
from decimal import Decimal

import pytest

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio import scenarios
from provider_adapters._kit.studio.plan import Mishap
from tests.unit.provider_adapters._kit.studio.fakes import SEAT, OneWordStudio, WalletLine, teller


class Settling(WalletLine):
    """Knows which bets have a win."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: set[str] = set()

    def _win(self, key: str, bet_key: str, amount: Decimal) -> str:
        self.settled.add(bet_key)
        return super()._win(key, bet_key, amount)

    def _cancel(self, bet_key: str) -> str:
        return "dispute" if bet_key in self.settled else super()._cancel(bet_key)


class Careless(Settling):
    """Takes every bet and pays every win again and again, and refuses nothing."""

    def _bet(self, key: str, amount: Decimal) -> str:
        self.balance -= amount
        return "accepted"

    def _win(self, key: str, bet_key: str, amount: Decimal) -> str:
        self.balance += amount
        return "accepted"

    def _cancel(self, bet_key: str) -> str:
        self.balance += 7
        return "accepted"

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        reply = await super().send(request, mishap)
        return HttpReply(body=b"welcome") if request.path == "/spoilt" else reply


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "PAUSES_S", (0.0,) * len(scenarios.PAUSES_S))


class Busy(Settling):
    """Says "try again" to so many messages, and then does what is asked."""

    def __init__(self, busy: int) -> None:
        super().__init__()
        self.busy = busy

    def _decide(self, kind: str, key: str, bet_key: str, amount: Decimal) -> str:
        if self.busy:
            self.busy -= 1
            return "retry"
        return super()._decide(kind, key, bet_key, amount)


async def run(name: str, line: WalletLine) -> dict[str, object]:
    studio = OneWordStudio()
    made = teller(studio, line)
    scene = scenarios.Scene(
        studio=studio,
        teller=made,
        line=line,
        seat=SEAT,
        name="s",
        stake=Decimal("1.00"),
    )
    told = await scenarios.run(scene, name)
    made.record.close()
    return told


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
async def test_a_right_wallet_passes(name: str) -> None:
    told = await run(name, Settling())
    assert told["passed"], told["steps"]


@pytest.mark.parametrize("name", sorted(set(scenarios.SCENARIOS) - {"win", "lose", "zero_bet"}))
async def test_a_careless_wallet_fails(name: str) -> None:
    assert not (await run(name, Careless()))["passed"]


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
@pytest.mark.parametrize("outages", [1, 2, 3])
async def test_messages_that_are_not_answered_are_sent_again(name: str, outages: int) -> None:
    line = Settling()
    line.outages = outages
    told = await run(name, line)
    assert told["passed"], told["steps"]


async def test_a_wallet_that_is_busy_for_a_moment_passes_and_one_that_stays_busy_does_not() -> None:
    assert (await run("duplicate_bet", Busy(4)))["passed"]
    assert not (await run("duplicate_bet", Busy(400)))["passed"]


def test_every_scenario_says_in_a_sentence_what_must_happen() -> None:
    assert all(inspect.getdoc(scenario) for scenario in scenarios.SCENARIOS.values())
