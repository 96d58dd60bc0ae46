"""What goes wrong around the adapter: a ledger that is away, a new process, sessions that changed, a wild studio."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from pitboss.wallet.v1 import action_pb2
from tests.integration.mesh.waiting import eventually
from tests.integration.provider_adapters.office import Office
from tests.integration.provider_adapters.pragmatic_style.table import PROVIDER, SLOT, TABLE, Table

WALLETS = ("wallet_svc-1", "wallet_svc-2")
SCENARIOS = (
    "win",
    "lose",
    "zero_bet",
    "duplicate_bet",
    "duplicate_win",
    "changed_bet",
    "changed_win",
    "bet_reply_lost",
    "win_reply_lost",
    "cancel_before_bet",
    "cancel_after_win",
    "win_after_cancel",
    "win_without_bet",
    "two_bets",
    "whole_balance",
    "too_much",
    "bad_signature",
)
CHAOS = {
    "lost_reply": 0.1,
    "lost_request": 0.05,
    "impatient": 0.1,
    "duplicate": 0.1,
    "twins": 0.1,
    "cancel_first": 0.05,
    "void": 0.05,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_studio_sees_what_it_must_see_in(office: Office, scenario: str) -> None:
    launched = await office.launch(PROVIDER, TABLE)
    told = await office.control(PROVIDER, "POST", f"scenario/{scenario}", launch_url=launched.launch_url)
    assert told["passed"], told["steps"]


async def test_the_books_of_a_studio_that_loses_half_of_its_answers_agree_with_the_ledger(office: Office) -> None:
    seats = [await office.launch(PROVIDER, game) for game in (SLOT, SLOT, TABLE, TABLE)]
    play = await office.control(
        PROVIDER,
        "POST",
        "play",
        players=[seat.launch_url for seat in seats],
        rounds=25,
        seed=7,
        stakes=["0.20", "1.05", "0.01"],
        chaos=CHAOS,
    )
    done = await office.finished(PROVIDER, play["play_id"])
    assert (done["rounds"], done["crashed"], done["not_entered"]) == (100, 0, 0)
    record = await office.control(PROVIDER, "GET", "record")
    assert record["unresolved"] == []
    believed = {row["user"]: row for row in record["players"]}
    for seat in seats:
        row = believed[seat.user]
        expected = Decimal("100.00") - Decimal(row["staked"]) + Decimal(row["won"])
        assert Decimal(await office.balance(seat.player)) == expected


async def test_a_round_is_paid_in_its_own_currency_also_by_a_new_process(office: Office, table: Table) -> None:
    bet = table.key()
    assert (await table.bet(bet))["currency"] == "EUR"
    await table.platform(open_account=action_pb2.OpenAccount(currency_code="USD"))
    await office.launch(PROVIDER, SLOT, table.player.player, currency="USD")
    assert (await table.result(table.key(), "5.00"))["currency"] == "EUR"
    office.stack.restart(PROVIDER)
    paid = await table.result(table.key(), "7.00")
    assert (paid["error"], paid["currency"], paid["cash"]) == (0, "EUR", Decimal("102.00"))
    office.stack.restart(PROVIDER)
    repeated = await table.bet(bet)
    assert (repeated["error"], repeated["currency"], repeated["cash"]) == (0, "EUR", Decimal("90.00"))
    assert (await table.bet(table.key(), "1.00"))["error"] == 7
    table.round_id += "-next"
    assert (await table.bet(table.key(), "1.00"))["error"] == 1
    assert (await table.cash(), await table.cash("USD")) == (Decimal("102.00"), Decimal("0.00"))


async def test_without_the_session_directory_only_new_faces_wait(office: Office, table: Table) -> None:
    assert (await table.bet(table.key()))["error"] == 0
    await office.close_directory()
    assert (await table.bet(table.key(), "1.00"))["error"] == 0
    office.stack.restart(PROVIDER)
    assert (await table.bet(table.key(), "1.00"))["error"] == 100
    assert (await table.result(table.key(), "2.00"))["error"] == 0
    assert (await table.refund(table.key()))["error"] == 0
    assert (await table.end_round())["error"] == 0


async def test_while_the_ledger_is_away_everything_is_to_be_sent_again(office: Office, table: Table) -> None:
    bet, result = table.key(), table.key()
    await table.bet(bet)
    for wallet in WALLETS:
        office.stack.kill(wallet)
    try:
        calls = (table.result(result), table.refund(table.key()), table.end_round(), table.bet(table.key()))
        assert [answer["error"] for answer in await asyncio.gather(*calls)] == [100] * 4
    finally:
        for wallet in WALLETS:
            office.stack.restart(wallet)
    async with asyncio.timeout(60):
        while (paid := await table.result(result))["error"] == 100:
            await asyncio.sleep(0.1)
    assert paid["error"] == 0
    assert (await table.result(result))["error"] == 0
    assert await table.cash() == Decimal("115.50")


async def test_no_log_line_has_the_secret_or_a_token(office: Office, table: Table) -> None:
    await table.ask("authenticate", token=table.player.token)
    await table.bet(table.key(), token=table.player.token)
    adapter = office.stack.child(PROVIDER).command.log
    await eventually(lambda: '"callback"' in adapter.read_text(), timeout_s=30)
    for process in (PROVIDER, f"studio-{PROVIDER}", "gateway"):
        text = office.stack.child(process).command.log.read_text()
        assert table.secret not in text
        assert table.player.token not in text
