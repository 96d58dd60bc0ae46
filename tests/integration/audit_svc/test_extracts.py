"""Extracts on a real PostgreSQL and a real token service: once, whoever dies, repeats or does it at once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from audit_svc.app.extracting import ExtractDesk, Setup
from audit_svc.app.recording import RoundRecords
from audit_svc.clients.tokens import TokenClient
from audit_svc.domain import Draft, RecordClass, Span
from audit_svc.domain.markets import SETTLE_US, parse_markets, parse_period
from audit_svc.domain.rounds import Facts
from audit_svc.errors import (
    ExtractNotFoundError,
    ExtractsNotSetUpError,
    LicenseeUnknownError,
    LogBehindError,
    MarketUnknownError,
    PeriodInvalidError,
    PeriodOpenError,
)
from audit_svc.migrate import upgrade
from audit_svc.ports import Filed
from audit_svc.store.extracts import PostgresExtracts
from audit_svc.wiring import MARKETS
from fact_sources.tamper_token.simulator import Authority, make_server
from mesh.clock import ManualClock
from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from mesh.errors import DependencyDownError
from mesh.notes import Signer, new_seed
from mesh.verify.extract_files import Files
from mesh.verify.extracts import check
from mesh.verify.notes import Key
from tests.integration.audit_svc.test_log import PATIENCE_S, Office, holds

BY_NAME = parse_markets(MARKETS.read_text())
DAY = "2026-11-24", "2026-11-25"
DAY_OF = {name: parse_period(market, *DAY) for name, market in BY_NAME.items()}
ROUNDS = 9
SECRET = "simulated"
AUTHORITY = Signer.load("authority.example/tokens", new_seed())
KEYS = {"k1": bytes(32)}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        yield started


@pytest.fixture
def database(server: Postgres, request: pytest.FixtureRequest) -> Database:
    made = server.create_database(f"extracts_{abs(hash(request.node.name)) % 10**8}")
    upgrade(made.owner_url)
    return made


class Simulator:
    """The authority, over real HTTP."""

    def __init__(self, clock: ManualClock) -> None:
        self.authority = Authority(AUTHORITY, clock, valid_s=60)
        self.server = make_server("127.0.0.1:0", SECRET, self.authority)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(DAY_OF["dk"].to_us + SETTLE_US)


@pytest.fixture
def simulator(clock: ManualClock) -> Iterator[Simulator]:
    started = Simulator(clock)
    yield started
    started.close()


def event(sequence: int, kind: str, number: int, *, moment: int, market: str = "dk", **more: Any) -> Draft:
    content = {
        "id": f"3-{sequence}", "licensee": "aurora", "player": f"p{number % 3}", "kind": kind, "source": "acme_slots",
        "key": f"{kind}{sequence}", "outcome": "ok", "reference": "", "round": f"r{number}", "game": "g1",
        "session": "s1", "moved": True, "balance": "1.00", "applied": True, "closes": False, "amount": "1.10",
        "currency": "DKK", **more,
    }  # fmt: skip
    if kind == "bet":
        content |= {"decision": "d" * 64, "pack": f"{market}@1", "pack_digest": "p" * 64}
    return Draft(record_class=RecordClass.ROUND, source="ledger/3", key=f"round-{sequence}", recorded_us=moment,
                 content=content, licensee="aurora", player=f"p{number % 3}")  # fmt: skip


class Ledger:
    """A shard's log that grows."""

    name = "ledger/3"

    def __init__(self) -> None:
        self.events: list[Draft] = []

    def play(self, rounds: int, *, market: str = "dk") -> None:
        """Rounds of the day, a bet and a win each."""
        first = DAY_OF[market].from_us
        for number in range(rounds):
            for kind in ("bet", "win"):
                sequence = len(self.events) + 1
                self.events.append(event(sequence, kind, number, moment=first + sequence, market=market))

    def amend(self, number: int, moment: int) -> None:
        """A late win."""
        self.events.append(event(len(self.events) + 1, "win", number, moment=moment))

    async def heads(self) -> dict[int, int]:
        return {3: len(self.events)}

    async def licensees(self) -> set[str]:
        return {"aurora"}

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while True:
            if fresh := self.events[after : after + 7]:
                yield Span(source=self.name, after=after, position=after + len(fresh), drafts=fresh)
                after += len(fresh)
            await asyncio.sleep(0.02)


async def facts() -> Facts:
    return Facts([], {})


class Bureau:
    """One process's worth of what makes extracts."""

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        ledger: Ledger,
        simulator: Simulator,
        keys: dict[str, bytes] = KEYS,
    ) -> None:
        self.office = Office(database, clock)
        self.office.sources = [ledger, RoundRecords(self.office.log, facts, 3)]
        self.office.open()
        self.client = httpx.AsyncClient(trust_env=False, timeout=30)
        tokens = TokenClient(self.client, simulator.url, SECRET, AUTHORITY.verifier_key, 30.0)
        setup = Setup(markets=BY_NAME, keys=keys, tokens=tokens)
        self.extracts = PostgresExtracts(self.office.pool)
        self.desk = ExtractDesk(self.office.log, self.extracts, self.office.sequencer, ledger, setup, clock)

    async def make(self, market: str = "dk") -> tuple[Filed, bool]:
        """The extract of the day, asked for until the log is there."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.desk.make(market, "aurora", *DAY)
                except LogBehindError:
                    continue

    async def close(self) -> None:
        await self.office.die()
        await self.client.aclose()
        await self.office.pool.close()


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    made.play(ROUNDS)
    return made


@pytest.fixture
async def bureau(database: Database, clock: ManualClock, ledger: Ledger, simulator: Simulator) -> AsyncIterator[Bureau]:
    made = Bureau(database, clock, ledger, simulator)
    yield made
    await made.close()


def files_of(filed: Filed) -> Files:
    return Files(
        path=Path(f"{filed.extract.sequence}.json"), json=filed.extract.json, xml=filed.extract.xml, seal=filed.seal
    )


def wrong(*found: Files, hours: int = 24) -> list[str]:
    checks, _ = check(found, keys=[Key.parse(AUTHORITY.verifier_key)], within_hours=hours)
    return [each.detail for each in checks if not each.ok]


async def logged(bureau: Bureau) -> dict[str, dict[str, Any]]:
    found = await bureau.office.log.entries(owner=None, source="extracts", classes=(), from_index=0, limit=500)
    assert {each.entry.record_class for each in found} <= {RecordClass.EXTRACT}
    return {each.entry.key: json.loads(each.payload or "") for each in found}


async def test_a_day_is_a_sealed_batch_once_and_stands_in_the_log(database: Database, bureau: Bureau) -> None:
    filed, replayed = await bureau.make()
    assert (replayed, filed.extract.rounds, filed.extract.number) == (False, ROUNDS, 0)
    again, replayed = await bureau.make()
    assert replayed
    assert again == filed
    assert wrong(files_of(filed)) == []
    entries = await logged(bureau)
    assert entries["dk/aurora/1"]["json_sha256"] == hashlib.sha256(filed.extract.json).hexdigest()
    assert entries["dk/aurora/1"]["digest"] == entries["dk/aurora/1/seal"]["digest"] == filed.extract.digest.hex()
    assert len(entries) == 2
    assert holds(database)


async def test_a_late_event_makes_a_numbered_correction_that_names_what_it_corrects(
    bureau: Bureau, ledger: Ledger, clock: ManualClock
) -> None:
    first, _ = await bureau.make()
    ledger.amend(0, clock.now_us())
    second, replayed = await bureau.make()
    assert (replayed, second.extract.number, second.extract.sequence) == (False, 1, 2)
    told = json.loads(second.extract.json)
    assert told["corrects"] == told["batch"]["previous"] == first.extract.digest.hex()
    assert (told["rounds"][0]["win"], told["rounds"][0]["amendments"]) == ("2.20", 1)
    # What happens elsewhere later is no correction.
    ledger.events.append(event(len(ledger.events) + 1, "bet", 77, moment=clock.now_us()))
    again, replayed = await bureau.make()
    assert (replayed, again) == (True, second)
    assert wrong(files_of(first), files_of(second)) == []
    listed = [each.extract for each in await bureau.desk.page("dk", "aurora", 0, 10)]
    assert [(each.sequence, each.digest, each.json) for each in listed] == [
        (1, first.extract.digest, b""),
        (2, second.extract.digest, b""),
    ]


async def test_killed_again_and_again_there_is_one_extract_one_seal_and_one_token(
    database: Database, clock: ManualClock, ledger: Ledger, simulator: Simulator
) -> None:
    for life in range(300):
        bureau = Bureau(database, clock, ledger, simulator)
        making = asyncio.create_task(bureau.make())
        # Each life a little longer, so that one of them gets to the end on any machine.
        await asyncio.wait([making], timeout=0.05 + 0.02 * life)
        done = making.done()
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        if done:
            filed, _ = making.result()
            entries = await logged(bureau)
            assert (set(entries), wrong(files_of(filed))) == ({"dk/aurora/1", "dk/aurora/1/seal"}, [])
            assert len(simulator.authority._tokens) == 1
        await bureau.close()
        if done:
            assert holds(database)
            return
    pytest.fail("it never came to the end")


async def test_two_processes_at_once_give_the_same_bytes(
    database: Database, bureau: Bureau, clock: ManualClock, ledger: Ledger, simulator: Simulator
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        other = Bureau(database, clock, ledger, simulator)
        stack.push_async_callback(other.close)
        made = await asyncio.gather(*(each.make() for each in (bureau, other, bureau, other)))
        assert len({(filed.extract.json, filed.extract.xml, filed.seal) for filed, _ in made}) == 1
        assert [replayed for _, replayed in made].count(False) == 1
        assert len(await logged(bureau)) == 2
    assert holds(database)


async def test_who_finds_an_extract_that_another_process_is_sealing_gets_it_with_the_seal(
    database: Database, bureau: Bureau, clock: ManualClock, ledger: Ledger, simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    simulator.authority.habit = "broken"
    with pytest.raises(DependencyDownError):
        await bureau.make()
    simulator.authority.habit = "honest"
    unsealed = bureau.extracts.unsealed
    async with contextlib.AsyncExitStack() as stack:
        other = Bureau(database, clock, ledger, simulator)
        stack.push_async_callback(other.close)

        async def overtaken(market: str, licensee: str) -> list[Filed]:
            await other.make()
            return await unsealed(market, licensee)

        monkeypatch.setattr(bureau.extracts, "unsealed", overtaken)
        filed, replayed = await bureau.make()
        assert replayed
        assert filed == await bureau.desk.get("dk", "aurora", 1)
        assert filed.seal is not None


@pytest.mark.parametrize("habit", ["empty", "broken", "unreadable", "contradictory", "forged", "hasty"])
async def test_a_token_service_that_fails_delays_the_seal_and_never_the_extract(
    bureau: Bureau, simulator: Simulator, clock: ManualClock, habit: str
) -> None:
    simulator.authority.habit = habit
    with pytest.raises(DependencyDownError):
        await bureau.make()
    unsealed = await bureau.desk.get("dk", "aurora", 1)
    assert unsealed.seal is None
    simulator.authority.habit = "honest"
    clock.set(clock.now_us() + 1)
    filed, replayed = await bureau.make()
    assert replayed
    assert filed.extract == unsealed.extract
    assert wrong(files_of(filed)) == []


async def test_what_was_left_without_a_seal_is_sealed_before_what_follows_it(
    bureau: Bureau, simulator: Simulator, ledger: Ledger, clock: ManualClock
) -> None:
    simulator.authority.habit = "broken"
    with pytest.raises(DependencyDownError):
        await bureau.make()
    ledger.amend(1, clock.now_us())
    simulator.authority.habit = "honest"
    second, _ = await bureau.make()
    first = await bureau.desk.get("dk", "aurora", 1)
    assert wrong(files_of(first), files_of(second)) == []


async def test_a_changed_byte_a_strangers_seal_and_a_late_one_are_caught(
    bureau: Bureau, simulator: Simulator, clock: ManualClock
) -> None:
    filed, _ = await bureau.make()
    good = files_of(filed)
    for name in ("json", "xml"):
        content = getattr(good, name).replace(b"1.10", b"1.11", 1)
        spoiled = Files(**{**{each: getattr(good, each) for each in ("path", "json", "xml", "seal")}, name: content})
        assert any("changed" in each for each in wrong(spoiled))
    seal = json.loads(filed.seal or b"")
    for name, value in (("mac", "0" * 64), ("digest", "0" * 64), ("batch", "dk/aurora/2"), ("token", "x")):
        broken = json.dumps({**seal, name: value}).encode()
        assert any(
            "seal_broken" in each for each in wrong(Files(path=good.path, json=good.json, xml=good.xml, seal=broken))
        )
    assert any("unsealed" in each for each in wrong(Files(path=good.path, json=good.json, xml=good.xml, seal=None)))
    stranger = Signer.load("authority.example/tokens", new_seed()).verifier_key
    assert not all(each.ok for each in check([good], keys=[Key.parse(stranger)])[0])
    manifest = filed.extract.manifest.encode()
    assert json.loads(simulator.authority.verify(seal["token"], manifest)[1]) == {"unchanged": True}
    assert json.loads(simulator.authority.verify(seal["token"], manifest + b"x")[1]) == {"unchanged": False}


async def test_a_batch_that_is_sealed_after_its_time_is_late(bureau: Bureau, clock: ManualClock) -> None:
    clock.set(DAY_OF["dk"].to_us + 25 * 3_600_000_000)
    filed, _ = await bureau.make()
    assert any("sealed_late" in each for each in wrong(files_of(filed)))
    assert wrong(files_of(filed), hours=26) == []


@pytest.mark.parametrize("name", ["nl", "de"])
async def test_markets_without_a_seal_have_postings_and_another_chain(
    database: Database, clock: ManualClock, simulator: Simulator, name: str
) -> None:
    ledger = Ledger()
    ledger.play(3, market=name)
    bureau = Bureau(database, clock, ledger, simulator)
    filed, _ = await bureau.make(name)
    told = json.loads(filed.extract.json)
    assert (filed.seal, [len(each["postings"]) for each in told["rounds"]]) == (None, [2, 2, 2])
    assert ("balance_after" in told["rounds"][0]) == (name == "de")
    with pytest.raises(ExtractNotFoundError):
        await bureau.desk.get("dk", "aurora", 1)
    await bureau.close()


async def test_a_correction_keeps_the_key_of_what_it_corrects_and_new_periods_have_the_new_one(
    database: Database, clock: ManualClock, ledger: Ledger, simulator: Simulator
) -> None:
    old = Bureau(database, clock, ledger, simulator)
    first, _ = await old.make()
    await old.close()
    ledger.amend(2, clock.now_us())
    both = {"k2": bytes(31) + b"2", **KEYS}
    new = Bureau(database, clock, ledger, simulator, both)
    second, _ = await new.make()
    third, _ = await new.desk.make("nl", "aurora", *DAY)
    keys = [each.extract.pseudonym_key for each in (first, second, third)]
    assert keys == ["k1", "k1", "k2"]
    players = [json.loads(each.extract.json)["rounds"][0]["player"] for each in (first, second)]
    assert players[0] == players[1]
    await new.close()
    ledger.amend(2, clock.now_us())
    lost = Bureau(database, clock, ledger, simulator, {"k2": both["k2"]})
    with pytest.raises(ExtractsNotSetUpError):
        await lost.make()
    await lost.close()


async def test_what_cannot_be_made_is_refused_and_nothing_is_written(
    bureau: Bureau, clock: ManualClock, ledger: Ledger
) -> None:
    with pytest.raises(MarketUnknownError):
        await bureau.desk.make("gb", "aurora", *DAY)
    with pytest.raises(PeriodInvalidError):
        await bureau.desk.make("dk", "aurora", "2026-11-24", "2026-11-27")
    with pytest.raises(LicenseeUnknownError):
        await bureau.desk.make("dk", "auroa", *DAY)
    clock.set(DAY_OF["dk"].to_us + SETTLE_US - 1)
    with pytest.raises(PeriodOpenError):
        await bureau.desk.make("dk", "aurora", *DAY)
    clock.set(DAY_OF["dk"].to_us + SETTLE_US)
    ahead = ExtractDesk(bureau.office.log, bureau.extracts, bureau.office.sequencer, Ahead(), bureau.desk._setup, clock)
    with pytest.raises(LogBehindError):
        await ahead.make("dk", "aurora", *DAY)
    assert await bureau.desk.page("dk", "aurora", 0, 10) == []
    assert await logged(bureau) == {}


class Ahead(Ledger):
    """A ledger with entries that the log has not read."""

    async def heads(self) -> dict[int, int]:
        return {3: 10_000}


async def test_the_service_itself_cannot_change_an_extract(database: Database, bureau: Bureau) -> None:
    await bureau.make()
    with psycopg.connect(database.service_url, autocommit=True) as service:
        for statement in ("UPDATE extract SET rounds = 0", "DELETE FROM extract", "DELETE FROM extract_seal"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement.encode())
