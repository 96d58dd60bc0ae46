"""Signed callbacks through the gateway and the adapter into the real ledger."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2
from provider_adapters.pragmatic_style import auth
from tests.integration.provider_adapters.office import Office
from tests.integration.provider_adapters.pragmatic_style.table import PROVIDER, SLOT, Table


async def test_a_player_enters_and_sees_the_money(table: Table) -> None:
    entered = await table.ask("authenticate", token=table.player.token)
    assert entered["error"] == 0
    assert (entered["userId"], entered["token"]) == (table.player.user, table.player.token)
    assert (entered["currency"], entered["cash"], entered["country"]) == ("EUR", Decimal("100.00"), "DE")
    assert (await table.ask("balance", userId=table.player.user))["cash"] == Decimal("100.00")


async def test_a_round_is_staked_paid_and_closed(table: Table) -> None:
    bet = await table.bet(table.key())
    assert (bet["error"], bet["cash"], bet["usedPromo"]) == (0, Decimal("90.00"), 0)
    result = await table.result(table.key())
    assert (result["error"], result["cash"]) == (0, Decimal("115.50"))
    assert result["transactionId"] != bet["transactionId"]
    assert await table.end_round() == {"cash": Decimal("115.50"), "bonus": 0, "error": 0, "description": "Success"}
    assert (await table.end_round())["error"] == 0
    assert (await table.bet(table.key()))["error"] == 3
    assert await table.cash() == Decimal("115.50")


async def test_money_stands_in_the_reply_digit_by_digit(table: Table) -> None:
    assert b'"cash":99.70,"bonus":0.00,' in await table.send("bet", table.money(table.key(), "0.30"))


async def test_a_round_takes_several_bets_and_several_results(table: Table) -> None:
    for _ in range(3):
        assert (await table.bet(table.key()))["error"] == 0
    for amount in ("5.00", "0.00", "7.25"):
        assert (await table.result(table.key(), amount))["error"] == 0
    assert await table.cash() == Decimal("82.25")


async def test_a_prize_beside_a_result_is_paid_once_however_often_the_result_comes(table: Table) -> None:
    assert (await table.bet(table.key()))["error"] == 0
    reference, prize = table.key(), table.key()
    for _ in range(3):
        told = await table.result(
            reference, "5.00", promoWinAmount="2.50", promoWinReference=prize, promoCampaignType="T"
        )
        assert told["error"] == 0
        assert await table.cash() == Decimal("97.50")


@pytest.mark.parametrize("spelling", auth.Spelling)
async def test_a_repeated_message_gets_the_same_answer_once_paid(table: Table, spelling: auth.Spelling) -> None:
    message = table.money(table.key(), "10.00", roundDetails='{"spin": "a b"}')
    first = await table.send("bet", message, spelling)
    assert (await table.bet(table.key()))["error"] == 0
    assert await table.send("bet", message, spelling) == first
    assert await table.cash() == Decimal("80.00")


async def test_the_same_reference_with_another_amount_is_refused_for_good(table: Table) -> None:
    reference = table.key()
    assert (await table.bet(reference))["error"] == 0
    assert (await table.bet(reference, "10.01"))["error"] == 120
    assert (await table.bet(reference, "10.0"))["error"] == 0
    assert await table.cash() == Decimal("90.00")


async def test_a_bet_and_a_result_may_share_a_reference(table: Table) -> None:
    reference = table.key()
    assert (await table.bet(reference))["error"] == 0
    assert (await table.result(reference, "1.00"))["error"] == 0
    assert await table.cash() == Decimal("91.00")


async def test_two_players_may_share_references_and_rounds(office: Office, table: Table) -> None:
    other = Table(office, await office.launch(PROVIDER, SLOT))
    other.round_id = table.round_id
    reference = table.key()
    assert (await table.bet(reference))["error"] == 0
    assert (await other.bet(reference, "20.00"))["error"] == 0
    assert (await table.cash(), await other.cash()) == (Decimal("90.00"), Decimal("80.00"))


async def test_a_refund_gives_the_stake_back_once(table: Table) -> None:
    reference = table.key()
    await table.bet(reference)
    first = await table.refund(reference)
    assert first["error"] == 0
    assert (await table.refund(reference, amount="10.00", roundId=table.round_id))["error"] == 0
    assert await table.cash() == Decimal("100.00")


async def test_a_refund_of_an_unknown_bet_is_fine_and_the_late_bet_is_refused(table: Table) -> None:
    reference = table.key()
    assert (await table.refund(reference))["error"] == 0
    assert (await table.bet(reference))["error"] == 120
    assert (await table.refund(reference))["error"] == 0
    assert await table.cash() == Decimal("100.00")


async def test_a_refund_after_the_result_is_refused_for_good(table: Table) -> None:
    reference = table.key()
    await table.bet(reference)
    await table.result(table.key(), "0.00")
    assert (await table.refund(reference))["error"] == 120
    assert await table.cash() == Decimal("90.00")


async def test_a_result_pays_the_bets_that_were_not_refunded(table: Table) -> None:
    first, second = table.key(), table.key()
    await table.bet(first)
    await table.bet(second)
    await table.refund(first)
    assert (await table.result(table.key(), "30.00"))["error"] == 0
    assert await table.cash() == Decimal("120.00")


async def test_a_result_without_a_bet_is_refused_for_good(table: Table) -> None:
    assert (await table.result(table.key()))["error"] == 120
    assert await table.cash() == Decimal("100.00")


async def test_too_little_money_shows_what_there_is_and_stays_refused(table: Table) -> None:
    reference = table.key()
    refused = await table.bet(reference, "100.01")
    assert (refused["error"], refused["cash"]) == (1, Decimal("100.00"))
    await table.platform(deposit=action_pb2.Deposit(amount=Money(currency_code="EUR", amount="50.00")))
    assert (await table.bet(reference, "100.01"))["error"] == 1
    assert (await table.bet(table.key(), "100.01"))["error"] == 0


async def test_after_the_session_only_credits_pass(table: Table) -> None:
    first, second = table.key(), table.key()
    await table.bet(first)
    await table.bet(second)
    ended = action_pb2.EndPlay(session_id=table.player.session_id, end=action_pb2.PLAY_END_CLOSED)
    await table.platform(end_play=ended)
    assert (await table.bet(table.key()))["error"] == 4
    assert (await table.refund(first))["error"] == 0
    assert (await table.result(table.key(), "3.00"))["error"] == 0
    assert (await table.end_round())["error"] == 0
    assert await table.cash() == Decimal("93.00")


async def test_a_blocked_player_stakes_nothing_and_is_paid(table: Table) -> None:
    await table.bet(table.key())
    await table.platform(set_block=action_pb2.SetBlock(blocked=True))
    assert (await table.bet(table.key()))["error"] == 6
    assert (await table.result(table.key(), "3.00"))["error"] == 0


async def test_a_limit_refuses_a_bet_in_words_of_its_own(table: Table) -> None:
    limit = action_pb2.SetLimit(
        limit_kind=action_pb2.LIMIT_KIND_STAKE,
        amount=Money(currency_code="EUR", amount="5.00"),
    )
    await table.platform(set_limit=limit)
    assert (await table.bet(table.key()))["error"] == 50
    assert (await table.bet(table.key(), "5.00"))["error"] == 0


async def test_a_game_that_is_not_there_takes_no_bet(table: Table) -> None:
    assert (await table.bet(table.key(), gameId="vs99other"))["error"] == 8
    assert await table.cash() == Decimal("100.00")
