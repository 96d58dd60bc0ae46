"""Callbacks against a ledger that answers what the test says. What the real one says is tested in integration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import provider_adapters.pragmatic_style
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Result
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from provider_adapters._kit import manifest
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.nonces import NonceWindow
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters.pragmatic_style import auth
from provider_adapters.pragmatic_style.adapter import create
from tests.unit.provider_adapters.pragmatic_style.fakes import (
    ADJUSTMENT,
    AUTHENTICATE,
    BALANCE,
    BET,
    END_ROUND,
    PLAYER,
    REFUND,
    RESULT,
    SECRET,
    SESSION,
    FakeSecurity,
    FakeSessions,
    FakeWallet,
    always,
    balances,
    money,
    raw,
    result,
    signed,
    without,
)

FOLDER = Path(provider_adapters.pragmatic_style.__file__).parent
SERVED: Mapping[str, Mapping[str, str]] = {
    "authenticate": AUTHENTICATE,
    "balance": BALANCE,
    "bet": BET,
    "result": RESULT,
    "endRound": END_ROUND,
    "refund": REFUND,
}


@dataclass
class World:
    """One adapter and what is around it."""

    wallet: FakeWallet = field(default_factory=FakeWallet)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    security: FakeSecurity = field(default_factory=FakeSecurity)

    def __post_init__(self) -> None:
        self.adapter = create(
            AdapterParts(
                manifest=manifest.load(FOLDER),
                credentials={"secret": SECRET},
                callback_url="",
                wallet=self.wallet,
                sessions=self.sessions,
                outbound=always(HttpReply()),
                security=self.security,
                nonces=NonceWindow(None),
            )
        )

    async def send(self, request: HttpRequest) -> HttpReply:
        return await self.adapter.callback(request, Budget.of(5))

    async def told(self, call: str, fields: Mapping[str, str]) -> Any:
        reply = await self.send(signed(call, fields))
        assert reply.status == 200
        return json.loads(reply.body)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_player_enters_with_the_token_of_the_session(world: World) -> None:
    world.wallet.balance_answer = balances("98.759999", "2.5")
    reply = await world.send(signed("authenticate", {**AUTHENTICATE, "gameId": "vs20demo"}))
    assert reply.body == (
        b'{"userId":"demo.pl-7001","currency":"EUR","cash":98.75,"bonus":2.50,"token":"tok-0123456789abcdef",'
        b'"country":"MT","jurisdiction":"base","error":0,"description":"Success"}'
    )
    assert world.wallet.asked == ["balance demo.pl-7001 EUR"]


async def test_an_unknown_token_opens_nothing(world: World) -> None:
    assert (await world.told("authenticate", {**AUTHENTICATE, "token": "tok-of-nobody-000"}))["error"] == 4
    assert world.wallet.asked == []


async def test_a_balance_is_that_of_the_newest_session_or_of_the_token(world: World) -> None:
    world.sessions.sessions.append(replace(SESSION, currency_code="USD", token="tok-newer-0123456789"))
    await world.told("balance", BALANCE)
    await world.told("balance", {**BALANCE, "token": SESSION.token})
    assert world.wallet.asked == ["balance demo.pl-7001 USD", "balance demo.pl-7001 EUR"]


async def test_a_token_of_another_player_is_no_token(world: World) -> None:
    for call, fields in (("balance", BALANCE), ("bet", BET)):
        reply = await world.told(call, {**fields, "userId": "demo.pl-7002", "token": SESSION.token})
        assert reply["error"] == 4
    assert world.wallet.actions == []


async def test_a_bet_becomes_a_stake_in_the_currency_of_the_session(world: World) -> None:
    reply = await world.send(signed("bet", BET))
    assert reply.body == (
        b'{"transactionId":"3-42","currency":"EUR","cash":98.75,"bonus":0.00,"usedPromo":0.00,"error":0,'
        b'"description":"Success"}'
    )
    [(player, action)] = world.wallet.actions
    assert player == PLAYER
    assert (action.transaction_key, action.player_id) == ("ref-0001", "")
    assert action.bet.amount == money("1.25")
    assert (action.bet.round_id, action.bet.game_id, action.bet.session_id) == ("5500100", "vs20demo", "s-1")
    assert not action.bet.close


async def test_a_repeated_bet_shows_the_cash_of_its_first_answer(world: World) -> None:
    world.wallet.answers = [result(available="50.00", balance_at_commit=money("98.75"), replayed=True)]
    assert (await world.told("bet", BET))["cash"] == 98.75


async def test_a_refused_bet_shows_what_is_really_there(world: World) -> None:
    short = Outcome.OUTCOME_INSUFFICIENT_FUNDS
    world.wallet.answers = [result(short, available="0.40", balance_at_commit=money("1.00"))]
    reply = await world.told("bet", BET)
    assert (reply["error"], reply["cash"], reply["currency"]) == (1, 0.4, "EUR")


async def test_a_bet_of_a_player_who_never_came_is_refused_without_the_ledger(world: World) -> None:
    for user_id in ("demo.somebody", "nodot", "Demo.x", ".", "demo."):
        assert (await world.told("bet", {**BET, "userId": user_id}))["error"] == 2
    assert world.wallet.actions == []


async def test_a_bet_waits_for_the_session_directory_and_a_result_does_not(world: World) -> None:
    world.sessions.down = True
    world.wallet.currency_answer = "EUR"
    assert (await world.told("bet", BET))["error"] == 100
    assert world.wallet.actions == []
    assert (await world.told("result", RESULT))["error"] == 0
    assert (await world.told("refund", REFUND))["error"] == 0
    assert (await world.told("endRound", END_ROUND))["error"] == 0


async def test_a_bet_of_a_free_round_takes_no_cash(world: World) -> None:
    assert (await world.told("bet", {**BET, "bonusCode": "free-1"}))["error"] == 0
    ((_, action),) = world.wallet.actions
    spin = action.free_round_spin
    assert (spin.grant_id, Decimal(spin.amount.amount), spin.amount.currency_code) == ("free-1", Decimal(0), "EUR")


async def test_the_result_of_a_free_round_is_its_grants_in_the_currency_of_the_session(world: World) -> None:
    assert (await world.told("result", {**RESULT, "bonusCode": "free-1"}))["error"] == 0
    about = {name: RESULT[name] for name in ("userId", "amount", "providerId", "timestamp")}
    assert (await world.told("bonusWin", {**about, "reference": "total-1", "bonusCode": "free-1"}))["error"] == 0
    (_, spin), (_, total) = world.wallet.actions
    assert (spin.free_round_spin.grant_id, spin.free_round_spin.amount.currency_code) == ("free-1", "EUR")
    assert (total.free_round_total.grant_id, total.free_round_total.amount.currency_code) == ("free-1", "EUR")


async def test_a_result_pays_all_live_bets_of_the_round_in_the_currency_of_its_bet(world: World) -> None:
    await world.told("bet", BET)
    world.sessions.sessions.append(replace(SESSION, currency_code="USD", token="tok-newer-0123456789"))
    reply = await world.told("result", RESULT)
    assert (reply["error"], reply["transactionId"]) == (0, "3-42")
    _, action = world.wallet.actions[1]
    assert action.transaction_key == "ref-0002"
    assert action.win.amount == money("3.00")
    assert (action.win.bet_key, action.win.close) == ("", False)
    assert world.wallet.asked == []


async def test_a_new_process_asks_the_ledger_once_for_the_currency_of_a_round(world: World) -> None:
    world.wallet.currency_answer = "USD"
    await world.told("result", RESULT)
    await world.told("result", {**RESULT, "reference": "ref-0003", "amount": "0.00"})
    assert [action.win.amount for _, action in world.wallet.actions] == [money("3.00", "USD"), money("0.00", "USD")]
    assert world.wallet.asked == ["round demo.pl-7001 5500100"]


async def test_a_result_of_an_unknown_round_still_reaches_the_ledger(world: World) -> None:
    world.wallet.answers = [result(Outcome.OUTCOME_ORIGINAL_NOT_FOUND)]
    world.wallet.balance_answer = balances("1.00", currency_code="SEK")
    assert (await world.told("result", RESULT))["error"] == 120
    assert world.wallet.actions[0][1].win.amount == money("3.00", "SEK")
    assert world.wallet.asked == ["round demo.pl-7001 5500100", "balance demo.pl-7001"]


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.OUTCOME_UNAVAILABLE, 100), (Outcome.OUTCOME_PLAYER_NOT_FOUND, 2)]
)
async def test_a_result_is_asked_for_again_while_its_currency_cannot_be_known(
    world: World, outcome: Outcome.ValueType, code: int
) -> None:
    world.wallet.currency_answer = Result(outcome=outcome)
    assert (await world.told("result", RESULT))["error"] == code
    assert world.wallet.actions == []


async def test_a_repeated_bet_is_the_same_bet_after_the_player_changed_the_currency(world: World) -> None:
    world.sessions.sessions.append(replace(SESSION, currency_code="USD", token="tok-newer-0123456789"))
    world.wallet.currency_answer = "EUR"
    world.wallet.answers = [result(Outcome.OUTCOME_IDEMPOTENCY_CONFLICT), result(replayed=True)]
    assert (await world.told("bet", BET))["error"] == 0
    assert [action.bet.amount.currency_code for _, action in world.wallet.actions] == ["USD", "EUR"]


async def test_a_real_conflict_stays_one(world: World) -> None:
    world.wallet.currency_answer = "EUR"
    world.wallet.answers = [result(Outcome.OUTCOME_IDEMPOTENCY_CONFLICT)]
    assert (await world.told("bet", BET))["error"] == 120
    assert len(world.wallet.actions) == 1


PROMOTED = {**RESULT, "promoWinAmount": "1.00", "promoWinReference": "ref-0009"}


@pytest.mark.parametrize(("campaign", "kind"), [("T", "tournament"), ("B", "promo"), ("", "promo")])
async def test_what_a_result_brings_beside_its_amount_is_paid_after_it(world: World, campaign: str, kind: str) -> None:
    world.wallet.currency_answer = "USD"
    assert (await world.told("result", {**PROMOTED, "promoCampaignType": campaign}))["error"] == 0
    (_, won), (_, beside) = world.wallet.actions
    assert (won.transaction_key, won.win.amount.amount) == ("ref-0002", "3.00")
    assert (beside.transaction_key, beside.WhichOneof("kind")) == ("ref-0009", kind)
    amount = getattr(beside, kind).amount
    assert (amount.amount, amount.currency_code) == ("1.00", "USD")


async def test_a_part_whose_result_is_not_paid_waits_for_it_and_one_that_is_not_paid_comes_again(world: World) -> None:
    world.wallet.currency_answer = "EUR"
    world.wallet.answers = [result(Outcome.OUTCOME_UNKNOWN)]
    assert (await world.told("result", PROMOTED))["error"] == 100
    assert len(world.wallet.actions) == 1
    world.wallet.answers = [result(), result(Outcome.OUTCOME_UNAVAILABLE)]
    assert (await world.told("result", PROMOTED))["error"] == 100
    assert (await world.told("result", PROMOTED))["error"] == 0


async def test_a_part_that_cannot_be_read_stops_the_result_before_anything_is_paid(world: World) -> None:
    for wrong in ({"promoWinAmount": "x"}, {"promoWinReference": ""}, {"promoWinReference": "two words"}):
        assert (await world.told("result", {**PROMOTED, **wrong}))["error"] == 7
    assert world.wallet.actions == []
    assert (await world.told("result", {**RESULT, "promoWinAmount": "0.00"}))["error"] == 0
    assert len(world.wallet.actions) == 1


async def test_a_refund_names_the_bet_by_its_own_reference(world: World) -> None:
    world.wallet.answers = [result(Outcome.OUTCOME_TOMBSTONED, transaction_id="3-43")]
    reply = await world.send(signed("refund", {**REFUND, "amount": "1.25", "roundId": "5500100"}))
    assert reply.body == b'{"transactionId":"3-43","error":0,"description":"Success"}'
    [(_, action)] = world.wallet.actions
    assert (action.transaction_key, action.cancel.bet_key, action.cancel.round_id) == (
        "ref-0001",
        "ref-0001",
        "5500100",
    )


async def test_a_refund_after_the_result_is_refused_for_good(world: World) -> None:
    world.wallet.answers = [result(Outcome.OUTCOME_ALREADY_SETTLED)]
    assert (await world.told("refund", REFUND))["error"] == 120


async def test_a_bet_after_its_refund_is_refused_for_good(world: World) -> None:
    world.wallet.answers = [result(Outcome.OUTCOME_ALREADY_ROLLED_BACK)]
    assert (await world.told("bet", BET))["error"] == 120


async def test_the_end_of_a_round_is_keyed_by_its_round(world: World) -> None:
    reply = await world.send(signed("endRound", END_ROUND))
    assert reply.body == b'{"cash":98.75,"bonus":0.00,"error":0,"description":"Success"}'
    [(_, action)] = world.wallet.actions
    assert (action.transaction_key, action.close_round.round_id) == ("", "5500100")


async def test_the_end_of_an_unknown_round_shows_the_main_balance(world: World) -> None:
    world.wallet.answers = [Result(outcome=Outcome.OUTCOME_OK)]
    assert (await world.told("endRound", END_ROUND))["cash"] == 100.0
    assert world.wallet.asked == ["balance demo.pl-7001"]


@pytest.mark.parametrize("call", ["bet", "result", "refund", "endRound"])
async def test_what_nobody_knows_is_asked_for_again(world: World, call: str) -> None:
    world.wallet.currency_answer = "EUR"
    world.wallet.answers = [Result(outcome=Outcome.OUTCOME_UNKNOWN)]
    reply = await world.told(call, SERVED[call])
    assert reply == {"error": 100, "description": "Not now, try again"}


@pytest.mark.parametrize("call", sorted(SERVED))
async def test_a_path_may_end_in_html(world: World, call: str) -> None:
    world.wallet.currency_answer = "EUR"
    assert (await world.told(f"{call}.html", SERVED[call]))["error"] == 0


@pytest.mark.parametrize("call", sorted(SERVED))
async def test_a_wrong_hash_reaches_nothing(world: World, call: str) -> None:
    body = auth.signed_form(SERVED[call], SECRET + "x")
    for request in (raw(call, body), raw(call, body.partition(b"&hash=")[0]), raw(call, b"")):
        assert json.loads((await world.send(request)).body)["error"] == 5
    assert world.security.events == ["signature_invalid", "signature_missing", "signature_missing"]
    assert (world.wallet.actions, world.wallet.asked) == ([], [])


async def test_another_provider_with_our_secret_is_not_believed(world: World) -> None:
    assert (await world.told("bet", {**BET, "providerId": "someoneelse"}))["error"] == 7
    assert world.security.events == ["caller_forbidden"]
    assert world.wallet.actions == []


BAD_VALUES = [
    ("amount", "-1.25"),
    ("amount", "1.255"),
    ("amount", "1e3"),
    ("amount", "NaN"),
    ("amount", "99999999999999999999"),
    ("amount", "92233720368547758.08"),
    ("reference", "x" * 129),
    ("reference", "a b"),
    ("reference", "a\x00"),
    ("reference", "é"),
    ("roundId", "r\n"),
    ("gameId", " "),
]


@pytest.mark.parametrize("call", ["bet", "result"])
@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
async def test_a_bad_value_is_refused_without_the_ledger(world: World, call: str, name: str, value: str) -> None:
    assert (await world.told(call, {**SERVED[call], name: value}))["error"] == 7
    assert (world.wallet.actions, world.wallet.asked) == ([], [])


@pytest.mark.parametrize(
    ("call", "name"),
    [(call, name) for call, fields in SERVED.items() for name in fields if name != "providerId"],
)
async def test_a_missing_field_is_refused_without_the_ledger(world: World, call: str, name: str) -> None:
    assert (await world.told(call, without(SERVED[call], name)))["error"] == 7
    assert (world.wallet.actions, world.wallet.asked) == ([], [])


async def test_an_unknown_field_is_refused_without_the_ledger(world: World) -> None:
    assert (await world.told("bet", {**BET, "double": "1"}))["error"] == 7
    assert world.wallet.actions == []


@pytest.mark.parametrize("more", [b"&amount=9.99", b"&note=%zz", b"&note=%ff", b"&note", b"&note=\xff"])
async def test_a_form_that_can_be_read_in_two_ways_is_refused(world: World, more: bytes) -> None:
    reply = await world.send(raw("bet", signed("bet", BET).body + more))
    assert json.loads(reply.body)["error"] == 7
    assert world.wallet.actions == []


def played(kind: str, key: str, *, rolled_back: bool = False, **more: Any) -> Transaction:
    return Transaction(
        kind=TransactionKind.Value(f"TRANSACTION_KIND_{kind}"),
        transaction_key=key,
        state=TransactionState.TRANSACTION_STATE_APPLIED,
        amount=Money(amount="1.25", currency_code="EUR"),
        rolled_back=rolled_back,
        **more,
    )


@pytest.mark.parametrize(
    ("round_", "kind", "key"),
    [
        ([played("BET", "b-1")], "BET", "b-1"),
        ([played("BET", "b-1"), played("BET", "b-2")], "BET", "b-2"),
        ([played("BET", "b-1"), played("BET", "b-2", rolled_back=True)], "BET", "b-1"),
        ([played("BET", "b-1"), played("WIN", "w-1"), played("WIN", "w-2"), played("BET", "b-2")], "WIN", "w-2"),
        ([played("BET", "b-1"), played("WIN", "w-1", rolled_back=True)], "BET", "b-1"),
        (
            [
                played("BET", "b-1"),
                played(
                    "ADJUST",
                    "ref-0007",
                    reference_key="b-1",
                    reference_kind=TransactionKind.TRANSACTION_KIND_BET,
                ),
                played("WIN", "w-1"),
            ],
            "BET",
            "b-1",
        ),
    ],
    ids=["bet", "last bet", "bet that stands", "last win", "win undone", "repeated"],
)
@pytest.mark.parametrize("amount", ["-3.10", "3.10"])
async def test_a_correction_is_of_what_stands_in_its_round(
    world: World, round_: list[Transaction], kind: str, key: str, amount: str
) -> None:
    world.wallet.played = round_
    assert (await world.told("adjustment", {**ADJUSTMENT, "amount": amount}))["error"] == 0
    ((_, action),) = world.wallet.actions
    adjust = action.adjust
    assert (adjust.ref_kind, adjust.ref_key) == (TransactionKind.Value(f"TRANSACTION_KIND_{kind}"), key)
    assert (action.transaction_key, adjust.amount.amount, adjust.amount.currency_code) == (
        "ref-0007",
        amount,
        "EUR",
    )


async def test_a_correction_of_nothing_that_stands_is_refused_for_good(world: World) -> None:
    for round_ in ([], [played("BET", "b-1", rolled_back=True)]):
        world.wallet.played = round_
        assert (await world.told("adjustment", ADJUSTMENT))["error"] == 120
    assert world.wallet.actions == []


async def test_a_correction_waits_for_a_ledger_that_does_not_answer(world: World) -> None:
    world.wallet.played = result(Outcome.OUTCOME_UNAVAILABLE)
    assert (await world.told("adjustment", ADJUSTMENT))["error"] == 100


@pytest.mark.parametrize("amount", ["--1", "-", "+1", "1.255", "-1e3", "", "- 1"])
async def test_a_correction_that_is_no_amount_reaches_no_ledger(world: World, amount: str) -> None:
    world.wallet.played = [played("BET", "b-1")]
    assert (await world.told("adjustment", {**ADJUSTMENT, "amount": amount}))["error"] == 7
    assert world.wallet.actions == []


async def test_the_end_of_the_providers_session_is_heard_and_moves_nothing(world: World) -> None:
    told = await world.told("sessionExpired", {"userId": RESULT["userId"], "providerId": RESULT["providerId"]})
    assert told == {"error": 0, "description": "Success"}
    assert (world.wallet.actions, world.wallet.asked) == ([], [])
    assert json.loads((await world.send(raw("sessionExpired", b"userId=1"))).body)["error"] == 5


async def test_other_paths_and_methods_are_told_apart(world: World) -> None:
    for path in ("/", "/bets", "/bet/x", "/bet.html.html", "//bet"):
        reply = await world.send(replace(signed("bet", BET), path=path))
        assert (reply.status, json.loads(reply.body)["error"]) == (404, 7)
    reply = await world.send(replace(signed("bet", BET), method="GET"))
    assert (reply.status, json.loads(reply.body)["error"]) == (405, 7)
    assert world.wallet.actions == []


@pytest.mark.parametrize(("told", "noted"), [("0.00375", "0.00375"), ("0", ""), ("-1", ""), ("1e2", ""), ("999", "")])
async def test_a_contribution_to_a_jackpot_is_noted_if_it_is_a_part_of_the_stake(
    world: World, told: str, noted: str
) -> None:
    await world.told("bet", {**BET, "jackpotContribution": told})
    bet = world.wallet.actions[-1][1].bet
    assert (bet.jackpot_contribution.amount, bool(bet.amount.amount)) == (noted, True)
    assert bet.jackpot_contribution.currency_code == ("EUR" if noted else "")


def test_every_problem_is_said_in_the_words_of_the_provider(world: World) -> None:
    for problem in Problem:
        reply = world.adapter.refuse(problem, raw("bet", b""))
        assert json.loads(reply.body)["error"] == int(reply.code)


@pytest.mark.parametrize("spelling", auth.Spelling)
async def test_both_spellings_of_the_hash_are_served(world: World, spelling: auth.Spelling) -> None:
    fields = {**BET, "roundDetails": '{"spin": "a b"}'}
    assert json.loads((await world.send(signed("bet", fields, spelling))).body)["error"] == 0
    assert len(world.wallet.actions) == 1


def recorded() -> list[Any]:
    content: list[Any] = json.loads((FOLDER / "fixtures" / "callbacks.json").read_text())
    return content


@pytest.mark.parametrize("pair", recorded(), ids=lambda pair: pair["name"])
async def test_a_recorded_pair_is_answered_byte_for_byte(world: World, pair: Any) -> None:
    world.wallet.currency_answer = "EUR"
    if "outcome" in pair:
        world.wallet.answers = [result(Outcome.Value(pair["outcome"]), transaction_id=pair.get("transaction", ""))]
    reply = await world.send(raw(pair["call"], pair["form"].encode("ascii")))
    assert reply.body.decode() == pair["reply"]
