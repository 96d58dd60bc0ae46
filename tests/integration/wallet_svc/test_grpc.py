"""The wallet as its callers see it: rights, tenants, malformed requests, and what can be read."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.clock import write_offset
from mesh.dev.postgres import Database
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2, transaction_pb2, wallet_service_pb2
from tests.integration.wallet_svc.served import (
    ADAPTER,
    LICENSEE,
    PROVIDER,
    Refusal,
    Served,
    bet,
    money,
    refusal,
    serving,
    win,
)

FORBIDDEN = Refusal(code="PERMISSION_DENIED", reason="CALLER_FORBIDDEN")
NOT_FOUND = Refusal(code="NOT_FOUND", reason="PLAYER_NOT_FOUND")
BET = transaction_pb2.TRANSACTION_KIND_BET


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[Served]:
    async with serving(database.service_url) as served:
        yield served


def name(outcome: Any) -> str:
    return Outcome.Name(outcome).removeprefix("OUTCOME_")


def execute(player: str, key: str, **kind: Any) -> ledger_service_pb2.ExecuteRequest:
    return ledger_service_pb2.ExecuteRequest(action=action_pb2.Action(player_id=player, transaction_key=key, **kind))


def look(key: str, **more: Any) -> ledger_service_pb2.GetTransactionRequest:
    given = {"player_id": "alice", "kind": BET, "source": PROVIDER, **more}
    return ledger_service_pb2.GetTransactionRequest(transaction_key=key, **given)


# -- rights

ACTIONS: dict[str, Any] = {
    "bet": bet("1.00"),
    "win": win("1.00"),
    "bet_and_win": action_pb2.BetAndWin(bet=bet("1.00"), win_key="w", win_amount=money("1.00")),
    "cancel": action_pb2.Cancel(bet_key="b"),
    "close_round": action_pb2.CloseRound(round_id="r"),
    "deposit": action_pb2.Deposit(amount=money("1.00")),
    "hold": action_pb2.Hold(amount=money("1.00")),
    "capture": action_pb2.Capture(hold_key="h"),
    "release": action_pb2.Release(hold_key="h"),
    "open_account": action_pb2.OpenAccount(currency_code="EUR"),
    "open_play": action_pb2.OpenPlay(session_id="x", provider=PROVIDER, currency_code="EUR"),
    "end_play": action_pb2.EndPlay(session_id="s", end=action_pb2.PLAY_END_CLOSED),
    "set_block": action_pb2.SetBlock(blocked=False),
    "set_limit": action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_STAKE, amount=money("9.00")),
    "confirm_limit": action_pb2.ConfirmLimit(limit_kind=action_pb2.LIMIT_KIND_STAKE),
    "cancel_pending_limit": action_pb2.CancelPendingLimit(limit_kind=action_pb2.LIMIT_KIND_STAKE),
    "exclude": action_pb2.Exclude(term="6mo"),
    "take_break": action_pb2.TakeBreak(term="24h"),
    "request_reinstatement": action_pb2.RequestReinstatement(),
}
ROUNDS = {"bet", "win", "bet_and_win", "cancel", "close_round"}
PROTECTION = {
    "open_play",
    "set_limit",
    "confirm_limit",
    "cancel_pending_limit",
    "exclude",
    "take_break",
    "request_reinstatement",
}
RIGHTS = {
    ADAPTER: ROUNDS,
    "compliance_svc": PROTECTION,
    "session_svc": {"end_play"},
    "platform": set(ACTIONS),
    "gateway": set(),
    "wallet_svc": set(),
    "mallory": set(),
}


async def test_a_caller_has_its_own_actions_and_no_others(wallet: Served) -> None:
    await wallet.player("alice")
    for workload, kind in itertools.product(RIGHTS, ACTIONS):
        ledger = wallet.caller(workload, scopes="wallet play admin").ledger
        one, other = (act(f"{prefix} {kind}", **{kind: ACTIONS[kind]}) for prefix in "kl")
        call = ledger.Execute(ledger_service_pb2.ExecuteRequest(action=one))
        if kind in RIGHTS[workload]:
            assert (await call).result.outcome, (workload, kind)
        else:
            assert await refusal(call) == FORBIDDEN, (workload, kind)
            assert await refusal(ledger.ExecuteBatch(batch(other))) == FORBIDDEN, (workload, kind)


async def test_only_the_platform_changes_the_registry(wallet: Served) -> None:
    tenant = registry_service_pb2.Licensee(licensee_id="mallory", default_jurisdiction="sandbox")
    put = registry_service_pb2.PutLicenseeRequest(licensee=tenant)
    for workload in (ADAPTER, "gateway", "session_svc", "compliance_svc", "mallory"):
        registry = wallet.caller(workload, scopes="wallet play admin").registry
        assert await refusal(registry.PutLicensee(put)) == FORBIDDEN, workload
        assert await refusal(registry.ListLicensees(registry_service_pb2.ListLicenseesRequest())) == FORBIDDEN, workload


async def test_the_feed_and_the_standing_of_players_are_for_our_own_services(wallet: Served) -> None:
    await wallet.player("alice")
    for ledger in (wallet.adapter.ledger, wallet.cashier.ledger):
        for call in (
            ledger.ListHeads(ledger_service_pb2.ListHeadsRequest()),
            ledger.GetPlayer(ledger_service_pb2.GetPlayerRequest(player_id="alice")),
            ledger.EvaluateAction(ledger_service_pb2.EvaluateActionRequest(action=act("k", bet=bet("1.00")))),
            first_page(ledger.ReadFeed(ledger_service_pb2.ReadFeedRequest())),
        ):
            assert await refusal(call) == FORBIDDEN


async def first_page(stream: Any) -> Any:
    async for page in stream:
        return page
    return None


async def test_a_licensee_needs_the_scope_of_its_wallet(wallet: Served) -> None:
    await wallet.player("alice")
    request = wallet_service_pb2.WalletServiceGetBalanceRequest(player_id="alice")
    assert (await refusal(wallet.caller("gateway", scopes="play").wallet.GetBalance(request))).reason == "SCOPE_MISSING"
    assert (await wallet.cashier.wallet.GetBalance(request)).balances.available.amount == "100.00"
    for workload in (ADAPTER, "session_svc", "compliance_svc"):
        assert await refusal(wallet.caller(workload).wallet.GetBalance(request)) == FORBIDDEN


async def test_nobody_but_the_platform_speaks_under_another_name(wallet: Served) -> None:
    await wallet.player("alice")
    liar = wallet.caller("provider_adapters/zenith", source=PROVIDER)
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    other = await refusal(liar.ledger.Execute(execute("alice", "b1", bet=bet("10.00"))))
    assert other == Refusal(code="NOT_FOUND", reason="PROVIDER_NOT_FOUND")
    again = await wallet.caller("platform", source=PROVIDER).do("alice", "b1", bet=bet("10.00"))
    assert again.replayed


# -- tenants


async def test_another_licensees_player_is_not_found(wallet: Served) -> None:
    await wallet.register("zephyr")
    await wallet.player("alice")
    placed = await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    ledger, cashier = wallet.caller("platform", "zephyr").ledger, wallet.caller("gateway", "zephyr").wallet
    for call in (
        ledger.GetBalance(ledger_service_pb2.GetBalanceRequest(player_id="alice")),
        ledger.GetPlayer(ledger_service_pb2.GetPlayerRequest(player_id="alice")),
        ledger.GetRound(ledger_service_pb2.GetRoundRequest(player_id="alice", provider=PROVIDER, round_id="r1")),
        ledger.GetTransaction(look("b1")),
        cashier.GetBalance(wallet_service_pb2.WalletServiceGetBalanceRequest(player_id="alice")),
        cashier.ListTransactions(wallet_service_pb2.ListTransactionsRequest(player_id="alice")),
        cashier.LookUpTransaction(
            wallet_service_pb2.LookUpTransactionRequest(
                player_id="alice", kind=BET, transaction_key="b1", source=PROVIDER
            )
        ),
    ):
        assert await refusal(call) == NOT_FOUND
    by_id = ledger_service_pb2.GetTransactionRequest(transaction_id=placed.transaction_id)
    assert (await refusal(ledger.GetTransaction(by_id))).reason == "TRANSACTION_NOT_FOUND"
    theirs = await wallet.caller(ADAPTER, "zephyr").do("alice", "b1", bet=bet("10.00"))
    assert (name(theirs.outcome), theirs.transaction_id) == ("PLAYER_NOT_FOUND", "")


async def test_players_of_one_name_have_each_their_own_money(wallet: Served) -> None:
    await wallet.register("zephyr")
    await wallet.player("alice", cash="10.00")
    await wallet.player("alice", cash="20.00", licensee="zephyr")
    await wallet.adapter.do("alice", "b1", bet=bet("1.00"))
    ask = ledger_service_pb2.GetBalanceRequest(player_id="alice")
    amounts = [
        (await wallet.caller("platform", licensee).ledger.GetBalance(ask)).balances.available.amount
        for licensee in (LICENSEE, "zephyr")
    ]
    assert amounts == ["9.00", "20.00"]


async def test_an_unregistered_licensee_is_not_found(wallet: Served) -> None:
    call = wallet.caller(ADAPTER, "nobody").ledger.Execute(execute("alice", "b1", bet=bet("1.00")))
    assert await refusal(call) == Refusal(code="NOT_FOUND", reason="LICENSEE_NOT_FOUND")


# -- malformed requests

NUL = "a\x00b"


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    (NUL, {"bet": bet("1.00")}),
    ("k", {"bet": bet("1.00", NUL)}),
    ("k", {"bet": bet("1.00", game_id=NUL)}),
    ("k", {"bet": bet("1.00", session_id=NUL)}),
    ("k", {"win": win("1.00", NUL)}),
    ("k", {"win": win("1.00", bet_key=NUL)}),
    ("k", {"win": win("1.00", game_id=NUL)}),
    ("k", {"win": win("1.00", session_id=NUL)}),
    ("k", {"bet_and_win": action_pb2.BetAndWin(bet=bet("1.00"), win_key=NUL, win_amount=money("1.00"))}),
    ("k", {"cancel": action_pb2.Cancel(bet_key=NUL)}),
    ("k", {"cancel": action_pb2.Cancel(bet_key="b", session_id=NUL)}),
    ("", {"close_round": action_pb2.CloseRound(round_id=NUL)}),
    ("k", {"capture": action_pb2.Capture(hold_key=NUL)}),
    ("k", {"release": action_pb2.Release(hold_key=NUL)}),
    ("k", {"open_play": action_pb2.OpenPlay(session_id=NUL, provider=PROVIDER, currency_code="EUR")}),
    ("k", {"open_play": action_pb2.OpenPlay(session_id="x", provider=PROVIDER, currency_code="EUR", game_id=NUL)}),
    ("k", {"end_play": action_pb2.EndPlay(session_id=NUL, end=action_pb2.PLAY_END_CLOSED)}),
    (NUL, {"deposit": action_pb2.Deposit(amount=money("1.00"))}),
    ("", {"bet": bet("1.00")}),
    ("k" * 129, {"bet": bet("1.00")}),
    ("k", {"bet": bet("1.00", "r" * 129)}),
    ("k", {}),
    ("k", {"bet": bet("1,00")}),
    ("k", {"bet": bet("1e3")}),
    ("k", {"bet": bet(" 1")}),
    ("k", {"bet": bet("٣")}),
    ("k", {"bet": bet("")}),
    ("k", {"win": action_pb2.Win(round_id="r", amount=money("1.00", "eur"))}),
    ("k", {"set_limit": action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_LOSS, window="1w", amount=money("1"))}),
    ("k", {"exclude": action_pb2.Exclude(term="for ever")}),
    ("k", {"hold": action_pb2.Hold(amount=money("1.00"), expires_in=Duration(seconds=0))}),
    ("k", {"hold": action_pb2.Hold(amount=money("1.00"), expires_in=Duration(seconds=-5))}),
    ("k", {"open_play": action_pb2.OpenPlay(session_id="x", provider=PROVIDER, currency_code="EUR", expire_time=Timestamp(seconds=2**60))}),
    ("k", {"open_play": action_pb2.OpenPlay(session_id="x", provider=PROVIDER, currency_code="EUR", expire_time=Timestamp(seconds=-1))}),
    ("k", {"open_play": action_pb2.OpenPlay(session_id="x", provider=PROVIDER, currency_code="EUR", expire_time=Timestamp(nanos=-1))}),
]  # fmt: skip


async def test_a_malformed_action_is_told_so(wallet: Served) -> None:
    await wallet.player("alice")
    for key, kind in MALFORMED:
        told = await refusal(wallet.platform.ledger.Execute(execute("alice", key, **kind)))
        assert (told.code, told.reason, len(told.fields) > 0) == ("INVALID_ARGUMENT", "REQUEST_INVALID", True), kind


async def test_a_question_with_a_character_that_no_id_has_is_told_so(wallet: Served) -> None:
    await wallet.player("alice")
    ledger, cashier = wallet.platform.ledger, wallet.cashier.wallet
    for call in (
        ledger.GetTransaction(look(NUL)),
        ledger.GetTransaction(look("")),
        ledger.GetTransaction(ledger_service_pb2.GetTransactionRequest(transaction_id="7")),
        ledger.GetRound(ledger_service_pb2.GetRoundRequest(player_id="alice", provider=PROVIDER, round_id=NUL)),
        cashier.Deposit(
            wallet_service_pb2.DepositRequest(player_id="alice", transaction_key=NUL, amount=money("1.00"))
        ),
        cashier.CaptureWithdrawal(
            wallet_service_pb2.CaptureWithdrawalRequest(player_id="alice", transaction_key="k", withdrawal_key=NUL)
        ),
        cashier.ReleaseWithdrawal(
            wallet_service_pb2.ReleaseWithdrawalRequest(player_id="alice", transaction_key="k", withdrawal_key=NUL)
        ),
        cashier.LookUpTransaction(
            wallet_service_pb2.LookUpTransactionRequest(player_id="alice", kind=BET, transaction_key=NUL)
        ),
        cashier.ListTransactions(wallet_service_pb2.ListTransactionsRequest(player_id="alice", page_token="?")),
    ):
        told = await refusal(call)
        assert told.code == "INVALID_ARGUMENT", told


AMOUNTS = {
    "-0.01": "AMOUNT_INVALID",
    "0.0000001": "AMOUNT_INVALID",
    "9223372036854.775808": "AMOUNT_INVALID",
    "99999999999999999999": "AMOUNT_INVALID",
    "9223372036854.775807": "INSUFFICIENT_FUNDS",
    "-0": "OK",
    "00001.500000000000000000": "OK",
}


async def test_an_amount_is_exact_or_refused(wallet: Served) -> None:
    await wallet.player("alice")
    for amount, expected in AMOUNTS.items():
        assert name((await wallet.adapter.do("alice", amount, bet=bet(amount))).outcome) == expected, amount


MALFORMED_REGISTRATIONS: list[Any] = [
    registry_service_pb2.PutGamesRequest(
        provider=PROVIDER,
        games=[registry_service_pb2.Game(game_id="g", category=registry_service_pb2.GAME_CATEGORY_SLOT)] * 2,
    ),
    registry_service_pb2.PutGamesRequest(
        provider=PROVIDER,
        games=[registry_service_pb2.Game(game_id=NUL, category=registry_service_pb2.GAME_CATEGORY_SLOT)],
    ),
    registry_service_pb2.PutProviderRequest(
        licensee_id=LICENSEE, provider=PROVIDER, late_win_window=Duration(seconds=-1)
    ),
    registry_service_pb2.PutProviderRequest(licensee_id=LICENSEE, provider=PROVIDER, bet_window=Duration(seconds=-1)),
    registry_service_pb2.PutProviderRequest(
        licensee_id=LICENSEE, provider=PROVIDER, auto_close_after=Duration(seconds=-1)
    ),
    registry_service_pb2.PutAssetRequest(licensee_id=LICENSEE, currency_code="EUR", exponent=19),
    registry_service_pb2.PutAssetRequest(licensee_id=LICENSEE, currency_code="EUR", exponent=2, cap="0.001"),
    registry_service_pb2.PutAssetRequest(licensee_id=LICENSEE, currency_code="EUR", exponent=2, cap="-1"),
    registry_service_pb2.PutLicenseeRequest(
        licensee=registry_service_pb2.Licensee(
            licensee_id=LICENSEE,
            default_jurisdiction="sandbox",
            adjustment_thresholds=[Money(currency_code="EUR", amount="1")] * 2,
        )
    ),
]


def kill(**said: Any) -> registry_service_pb2.PutSuspensionRequest:
    """The switch of a build."""
    scope = registry_service_pb2.SUSPENSION_SCOPE_GAME_BUILD
    given = {"scope": scope, "provider": PROVIDER, "name": "slot", "build": "1.0", "suspended": True, **said}
    return registry_service_pb2.PutSuspensionRequest(**given)


async def test_a_build_of_a_game_is_switched_off_and_its_wins_pass(wallet: Served) -> None:
    async def runs(build: str) -> None:
        papers = registry_service_pb2.GamePapers(build=build, certified_builds=["1.0", "1.1"])
        category = registry_service_pb2.GAME_CATEGORY_SLOT
        game = registry_service_pb2.Game(game_id="slot", category=category, enabled=True, papers=papers)
        request = registry_service_pb2.PutGamesRequest(licensee_id=LICENSEE, provider=PROVIDER, games=[game])
        await registry.PutGames(request)

    async def staked(key: str, game: str = "slot") -> str:
        return name((await wallet.adapter.do("alice", key, bet=bet("1.00", f"r-{key}", game_id=game))).outcome)

    registry = wallet.platform.registry
    await wallet.player("alice")
    await runs("1.0")
    assert await staked("b1") == "OK"
    await registry.PutSuspension(kill())
    assert await staked("b2") == "COMPLIANCE_DENIED"
    assert await staked("g1", "g1") == "OK"
    won = await wallet.adapter.do("alice", "w1", win=win("2.00", "r-b1", bet_key="b1"))
    assert name(won.outcome) == "OK"
    await runs("1.1")
    assert await staked("b3") == "OK"
    await runs("1.0")
    assert await staked("b4") == "COMPLIANCE_DENIED"
    (told,) = (await registry.ListSuspensions(registry_service_pb2.ListSuspensionsRequest())).suspensions
    assert (told.provider, told.name, told.build, told.suspended) == (PROVIDER, "slot", "1.0", True)
    await registry.PutSuspension(kill(suspended=False))
    assert await staked("b5") == "OK"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"build": ""}, "build"),
        ({"name": ""}, "name"),
        ({"provider": ""}, "provider"),
        ({"scope": registry_service_pb2.SUSPENSION_SCOPE_GAME}, "build"),
    ],
)
async def test_the_switch_of_a_build_names_game_and_build(wallet: Served, said: dict[str, Any], field: str) -> None:
    told = await refusal(wallet.platform.registry.PutSuspension(kill(**said)))
    assert (told.code, told.fields) == ("INVALID_ARGUMENT", (field,))


async def test_a_malformed_registration_is_told_so(wallet: Served) -> None:
    for request in MALFORMED_REGISTRATIONS:
        method = type(request).__name__.removesuffix("Request")
        told = await refusal(getattr(wallet.platform.registry, method)(request))
        assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID"), request


async def test_registrations_are_refused_for_a_reason(wallet: Served) -> None:
    await wallet.player("alice")
    registry = wallet.platform.registry
    tenant = registry_service_pb2.Licensee(licensee_id="zephyr", default_jurisdiction="nowhere")
    unknown = await refusal(registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant)))
    asset = registry_service_pb2.PutAssetRequest(licensee_id=LICENSEE, currency_code="EUR", exponent=2)
    used = await refusal(registry.PutAsset(asset))
    assert (unknown.reason, used.reason) == ("PACK_UNKNOWN", "ASSET_IN_USE")
    listed = await registry.ListLicensees(registry_service_pb2.ListLicenseesRequest())
    assert [one.licensee_id for one in listed.licensees] == [LICENSEE]


# -- batches and streams


def batch(*actions: action_pb2.Action, atomic: bool = False) -> ledger_service_pb2.ExecuteBatchRequest:
    return ledger_service_pb2.ExecuteBatchRequest(actions=actions, atomic=atomic)


def act(key: str, player: str = "alice", **kind: Any) -> action_pb2.Action:
    return action_pb2.Action(player_id=player, transaction_key=key, **kind)


async def test_a_batch_answers_each_action_in_order(wallet: Served) -> None:
    await wallet.player("alice", cash="10.00")
    await wallet.player("bob")
    answer = await wallet.adapter.ledger.ExecuteBatch(
        batch(
            act("b1", bet=bet("10.00")),
            act("b2", bet=bet("1.00", "r2")),
            act("b1", "bob", bet=bet("1.00")),
            act("w1", win=win("5.00", close=True)),
            act("", close_round=action_pb2.CloseRound(round_id="r1")),
        )
    )
    assert [name(one.outcome) for one in answer.results] == ["OK", "INSUFFICIENT_FUNDS", "OK", "OK", "OK"]
    assert [one.replayed for one in answer.results] == [False, False, False, False, True]


async def test_an_atomic_batch_is_done_or_not_done(wallet: Served) -> None:
    await wallet.player("alice", cash="10.00")
    both = action_pb2.BetAndWin(bet=bet("1.00", "r2"), win_key="w2", win_amount=money("2.00"))
    items = [act("b1", bet=bet("5.00")), act("b2", bet_and_win=both), act("c9", cancel=action_pb2.Cancel(bet_key="b9"))]
    done = await wallet.adapter.ledger.ExecuteBatch(batch(*items, atomic=True))
    assert (name(done.outcome), done.replayed) == ("OK", False)
    assert [name(one.outcome) for one in done.results] == ["OK", "OK", "TOMBSTONED"]
    assert [len(one.parts) for one in done.results] == [0, 2, 0]
    again = await wallet.adapter.ledger.ExecuteBatch(batch(*items, atomic=True))
    assert (name(again.outcome), again.replayed) == ("OK", True)
    refused = await wallet.adapter.ledger.ExecuteBatch(
        batch(act("b3", bet=bet("1.00", "r3")), act("b4", bet=bet("50.00", "r4")), atomic=True)
    )
    assert (name(refused.outcome), [name(one.outcome) for one in refused.results]) == (
        "INSUFFICIENT_FUNDS",
        ["NOT_APPLIED", "INSUFFICIENT_FUNDS"],
    )


async def test_an_atomic_batch_is_of_one_player_and_closes_no_round_by_itself(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.player("bob")
    close = act("", close_round=action_pb2.CloseRound(round_id="r1"))
    for items in ([act("b1", bet=bet("1.00")), act("b2", "bob", bet=bet("1.00"))], [act("b1", bet=bet("1.00")), close]):
        told = await refusal(wallet.adapter.ledger.ExecuteBatch(batch(*items, atomic=True)))
        assert (told.code, told.fields) == ("INVALID_ARGUMENT", ("actions",))


async def test_a_stream_answers_batch_after_batch(wallet: Served) -> None:
    await wallet.player("alice")

    async def requests() -> AsyncIterator[ledger_service_pb2.ExecuteStreamRequest]:
        for number in range(5):
            yield ledger_service_pb2.ExecuteStreamRequest(batch=batch(act(f"b{number}", bet=bet("1.00"))))

    stream = wallet.adapter.ledger.ExecuteStream(requests())
    balances = [one.batch.results[0].balance_at_commit.amount async for one in stream]
    assert balances == ["99.00", "98.00", "97.00", "96.00", "95.00"]


# -- reading


async def test_a_transaction_is_found_by_its_key_in_every_state(wallet: Served) -> None:
    await wallet.player("alice")
    adapter = wallet.adapter
    await adapter.do("alice", "b1", bet=bet("10.00", jackpot_contribution=money("0.50")))
    await adapter.do("alice", "b2", bet=bet("500.00"))
    await adapter.do("alice", "c1", cancel=action_pb2.Cancel(bet_key="b1"))
    await adapter.do("alice", "c9", cancel=action_pb2.Cancel(bet_key="b9"))
    await adapter.do("alice", "c8", cancel=action_pb2.Cancel(bet_key="b8"))
    await adapter.do("alice", "b8", bet=bet("1.00"))
    found = {
        key: (await adapter.ledger.GetTransaction(look(key))).transaction for key in ("b1", "b2", "b8", "b9", "b7")
    }
    states = {key: transaction_pb2.TransactionState.Name(one.state)[18:] for key, one in found.items()}
    assert states == {"b1": "APPLIED", "b2": "REFUSED", "b8": "TOMBSTONED", "b9": "TOMBSTONED", "b7": "UNKNOWN"}
    assert {key: one.rolled_back for key, one in found.items() if one.rolled_back} == {"b1": True}
    assert (found["b1"].amount.amount, found["b1"].jackpot_part.amount) == ("10.00", "0.50")
    assert {one.kind for one in found.values()} == {BET}
    by_id = ledger_service_pb2.GetTransactionRequest(transaction_id=found["b1"].transaction_id)
    assert (await adapter.ledger.GetTransaction(by_id)).transaction == found["b1"]


async def test_a_transaction_id_that_nobody_has_is_not_found(wallet: Served) -> None:
    for id_ in ("0-999999", "3-1", "99999-1", "0-9999999999999999999", "0-0"):
        call = wallet.platform.ledger.GetTransaction(ledger_service_pb2.GetTransactionRequest(transaction_id=id_))
        assert await refusal(call) == Refusal(code="NOT_FOUND", reason="TRANSACTION_NOT_FOUND"), id_


async def test_a_round_shows_everything_that_was_sent_for_it(wallet: Served) -> None:
    await wallet.player("alice")
    adapter = wallet.adapter
    ask = ledger_service_pb2.GetRoundRequest(player_id="alice", round_id="r1")
    assert (await adapter.ledger.GetRound(ask)).state == action_pb2.ROUND_STATE_UNSPECIFIED
    await adapter.do("alice", "b1", bet=bet("1.00"))
    await adapter.do("alice", "b2", bet=bet("500.00"))
    opened = await adapter.ledger.GetRound(ask)
    await adapter.do("alice", "w1", win=win("2.00", close=True))
    closed = await adapter.ledger.GetRound(ask)
    assert (opened.state, closed.state) == (action_pb2.ROUND_STATE_OPEN, action_pb2.ROUND_STATE_CLOSED)
    assert (opened.HasField("close_time"), closed.HasField("close_time")) == (False, True)
    assert [one.transaction_key for one in closed.transactions] == ["b1", "b2", "w1"]


async def test_history_comes_in_pages_the_newest_first(wallet: Served) -> None:
    await wallet.player("alice", cash="0")
    await wallet.player("bob")
    cashier = wallet.cashier.wallet
    for number in range(5):
        deposit = wallet_service_pb2.DepositRequest(
            player_id="alice", transaction_key=f"d{number}", amount=money("1.00")
        )
        await cashier.Deposit(deposit)
    await wallet.adapter.do("alice", "c9", cancel=action_pb2.Cancel(bet_key="b9"))
    seen, token = [], ""
    while True:
        request = wallet_service_pb2.ListTransactionsRequest(player_id="alice", page_size=3, page_token=token)
        page = await cashier.ListTransactions(request)
        seen += [one.transaction_key for one in page.transactions]
        token = page.next_page_token
        if not token:
            break
        stolen = wallet_service_pb2.ListTransactionsRequest(player_id="bob", page_token=token)
        assert (await refusal(cashier.ListTransactions(stolen))).reason == "PAGE_TOKEN_INVALID"
    assert seen == ["c9", "d4", "d3", "d2", "d1", "d0", "play", "open"]


async def test_a_withdrawal_goes_through_the_licensees_door(wallet: Served) -> None:
    await wallet.player("alice")
    cashier = wallet.cashier.wallet
    asked = wallet_service_pb2.RequestWithdrawalRequest(player_id="alice", transaction_key="h1", amount=money("30.00"))
    held = (await cashier.RequestWithdrawal(asked)).result
    part = wallet_service_pb2.CaptureWithdrawalRequest(
        player_id="alice", transaction_key="k1", withdrawal_key="h1", amount=money("10.00")
    )
    captured = (await cashier.CaptureWithdrawal(part)).result
    rest = wallet_service_pb2.ReleaseWithdrawalRequest(player_id="alice", transaction_key="l1", withdrawal_key="h1")
    released = (await cashier.ReleaseWithdrawal(rest)).result
    states = [action_pb2.HoldState.Name(one.hold_state)[11:] for one in (held, captured, released)]
    assert states == ["ACTIVE", "ACTIVE", "RELEASED"]
    assert [one.balance_now.available.amount for one in (held, captured, released)] == ["70.00", "70.00", "90.00"]


async def test_time_and_money_of_a_session_are_told(database: Database, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write_offset(clock, 0)
    async with serving(database.service_url, clock_file=clock) as wallet:
        player = await wallet.player()
        await wallet.adapter.do(player, "b0", bet=bet("7.00", "before"))
        write_offset(clock, 60_000_000)
        play = action_pb2.OpenPlay(session_id="s2", provider=PROVIDER, currency_code="EUR", replaces_older=True)
        await wallet.platform.do(player, "s2", open_play=play)
        steps: dict[str, dict[str, Any]] = {
            "b1": {"bet": bet("10.00", "r1", session_id="s2")},
            "w1": {"win": win("25.00", "r1")},
            "b2": {"bet": bet("3.00", "r2", session_id="s2")},
            "c2": {"cancel": action_pb2.Cancel(bet_key="b2")},
            "w0": {"win": win("1.00", "before")},
        }
        for key, kind in steps.items():
            assert name((await wallet.adapter.do(player, key, **kind)).outcome) == "OK", key
        write_offset(clock, 3_660_000_000)
        ask = wallet_service_pb2.GetSessionPlayRequest(player_id=player, session_id="s2")
        told = await wallet.cashier.wallet.GetSessionPlay(ask)
        # The round that began before the session is none of its own, and neither is what was undone.
        assert (told.staked.amount, told.won.amount, told.staked.currency_code) == ("10.00", "25.00", "EUR")
        assert 3_600 <= told.elapsed.seconds < 3_660
        unknown = wallet_service_pb2.GetSessionPlayRequest(player_id=player, session_id="none")
        assert (await refusal(wallet.cashier.wallet.GetSessionPlay(unknown))).code == "INVALID_ARGUMENT"


async def test_a_block_by_the_licensee_holds_at_once(wallet: Served) -> None:
    await wallet.player("alice")
    block = wallet_service_pb2.BlockPlayerRequest(player_id="alice", transaction_key="k1", blocked=True)
    await wallet.cashier.wallet.BlockPlayer(block)
    assert name((await wallet.adapter.do("alice", "b1", bet=bet("1.00"))).outcome) == "PLAYER_BLOCKED"
    standing = await wallet.platform.ledger.GetPlayer(ledger_service_pb2.GetPlayerRequest(player_id="alice"))
    assert (standing.blocked, standing.jurisdiction, list(standing.currency_codes)) == (True, "sandbox", ["EUR"])
    assert [one.session_id for one in standing.sessions] == ["s"]


async def test_a_balance_is_in_a_currency_of_the_player(wallet: Served) -> None:
    await wallet.player("alice")
    for currency in ("USD", "XTS"):
        ask = ledger_service_pb2.GetBalanceRequest(player_id="alice", currency_code=currency)
        assert (await refusal(wallet.platform.ledger.GetBalance(ask))).reason == "CURRENCY_UNKNOWN"


async def test_an_evaluation_shows_the_answer_and_stores_nothing(wallet: Served) -> None:
    await wallet.player("alice")
    ledger = wallet.caller("compliance_svc").ledger
    heads = await ledger.ListHeads(ledger_service_pb2.ListHeadsRequest())
    both = action_pb2.BetAndWin(bet=bet("1.00"), win_key="w1", win_amount=money("9.00"))
    for kind in ({"bet": bet("10.00")}, {"bet": bet("500.00")}, {"bet_and_win": both}):
        request = ledger_service_pb2.EvaluateActionRequest(action=act("k", **kind))
        result = (await ledger.EvaluateAction(request)).result
        assert (result.transaction_id, result.balance_now.available.amount) == ("", "100.00")
        assert [part.transaction_id for part in result.parts] == [""] * len(result.parts)
    assert await ledger.ListHeads(ledger_service_pb2.ListHeadsRequest()) == heads


async def test_an_evaluation_of_what_was_done_has_a_verdict_or_none(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    request = ledger_service_pb2.EvaluateActionRequest(action=act("b1", bet=bet("10.00")))
    result = (await wallet.caller("platform", source=PROVIDER).ledger.EvaluateAction(request)).result
    assert result.replayed
    assert not result.HasField("decision") or result.decision.verdict


async def test_questions_that_are_given_up_leave_the_reader_whole(wallet: Served) -> None:
    await wallet.player("alice")
    ask = ledger_service_pb2.GetBalanceRequest(player_id="alice")
    calls = [wallet.platform.ledger.GetBalance(ask, timeout=0.002 * number) for number in range(1, 20)]
    await asyncio.gather(*calls, return_exceptions=True)
    balance = await wallet.platform.ledger.GetBalance(ask)
    assert balance.balances.available.amount == "100.00"
