"""Deposits that a cross-operator limit file keeps: counted there before they are booked here, and never without that."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import psycopg
import pytest

from fact_sources.limit_file import simulator
from fact_sources.limit_file.config import LimitFileSettings
from mesh.channels import call_metadata, channel
from mesh.dev.postgres import Database
from pitboss.source.v1 import limit_file_service_pb2 as pb
from pitboss.source.v1.limit_file_service_pb2_grpc import LimitFileServiceStub
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2, registry_service_pb2
from tests.integration.wallet_svc.limit_file import (
    LICENSEE,
    NAME,
    PATIENCE_MS,
    File,
    House,
    asking,
    house,
    outcome,
    outside,
    reasons,
    standing,
    until,
)
from tests.integration.wallet_svc.served import bet, money, refusal, win

NO_ANSWER = ("LIM.EXTERNAL.UNAVAILABLE",)
EXCEEDED = ("LIM.EXTERNAL",)
HABITS = (
    "slow", "empty", "broken", "unreadable", "garbage_amount", "other_currency", "contradictory", "mixed_up", "forged",
    "replayed", "lost",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    with standing(tmp_path) as found:
        yield found


def notes(database: Database) -> int:
    """Deposits whose end in the file is not known yet."""
    with psycopg.connect(database.reader_url) as connection:
        row = connection.execute("SELECT count(*) FROM reserved_deposit").fetchone()
    assert row is not None
    return int(row[0])


async def worked_off(database: Database) -> None:
    """The end of each is known. What could not be given back at once is given back a little later."""
    await until(lambda: notes(database) == 0)


async def evaluated(found: House, player: str, amount: str) -> action_pb2.Result:
    """What would become of a deposit."""
    action = action_pb2.Action(
        player_id=player, transaction_key="what-if", deposit=action_pb2.Deposit(amount=money(amount))
    )
    request = ledger_service_pb2.EvaluateActionRequest(action=action)
    result: action_pb2.Result = (await found.cashier().ledger.EvaluateAction(request)).result
    return result


async def test_a_deposit_counts_in_the_file_and_its_decision_says_where(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        assert outcome(await found.at_the_door(player, "d1", "250.00")) == "OK"
        assert outcome(await found.deposit(player, "d2", "250.00")) == "OK"
        would = await evaluated(found, player, "500.00")
        await worked_off(database)
    assert (file.used(player), file.states(player)) == ("500.00", ["RESERVED", "RESERVED"])
    known = outside(would.decision)
    assert (known["limit_file"], known["limit_file_source"], int(known["limit_left_minor"])) == (
        "CLEAR",
        NAME,
        500_000_000,
    )
    assert "limit_file_reference" not in known
    with psycopg.connect(database.reader_url) as connection:
        row = connection.execute(
            "SELECT decision FROM transfer WHERE kind = 5 ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    assert '"limit_file_reference":"' in row[0]
    assert '"limit_file_source":"LUGAS"' in row[0]


async def test_what_other_operators_took_leaves_no_room_here(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        file.order(f"elsewhere/950.00/{LICENSEE}/{player}")
        assert reasons(await found.deposit(player, "d1", "50.01")) == EXCEEDED
        assert outcome(await found.deposit(player, "d2", "50.00")) == "OK"
        await found.settled(player, "1000.00")
    assert file.states(player) == ["TAKEN_BACK", "RESERVED"]


async def test_the_lowest_headroom_wins_and_the_file_gets_back_what_the_ledger_refused(
    database: Database, file: File
) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        limit = action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_DEPOSIT, window="day", amount=money("100.00"))
        await found.cashier().do(player, "limit", set_limit=limit)
        refused = await found.deposit(player, "d1", "100.01")
        assert (outcome(refused), reasons(refused)) == ("LIMIT_EXCEEDED", ("LIM.DEPOSIT.DAY",))
        assert (file.used(player), file.states(player)) == ("0.00", ["TAKEN_BACK"])
        file.order(f"elsewhere/990.00/{LICENSEE}/{player}")
        assert reasons(await found.deposit(player, "d2", "10.01")) == EXCEEDED
        assert outcome(await found.deposit(player, "d3", "10.00")) == "OK"
        await worked_off(database)


async def test_who_has_no_limit_in_the_file_may_not_pay_in(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        file.order(f"unset/{LICENSEE}/{player}")
        assert reasons(await found.deposit(player, "d1", "1.00")) == ("LIM.NOT_SET",)
        file.order(f"limit/month/10000.00/{LICENSEE}/{player}")
        assert outcome(await found.deposit(player, "d2", "10000.00")) == "OK"


@pytest.mark.parametrize("habit", HABITS)
async def test_a_file_that_gives_no_answer_stops_deposits_and_nothing_else(
    database: Database, file: File, habit: str
) -> None:
    patience_ms = 1_000 if habit == "slow" else PATIENCE_MS
    async with house(database.service_url, file, patience_ms=patience_ms) as found:
        player = await found.player()
        assert outcome(await found.deposit(player, "d1", "100.00")) == "OK"
        await found.play(player)
        file.order(habit)
        assert reasons(await found.deposit(player, "d2", "100.00")) == NO_ANSWER
        adapter = found.served[0].caller("provider_adapters/acme", LICENSEE)
        assert outcome(await adapter.do(player, "b1", bet=bet("1.00", game_id="slot"))) == "OK"
        assert outcome(await adapter.do(player, "w1", win=win("2.00"))) == "OK"
        hold = action_pb2.Hold(amount=money("50.00"))
        assert outcome(await found.cashier().do(player, "h1", hold=hold)) == "OK"
        file.order("honest")
        # Whatever the file has counted meanwhile: it is given back, and the refusal stays.
        await worked_off(database)
        assert file.used(player) == "100.00"
        assert reasons(await found.deposit(player, "d2", "100.00")) == NO_ANSWER
        assert outcome(await found.deposit(player, "d3", "900.00")) == "OK"
    assert file.used(player) == "1000.00"


@pytest.mark.parametrize("gone", ["file", "process"])
async def test_a_file_that_is_gone_stops_deposits_until_it_is_back(database: Database, file: File, gone: str) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        if gone == "file":
            file.end()
        else:
            # Nobody listens at the address that this wallet was given.
            nowhere = {NAME: "127.0.0.1:1"}
            async with house(database.service_url, file, limit_files=nowhere, limit_file_timeout_ms=2_500) as other:
                assert reasons(await other.deposit(player, "d1", "100.00")) == NO_ANSWER
        if gone == "file":
            assert reasons(await found.deposit(player, "d1", "100.00")) == NO_ANSWER
            assert notes(database) == 1
            file.begin()
        await worked_off(database)
        assert (file.used(player), file.states(player)) == ("0.00", ["TAKEN_BACK"])
        assert outcome(await found.deposit(player, "d2", "100.00")) == "OK"


async def test_a_retry_gets_its_first_answer_and_counts_nothing_anew(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        assert outcome(await found.deposit(player, "d1", "600.00")) == "OK"
        assert reasons(await found.deposit(player, "d2", "600.00")) == EXCEEDED
        file.order("broken")
        again = await found.deposit(player, "d1", "600.00")
        assert (outcome(again), again.replayed) == ("OK", True)
        file.order("honest")
        file.order(f"limit/month/5000.00/{LICENSEE}/{player}")
        assert reasons(await found.deposit(player, "d2", "600.00")) == EXCEEDED
        assert outcome(await found.deposit(player, "d1", "600.01")) == "IDEMPOTENCY_CONFLICT"
        await worked_off(database)
    assert file.used(player) == "600.00"


async def test_a_caller_without_time_for_the_file_is_not_refused_for_good(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        action = action_pb2.Action(
            player_id=player, transaction_key="d1", deposit=action_pb2.Deposit(amount=money("20.00"))
        )
        request = ledger_service_pb2.ExecuteRequest(action=action)
        told = await refusal(found.cashier().ledger.Execute(request, timeout=0.9))
        assert told.code == "DEADLINE_EXCEEDED"
        assert (file.states(player), notes(database)) == ([], 0)
        assert outcome(await found.deposit(player, "d1", "20.00")) == "OK"


async def test_one_key_sent_many_times_at_once_counts_once(database: Database, file: File) -> None:
    async with house(database.service_url, file, wallets=2, limit_file_resolve_after_ms=30_000) as found:
        player = await found.player()
        answers = await asyncio.gather(*[found.deposit(player, "d1", "300.00", number=n % 2) for n in range(8)])
        assert {outcome(answer) for answer in answers} == {"OK"}
        assert sum(not answer.replayed for answer in answers) == 1
        await worked_off(database)
    assert (file.used(player), file.states(player)) == ("300.00", ["RESERVED"])


async def test_one_key_with_two_contents_at_once_is_booked_once_and_counts_once(database: Database, file: File) -> None:
    async with house(database.service_url, file, wallets=2, limit_file_resolve_after_ms=30_000) as found:
        player = await found.player()
        amounts = ["300.00", "200.00"]
        answers = await asyncio.gather(
            *[found.deposit(player, "d1", amount, number=n) for n, amount in enumerate(amounts)]
        )
        booked = [amount for amount, answer in zip(amounts, answers, strict=True) if outcome(answer) == "OK"]
        assert len(booked) == 1
        await found.settled(player, booked[0])
        await worked_off(database)


async def test_who_hears_of_room_after_the_deposit_was_given_up_does_not_book_it(
    database: Database, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than it takes to find the note: wallets look every second.
    monkeypatch.setattr(simulator, "LATE_S", 5.0)
    async with house(database.service_url, file, limit_file_resolve_after_ms=100) as found:
        player = await found.player()
        file.order("late")
        # Meanwhile the note is due: it is worked off while the file's yes is on its way.
        answer = await found.deposit(player, "d1", "300.00")
        assert (outcome(answer), answer.replayed, reasons(answer)) == ("COMPLIANCE_DENIED", True, NO_ANSWER)
        file.order("honest")
        await worked_off(database)
    assert (file.used(player), file.states(player)) == ("0.00", ["TAKEN_BACK"])


async def test_of_many_deposits_at_once_as_many_pass_as_there_is_room_for(database: Database, file: File) -> None:
    async with house(database.service_url, file, wallets=2, limit_file_resolve_after_ms=30_000) as found:
        player = await found.player()
        answers = await asyncio.gather(*[found.deposit(player, f"d{n}", "150.00", number=n % 2) for n in range(10)])
        assert sorted(outcome(answer) for answer in answers) == ["COMPLIANCE_DENIED"] * 4 + ["OK"] * 6
        await found.settled(player, "900.00")
        await worked_off(database)


async def test_whatever_the_file_says_in_the_end_both_books_have_the_same(database: Database, file: File) -> None:
    dice = random.Random(20261127)
    habits = [habit for habit in HABITS if habit != "slow"]
    async with house(database.service_url, file, wallets=2, limit_file_resolve_after_ms=700) as found:
        players = [await found.player() for _ in range(3)]

        async def pay_in(player: str, first: int) -> None:
            for n in range(first, first + 12):
                key, amount = f"d{n}", f"{dice.randint(1, 150)}.00"
                for number in range(dice.randint(1, 3)):
                    with contextlib.suppress(grpc.aio.AioRpcError):
                        await found.deposit(player, key, amount, number=number % 2)

        async def spoil() -> None:
            while True:
                file.order(dice.choice([*habits, *["honest"] * len(habits)]))
                await asyncio.sleep(dice.uniform(0.02, 0.2))

        spoiling = asyncio.ensure_future(spoil())
        await asyncio.gather(*[pay_in(player, first) for player in players for first in (0, 100)])
        spoiling.cancel()
        file.order("honest")
        await worked_off(database)
        counted = {player: file.used(player) for player in players}
    booked = {player: f"{_booked(database, player)}.00" for player in players}
    assert counted == booked
    assert sum(_booked(database, player) for player in players) > 0
    assert sum(file.states(player).count("TAKEN_BACK") for player in players) > 0


def _booked(database: Database, player: str) -> int:
    """What a player has paid in by the ledger, in whole units."""
    with psycopg.connect(database.reader_url) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(transfer.amount), 0) FROM transfer JOIN player ON player.id = transfer.player_id"
            " WHERE transfer.kind = 5 AND transfer.outcome = 1 AND player.name = %s",
            (player,),
        ).fetchone()
    assert row is not None
    return int(row[0]) // 1_000_000


async def test_what_the_caller_says_that_the_file_said_does_not_count(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        file.order(f"elsewhere/1000.00/{LICENSEE}/{player}")
        lie = protection_pb2.SourceAnswers(limit_file=protection_pb2.SOURCE_ANSWER_CLEAR, limit_left=money("9999.00"))
        assert reasons(await found.deposit(player, "d1", "1.00", answers=lie)) == EXCEEDED


async def test_a_batch_reserves_each_of_its_deposits_and_gives_all_back_if_it_is_refused(
    database: Database, file: File
) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()

        def batch(*amounts: str, atomic: bool, first: int) -> ledger_service_pb2.ExecuteBatchRequest:
            actions = [
                action_pb2.Action(
                    player_id=player, transaction_key=f"d{n}", deposit=action_pb2.Deposit(amount=money(amount))
                )
                for n, amount in enumerate(amounts, first)
            ]
            return ledger_service_pb2.ExecuteBatchRequest(actions=actions, atomic=atomic)

        ledger = found.cashier().ledger
        answers = await ledger.ExecuteBatch(batch("400.00", "400.00", "400.00", atomic=False, first=1))
        assert [outcome(one) for one in answers.results] == ["OK", "OK", "COMPLIANCE_DENIED"]
        assert file.used(player) == "800.00"
        together = await ledger.ExecuteBatch(batch("100.00", "100.01", atomic=True, first=5))
        assert [outcome(one) for one in together.results] == ["NOT_APPLIED", "COMPLIANCE_DENIED"]
        await found.settled(player, "800.00")
        await worked_off(database)


async def test_an_amount_that_the_file_cannot_count_is_refused_and_never_sent(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.player()
        # The ledger could hold the first one, the file cannot; nobody can hold the second.
        assert reasons(await found.deposit(player, "d1", "0.001")) == NO_ANSWER
        assert outcome(await found.deposit(player, "d3", "0.0000001")) == "AMOUNT_INVALID"
        pounds = action_pb2.OpenAccount(currency_code="GBP")
        assert outcome(await found.cashier().do(player, "open gbp", open_account=pounds)) == "OK"
        other = action_pb2.Deposit(amount=money("1.00", "GBP"))
        assert "LIM.EXTERNAL.UNAVAILABLE" in reasons(await found.cashier().do(player, "d2", deposit=other))
        await worked_off(database)
    # That the first one was refused the file has heard; nothing was ever asked of it.
    assert (file.states(player), file.used(player)) == (["TAKEN_BACK"], "0.00")


async def test_where_the_law_asks_no_file_none_is_asked(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        player = await found.served[0].player(cash="100.00")
        file.order("broken")
        elsewhere = found.served[0].caller("platform", source="cashier")
        deposit = action_pb2.Deposit(amount=money("5.00"))
        assert outcome(await elsewhere.do(player, "d1", deposit=deposit)) == "OK"
    assert file.states(player) == []


async def test_each_market_asks_its_own_file(database: Database, file: File) -> None:
    async with asking(file) as address, house(database.service_url, file, limit_files={"DGOJ": address}) as found:
        german = await found.player("german")
        file.order("broken")
        # Nobody here asks that file: the licensee does.
        assert outcome(await found.deposit(german, "d1", "20.00")) == "OK"
        file.order("honest")
        await found.served[0].register(LICENSEE, "es")
        spanish = await found.player("spanish")
        file.order(f"elsewhere/900.00/{LICENSEE}/{spanish}")
        assert reasons(await found.deposit(spanish, "d1", "100.01")) == EXCEEDED
        assert outcome(await found.deposit(spanish, "d2", "100.00")) == "OK"
    assert (file.used(german), file.used(spanish)) == ("0.00", "1000.00")


async def test_the_next_month_begins_at_local_midnight(database: Database, tmp_path: Path) -> None:
    clock_file = tmp_path / "clock"
    clock_file.write_bytes(bytes(8))
    with standing(tmp_path, clock_file) as file:
        async with house(database.service_url, file, clock_file=clock_file) as found:
            player = await found.player()
            assert outcome(await found.deposit(player, "d1", "1000.00")) == "OK"
            assert reasons(await found.deposit(player, "d2", "0.01")) == EXCEEDED
            with clock_file.open("r+b") as opened:
                opened.write((32 * 86_400 * 1_000_000).to_bytes(8, "little", signed=True))
            assert outcome(await found.deposit(player, "d3", "1000.00")) == "OK"


async def test_only_the_wallets_may_count_and_the_compliance_service_may_look(file: File) -> None:
    async with asking(file) as address:
        settings = LimitFileSettings(
            listen="127.0.0.1:0", environment="development", insecure_loopback=True, limit_file_name=NAME,
            limit_file_url="http://127.0.0.1:1", limit_file_token="t", limit_file_keys={"k": "A" * 43 + "="},
        )  # fmt: skip
        metadata = call_metadata(LICENSEE)
        reserve = pb.ReserveDepositRequest(player_id="ada", reference="ab" * 16, amount=money("1.00"))
        for workload in ("compliance_svc", "session_svc", "gateway"):
            async with channel(address, settings, workload=workload) as opened:
                told = await refusal(LimitFileServiceStub(opened).ReserveDeposit(reserve, metadata=metadata))
                assert told.code == "PERMISSION_DENIED", workload
        async with channel(address, settings, workload="compliance_svc") as opened:
            asked = pb.GetHeadroomRequest(player_id="ada")
            said = await LimitFileServiceStub(opened).GetHeadroom(asked, metadata=metadata)
        assert (said.left.amount, said.limit_file) == ("1000.00", NAME)
        async with channel(address, settings, workload="wallet_svc") as opened:
            reserve.reference = "not a reference"
            told = await refusal(LimitFileServiceStub(opened).ReserveDeposit(reserve, metadata=metadata))
            assert (told.code, told.fields) == ("INVALID_ARGUMENT", ("reference",))


async def test_a_silent_file_is_told_and_shows_in_decisions_of_its_market_only(database: Database, file: File) -> None:
    async with house(database.service_url, file) as found:
        german, other = await found.player(), await found.served[0].player(cash="100.00")
        assert outcome(await found.deposit(german, "d1", "10.00")) == "OK"
        wallets = (found.served[0].address,)
        async with asking(file, wallet_addresses=wallets, limit_file_watch_ms=20, limit_file_hold_ms=60_000):
            assert (await _levels(found, german, other)) == ("G0", "G0")
            file.order("forged")
            await _until_level(found, german, "G3")
            assert (await _levels(found, german, other)) == ("G3", "G0")
            file.order("honest")
            await _until_level(found, german, "G0")
        refused = registry_service_pb2.PutSourceHealthRequest(source=registry_service_pb2.FACT_SOURCE_LIMIT_FILE)
        told = await refusal(found.served[0].platform.registry.PutSourceHealth(refused))
        assert (told.code, told.fields) == ("INVALID_ARGUMENT", ("name",))


async def _levels(found: House, german: str, other: str) -> tuple[str, str]:
    opened = action_pb2.OpenPlay(session_id="t", provider="acme", currency_code="EUR", game_id="slot")
    levels = []
    for player, licensee in ((german, LICENSEE), (other, "borealis")):
        action = action_pb2.Action(player_id=player, transaction_key="what-if", open_play=opened)
        ledger = found.served[0].caller("platform", licensee, source="cashier").ledger
        answer = await ledger.EvaluateAction(ledger_service_pb2.EvaluateActionRequest(action=action))
        levels.append(answer.result.decision.guardrail)
    return levels[0], levels[1]


async def _until_level(found: House, german: str, level: str) -> None:
    for _ in range(400):
        if (await _levels(found, german, german))[0] == level:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(level)
