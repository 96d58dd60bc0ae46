"""The real adapter and the real studio, through the real gateway, against two real wallets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.provider_adapters.office import Office

PROVIDER = "hub88_style"
SLOT = "demo_fruit_5"
LIVE = "demo_live_roulette"

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


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_studio_sees_what_it_must_see_in(office: Office, scenario: str) -> None:
    launched = await office.launch(PROVIDER, SLOT)
    told = await office.control(PROVIDER, "POST", f"scenario/{scenario}", launch_url=launched.launch_url)
    assert told["passed"], told["steps"]


async def test_books_of_studio_and_ledger_agree_to_the_cent_after_a_wild_play(office: Office) -> None:
    seats = [await office.launch(PROVIDER, game) for game in (SLOT, SLOT, LIVE, LIVE)]
    chaos = {
        "lost_reply": 0.12,
        "lost_request": 0.05,
        "impatient": 0.1,
        "duplicate": 0.1,
        "twins": 0.1,
        "cancel_first": 0.05,
        "void": 0.05,
    }
    play = await office.control(
        PROVIDER,
        "POST",
        "play",
        players=[seat.launch_url for seat in seats],
        rounds=25,
        seed=7,
        stakes=["0.20", "1.05", "0.00001"],
        chaos=chaos,
    )
    done = await office.finished(PROVIDER, play["play_id"])
    assert done["rounds"] == 100
    record = await office.control(PROVIDER, "GET", "record")
    assert record["unresolved"] == []
    believed = {row["user"]: row for row in record["players"]}
    for seat in seats:
        row = believed[seat.user]
        expected = Decimal("100.00") - Decimal(row["staked"]) + Decimal(row["won"])
        assert Decimal(await office.balance(seat.player)) == expected
