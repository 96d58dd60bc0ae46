"""What a licensee's staff does to money by hand, over gRPC: credits, corrections by two people, frozen and closed accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mesh.dev.postgres import Database
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, registry_service_pb2, transaction_pb2
from pitboss.wallet.v1 import wallet_service_pb2 as pb
from tests.integration.wallet_svc.served import LICENSEE, PROVIDER, Served, bet, money, serving, win


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[Served]:
    async with serving(database.service_url) as served:
        yield served


def told(response: Any) -> str:
    return Outcome.Name(response.result.outcome).removeprefix("OUTCOME_")


async def test_a_promotional_credit_goes_to_the_bonus_and_is_staked_after_the_cash(wallet: Served) -> None:
    await wallet.player("alice", cash="6.00")
    promo = action_pb2.Promo(amount=money("10.00"), to=action_pb2.CREDIT_TARGET_BONUS)
    request = pb.CreditPlayerRequest(player_id="alice", transaction_key="q1", promo=promo)
    first, again = [await wallet.cashier.wallet.CreditPlayer(request) for _ in range(2)]
    assert (told(first), again.result.replayed) == ("OK", True)
    staked = await wallet.adapter.do("alice", "b1", bet=bet("8.00"))
    assert (staked.balance_now.available.amount, staked.balance_now.bonus.amount) == ("0.00", "8.00")


async def test_a_large_correction_takes_two_people_and_the_hash_of_what_was_proposed(wallet: Served) -> None:
    await wallet.player("alice")
    tenant = registry_service_pb2.Licensee(
        licensee_id=LICENSEE, default_jurisdiction="sandbox", adjustment_thresholds=[money("5.00")]
    )
    await wallet.platform.registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant))
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "w1", win=win("20.00", bet_key="b1", close=True))
    adjust = action_pb2.Adjust(
        ref_kind=transaction_pb2.TRANSACTION_KIND_WIN, ref_key="w1", ref_source=PROVIDER, amount=money("-7.50")
    )
    door = wallet.cashier.wallet
    alone = pb.AdjustTransactionRequest(player_id="alice", transaction_key="a1", adjustment=adjust)
    assert told(await door.AdjustTransaction(alone)) == "APPROVAL_NEEDED"
    proposal = action_pb2.ProposeAdjustment(adjustment=adjust, proposed_by="ann")
    asked = pb.ProposeAdjustmentRequest(player_id="alice", transaction_key="p1", proposal=proposal)
    payload_hash = (await door.ProposeAdjustment(asked)).result.payload_hash

    async def approve(key: str, by: str, content: str) -> Any:
        approval = action_pb2.ApproveAdjustment(proposal_key="p1", payload_hash=content, approved_by=by)
        return await door.ApproveAdjustment(
            pb.ApproveAdjustmentRequest(player_id="alice", transaction_key=key, approval=approval)
        )

    assert told(await approve("k1", "ann", payload_hash)) == "APPROVAL_INVALID"
    assert told(await approve("k1", "bob", "0" * 64)) == "APPROVAL_INVALID"
    assert told(await approve("k1", "bob", payload_hash)) == "OK"
    twice = await approve("k2", "eve", payload_hash)
    assert (told(twice), twice.result.replayed, twice.result.balance_now.available.amount) == ("OK", True, "102.50")


async def test_a_freeze_holds_at_once_and_ends(wallet: Served) -> None:
    await wallet.player("alice")
    door = wallet.cashier.wallet
    freeze = action_pb2.FreezeAccount(currency_code="EUR", direction=action_pb2.FREEZE_DIRECTION_OUT)
    await door.FreezeAccount(pb.FreezeAccountRequest(player_id="alice", transaction_key="f1", freeze=freeze))
    refused = await wallet.adapter.do("alice", "b1", bet=bet("1.00"))
    assert refused.outcome == Outcome.OUTCOME_ACCOUNT_FROZEN
    thaw = action_pb2.UnfreezeAccount(currency_code="EUR", direction=action_pb2.FREEZE_DIRECTION_OUT)
    await door.UnfreezeAccount(pb.UnfreezeAccountRequest(player_id="alice", transaction_key="f2", freeze=thaw))
    assert (await wallet.adapter.do("alice", "b2", bet=bet("1.00"))).outcome == Outcome.OUTCOME_OK


async def test_an_empty_account_is_closed_and_opened_again(wallet: Served) -> None:
    await wallet.player("alice", cash="1.00")
    door = wallet.cashier.wallet
    closing = action_pb2.CloseAccount(currency_code="EUR")

    async def close(key: str) -> str:
        return told(
            await door.CloseAccount(pb.CloseAccountRequest(player_id="alice", transaction_key=key, closing=closing))
        )

    assert await close("x1") == "ACCOUNT_NOT_EMPTY"
    await wallet.adapter.do("alice", "b1", bet=bet("1.00"))
    assert await close("x2") == "OK"
    deposit = pb.DepositRequest(player_id="alice", transaction_key="d1", amount=money("5.00"))
    assert told(await door.Deposit(deposit)) == "ACCOUNT_CLOSED"
    opening = action_pb2.ReopenAccount(currency_code="EUR")
    await door.ReopenAccount(pb.ReopenAccountRequest(player_id="alice", transaction_key="x3", opening=opening))
    deposit.transaction_key = "d2"
    assert told(await door.Deposit(deposit)) == "OK"


async def test_a_capture_beyond_the_reservation_stays_within_its_tolerance(wallet: Served) -> None:
    await wallet.player("alice")
    door = wallet.cashier.wallet
    asked = pb.RequestWithdrawalRequest(
        player_id="alice", transaction_key="h1", amount=money("30.00"), over_capture_tolerance=money("1.00")
    )
    await door.RequestWithdrawal(asked)

    async def capture(key: str, amount: str) -> Any:
        return await door.CaptureWithdrawal(
            pb.CaptureWithdrawalRequest(
                player_id="alice", transaction_key=key, withdrawal_key="h1", amount=money(amount)
            )
        )

    assert told(await capture("k1", "31.01")) == "HOLD_EXCEEDED"
    paid = await capture("k2", "31.00")
    assert (told(paid), paid.result.balance_now.available.amount) == ("OK", "69.00")
