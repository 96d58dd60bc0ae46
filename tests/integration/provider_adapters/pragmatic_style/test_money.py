"""Signed callbacks through the gateway and the adapter into the real ledger."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from pitboss.wallet.v1 import action_pb2
from provider_adapters.pragmatic_style import auth
from tests.integration.provider_adapters.world import Player, World

PROVIDER = "pragmatic_style"
_count = itertools.count(1)


class Table:
    """One player at a game of the provider; every call is signed as the provider signs."""

    def __init__(self, world: World, player: Player) -> None:
        self.world = world
        self.player = player
        self.round_id = f"round-{next(_count)}"

    def key(self) -> str:
        return f"ref-{next(_count)}"

    def send(self, call: str, spelling: auth.Spelling = auth.Spelling.PLAIN, **fields: str) -> bytes:
        form = {"providerId": "pragmaticplay", **fields}
        body = auth.signed_form(form, self.world.credentials(PROVIDER)["secret"], spelling)
        reply = self.world.callback(PROVIDER, f"/{call}", body)
        assert reply.status_code == 200
        return reply.content

    def ask(self, call: str, **fields: str) -> Any:
        return json.loads(self.send(call, **fields), parse_float=Decimal)

    def money(self, call: str, reference: str, amount: str, **changes: str) -> Any:
        fields = {"userId": self.player.reference, "gameId": self.player.game_id, "roundId": self.round_id}
        rest = {"timestamp": "1767225600000", "roundDetails": "spin"}
        return self.ask(call, **{**fields, **rest, "reference": reference, "amount": amount, **changes})

    def bet(self, reference: str, amount: str = "10.00", **changes: str) -> Any:
        return self.money("bet", reference, amount, **changes)

    def result(self, reference: str, amount: str = "25.50", **changes: str) -> Any:
        return self.money("result", reference, amount, **changes)

    def refund(self, reference: str, **more: str) -> Any:
        return self.ask("refund", userId=self.player.reference, reference=reference, **more)

    def end_round(self) -> Any:
        player = self.player
        return self.ask("endRound", userId=player.reference, gameId=player.game_id, roundId=self.round_id)

    @property
    def cash(self) -> Decimal:
        return Decimal(self.world.cash(self.player))


@pytest.fixture
def table(world: World) -> Table:
    return Table(world, world.player(PROVIDER))


def test_a_player_enters_and_sees_the_money(table: Table) -> None:
    entered = table.ask("authenticate", token=table.player.token)
    assert entered["error"] == 0
    assert (entered["userId"], entered["token"]) == (table.player.reference, table.player.token)
    assert (entered["currency"], entered["cash"], entered["country"]) == ("EUR", Decimal("100.00"), "MT")
    assert table.ask("balance", userId=table.player.reference)["cash"] == Decimal("100.00")


def test_a_round_is_staked_paid_and_closed(table: Table) -> None:
    bet = table.bet(table.key())
    assert (bet["error"], bet["cash"], bet["usedPromo"]) == (0, Decimal("90.00"), 0)
    result = table.result(table.key())
    assert (result["error"], result["cash"]) == (0, Decimal("115.50"))
    assert result["transactionId"] != bet["transactionId"]
    assert table.end_round() == {"cash": Decimal("115.50"), "bonus": 0, "error": 0, "description": "Success"}
    assert table.end_round()["error"] == 0
    assert table.bet(table.key())["error"] == 3
    assert table.cash == Decimal("115.50")


def test_money_stands_in_the_reply_digit_by_digit(table: Table) -> None:
    fields = {"userId": table.player.reference, "gameId": table.player.game_id, "roundId": table.round_id}
    money = {"amount": "0.30", "reference": table.key(), "timestamp": "1", "roundDetails": "spin"}
    assert b'"cash":99.70,"bonus":0.00,' in table.send("bet", **fields, **money)


def test_a_round_takes_several_bets_and_several_results(table: Table) -> None:
    for _ in range(3):
        assert table.bet(table.key())["error"] == 0
    for amount in ("5.00", "0.00", "7.25"):
        assert table.result(table.key(), amount)["error"] == 0
    assert table.cash == Decimal("82.25")


@pytest.mark.parametrize("spelling", auth.Spelling)
def test_a_repeated_message_gets_the_same_answer_once_paid(table: Table, spelling: auth.Spelling) -> None:
    fields = {"userId": table.player.reference, "gameId": table.player.game_id, "roundId": table.round_id}
    money = {"amount": "10.00", "reference": table.key(), "timestamp": "1", "roundDetails": '{"spin": "a b"}'}
    first = table.send("bet", spelling, **fields, **money)
    assert table.bet(table.key())["error"] == 0
    assert table.send("bet", spelling, **fields, **money) == first
    assert table.cash == Decimal("80.00")


def test_the_same_reference_with_another_amount_is_refused_for_good(table: Table) -> None:
    reference = table.key()
    assert table.bet(reference)["error"] == 0
    assert table.bet(reference, "10.01")["error"] == 120
    assert table.bet(reference, "10.0")["error"] == 0
    assert table.cash == Decimal("90.00")


def test_a_bet_and_a_result_may_share_a_reference(table: Table) -> None:
    reference = table.key()
    assert table.bet(reference)["error"] == 0
    assert table.result(reference, "1.00")["error"] == 0
    assert table.cash == Decimal("91.00")


def test_two_players_may_share_references_and_rounds(world: World, table: Table) -> None:
    other = Table(world, world.player(PROVIDER))
    other.round_id = table.round_id
    reference = table.key()
    assert table.bet(reference)["error"] == 0
    assert other.bet(reference, "20.00")["error"] == 0
    assert (table.cash, other.cash) == (Decimal("90.00"), Decimal("80.00"))


def test_a_refund_gives_the_stake_back_once(table: Table) -> None:
    reference = table.key()
    table.bet(reference)
    first = table.refund(reference)
    assert first["error"] == 0
    assert table.refund(reference, amount="10.00", roundId=table.round_id)["error"] == 0
    assert table.cash == Decimal("100.00")


def test_a_refund_of_an_unknown_bet_is_fine_and_the_late_bet_is_refused(table: Table) -> None:
    reference = table.key()
    assert table.refund(reference)["error"] == 0
    assert table.bet(reference)["error"] == 120
    assert table.refund(reference)["error"] == 0
    assert table.cash == Decimal("100.00")


def test_a_refund_after_the_result_is_refused_for_good(table: Table) -> None:
    reference = table.key()
    table.bet(reference)
    table.result(table.key(), "0.00")
    assert table.refund(reference)["error"] == 120
    assert table.cash == Decimal("90.00")


def test_a_result_pays_the_bets_that_were_not_refunded(table: Table) -> None:
    first, second = table.key(), table.key()
    table.bet(first)
    table.bet(second)
    table.refund(first)
    assert table.result(table.key(), "30.00")["error"] == 0
    assert table.cash == Decimal("120.00")


def test_a_result_without_a_bet_is_refused_for_good(table: Table) -> None:
    assert table.result(table.key())["error"] == 120
    assert table.cash == Decimal("100.00")


def test_too_little_money_shows_what_there_is_and_stays_refused(world: World, table: Table) -> None:
    reference = table.key()
    refused = table.bet(reference, "100.01")
    assert (refused["error"], refused["cash"]) == (1, Decimal("100.00"))
    deposit = action_pb2.Deposit(amount={"currency_code": "EUR", "amount": "50.00"})  # type: ignore[arg-type]
    world.do(table.player.player_id, deposit=deposit)
    assert table.bet(reference, "100.01")["error"] == 1
    assert table.bet(table.key(), "100.01")["error"] == 0


def test_after_the_session_only_credits_pass(world: World, table: Table) -> None:
    first, second = table.key(), table.key()
    table.bet(first)
    table.bet(second)
    ended = action_pb2.EndPlay(session_id=table.player.session_id, end=action_pb2.PLAY_END_CLOSED)
    world.do(table.player.player_id, end_play=ended)
    assert table.bet(table.key())["error"] == 4
    assert table.refund(first)["error"] == 0
    assert table.result(table.key(), "3.00")["error"] == 0
    assert table.end_round()["error"] == 0
    assert table.cash == Decimal("93.00")


def test_a_blocked_player_stakes_nothing_and_is_paid(world: World, table: Table) -> None:
    table.bet(table.key())
    world.do(table.player.player_id, set_block=action_pb2.SetBlock(blocked=True))
    assert table.bet(table.key())["error"] == 6
    assert table.result(table.key(), "3.00")["error"] == 0


def test_a_limit_refuses_a_bet_in_words_of_its_own(world: World, table: Table) -> None:
    limit = action_pb2.SetLimit(
        limit_kind=action_pb2.LIMIT_KIND_STAKE,
        amount={"currency_code": "EUR", "amount": "5.00"},  # type: ignore[arg-type]
    )
    world.do(table.player.player_id, set_limit=limit)
    assert table.bet(table.key())["error"] == 50
    assert table.bet(table.key(), "5.00")["error"] == 0


def test_a_game_that_is_not_there_takes_no_bet(table: Table) -> None:
    assert table.bet(table.key(), gameId="vs99other")["error"] == 8
    assert table.cash == Decimal("100.00")


def test_a_round_is_paid_in_its_own_currency_also_by_a_new_process(world: World, table: Table) -> None:
    bet = table.key()
    assert table.bet(bet)["currency"] == "EUR"
    dollars = world.player(PROVIDER, currency_code="USD", like=table.player.player_id)
    assert table.result(table.key(), "5.00")["currency"] == "EUR"
    world.stack.restart(PROVIDER)
    # The session directory is away, and the new process has seen one launch only.
    world.launch(PROVIDER, dollars.player_id, currency_code="USD")
    paid = table.result(table.key(), "7.00")
    assert (paid["error"], paid["currency"], paid["cash"]) == (0, "EUR", Decimal("102.00"))
    repeated = table.bet(bet)
    assert (repeated["error"], repeated["currency"], repeated["cash"]) == (0, "EUR", Decimal("90.00"))
    assert Decimal(world.cash(table.player, "USD")) == Decimal("100.00")


@pytest.fixture
def no_ledger(world: World) -> Iterator[None]:
    for replica in (1, 2):
        world.stack.kill(f"wallet_svc-{replica}")
    yield
    for replica in (1, 2):
        if not world.stack.is_running(f"wallet_svc-{replica}"):
            world.stack.restart(f"wallet_svc-{replica}")


def test_while_the_ledger_is_away_everything_is_to_be_sent_again(
    world: World, table: Table, request: pytest.FixtureRequest
) -> None:
    bet, result = table.key(), table.key()
    table.bet(bet)
    request.getfixturevalue("no_ledger")
    assert table.result(result)["error"] == 100
    assert table.refund(table.key())["error"] == 100
    assert table.end_round()["error"] == 100
    assert table.bet(table.key())["error"] == 100
    for replica in (1, 2):
        world.stack.restart(f"wallet_svc-{replica}")
    assert table.result(result)["error"] == 0
    assert table.result(result)["error"] == 0
    assert table.cash == Decimal("115.50")


CHAOS = {
    "lost_reply": 0.08,
    "lost_request": 0.08,
    "impatient": 0.08,
    "duplicate": 0.08,
    "twins": 0.08,
    "cancel_first": 0.08,
    "void": 0.08,
}


def test_the_books_of_a_studio_that_loses_half_of_its_answers_agree_with_the_ledger(world: World) -> None:
    players = [world.player(PROVIDER, game_id=game) for game in ("vs20demo", "bjdemo", "lgdemo", "vs5ember")]
    addresses = [player.launch_url for player in players]
    play = world.studio(PROVIDER, "play", players=addresses, rounds=30, seed=7, chaos=CHAOS)
    end = time.monotonic() + 60
    while (state := world.studio(PROVIDER, f"plays/{play['play_id']}"))["running"]:
        assert time.monotonic() < end, state
        time.sleep(0.2)
    assert (state["crashed"], state["not_entered"], state["rounds"]) == (0, 0, 120)
    record = world.studio(PROVIDER, "record")
    assert (record["unresolved"], record["disputed"]) == ([], [])
    books = {line["user"]: line for line in record["players"]}
    for player in players:
        line = books[player.reference]
        expected = Decimal("100.00") - Decimal(line["staked"]) + Decimal(line["won"])
        assert Decimal(world.cash(player)) == expected


@pytest.mark.parametrize("name", ["scenarios"])
def test_every_scenario_of_the_studio_passes(world: World, name: str) -> None:
    for scenario in world.studio(PROVIDER, name)["scenarios"]:
        player = world.player(PROVIDER, game_id="bjdemo")
        told = world.studio(PROVIDER, "scenario", name=scenario, launch_url=player.launch_url)
        assert told["passed"], told


def test_no_log_line_has_the_secret_or_a_token(world: World, table: Table) -> None:
    table.ask("authenticate", token=table.player.token)
    table.bet(table.key(), token=table.player.token)
    secret = world.credentials(PROVIDER)["secret"]
    for process in (PROVIDER, f"studio-{PROVIDER}", "gateway"):
        text = world.log(process)
        assert secret not in text
        assert table.player.token not in text
    assert '"callback"' in world.log(PROVIDER)
