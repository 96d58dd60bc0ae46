"""A studio's own record against the real ledger: for each class of difference one is made, found, told and healed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mesh.channels import call_metadata
from mesh.dev.stack import Options, Stack
from pitboss.session.v1 import free_rounds_service_pb2 as free_rounds
from pitboss.session.v1 import reconciliation_service_pb2 as pb
from pitboss.session.v1.free_rounds_service_pb2_grpc import FreeRoundsServiceStub
from pitboss.session.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub
from pitboss.type.v1.money_pb2 import Money
from tests.integration.provider_adapters.office import Launched, Office
from tests.integration.provider_adapters.patience import patient

PLAIN, ORPHANS = "hub88_style", "playngo_style"
"""A provider whose wins need a bet, and one that is paid without."""
SLOT = "demo_fruit_5"
"""A game of the first one for which free rounds are given."""
_HALF_A_DAY_S = 12 * 3600


@dataclass
class Books:
    """The reconciliation of one stack, and the record of one of its studios."""

    office: Office
    provider: str = PLAIN

    @property
    def stub(self) -> Any:
        return ReconciliationServiceStub(self.office._channel("platform", self.office.stack.around.ports.session))

    def spoil(self, statement: str, *values: object) -> None:
        """Change the studio's record behind its back."""
        record = self.office.stack.run / "studios" / f"{self.provider}.record"
        with sqlite3.connect(record, timeout=30) as database:
            changed = database.execute(statement, values).rowcount
        database.close()
        assert changed == 1

    async def player(self) -> Launched:
        game = min(await self.office.offered(self.provider))
        return await self.office.launch(self.provider, game)

    async def bet(self, who: Launched, name: str = "a") -> str:
        told = await self._by_hand("bet", who, name, stake="1.00")
        assert told["belief"] == "accepted"
        return str(told["transaction_key"])

    async def win(self, who: Launched, name: str = "a", belief: str = "accepted") -> str:
        told = await self._by_hand("win", who, name, stake="1.00", amount="2.50")
        assert told["belief"] == belief
        return str(told["transaction_key"])

    async def _by_hand(self, kind: str, who: Launched, name: str, **said: str) -> Any:
        command = f"{kind}/{who.player}-{name}"
        return await self.office.control(self.provider, "POST", command, launch_url=who.launch_url, **said)

    async def compared(self, who: Launched) -> list[pb.ReconciliationCase]:
        """What differs about a player, compared now."""
        request, now = pb.ReconcileProviderRequest(provider=self.provider), time.time()
        request.start_time.FromMicroseconds(int((now - _HALF_A_DAY_S) * 1e6))
        request.end_time.FromMicroseconds(int(now * 1e6))
        found = await self.stub.ReconcileProvider(request, timeout=60)
        return [case for case in found.cases if case.player_id == who.player]

    async def known(self, who: Launched, *, resolved: bool = False) -> list[pb.ReconciliationCase]:
        """The cases about a player that are written down."""
        request = pb.ListReconciliationCasesRequest(provider=self.provider, include_resolved=resolved, page_size=1000)
        found = await self.stub.ListReconciliationCases(request, timeout=30, wait_for_ready=True)
        return [case for case in found.cases if case.player_id == who.player]

    async def until(self, who: Launched, holds: Callable[[list[pb.ReconciliationCase]], bool]) -> None:
        """Wait until it holds for what is written down about a player."""
        async with asyncio.timeout(90):
            while not holds(await self.known(who)):
                await asyncio.sleep(0.1)


def classes(cases: list[pb.ReconciliationCase]) -> list[str]:
    return sorted(pb.CaseClass.Name(case.case_class).removeprefix("CASE_CLASS_") for case in cases)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    environment = {
        **patient([PLAIN, ORPHANS]),
        "session_svc": {
            "PITBOSS_RECONCILE_EVERY_MS": "500",
            "PITBOSS_RECONCILE_SETTLE_MS": "0",
            "PITBOSS_RECONCILE_STUCK_MS": "0",
        },
    }
    with Stack(Options(kind="books", providers=frozenset({PLAIN, ORPHANS}), environment=environment)) as running:
        yield running


@pytest.fixture
async def books(stack: Stack) -> AsyncIterator[Books]:
    office = Office(stack)
    await office.open()
    for name in (PLAIN, ORPHANS):
        await office.put_games(name)
    try:
        yield Books(office)
    finally:
        await office.close()


async def test_sides_that_agree_are_no_case(books: Books) -> None:
    who = await books.player()
    await books.bet(who)
    await books.win(who)
    assert await books.compared(who) == []


async def test_what_the_provider_has_and_the_ledger_does_not_is_missing_here(books: Books) -> None:
    who = await books.player()
    key = await books.bet(who)
    await books.win(who)
    books.spoil("UPDATE message SET transaction_key = 'ghost-' || ? WHERE transaction_key = ?", who.player, key)
    cases = {pb.CaseClass.Name(case.case_class): case for case in await books.compared(who)}
    here = cases["CASE_CLASS_MISSING_HERE"]
    assert (here.transaction_key, here.kind, here.amount_there.amount) == (f"ghost-{who.player}", "bet", "1.00")
    assert (here.state_there, here.state_here, here.transaction_id) == ("accepted", "unknown", "")
    there = cases["CASE_CLASS_MISSING_THERE"]
    assert (there.transaction_key, there.state_there, there.state_here) == (key, "", "applied")
    assert there.transaction_id


async def test_what_the_ledger_has_and_the_provider_does_not_is_missing_there(books: Books) -> None:
    who = await books.player()
    await books.bet(who)
    key = await books.win(who)
    books.spoil("DELETE FROM message WHERE transaction_key = ?", key)
    (case,) = [one for one in await books.compared(who) if one.kind == "win"]
    assert (classes([case]), case.transaction_key, case.amount_here.amount) == (["MISSING_THERE"], key, "2.50")
    assert not case.HasField("amount_there")


async def test_another_amount_is_told_with_both_and_heals(books: Books) -> None:
    who = await books.player()
    key = await books.bet(who)
    await books.win(who)
    books.spoil("UPDATE message SET amount = '1.01' WHERE transaction_key = ?", key)
    (case,) = await books.compared(who)
    assert (classes([case]), case.amount_there.amount, case.amount_here.amount) == (["AMOUNT_DIFFERS"], "1.01", "1.00")
    assert classes(await books.known(who)) == ["AMOUNT_DIFFERS"]
    books.spoil("UPDATE message SET amount = '1.00' WHERE transaction_key = ?", key)
    assert await books.compared(who) == []
    assert await books.known(who) == []
    (resolved,) = await books.known(who, resolved=True)
    assert resolved.HasField("resolve_time")


async def test_taken_on_one_side_and_refused_on_the_other_is_another_state(books: Books) -> None:
    who = await books.player()
    key = await books.bet(who)
    await books.win(who)
    books.spoil("UPDATE message SET belief = 'refused' WHERE transaction_key = ?", key)
    (case,) = [one for one in await books.compared(who) if one.kind == "bet"]
    assert (classes([case]), case.state_there, case.state_here) == (["STATE_DIFFERS"], "refused", "applied")


async def test_a_win_that_the_ledger_refused_for_want_of_a_bet_is_an_orphan(books: Books) -> None:
    who = await books.player()
    key = await books.win(who, belief="disputed")
    books.spoil("UPDATE message SET belief = 'accepted' WHERE transaction_key = ?", key)
    (case,) = await books.compared(who)
    assert (classes([case]), case.state_here) == (["ORPHAN_WIN"], "refused")
    assert case.outcome_here == "OUTCOME_ORIGINAL_NOT_FOUND"


async def test_a_win_that_was_paid_without_a_bet_is_an_orphan_although_both_sides_agree(books: Books) -> None:
    orphans = Books(books.office, ORPHANS)
    who = await orphans.player()
    key = await orphans.win(who)
    (case,) = await orphans.compared(who)
    assert (classes([case]), case.transaction_key) == (["ORPHAN_WIN"], key)
    assert (case.state_there, case.state_here) == ("accepted", "applied")


async def test_a_round_that_nobody_ends_is_stuck_until_somebody_does(books: Books) -> None:
    who = await books.player()
    await books.bet(who)
    (case,) = await books.compared(who)
    assert (classes([case]), case.state_there, case.state_here, case.round_here) == (
        ["STUCK_ROUND"], "accepted", "applied", "open",
    )  # fmt: skip
    await books.win(who)
    assert await books.compared(who) == []


async def given(books: Books, who: Launched) -> free_rounds.Grant:
    """Three rounds of 0.20, given by the studio."""
    stub = FreeRoundsServiceStub(books.office._channel("platform", books.office.stack.around.ports.session))
    order = free_rounds.CreateGrantRequest(
        client_key=f"grant-{who.player}", player_id=who.player, provider=books.provider, game_ids=[SLOT], rounds=3,
        bet=Money(currency_code="EUR", amount="0.20"),
    )  # fmt: skip
    order.expire_time.FromSeconds(int(time.time()) + 24 * 3600)
    return (await stub.CreateGrant(order, timeout=30, metadata=call_metadata(licensee=who.licensee))).grant


async def test_free_rounds_that_both_sides_have_are_no_case_and_others_are(books: Books) -> None:
    who = await books.player()
    grant = await given(books, who)
    assert await books.compared(who) == []
    change = "UPDATE given SET content = json_set(content, ?, json(?)) WHERE reference = ?"
    for path, value, found, state in (
        ("$.rounds", "4", "AMOUNT_DIFFERS", "accepted"),
        ("$.rounds", "3", "", ""),
        ("$.cancelled", "true", "STATE_DIFFERS", "cancelled"),
        ("$.cancelled", "false", "", ""),
    ):
        books.spoil(change, path, value, grant.provider_reference)
        cases = [
            (*classes([case]), case.kind, case.transaction_key, case.state_there) for case in await books.compared(who)
        ]
        assert cases == ([(found, "grant", grant.grant_id, state)] if found else [])
    books.spoil(change, "$.grant_id", '"in their back office"', grant.provider_reference)
    cases = sorted((*classes([case]), case.transaction_key, case.state_here) for case in await books.compared(who))
    assert cases == [
        ("MISSING_HERE", "in their back office", "unknown"),
        ("MISSING_THERE", grant.grant_id, "applied"),
    ]
    assert classes(await books.known(who)) == ["MISSING_HERE", "MISSING_THERE"]
    books.spoil(change, "$.grant_id", f'"{grant.grant_id}"', grant.provider_reference)
    assert await books.compared(who) == []
    assert await books.known(who) == []


async def test_nobody_has_to_ask_and_a_service_that_dies_goes_on_where_it_was(books: Books) -> None:
    first, second = await books.player(), await books.player()
    keys = [await books.bet(who) for who in (first, second)]
    for who in (first, second):
        await books.win(who)
    change = "UPDATE message SET amount = '9.99' WHERE transaction_key = ?"
    books.spoil(change, keys[0])
    await books.until(first, lambda cases: classes(cases) == ["AMOUNT_DIFFERS"])
    (before,) = await books.known(first)
    await asyncio.to_thread(books.office.stack.kill, "session_svc")
    books.spoil(change, keys[1])
    await asyncio.to_thread(books.office.stack.restart, "session_svc")
    await books.until(second, lambda cases: classes(cases) == ["AMOUNT_DIFFERS"])
    (after,) = await books.known(first)
    assert after.first_seen_time == before.first_seen_time
    books.spoil("UPDATE message SET amount = '1.00' WHERE transaction_key = ?", keys[0])
    await books.until(first, lambda cases: not cases)
    runs = await books.stub.ListReconciliationRuns(pb.ListReconciliationRunsRequest(), timeout=30)
    assert {run.provider for run in runs.runs if not run.day} >= {PLAIN}
