"""Game wallets over gRPC: transfers in and out, once each, whatever is lost, repeated or killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import psycopg
import pytest

from mesh import failpoints
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.postgres import Database
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, registry_service_pb2, transaction_pb2
from pitboss.wallet.v1 import wallet_service_pb2 as pb
from tests.integration.wallet_svc.served import PROVIDER, Served, bet, money, refusal, serving, win

GAMES = "meridian"


@pytest.fixture
async def table(database: Database) -> AsyncIterator[list[Served]]:
    """Two wallet processes' worth of servers, and a licensee with game wallets."""
    async with contextlib.AsyncExitStack() as stack:
        served = [await stack.enter_async_context(serving(database.service_url, replica=f"w{n}")) for n in range(2)]
        await served[0].register(GAMES)
        await put_mode(served[0], registry_service_pb2.WALLET_MODE_TRANSFER)
        yield served


async def put_mode(served: Served, mode: registry_service_pb2.WalletMode.ValueType) -> None:
    tenant = registry_service_pb2.Licensee(
        licensee_id=GAMES, default_jurisdiction="sandbox", wallet=registry_service_pb2.Wallet(mode=mode)
    )
    await served.caller().registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant))


async def move_in(served: Served, player: str, key: str, amount: str = "50.00") -> pb.TransferInResponse:
    request = pb.TransferInRequest(player_id=player, transaction_key=key, amount=money(amount))
    reply: pb.TransferInResponse = await served.caller("gateway", GAMES).wallet.TransferIn(request)
    return reply


async def move_out(served: Served, player: str, key: str, amount: str = "") -> pb.TransferOutResponse:
    request = pb.TransferOutRequest(player_id=player, transaction_key=key)
    if amount:
        request.amount.CopyFrom(money(amount))
    else:
        request.all_of = "EUR"
    reply: pb.TransferOutResponse = await served.caller("gateway", GAMES).wallet.TransferOut(request)
    return reply


def told(response: Any) -> str:
    return Outcome.Name(response.result.outcome).removeprefix("OUTCOME_")


async def look_up(served: Served, player: str, kind: str, key: str) -> transaction_pb2.Transaction:
    number = transaction_pb2.TransactionKind.Value(f"TRANSACTION_KIND_TRANSFER_{kind}")
    request = pb.LookUpTransactionRequest(player_id=player, kind=number, transaction_key=key)
    reply: pb.LookUpTransactionResponse = await served.caller("gateway", GAMES).wallet.LookUpTransaction(request)
    return reply.transaction


async def free(served: Served, player: str) -> str:
    asked = pb.WalletServiceGetBalanceRequest(player_id=player)
    return str((await served.caller("gateway", GAMES).wallet.GetBalance(asked)).balances.available.amount)


async def test_a_player_plays_with_what_was_moved_in_and_the_rest_goes_out(table: list[Served]) -> None:
    player = await table[0].player("", "0", GAMES)
    adapter = table[1].caller(f"provider_adapters/{PROVIDER}", GAMES)
    poor = await adapter.do(player, "b0", bet=bet("1.00"))
    assert poor.outcome == Outcome.OUTCOME_INSUFFICIENT_FUNDS
    assert (await move_in(table[0], player, "i1")).result.balance_now.available.amount == "50.00"
    assert (await adapter.do(player, "b1", bet=bet("20.00"))).balance_now.available.amount == "30.00"
    assert told(await move_out(table[0], player, "o1", "30.01")) == "INSUFFICIENT_FUNDS"
    emptied = await move_out(table[0], player, "o2")
    assert (told(emptied), emptied.moved.amount, emptied.result.balance_now.available.amount) == ("OK", "30.00", "0.00")
    await adapter.do(player, "w1", win=win("45.00", bet_key="b1"))
    assert (await move_out(table[1], player, "o3")).moved.amount == "45.00"
    assert (await move_out(table[1], player, "o4")).moved.amount == "0.00"


async def test_a_retry_has_its_first_answer_and_a_lost_one_is_looked_up(table: list[Served]) -> None:
    player = await table[0].player("", "0", GAMES)
    assert (await look_up(table[0], player, "IN", "i1")).state == transaction_pb2.TRANSACTION_STATE_UNKNOWN
    await move_in(table[0], player, "i1")
    again = await move_in(table[1], player, "i1", "50")
    assert (told(again), again.result.replayed) == ("OK", True)
    assert told(await move_in(table[1], player, "i1", "51.00")) == "IDEMPOTENCY_CONFLICT"
    first = await move_out(table[0], player, "o1")
    await move_in(table[0], player, "i2", "5.00")
    second = await move_out(table[1], player, "o1")
    assert (second.result.replayed, second.moved.amount, first.moved.amount) == (True, "50.00", "50.00")
    found = await look_up(table[1], player, "OUT", "o1")
    assert (found.state, found.amount.amount) == (transaction_pb2.TRANSACTION_STATE_APPLIED, "50.00")
    assert told(await move_out(table[0], player, "o1", "50.00")) == "IDEMPOTENCY_CONFLICT"
    assert await free(table[0], player) == "5.00"


async def test_the_same_transfer_many_times_at_once_moves_once_and_many_take_what_there_is(table: list[Served]) -> None:
    player = await table[0].player("", "0", GAMES)
    same = await asyncio.gather(*(move_in(table[n % 2], player, "i1") for n in range(10)))
    assert ({told(one) for one in same}, sum(one.result.replayed for one in same)) == ({"OK"}, 9)
    each = await asyncio.gather(*(move_out(table[n % 2], player, f"o{n}", "10.00") for n in range(10)))
    assert sorted(map(told, each)) == ["INSUFFICIENT_FUNDS"] * 5 + ["OK"] * 5
    assert await free(table[1], player) == "0.00"


async def test_payments_are_made_at_the_licensee_and_transfers_are_for_no_other(table: list[Served]) -> None:
    player = await table[0].player("", "0", GAMES)
    cashier = table[0].caller("gateway", GAMES).wallet
    deposit = pb.DepositRequest(player_id=player, transaction_key="d1", amount=money("5.00"))
    withdrawal = pb.RequestWithdrawalRequest(player_id=player, transaction_key="h1", amount=money("5.00"))
    answers = [await cashier.Deposit(deposit), await cashier.RequestWithdrawal(withdrawal)]
    hosted = await table[0].player()
    other = pb.TransferInRequest(player_id=hosted, transaction_key="i1", amount=money("5.00"))
    answers.append(await table[0].cashier.wallet.TransferIn(other))
    assert list(map(told, answers)) == ["REQUEST_INVALID"] * 3


async def test_what_says_not_how_much_is_refused_with_the_field(table: list[Served]) -> None:
    door = table[0].caller("gateway", GAMES).wallet
    empty = await refusal(door.TransferOut(pb.TransferOutRequest(player_id="a", transaction_key="o1")))
    assert (empty.code, empty.fields) == ("INVALID_ARGUMENT", ("what",))


async def test_the_place_of_the_money_is_told_and_fixed_with_the_first_player(table: list[Served]) -> None:
    await table[0].player("", "0", GAMES)
    for mode in (registry_service_pb2.WALLET_MODE_HOSTED, registry_service_pb2.WALLET_MODE_SEAMLESS):
        with pytest.raises(grpc.aio.AioRpcError):
            await put_mode(table[0], mode)
    await put_mode(table[0], registry_service_pb2.WALLET_MODE_TRANSFER)
    listed = await table[0].caller().registry.ListLicensees(registry_service_pb2.ListLicenseesRequest())
    modes = {one.licensee_id: one.wallet.mode for one in listed.licensees}
    assert modes[GAMES] == registry_service_pb2.WALLET_MODE_TRANSFER


async def test_the_database_keeps_a_transfer_out_of_a_frozen_account(table: list[Served], database: Database) -> None:
    player = await table[0].player("", "0", GAMES)
    door = table[0].caller("gateway", GAMES).wallet
    freeze = action_pb2.FreezeAccount(currency_code="EUR", direction=action_pb2.FREEZE_DIRECTION_IN)
    await door.FreezeAccount(pb.FreezeAccountRequest(player_id=player, transaction_key="f1", freeze=freeze))
    assert told(await move_in(table[0], player, "i1")) == "ACCOUNT_FROZEN"
    with psycopg.connect(database.reader_url) as connection:
        asked = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'transfer_frozen_in'"
        ((definition,),) = connection.execute(asked).fetchall()
    assert "22" in definition


def start(database: Database, folder: Path, moment: str, port: int) -> Child:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        "PITBOSS_LISTEN": f"127.0.0.1:{port}",
        "PITBOSS_ENVIRONMENT": "development",
        "PITBOSS_INSECURE_LOOPBACK": "1",
        "PITBOSS_DATABASE_URL": database.service_url,
        "PITBOSS_SANDBOX": "1",
        "PITBOSS_REPLICA": "doomed",
        "PITBOSS_FAILPOINT": moment,
    }
    argv = [sys.executable, "-m", "wallet_svc"]
    return spawn(Command(name="doomed", argv=argv, environment=environment, log=folder / "doomed.log", directory=ROOT))


@pytest.mark.parametrize(("moment", "committed"), [("wallet.commit.before", False), ("wallet.answer.before", True)])
async def test_a_transfer_is_booked_once_wherever_its_process_dies(
    table: list[Served], database: Database, tmp_path: Path, moment: str, committed: bool
) -> None:
    player = await table[0].player("", "0", GAMES)
    await move_in(table[0], player, "i1")
    port = free_port()
    child = start(database, tmp_path, moment, port)
    try:
        async with contextlib.AsyncExitStack() as stack:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            await asyncio.wait_for(channel.channel_ready(), timeout=60)
            doomed = Served(f"127.0.0.1:{port}", table[0].settings, stack)
            with pytest.raises(grpc.aio.AioRpcError):
                await move_out(doomed, player, "o1")
            async with asyncio.timeout(60):
                while child.exit_code is None:
                    await asyncio.sleep(0.05)
        assert child.exit_code == failpoints.EXIT_STATUS, child.last_lines(20)
    finally:
        child.kill()
    known = await look_up(table[0], player, "OUT", "o1")
    assert (known.state == transaction_pb2.TRANSACTION_STATE_APPLIED) is committed
    again = await move_out(table[1], player, "o1")
    assert (told(again), again.result.replayed, again.moved.amount) == ("OK", committed, "50.00")
    assert await free(table[0], player) == "0.00"
