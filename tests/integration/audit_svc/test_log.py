"""The log on a real PostgreSQL: once and in order, whoever writes, dies, retries or tries to change it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence

import psycopg
import pytest

from audit_svc.app.desk import AuditDesk, KeepingDesk
from audit_svc.app.sequencing import Sequencer
from audit_svc.domain import EMPTY, RETENTION_DAYS, Draft, Opened, RecordClass, Span, commitment
from audit_svc.errors import (
    EntryNotFoundError,
    HoldNotFoundError,
    KeyConflictError,
    LegalHoldError,
    PayloadBrokenError,
    RetentionRunningError,
    SizesInvalidError,
)
from audit_svc.migrate import upgrade
from audit_svc.ports import HeadMovedError, Source
from audit_svc.store.keeping import PostgresKeeping
from audit_svc.store.log import PostgresAuditLog
from audit_svc.store.sealing import Safe
from audit_svc.store.tree import PostgresTree
from mesh import merkle
from mesh.clock import ManualClock
from mesh.database import Pool
from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from mesh.errors import DependencyDownError, RequestInvalidError
from mesh.notes import Cosigner, Signer, new_seed
from mesh.verify.audit_log import AuditTrust
from mesh.verify.auditing import audit
from mesh.verify.cosignatures import WitnessKey
from mesh.verify.notes import Key, open_checkpoint

SIGNER = Signer.load("log.example/audit", base64.b64encode(bytes(32)).decode())
DAY_US = 86_400_000_000
TRUST = AuditTrust(keys=[Key.parse(SIGNER.verifier_key)])
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        yield started


@pytest.fixture(scope="module")
def made(server: Postgres) -> Database:
    found = server.create_database("auditing")
    upgrade(found.owner_url)
    return found


@pytest.fixture
def database(made: Database) -> Database:
    """An empty log."""
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        owner.execute(
            "TRUNCATE batch, progress, subject_key, entry, payload, subtree, cosignature, hold, hold_end, keeping,"
            " round_place, game_return"
        )
    return made


class Office:
    """One process's worth of audit service."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.pool = Pool(database.service_url, name="audit", wait_s=10.0)
        self.log = PostgresAuditLog(self.pool, Safe([bytes(32)]), SIGNER)
        self.tree = PostgresTree(self.pool)
        self.keeping = PostgresKeeping(self.pool, {each: days * DAY_US for each, days in RETENTION_DAYS.items()})
        self.clock = clock
        self.sources: Sequence[Source] = ()
        self.sequencer = Sequencer(self.log, self._sources, clock, batch_s=0.01, batch_leaves=50, own=[self.keeping])
        self.desk = AuditDesk(self.log, self.tree, self.sequencer, clock)
        self.keepers = KeepingDesk(self.keeping, clock)
        self._task: asyncio.Task[None] | None = None

    async def _sources(self) -> Sequence[Source]:
        return self.sources

    def open(self) -> None:
        self._task = asyncio.create_task(self.sequencer.run())

    async def die(self) -> None:
        """Stop wherever it is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    made = Office(database, ManualClock(1_000_000))
    yield made
    await made.die()
    await made.pool.close()


@pytest.fixture
async def colleague(database: Database) -> AsyncIterator[Office]:
    made = Office(database, ManualClock(1_000_000))
    yield made
    await made.die()
    await made.pool.close()


def draft(number: int, *, source: str = "numbers", player: str = "ada") -> Draft:
    return Draft(
        record_class=RecordClass.STAFF,
        source=source,
        key=str(number),
        recorded_us=number,
        content={"number": number, "player": player},
        licensee="borealis",
        player=player,
    )


class Numbers:
    """A neighbour's log: the numbers up to a limit, in pages that begin anywhere."""

    def __init__(self, name: str, last: int) -> None:
        self.name = name
        self._last = last

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while after < self._last:
            position = min(after + 7, self._last)
            drafts = [draft(number, source=self.name) for number in range(after + 1, position + 1)]
            yield Span(source=self.name, after=after, position=position, drafts=drafts)
            after = position
        await asyncio.Event().wait()


async def until_read(office: Office, sources: Sequence[str], last: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while {(await office.log.positions()).get(name) for name in sources} != {last}:
            await asyncio.sleep(0.02)


async def until_open(office: Office) -> None:
    office.open()
    async with asyncio.timeout(PATIENCE_S):
        while office.sequencer._waiting is None:
            await asyncio.sleep(0.01)


async def numbers(office: Office, name: str) -> list[int]:
    found: list[Opened] = []
    while page := await office.log.entries(
        owner=None, source=name, classes=(), from_index=found[-1].entry.index + 1 if found else 0, limit=500
    ):
        found += page
    return [int(each.entry.key) for each in found]


def holds(database: Database) -> bool:
    return all(check.ok for check in audit(database.reader_url, TRUST))


async def test_two_processes_that_follow_the_same_logs_write_each_event_once(
    database: Database, office: Office, colleague: Office
) -> None:
    names = ["left", "right"]
    office.sources = colleague.sources = [Numbers(name, 400) for name in names]
    office.open()
    colleague.open()
    await until_read(office, names, 400)
    for name in names:
        assert await numbers(office, name) == list(range(1, 401))
    assert holds(database)


async def test_killed_again_and_again_nothing_is_missing_and_nothing_doubled(database: Database) -> None:
    clock = ManualClock(1)
    for life in range(200):
        office = Office(database, clock)
        office.sources = [Numbers("left", 140)]
        office.open()
        # Each life a little longer, so that one of them gets to the end on any machine.
        await asyncio.sleep(0.01 + 0.005 * life)
        await office.die()
        done = (await office.log.positions()).get("left") == 140
        found = await numbers(office, "left") if done else []
        await office.pool.close()
        if done:
            assert found == list(range(1, 141))
            assert holds(database)
            return
    pytest.fail("it never came to the end")


async def test_a_plan_on_an_old_end_or_an_old_position_writes_nothing(office: Office) -> None:
    first = Span(source="numbers", after=0, position=1, drafts=[draft(1)])
    end = await office.log.append([first], planned_on=EMPTY, now_us=1)
    with pytest.raises(HeadMovedError):
        await office.log.append([first], planned_on=EMPTY, now_us=1)
    for span in (first, Span(source="numbers", after=5, position=6, drafts=[draft(6)])):
        with pytest.raises(HeadMovedError):
            await office.log.append([span], planned_on=end, now_us=1)
    doubled = Span(source="numbers", after=1, position=2, drafts=[draft(1)])
    with pytest.raises(HeadMovedError):
        await office.log.append([doubled], planned_on=end, now_us=1)
    assert await office.log.end() == end


FORBIDDEN = (
    "UPDATE entry SET commitment = commitment",
    "DELETE FROM entry",
    "TRUNCATE entry CASCADE",
    "UPDATE batch SET root = root",
    "DELETE FROM payload",
    "DELETE FROM subject_key",
    "UPDATE progress SET position = position",
    "DELETE FROM hold",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
)


async def test_the_role_of_the_service_can_only_append(database: Database, office: Office) -> None:
    await office.log.append([Span(source="numbers", drafts=[draft(1)])], planned_on=EMPTY, now_us=1)
    with psycopg.connect(database.service_url, autocommit=True) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


async def test_an_event_that_is_sent_again_is_there_once_and_another_under_its_key_is_refused(
    office: Office, colleague: Office
) -> None:
    await until_open(office)
    await until_open(colleague)

    async def send(desk: AuditDesk, text: str) -> tuple[int, bool]:
        opened, replayed = await desk.append("r1", RecordClass.STAFF, licensee="", player="", event_json=text)
        return opened.entry.index, replayed

    sent = await asyncio.gather(*[send(each.desk, '{"by":"kim"}') for each in (office, colleague, office, colleague)])
    assert {index for index, _ in sent} == {0}
    assert await send(colleague.desk, '{"by":"kim"}') == (0, True)
    with pytest.raises(KeyConflictError):
        await send(office.desk, '{"by":"lee"}')
    assert (await office.log.end()).size == 1


@pytest.mark.parametrize(("player", "text"), [("", "[1]"), ("", "{"), ("ada", "{}")])
async def test_an_event_that_is_none_is_refused(office: Office, player: str, text: str) -> None:
    with pytest.raises(RequestInvalidError):
        await office.desk.append("r1", RecordClass.STAFF, licensee="", player=player, event_json=text)


async def test_without_a_writer_an_event_is_refused_and_can_be_sent_again(office: Office) -> None:
    with pytest.raises(DependencyDownError):
        await office.desk.append("r1", RecordClass.STAFF, licensee="", player="", event_json="{}")


async def test_every_entry_is_proved_in_every_checkpoint_after_it(office: Office) -> None:
    end = EMPTY
    for first in (1, 258, 300, 801):
        until = {1: 258, 258: 300, 300: 801, 801: 900}[first]
        span = Span(
            source="numbers", after=first - 1, position=until - 1, drafts=[draft(n) for n in range(first, until)]
        )
        end = await office.log.append([span], planned_on=end, now_us=1)
    for size in (257, 299, 800, 899):
        signed = await office.tree.checkpoint(size)
        assert signed is not None
        root = open_checkpoint(signed.note, TRUST.keys).root
        for index in (0, 100, 255, 256, size - 1):
            if index < size:
                opened, proof = await office.desk.inclusion(index, size)
                leaf = merkle.leaf_hash(opened.entry.leaf())
                assert merkle.includes(leaf, index, size, proof.path, root)
        old = await office.tree.checkpoint(257)
        assert old is not None
        path = (await office.desk.consistency(257, size)).path
        assert merkle.consistent(257, size, open_checkpoint(old.note, TRUST.keys).root, root, path)


async def test_a_line_of_a_witness_is_not_shown_with_another_log_of_the_same_size(
    office: Office, database: Database, server: Postgres
) -> None:
    witness, other = (Cosigner.load(name, new_seed()) for name in ("witness.example", "former.example"))
    tree = PostgresTree(office.pool, [WitnessKey.parse(witness.verifier_key)])
    end = EMPTY
    for first, last in ((1, 3), (4, 5)):
        drafts = [draft(n) for n in range(first, last + 1)]
        span = Span(source="numbers", after=first - 1, position=last, drafts=drafts)
        end = await office.log.append([span], planned_on=end, now_us=1)
        text = await signed_text(tree, last)
        for each in (witness, other):
            await tree.keep_cosignature(last, each.name, each.cosign(text, 1_800_000_000))
    assert await names_in(tree, 5) == await names_in(tree, 0, cosigned_by=1) == [other.name, witness.name]

    url = server.admin_url.removesuffix("/postgres") + "/auditing"
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in ("payload", "entry"):
            superuser.execute(f"DELETE FROM {table} WHERE index >= 3".encode())  # noqa: S608 - names of the test
        superuser.execute("DELETE FROM batch WHERE first_index >= 3")
    span = Span(source="letters", after=0, position=2, drafts=[draft(n, source="letters") for n in (1, 2)])
    await office.log.append([span], planned_on=await office.log.end(), now_us=2)

    assert await names_in(tree, 3) == [other.name, witness.name]
    # A line of a witness that is no longer known here stays, for those who know it.
    assert await names_in(tree, 5) == [other.name]
    assert (found := await tree.checkpoint(cosigned_by=2)) is not None
    assert found.size == 3


async def signed_text(tree: PostgresTree, size: int) -> str:
    found = await tree.checkpoint(size)
    assert found is not None
    return found.note.partition("\n\n")[0] + "\n"


async def names_in(tree: PostgresTree, size: int, *, cosigned_by: int = 0) -> list[str]:
    """Whose lines stand below a checkpoint, the log's own left out."""
    found = await tree.checkpoint(size, cosigned_by=cosigned_by)
    assert found is not None
    lines = found.note.partition("\n\n")[2].splitlines()
    return [line.split(" ")[1] for line in lines[1:]]


async def test_sizes_that_nobody_signed_are_refused(office: Office) -> None:
    await office.log.append([Span(source="numbers", drafts=[draft(n) for n in (1, 2, 3)])], planned_on=EMPTY, now_us=1)
    for work in (office.desk.inclusion(0, 2), office.desk.consistency(0, 2), office.desk.consistency(4, 0)):
        with pytest.raises(SizesInvalidError):
            await work
    with pytest.raises(EntryNotFoundError):
        await office.desk.inclusion(3, 0)


async def test_an_erased_player_is_forgotten_comes_back_as_another_and_the_log_still_holds(
    database: Database, office: Office
) -> None:
    end = await office.log.append(
        [Span(source="numbers", drafts=[draft(1), draft(2, player="bea")])], planned_on=EMPTY, now_us=1
    )
    office.clock.set(3653 * DAY_US + 2)
    assert await office.keepers.erase("borealis", "ada") == 1
    assert await office.keepers.erase("borealis", "ada") == 0
    await office.log.append([Span(source="numbers", drafts=[draft(3)])], planned_on=end, now_us=1)
    first, other, again = [await office.desk.get(index) for index in range(3)]
    assert (first.payload, first.salt) == (None, None)
    assert other.payload is not None
    assert other.salt is not None
    assert commitment(other.salt, other.payload) == other.entry.commitment
    assert again.payload is not None
    assert again.entry.subject != first.entry.subject
    assert holds(database)


async def test_retention_and_holds_keep_a_player(office: Office) -> None:
    await office.log.append([Span(source="numbers", drafts=[draft(5)])], planned_on=EMPTY, now_us=1)
    with pytest.raises(RetentionRunningError) as running:
        await office.keepers.erase("borealis", "ada")
    assert running.value.metadata == {"until_us": str(3653 * DAY_US + 5)}
    office.clock.set(3653 * DAY_US + 6)
    await office.keepers.place("all", "borealis", "")
    await office.keepers.place("all", "borealis", "")
    with pytest.raises(KeyConflictError):
        await office.keepers.place("all", "borealis", "ada")
    with pytest.raises(LegalHoldError):
        await office.keepers.erase("borealis", "ada")
    assert await office.keeping.expire(office.clock.now_us(), 100) == 0
    with pytest.raises(HoldNotFoundError):
        await office.keepers.release("none")
    await office.keepers.release("all")
    assert await office.keeping.expire(office.clock.now_us(), 100) == 1
    assert (await office.desk.get(0)).payload is None


async def test_what_was_done_to_payloads_is_an_event_of_the_log(office: Office) -> None:
    await office.log.append([Span(source="numbers", drafts=[draft(1)])], planned_on=EMPTY, now_us=1)
    office.clock.set(3653 * DAY_US + 2)
    await office.keepers.place("h", "borealis", "ada")
    await office.keepers.release("h")
    await office.keepers.release("h")
    await office.keepers.erase("borealis", "ada")
    office.open()
    await until_read(office, ["keeping"], 3)
    subject = (await office.desk.get(0)).entry.subject
    found = await office.log.entries(owner=None, source="keeping", classes=(), from_index=0, limit=10)
    assert [each.payload for each in found] == [
        '{"entries":0,"name":"h","what":"hold placed"}',
        '{"entries":0,"name":"h","what":"hold released"}',
        f'{{"entries":1,"name":"{subject}","what":"erased"}}',
    ]


async def test_a_payload_that_was_changed_is_told_and_not_shown(server: Postgres, office: Office) -> None:
    await office.log.append([Span(source="numbers", drafts=[draft(1)])], planned_on=EMPTY, now_us=1)
    url = server.admin_url.removesuffix("/postgres") + "/auditing"
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("UPDATE payload SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)")
    with pytest.raises(PayloadBrokenError):
        await office.desk.get(0)
