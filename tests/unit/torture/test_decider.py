"""Any story against the pure decider, compared with the model after each step."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.torture import wire
from tests.torture.machine import MoneyMachine
from tests.torture.model.answer import Step
from tests.torture.script import CASHIER, LOOSE, STRICT
from tests.unit.wallet_svc import world
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass
from wallet_svc.grpc_api import commands

SOURCES = {STRICT: world.PROVIDER, LOOSE: world.OTHER, CASHIER: world.CASHIER}
SECOND = 1_000_000


def action_of(step: Step) -> c.Action:
    """By way of the contract, as every request comes, but for transfers, which are of another contract."""
    if step["do"] == "transfer_in":
        return c.TransferIn(money=world.money(step["amount"]))
    if step["do"] == "transfer_out":
        return c.TransferOut(currency="EUR", money=world.money(step["amount"]) if step["amount"] else None)
    message = wire.action_of("alice", step)
    return commands._ACTIONS[step["do"]](getattr(message, step["do"]))


class Decider(MoneyMachine):
    """The rules and the batch in memory, with a clock that is set."""

    late_win_window_us = 2 * SECOND

    def __init__(self) -> None:
        super().__init__()
        self.table = world.table("0", late_win_window_us=self.late_win_window_us)
        registry = self.table.registry
        if self.game_wallet:
            self.table.tenant(game_wallet=True)
        loose = registry.providers[1, world.SOURCES[world.PROVIDER]]
        registry.providers[1, world.SOURCES[world.OTHER]] = type(loose)(
            win_without_bet=True, one_credit_per_bet=True, late_win_window_us=self.late_win_window_us
        )
        for provider in (STRICT, LOOSE):
            session = wire.session_of("alice", provider)
            play = c.OpenPlay(session=session, provider=SOURCES[provider], currency="EUR")
            self.table.do(f"play {session}", play, source=world.PLATFORM)

    def now_us(self) -> int:
        return self.table.now_us

    def ask(self, steps: list[Step], *, atomic: bool) -> list[tuple[str, bool]]:
        del atomic
        items = [(step["key"], action_of(step)) for step in steps]
        decided = self.table.message(items, source=SOURCES[steps[0]["by"]])
        return [(one.entry.outcome.name, one.replayed) for one in decided]

    def look(self) -> tuple[int, int, int]:
        bonus = self.table.player().balance(world.EUR.id, AccountClass.BONUS)
        return self.table.cash(), self.table.held(), bonus

    @rule(seconds=st.sampled_from([1, 2]))
    def wait(self, seconds: int) -> None:
        """Time goes by, so that wins come too late."""
        self.table.later(seconds)

    @rule(target=MoneyMachine.holds, seconds=st.sampled_from([1, 2]))
    def hold_for_a_while(self, seconds: int) -> str:
        """A hold that ends by itself."""
        key = self._key()
        self.tell([{"do": "hold", "by": CASHIER, "key": key, "amount": "2.50", "seconds": seconds}])
        return key

    @rule(of=MoneyMachine.holds)
    def expire(self, of: str) -> None:
        """The ledger's sweep comes by, in time or too early."""
        expected = self.model.do({"do": "expire", "by": CASHIER, "key": of}, self.now_us())
        decided = self.table.do(of, c.Expire(hold_key=of), source=world.CASHIER)
        assert decided.entry.outcome.name == expected.outcome


class GameWallets(Decider):
    """The same for a player whose money is moved in and out."""

    game_wallet = True


_BUDGET = settings(stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestTheDeciderAgreesWithTheModelInAnyStory = Decider.TestCase
TestTheDeciderAgreesWithTheModelInAnyStory.settings = settings(_BUDGET, max_examples=60)
TestTheDeciderAgreesWithTheModelOnGameWallets = GameWallets.TestCase
TestTheDeciderAgreesWithTheModelOnGameWallets.settings = settings(_BUDGET, max_examples=30)
