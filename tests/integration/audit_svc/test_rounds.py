"""Records of rounds on a real PostgreSQL: one for each, whoever dies or writes at once; found by the round's name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from audit_svc.app.monitoring import Returns
from audit_svc.app.recording import RoundDesk, RoundRecords
from audit_svc.domain import RETENTION_DAYS, Draft, RecordClass, Span
from audit_svc.domain.returns import Looks
from audit_svc.domain.rounds import Facts, Name, Papers
from audit_svc.errors import RoundNotFoundError
from audit_svc.migrate import upgrade
from mesh.clock import ManualClock
from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from tests.integration.audit_svc.test_log import PATIENCE_S, Office, holds

ROUNDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        yield started


@pytest.fixture
def database(server: Postgres, request: pytest.FixtureRequest) -> Database:
    made = server.create_database(f"rounds_{abs(hash(request.node.name)) % 10**8}")
    upgrade(made.owner_url)
    return made


def event(sequence: int) -> Draft:
    """Rounds of three events that overlap: a bet each, then the wins, then a late close."""
    turn, number = divmod(sequence - 1, ROUNDS)
    kind = ("bet", "win", "close_round")[turn]
    content = {
        "id": f"3-{sequence}", "licensee": "aurora", "player": f"p{number % 7}", "kind": kind, "source": "acme_slots",
        "key": f"{kind}{number}", "outcome": "ok", "reference": "", "round": f"r{number}", "game": "g1", "session": "s1",
        "moved": kind != "close_round", "balance": "1.00", "applied": True, "closes": False, "amount": "1.00",
        "currency": "EUR",
    }  # fmt: skip
    return Draft(record_class=RecordClass.ROUND, source="ledger/3", key=f"round-{sequence}", recorded_us=sequence,
                 content=content, licensee="aurora", player=f"p{number % 7}")  # fmt: skip


class Ledger:
    """A shard's log."""

    name = "ledger/3"

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while after < 3 * ROUNDS:
            position = min(after + 11, 3 * ROUNDS)
            drafts = [event(sequence) for sequence in range(after + 1, position + 1)]
            yield Span(source=self.name, after=after, position=position, drafts=drafts)
            after = position
        await asyncio.Event().wait()


PAPERS = Papers(
    licensee="",
    provider="acme_slots",
    game="g1",
    since_us=0,
    build="b1",
    certified=True,
    certificate="house-1",
    return_ppm=500_000,
    deviation_ppm=1_000_000,
)
LOOKS = Looks(first=10, warning=3, alarm=5)


async def facts() -> Facts:
    return Facts([PAPERS], {})


def working(office: Office) -> Office:
    office.sources = [Ledger(), RoundRecords(office.log, facts, 3), Returns(office.log, LOOKS)]
    office.open()
    return office


async def is_done(office: Office) -> bool:
    events = await office.log.entries(owner=None, source="ledger/3", classes=(), from_index=0, limit=500)
    if len(events) < 3 * ROUNDS or await office.log.position("rounds/3") <= events[-1].entry.index:
        return False
    # Read when all of them are there: those of a moment earlier may be fewer.
    told = await office.log.entries(owner=None, source="rounds/3", classes=(), from_index=0, limit=500)
    return await office.log.position("returns") > told[-1].entry.index


async def check_returns(office: Office) -> None:
    """Sums of every round once, and an alert for each look: every round here wins its stake, of a return of a half."""
    ((group, sums),) = (await office.log.sums_of([("acme_slots", "g1")])).items()
    assert (group.build, sums.rounds, sums.next_look) == ("b1", ROUNDS, 80)
    assert (int(sums.staked), int(sums.won), int(sums.squares)) == (ROUNDS, ROUNDS, ROUNDS)
    found = await office.log.entries(owner=None, source="returns", classes=(), from_index=0, limit=500)
    told = [json.loads(each.payload or "") for each in found]
    assert [(each["rounds"], each["verdict"]) for each in told] == [(40, "WARNING")]
    assert (told[0]["observed_ppm"], told[0]["certified_ppm"], told[0]["sigma_ppm"]) == (1_000_000, 500_000, 158_113)


async def keys(office: Office) -> list[str]:
    found = await office.log.entries(owner=None, source="rounds/3", classes=(), from_index=0, limit=500)
    return sorted(each.entry.key for each in found)


WANTED = sorted(
    [f"record-{n}" for n in range(ROUNDS + 1, 2 * ROUNDS + 1)]
    + [f"amended-{n}" for n in range(2 * ROUNDS + 1, 3 * ROUNDS + 1)]
)


async def test_killed_again_and_again_every_round_has_one_record(database: Database) -> None:
    for life in range(300):
        office = working(Office(database, ManualClock(1)))
        # Each life a little longer, so that one of them gets to the end on any machine.
        await asyncio.sleep(0.05 + 0.02 * life)
        await office.die()
        done = await is_done(office)
        if done:
            assert await keys(office) == WANTED
            assert holds(database)
            await check_returns(office)
        await office.pool.close()
        if done:
            return
    pytest.fail("it never came to the end")


async def test_two_processes_at_once_write_every_record_once_and_it_is_found_by_name(database: Database) -> None:
    offices = [working(Office(database, ManualClock(1))) for _ in range(2)]
    async with asyncio.timeout(PATIENCE_S):
        while not await is_done(offices[0]):
            await asyncio.sleep(0.05)
    assert await keys(offices[0]) == WANTED
    await check_returns(offices[0])
    desk = RoundDesk(offices[1].log)
    records, events = await desk.get(Name(licensee="aurora", player="p5", provider="acme_slots", round="r12"))
    assert [each.entry.key for each in records] == [f"record-{ROUNDS + 13}", f"amended-{2 * ROUNDS + 13}"]
    assert [json.loads(each.payload or "")["kind"] for each in events] == ["bet", "win", "close_round"]
    for other in ({"player": "p4"}, {"round": "r999"}, {"provider": "other"}):
        name = {"licensee": "aurora", "player": "p5", "provider": "acme_slots", "round": "r12", **other}
        with pytest.raises(RoundNotFoundError):
            await desk.get(Name(**name))
    for office in offices:
        await office.die()
        await office.pool.close()


async def test_who_is_forgotten_is_not_found_by_rounds(database: Database) -> None:
    office = working(Office(database, ManualClock(1)))
    async with asyncio.timeout(PATIENCE_S):
        while not await is_done(office):
            await asyncio.sleep(0.05)
    office.clock.set((RETENTION_DAYS[RecordClass.ROUND] + 1) * 86_400_000_000)
    await office.keepers.erase("aurora", "p5")
    with pytest.raises(RoundNotFoundError):
        await RoundDesk(office.log).get(Name(licensee="aurora", player="p5", provider="acme_slots", round="r12"))
    with psycopg.connect(database.service_url, autocommit=True) as service:
        left = service.execute("SELECT count(*) FROM round_place").fetchone()
        assert left == (3 * (ROUNDS - len([n for n in range(ROUNDS) if n % 7 == 5])),)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute("DELETE FROM round_place")
    await office.die()
    await office.pool.close()
    assert holds(database)
