"""Statements of days, and files that are compared with the log."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import resource
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import grpc.aio
import psycopg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from mesh import notes
from mesh.dev.postgres import Database
from mesh.status import read_error
from mesh.verify.notes import Key, NoteError, open_note
from pitboss.wallet.v1 import action_pb2, history_service_pb2
from tests.integration.wallet_svc.conftest import empty
from tests.integration.wallet_svc.served import PROVIDER, Caller, Served, bet, money, refusal, serving, win
from wallet_svc.store.totals import Totals

MANY = 100_000
APPLIED, REFUSED = 1, 2
MISSING_HERE, MISSING_THERE, AMOUNT, STATE = 1, 2, 3, 4
SEED = notes.new_seed()


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[Served]:
    async with serving(database.service_url, statement_key=SEED) as served:
        yield served


def today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


async def day_of(caller: Caller, day: str = "", **more: Any) -> history_service_pb2.GetDayStatementResponse:
    request = history_service_pb2.GetDayStatementRequest(**{"currency_code": "EUR", "day": day or today(), **more})
    told: history_service_pb2.GetDayStatementResponse = await caller.history.GetDayStatement(request)
    return told


async def play(wallet: Served) -> None:
    for player in ("alice", "bob"):
        await wallet.player(player)
        await wallet.adapter.do(player, "b1", bet=bet("10.00"))
        await wallet.adapter.do(player, "b2", bet=bet("900.00"))
        await wallet.adapter.do(player, "w1", win=win("4.00", bet_key="b1"))
    cashier = wallet.caller("platform", source="cashier")
    await cashier.do("bob", "h1", hold=action_pb2.Hold(amount=money("30.00")))


# -- days


async def test_a_day_adds_up_to_what_all_players_have(wallet: Served) -> None:
    await play(wallet)
    told = await day_of(wallet.cashier)
    kinds = {one.kind: (one.count, one.change.cash.amount, one.change.held.amount) for one in told.kinds}
    assert kinds == {
        1: (2, "-20.00", "0.00"),
        2: (2, "8.00", "0.00"),
        5: (2, "200.00", "0.00"),
        6: (1, "-30.00", "30.00"),
    }
    assert (told.opening.cash.amount, told.closing.cash.amount, told.closing.held.amount) == ("0.00", "158.00", "30.00")
    assert (told.count, told.final) == (7, False)


async def test_a_day_of_one_provider_has_what_it_changed(wallet: Served) -> None:
    await play(wallet)
    told = await day_of(wallet.cashier, source=PROVIDER)
    assert ([one.kind for one in told.kinds], told.closing.cash.amount) == ([1, 2], "-12.00")


async def test_what_is_asked_for_twice_is_added_once(wallet: Served) -> None:
    await play(wallet)
    first = await day_of(wallet.cashier)
    assert (await day_of(wallet.cashier)).digest == first.digest
    await wallet.adapter.do("alice", "b9", bet=bet("1.00"))
    later = await day_of(wallet.cashier)
    assert (later.count, later.closing.cash.amount) == (8, "157.00")


async def test_the_day_before_closes_with_what_the_next_opens(wallet: Served, database: Database) -> None:
    await play(wallet)
    yesterday = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    before, now = await day_of(wallet.cashier, yesterday), await day_of(wallet.cashier)
    assert (before.closing, before.count) == (now.opening, 0)


async def test_a_statement_is_signed_and_whoever_has_the_public_key_can_tell(wallet: Served) -> None:
    await play(wallet)
    told = await day_of(wallet.cashier)
    keys = [Key.parse(told.verifier_key)]
    assert open_note(told.signed_note, keys) == told.document_json + "\n"
    assert json.loads(told.document_json)["closing"]["cash"] == told.closing.cash.amount == "158.00"
    assert hashlib.sha256(told.document_json.encode()).hexdigest() == told.digest
    with pytest.raises(NoteError):
        open_note(told.signed_note.replace('"158.00"', '"158.01"'), keys)


async def test_another_licensee_has_days_of_its_own(wallet: Served) -> None:
    await play(wallet)
    await wallet.register("castor")
    stranger = wallet.caller("gateway", "castor")
    told = await day_of(stranger)
    assert (told.count, told.closing.cash.amount) == (0, "0.00")


async def test_days_that_do_not_exist_or_have_not_come_are_refused(wallet: Served) -> None:
    await play(wallet)
    for day, reason in (("2026-02-31", "REQUEST_INVALID"), ("2990-01-01", "MOMENT_NOT_REACHED")):
        assert (await refusal(day_of(wallet.cashier, day))).reason == reason
    assert (await refusal(day_of(wallet.cashier, source="nobody"))).reason == "PROVIDER_NOT_FOUND"


async def test_adders_that_die_or_meet_add_every_entry_once(wallet: Served, database: Database) -> None:
    await play(wallet)
    adders = [
        Totals(database.service_url, name=f"adder {n}", interval_s=1, statement_timeout_ms=5_000) for n in range(4)
    ]
    tasks = [asyncio.create_task(adder.catch_up()) for adder in adders]
    await asyncio.sleep(0.005)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(*(adder.catch_up() for adder in adders[1:]))
    for adder in adders:
        await adder.close()
    told = await day_of(wallet.cashier)
    assert (told.count, told.closing.cash.amount) == (7, "158.00")


# -- files


def moment(text: str) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(dt.datetime.fromisoformat(text))
    return found


def line(key: str, kind: int = 1, amount: str = "", **more: Any) -> history_service_pb2.ComparedLine:
    given = {"transaction_key": key, "kind": kind, **more}
    return history_service_pb2.ComparedLine(amount=money(amount) if amount else None, **given)


def requests(
    lines: Iterable[history_service_pb2.ComparedLine], *, page: int = 1_000, **scope: Any
) -> Iterator[history_service_pb2.CompareStatementRequest]:
    given = {"source": PROVIDER, "currency_code": "EUR", **scope}
    given.setdefault("start_time", moment("2020-01-01T00:00:00+00:00"))
    given.setdefault("end_time", moment("2990-01-01T00:00:00+00:00"))
    yield history_service_pb2.CompareStatementRequest(scope=history_service_pb2.ComparedScope(**given))
    waiting: list[history_service_pb2.ComparedLine] = []
    for one in lines:
        waiting.append(one)
        if len(waiting) == page:
            yield history_service_pb2.CompareStatementRequest(lines=history_service_pb2.ComparedLines(lines=waiting))
            waiting = []
    yield history_service_pb2.CompareStatementRequest(lines=history_service_pb2.ComparedLines(lines=waiting))


Answer = tuple[list[tuple[int, str, str]], history_service_pb2.ComparisonSummary]


async def compare(caller: Caller, asked: Iterable[history_service_pb2.CompareStatementRequest]) -> Answer:
    found: list[tuple[int, str, str]] = []
    summary = history_service_pb2.ComparisonSummary()
    async for answer in caller.history.CompareStatement(iter(asked), timeout=120):
        for one in answer.differences:
            key = one.there.transaction_key or one.here.transaction_key
            found.append((one.difference, key, one.here.player_id))
        if answer.HasField("summary"):
            summary = answer.summary
    return found, summary


async def test_a_file_that_says_what_the_ledger_says_has_no_differences(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "w1", win=win("4.00", bet_key="b1"))
    found, summary = await compare(
        wallet.cashier, requests([line("b1", 1, "10.00", state=APPLIED), line("w1", 2, "4.00")])
    )
    assert (found, summary.lines, summary.transactions, summary.agreeing) == ([], 2, 2, 2)


async def test_every_way_to_differ_is_found_in_the_order_of_the_file(wallet: Served) -> None:
    await play(wallet)
    lines = [
        line("b0", 1, "1.00"),
        line("b1", 1, "10.00", player_id="alice"),
        line("b1", 1, "11.00", player_id="bob"),
        line("b2", 1, "900.00", player_id="alice", state=APPLIED),
    ]
    found, summary = await compare(wallet.cashier, requests(lines, page=2))
    assert found == [
        (MISSING_HERE, "b0", ""),
        (AMOUNT, "b1", "bob"),
        (STATE, "b2", "alice"),
        (MISSING_THERE, "w1", "alice"),
        (MISSING_THERE, "w1", "bob"),
    ]
    counts = (summary.missing_here, summary.missing_there, summary.amount_differs, summary.state_differs)
    assert (counts, summary.agreeing) == ((1, 2, 1, 1), 1)


async def test_a_bet_that_came_after_its_cancel_stands_among_the_bets(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "c1", cancel=action_pb2.Cancel(bet_key="b1", round_id="r1"))
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b2", bet=bet("10.00"))
    await wallet.adapter.do("alice", "w2", win=win("4.00", bet_key="b2"))
    lines = [line("b2", 1, "10.00", state=APPLIED), line("w2", 2, "4.00", state=APPLIED)]
    found, summary = await compare(wallet.cashier, requests(lines, kinds=[1, 2]))
    assert (found, summary.agreeing) == ([], 2)
    found, _ = await compare(wallet.cashier, requests(lines[1:], kinds=[1, 2]))
    assert found == [(MISSING_THERE, "b2", "alice")]


async def test_refusals_are_missing_there_only_if_that_is_asked_for(wallet: Served) -> None:
    await play(wallet)
    found, _ = await compare(wallet.cashier, requests([], kinds=[1], states=[REFUSED]))
    assert found == [(MISSING_THERE, "b2", "alice"), (MISSING_THERE, "b2", "bob")]


async def test_lines_in_another_order_a_missing_scope_and_a_second_one_are_refused(wallet: Served) -> None:
    await play(wallet)
    for asked, reason in (
        (requests([line("b2"), line("b1")]), "LINES_NOT_SORTED"),
        (requests([line("b1", 2), line("b1", 1)]), "LINES_NOT_SORTED"),
        (list(requests([line("b1")]))[1:], "REQUEST_INVALID"),
        ([*requests([]), *requests([])], "REQUEST_INVALID"),
        (requests([], source="nobody"), "PROVIDER_NOT_FOUND"),
        (requests([], currency_code="XXX"), "CURRENCY_UNKNOWN"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await compare(wallet.cashier, asked)
        assert read_error(failed.value).reason == f"ERROR_REASON_{reason}"


def test_a_hundred_thousand_lines_are_compared_in_bounded_memory(server: Any, migrated: Database) -> None:
    empty(server)
    asyncio.run(_compare_many(migrated))
    empty(server)


async def _compare_many(database: Database) -> None:
    async with serving(database.service_url) as served:
        await served.player("alice")
        await served.adapter.do("alice", "b", bet=bet("1.00"))
        _fill(database)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        lines = (line(f"k{n:06}", 1, "1.00" if n % 1_000 else "2.00") for n in range(MANY) if n != 77)
        found, summary = await compare(served.cashier, requests(lines, kinds=[1]))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (summary.lines, summary.transactions) == (MANY - 1, MANY + 1)
    assert (summary.amount_differs, summary.missing_there, summary.missing_here) == (100, 2, 0)
    assert len(found) == 102
    assert grown < 64_000, f"{grown} KiB for {MANY} lines"


def _fill(database: Database) -> None:
    """Rows as if they had been played: only what a comparison looks at."""
    with psycopg.connect(database.service_url) as service:
        service.execute(
            "INSERT INTO transfer (shard, sequence, operation, licensee_id, player_id, source_id, kind, key, fingerprint,"
            " outcome, asset_id, amount, request_id, recorded_us)"
            " SELECT shard, 1000000 + n, 1000000 + n, licensee_id, player_id, source_id, kind, 'k' || lpad(n::text, 6, '0'),"
            " fingerprint, 1, asset_id, amount, '', recorded_us"
            " FROM transfer, generate_series(0, %s) AS n WHERE key = 'b'",
            (MANY - 1,),
        )
