"""What happened to money, as the licensee reads it over gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.dev.postgres import Database
from mesh.name_digests import name_digest
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import (
    action_pb2,
    history_service_pb2,
    ledger_service_pb2,
    transaction_pb2,
    wallet_service_pb2,
)
from tests.integration.wallet_svc.served import PROVIDER, Refusal, Served, bet, money, refusal, serving, win

BET = transaction_pb2.TRANSACTION_KIND_BET


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[Served]:
    async with serving(database.service_url) as served:
        yield served


def name(outcome: Any) -> str:
    return Outcome.Name(outcome).removeprefix("OUTCOME_")


def ask(player: str = "alice", **more: Any) -> history_service_pb2.ListStatementLinesRequest:
    return history_service_pb2.ListStatementLinesRequest(player_id=player, **more)


def told(page: history_service_pb2.ListStatementLinesResponse) -> list[tuple[str, str]]:
    names = transaction_pb2.TransactionKind
    return [
        (names.Name(line.kind).removeprefix("TRANSACTION_KIND_").lower(), line.cash_change.amount)
        for line in page.lines
    ]


async def pay_out(wallet: Served) -> None:
    """A hold that is captured in part and released."""
    cashier = wallet.caller("platform", source="cashier")
    await cashier.do("alice", "h1", hold=action_pb2.Hold(amount=money("30.00")))
    await cashier.do("alice", "k1", capture=action_pb2.Capture(hold_key="h1", amount=money("10.00")))
    await cashier.do("alice", "k2", release=action_pb2.Release(hold_key="h1"))


# -- statement lines


async def test_a_statement_shows_every_posting_in_order_and_adds_up(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b9", bet=bet("900.00"))
    await wallet.adapter.do("alice", "w1", win=win("4.00", bet_key="b1"))
    await pay_out(wallet)
    page = await wallet.cashier.history.ListStatementLines(ask())
    expected = ["deposit", "bet", "win", "hold", "capture", "release"], ["100.00", "-10.00", "4.00", "-30.00"]
    assert ([kind for kind, _ in told(page)], [change for _, change in told(page)][:4]) == expected
    assert told(page)[4:] == [("capture", "0.00"), ("release", "20.00")]
    assert (page.opening.amount, page.closing.amount, page.more) == ("0.00", "84.00", False)
    assert [line.held_change.amount for line in page.lines[3:]] == ["30.00", "-10.00", "-20.00"]
    stake = page.lines[1]
    assert (stake.transaction_key, stake.source, stake.round_id, stake.game_id) == ("b1", "acme", "r1", "g1")
    assert stake.balance.amount == "90.00"
    assert stake.record_time.seconds


async def test_a_statement_resumes_after_any_line_without_gap_or_repeat(wallet: Served) -> None:
    await wallet.player("alice")
    for number in range(5):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("2.00", "r1"))
    whole = await wallet.cashier.history.ListStatementLines(ask())
    for line, following in zip(whole.lines, [*whole.lines[1:], None], strict=True):
        page = await wallet.cashier.history.ListStatementLines(ask(after_cursor=line.cursor, page_size=1))
        assert page.opening == line.balance
        assert list(page.lines) == ([] if following is None else [following])
    assert page.closing == page.opening == whole.closing
    await wallet.adapter.do("alice", "w1", win=win("9.00", "r1"))
    page = await wallet.cashier.history.ListStatementLines(ask(after_cursor=page.next_cursor))
    assert (page.opening.amount, told(page), page.closing.amount) == ("90.00", [("win", "9.00")], "99.00")


async def test_pages_of_a_long_statement_are_the_statement(wallet: Served) -> None:
    await wallet.player("alice")
    for number in range(23):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("1.00", f"r{number % 3}"))
    whole = await wallet.cashier.history.ListStatementLines(ask(page_size=1000))
    assert len(whole.lines) == 24
    read, cursor, more = [], "", True
    while more:
        page = await wallet.cashier.history.ListStatementLines(ask(after_cursor=cursor, page_size=4))
        cursor, more = page.next_cursor, page.more
        read += page.lines
    assert read == list(whole.lines)


async def test_each_currency_has_a_statement_of_its_own(wallet: Served) -> None:
    await wallet.player("alice")
    cashier = wallet.caller("platform", source="cashier")
    await cashier.do("alice", "usd", open_account=action_pb2.OpenAccount(currency_code="USD"))
    await cashier.do("alice", "d2", deposit=action_pb2.Deposit(amount=money("5.00", "USD")))
    page = await wallet.cashier.history.ListStatementLines(ask(currency_code="USD"))
    assert (told(page), page.opening.amount, page.closing.amount) == ([("deposit", "5.00")], "0.00", "5.00")
    assert page.closing.currency_code == "USD"
    assert told(await wallet.cashier.history.ListStatementLines(ask())) == [("deposit", "100.00")]


async def test_a_player_without_money_has_an_empty_statement(wallet: Served) -> None:
    await wallet.player("alice", cash="0")
    page = await wallet.cashier.history.ListStatementLines(ask())
    assert (list(page.lines), page.opening.amount, page.closing.amount, page.next_cursor) == ([], "0.00", "0.00", "")


async def test_a_statement_of_nobody_or_in_no_currency_is_refused(wallet: Served) -> None:
    await wallet.player("alice")
    cursor = (await wallet.cashier.history.ListStatementLines(ask())).next_cursor
    await wallet.player("bob")
    for request, code, reason in (
        (ask("nobody"), "NOT_FOUND", "PLAYER_NOT_FOUND"),
        (ask(currency_code="JPY"), "INVALID_ARGUMENT", "CURRENCY_UNKNOWN"),
        (ask(after_cursor="?"), "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
        (ask("bob", after_cursor=cursor), "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ):
        failed = await refusal(wallet.cashier.history.ListStatementLines(request))
        assert (failed.code, failed.reason) == (code, reason)


async def test_another_licensee_or_an_adapter_reads_no_statement(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.register("castor")
    stranger = wallet.caller("gateway", "castor")
    assert (await refusal(stranger.history.ListStatementLines(ask()))).reason == "PLAYER_NOT_FOUND"
    forbidden = Refusal(code="PERMISSION_DENIED", reason="CALLER_FORBIDDEN")
    assert await refusal(wallet.adapter.history.ListStatementLines(ask())) == forbidden
    unscoped = wallet.caller("gateway", scopes="play")
    assert (await refusal(unscoped.history.ListStatementLines(ask()))).reason == "SCOPE_MISSING"


# -- lists of transactions


def listing(**more: Any) -> wallet_service_pb2.ListTransactionsRequest:
    return wallet_service_pb2.ListTransactionsRequest(**{"player_id": "alice", **more})


async def keys(wallet: Served, **more: Any) -> list[str]:
    """The keys of a whole list, page by page."""
    found, token = [], ""
    while True:
        page = await wallet.cashier.wallet.ListTransactions(listing(page_token=token, **more))
        found += [one.transaction_key for one in page.transactions]
        token = page.next_page_token
        if not token:
            return found


async def play(wallet: Served) -> None:
    """An accepted bet with its win, a refused bet, a cancel of nothing, and the bet that it cancelled."""
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b2", bet=bet("900.00", "r2"))
    await wallet.adapter.do("alice", "c3", cancel=action_pb2.Cancel(bet_key="b3"))
    await wallet.adapter.do("alice", "b3", bet=bet("1.00", "r3"))
    await wallet.adapter.do("alice", "w1", win=win("4.00", bet_key="b1"))


async def test_a_list_can_be_filtered_by_anything_and_read_from_either_end(wallet: Served) -> None:
    await play(wallet)
    kinds, states = transaction_pb2.TransactionKind, transaction_pb2.TransactionState
    everything = ["open", "opening", "play", "b1", "b2", "c3", "b3", "w1"]
    oldest = wallet_service_pb2.LIST_ORDER_OLDEST_FIRST
    assert await keys(wallet, order=oldest) == everything
    assert await keys(wallet) == everything[::-1]
    for filters, expected in (
        ({"kinds": [kinds.TRANSACTION_KIND_BET]}, ["b1", "b2", "b3"]),
        ({"kinds": [kinds.TRANSACTION_KIND_WIN, kinds.TRANSACTION_KIND_CANCEL]}, ["c3", "w1"]),
        ({"source": "cashier"}, ["open", "opening", "play"]),
        ({"round_id": "r1"}, ["b1", "w1"]),
        ({"states": [states.TRANSACTION_STATE_REFUSED]}, ["b2"]),
        ({"states": [states.TRANSACTION_STATE_TOMBSTONED]}, ["c3", "b3"]),
        ({"states": [states.TRANSACTION_STATE_APPLIED], "source": PROVIDER}, ["b1", "w1"]),
        ({"round_id": "r9"}, []),
    ):
        assert await keys(wallet, order=oldest, page_size=2, **filters) == expected
        assert await keys(wallet, page_size=2, **filters) == expected[::-1]


async def test_the_state_of_a_listed_transaction_is_the_state_it_was_filtered_by(wallet: Served) -> None:
    await play(wallet)
    for state in (1, 2, 3):
        page = await wallet.cashier.wallet.ListTransactions(listing(states=[state]))
        assert {one.state for one in page.transactions} == {state}


async def test_a_list_of_a_time_span_has_its_start_and_not_its_end(wallet: Served) -> None:
    await play(wallet)
    page = await wallet.cashier.wallet.ListTransactions(listing(order=wallet_service_pb2.LIST_ORDER_OLDEST_FIRST))
    third, fifth = page.transactions[2].record_time, page.transactions[4].record_time
    assert await keys(wallet, start_time=third, end_time=fifth) == ["b1", "play"]
    assert await keys(wallet, start_time=fifth) == ["w1", "b3", "c3", "b2"]


async def test_what_is_stored_while_a_list_is_read_moves_no_page(wallet: Served) -> None:
    await wallet.player("alice")
    for number in range(6):
        await wallet.adapter.do("alice", f"b{number}", bet=bet("1.00"))
    for order, expected in ((1, ["b5", "b4", "b3", "b2"]), (2, ["open", "opening", "play", "b0"])):
        seen, token = [], ""
        for number in range(2):
            page = await wallet.cashier.wallet.ListTransactions(listing(page_size=2, order=order, page_token=token))
            seen += [one.transaction_key for one in page.transactions]
            token = page.next_page_token
            await wallet.adapter.do("alice", f"x{order}{number}", bet=bet("1.00"))
        assert seen == expected


async def test_a_page_token_leads_nowhere_in_a_list_with_other_filters(wallet: Served) -> None:
    await play(wallet)
    token = (await wallet.cashier.wallet.ListTransactions(listing(page_size=2))).next_page_token
    for more in ({"source": "cashier"}, {"order": 2}, {"kinds": [1]}):
        failed = await refusal(wallet.cashier.wallet.ListTransactions(listing(page_token=token, **more)))
        assert failed.reason == "PAGE_TOKEN_INVALID"
    assert (await refusal(wallet.cashier.wallet.ListTransactions(listing(source="nobody")))).reason == (
        "PROVIDER_NOT_FOUND"
    )
    assert (await refusal(wallet.cashier.wallet.ListTransactions(listing(states=[4])))).reason == "REQUEST_INVALID"


# -- balances of the past, and what is recorded late


def at(moment_us: int) -> Timestamp:
    return Timestamp(seconds=moment_us // 1_000_000, nanos=moment_us % 1_000_000 * 1_000)


def micros(moment: Timestamp) -> int:
    return moment.seconds * 1_000_000 + moment.nanos // 1_000


async def book(wallet: Served, key: str, amount: str, effective: Timestamp | None = None) -> action_pb2.Result:
    request = wallet_service_pb2.DepositRequest(
        player_id="alice", transaction_key=key, amount=money(amount), effective_time=effective
    )
    result: action_pb2.Result = (await wallet.cashier.wallet.Deposit(request)).result
    return result


async def cash_at(wallet: Served, **moment: Any) -> str:
    request = history_service_pb2.GetBalanceAtRequest(player_id="alice", **moment)
    cash: str = (await wallet.cashier.history.GetBalanceAt(request)).balances.available.amount
    return cash


async def test_the_balance_of_every_position_and_moment_is_the_one_that_was_answered_then(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await pay_out(wallet)
    await wallet.adapter.do("alice", "w1", win=win("4.00", bet_key="b1"))
    page = await wallet.cashier.wallet.ListTransactions(listing(order=2))
    for one in page.transactions:
        sequence = int(one.transaction_id.partition("-")[2])
        assert await cash_at(wallet, sequence=sequence) == (one.balance_at_commit.amount or "0.00")
        assert await cash_at(wallet, record_time=one.record_time) == (one.balance_at_commit.amount or "0.00")
        assert await cash_at(wallet, effective_time=one.record_time) == (one.balance_at_commit.amount or "0.00")
    assert await cash_at(wallet, sequence=0) == "0.00"
    assert await cash_at(wallet, record_time=at(0)) == "0.00"


async def test_held_money_of_the_past_is_known_too(wallet: Served) -> None:
    await wallet.player("alice")
    await pay_out(wallet)
    page = await wallet.cashier.wallet.ListTransactions(listing(kinds=[6, 7, 8], order=2))
    held = []
    for one in page.transactions:
        request = history_service_pb2.GetBalanceAtRequest(
            player_id="alice", sequence=int(one.transaction_id.partition("-")[2])
        )
        held.append((await wallet.cashier.history.GetBalanceAt(request)).balances.held.amount)
    assert held == ["30.00", "20.00", "0.00"]


async def test_what_is_recorded_late_counts_on_each_clock_from_its_own_moment(wallet: Served) -> None:
    await wallet.player("alice", cash="0")
    before = micros((await wallet.cashier.wallet.ListTransactions(listing())).transactions[0].record_time)
    await book(wallet, "d1", "10.00")
    between = micros((await wallet.cashier.wallet.ListTransactions(listing())).transactions[0].record_time)
    result = await book(wallet, "late", "5.00", at(before))
    assert (name(result.outcome), result.balance_now.available.amount) == ("OK", "15.00")
    late = (await wallet.cashier.wallet.ListTransactions(listing())).transactions[0]
    assert (micros(late.effective_time), late.transaction_key) == (before, "late")
    assert micros(late.record_time) > between
    assert [await cash_at(wallet, effective_time=at(moment)) for moment in (before - 1, before, between)] == [
        "0.00",
        "5.00",
        "15.00",
    ]
    assert [await cash_at(wallet, record_time=at(moment)) for moment in (before, between)] == ["0.00", "10.00"]
    line = (await wallet.cashier.history.ListStatementLines(ask())).lines[-1]
    assert (micros(line.effective_time), line.transaction_key) == (before, "late")


async def test_the_effective_time_is_part_of_what_a_key_stands_for(wallet: Served) -> None:
    await wallet.player("alice")
    moment = (await wallet.cashier.wallet.ListTransactions(listing())).transactions[0].record_time
    first = await book(wallet, "late", "5.00", moment)
    again = await book(wallet, "late", "5.00", moment)
    assert (again.replayed, again.transaction_id) == (True, first.transaction_id)
    assert name((await book(wallet, "late", "5.00")).outcome) == "IDEMPOTENCY_CONFLICT"


async def test_the_future_and_the_time_before_the_account_are_refused_for_good(wallet: Served) -> None:
    await wallet.player("alice")
    opened = (await wallet.cashier.wallet.ListTransactions(listing(order=2))).transactions[0].record_time
    for key, moment in (("future", at(micros(opened) + 3_600_000_000)), ("before", at(micros(opened) - 1))):
        for replayed in (False, True):
            result = await book(wallet, key, "5.00", moment)
            assert (name(result.outcome), result.replayed) == ("EFFECTIVE_TIME_REFUSED", replayed)
    assert (await book(wallet, "now", "5.00", opened)).balance_now.available.amount == "105.00"


async def test_only_what_comes_from_outside_of_play_can_be_recorded_late(wallet: Served) -> None:
    await wallet.player("alice")
    action = action_pb2.Action(player_id="alice", transaction_key="b", effective_time=at(1), bet=bet("1.00"))
    failed = await refusal(wallet.adapter.ledger.Execute(ledger_service_pb2.ExecuteRequest(action=action)))
    assert (failed.reason, failed.fields) == ("REQUEST_INVALID", ("effective_time",))


async def test_a_moment_that_has_not_come_has_no_balance(wallet: Served) -> None:
    await wallet.player("alice")
    for moment in ({"sequence": 10**9}, {"record_time": at(2**51)}, {"effective_time": at(2**51)}):
        request = history_service_pb2.GetBalanceAtRequest(player_id="alice", **moment)
        failed = await refusal(wallet.cashier.history.GetBalanceAt(request))
        assert (failed.code, failed.reason) == ("INVALID_ARGUMENT", "MOMENT_NOT_REACHED")
    nothing = history_service_pb2.GetBalanceAtRequest(player_id="alice")
    assert (await refusal(wallet.cashier.history.GetBalanceAt(nothing))).reason == "REQUEST_INVALID"


# -- explanations


async def explain(
    wallet: Served, key: str, kind: int = 1, **more: Any
) -> history_service_pb2.ExplainTransactionResponse:
    given = {"player_id": "alice", "kind": kind, "transaction_key": key, "source": PROVIDER, **more}
    request = history_service_pb2.ExplainTransactionRequest(**given)
    told: history_service_pb2.ExplainTransactionResponse = await wallet.cashier.history.ExplainTransaction(request)
    return told


async def noted(wallet: Served, key: str, count: int, kind: int = 1) -> history_service_pb2.ExplainTransactionResponse:
    """The explanation, once this many calls were noted."""
    async with asyncio.timeout(60):
        while (told := await explain(wallet, key, kind)).attempt_count < count:
            await asyncio.sleep(0.02)
    return told


async def test_an_explanation_has_every_call_with_the_key(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b1", bet=bet("12.00"))
    told = await noted(wallet, "b1", 3)
    calls = [(name(one.outcome), one.replayed, one.caller) for one in told.attempts]
    adapter = "provider_adapters/acme"
    assert calls == [("OK", False, adapter), ("OK", True, adapter), ("IDEMPOTENCY_CONFLICT", False, adapter)]
    assert [one.time.seconds > 0 for one in told.attempts] == [True] * 3
    assert len({one.request_id for one in told.attempts}) == 3
    assert json.loads(told.attempts[2].content_json) == ["bet", "EUR", "12", "r1", "g1"]
    assert not told.attempts[1].content_json
    assert told.transaction.request_id == told.attempts[0].request_id


async def test_an_explanation_has_the_posting_and_the_commit(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b2", bet=bet("5.00", game_id="slot"))
    told = await explain(wallet, "b2")
    (posting,) = told.postings
    assert (posting.amount.amount, posting.debit.player_id, posting.credit.source) == ("5.00", "alice", PROVIDER)
    assert (posting.debit.account_class, posting.credit.account_class) == (1, 12)
    assert (posting.debit.balance.amount, posting.credit.balance.amount) == ("95.00", "5.00")
    assert told.commitment.writer == "wallet"
    assert told.commitment.first_sequence <= int(told.transaction.transaction_id.partition("-")[2])


async def test_an_explanation_has_the_decision_of_the_law_with_its_facts(wallet: Served) -> None:
    cashier = wallet.caller("platform", source="cashier")
    opened = action_pb2.OpenAccount(currency_code="EUR", born_on="1990-01-01", jurisdiction="gb")
    await cashier.do("alice", "open", open_account=opened)
    await cashier.do("alice", "d1", deposit=action_pb2.Deposit(amount=money("5.00")))
    told = await explain(wallet, "d1", 5, source="cashier")
    assert (name(told.transaction.outcome), told.decision.pack.partition("@")[0]) == ("COMPLIANCE_DENIED", "gb")
    assert list(told.decision.reasons) == list(told.transaction.reasons) != []
    assert json.loads(told.decision.facts_json)["action"]["amount_minor"] == 5_000_000


async def test_an_explanation_of_a_refusal_has_its_reason_and_no_posting(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("900.00"))
    told = await explain(wallet, "b1")
    assert (name(told.transaction.outcome), len(told.postings)) == ("INSUFFICIENT_FUNDS", 0)


async def test_an_explanation_has_what_undid_a_bet_and_what_came_of_it(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await wallet.adapter.do("alice", "b2", bet=bet("5.00"))
    await wallet.adapter.do("alice", "w2", win=win("4.00", bet_key="b2"))
    await wallet.adapter.do("alice", "c1", cancel=action_pb2.Cancel(bet_key="b1"))
    await wallet.adapter.do("alice", "c2", cancel=action_pb2.Cancel(bet_key="b2"))
    assert [one.transaction_key for one in (await explain(wallet, "b1")).related] == ["c1"]
    told = await explain(wallet, "b2")
    assert [(one.transaction_key, name(one.outcome)) for one in told.related] == [
        ("w2", "OK"),
        ("c2", "ALREADY_SETTLED"),
    ]
    assert (await explain(wallet, "b1")).transaction.rolled_back
    assert [one.transaction_key for one in (await explain(wallet, "c1", 3)).related] == ["b1"]
    assert told.round_state == action_pb2.ROUND_STATE_OPEN


async def test_an_explanation_of_a_capture_has_its_hold(wallet: Served) -> None:
    await wallet.player("alice")
    await pay_out(wallet)
    told = await explain(wallet, "k1", 7, source="cashier")
    hold = told.hold
    assert (hold.hold_key, hold.state) == ("h1", action_pb2.HOLD_STATE_RELEASED)
    assert (hold.amount.amount, hold.captured.amount, hold.released.amount) == ("30.00", "10.00", "20.00")
    assert [one.transaction_key for one in told.related] == ["h1"]
    assert {one.transaction_key for one in (await explain(wallet, "h1", 6, source="cashier")).related} == {"k1", "k2"}


async def test_what_the_platform_did_in_anothers_name_says_so(wallet: Served) -> None:
    await wallet.player("alice")
    await pay_out(wallet)
    async with asyncio.timeout(60):
        while (told := await explain(wallet, "h1", 6, source="cashier")).attempts[0].caller != "platform":
            await asyncio.sleep(0.02)
    assert (told.attempt_count, len(told.attempts), told.attempts[0].replayed) == (1, 1, False)


async def test_what_is_not_there_or_another_licensees_cannot_be_explained(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.register("castor")
    mine = (await explain(wallet, "opening", 5, source="cashier")).transaction.transaction_id
    stranger = wallet.caller("gateway", "castor")
    for caller, request in (
        (stranger, history_service_pb2.ExplainTransactionRequest(transaction_id=mine)),
        (wallet.cashier, history_service_pb2.ExplainTransactionRequest(transaction_id="0-999999")),
        (
            wallet.cashier,
            history_service_pb2.ExplainTransactionRequest(player_id="alice", kind=BET, transaction_key="x"),
        ),
    ):
        failed = await refusal(caller.history.ExplainTransaction(request))
        assert (failed.code, failed.reason) == ("NOT_FOUND", "TRANSACTION_NOT_FOUND")
    half = history_service_pb2.ExplainTransactionRequest(player_id="alice", kind=BET)
    assert (await refusal(wallet.cashier.history.ExplainTransaction(half))).reason == "REQUEST_INVALID"


def refused(event: str, *named: str, age_s: int = 0) -> ledger_service_pb2.RefusedNote:
    names = [name_digest(one) for one in named]
    return ledger_service_pb2.RefusedNote(
        age=Duration(seconds=age_s), event=event, request_id="req", path="/bet", body_bytes=7, names=names
    )


async def note(caller: Any, *notes: ledger_service_pb2.RefusedNote) -> int:
    request = ledger_service_pb2.NoteRefusedMessagesRequest(messages=notes)
    return int((await caller.ledger.NoteRefusedMessages(request)).noted)


async def test_messages_that_nobody_believed_stand_in_the_explanation_of_the_key_they_name(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "bet-0001", bet=bet("10.00"))
    await wallet.adapter.do("alice", "bet-0002", bet=bet("10.00"))
    older = refused("signature_missing", "bet-0001", age_s=60)
    assert await note(wallet.adapter, older, refused("signature_invalid", "other", "bet-0001")) == 2
    told = (await explain(wallet, "bet-0001")).refused_messages
    assert [(one.event, one.path, one.body_bytes, one.request_id) for one in told] == [
        ("signature_missing", "/bet", 7, "req"),
        ("signature_invalid", "/bet", 7, "req"),
    ]
    assert told[1].time.seconds - told[0].time.seconds == 60
    assert not (await explain(wallet, "bet-0002")).refused_messages


async def test_a_message_that_names_nothing_is_noted_beside_others(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "bet-0001", bet=bet("10.00"))
    assert await note(wallet.adapter, refused("signature_missing"), refused("signature_invalid", "bet-0001")) == 2
    assert [one.event for one in (await explain(wallet, "bet-0001")).refused_messages] == ["signature_invalid"]


async def test_an_adapter_notes_messages_of_its_own_provider_only(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "bet-0001", bet=bet("10.00"))
    await note(wallet.caller("provider_adapters/other"), refused("signature_invalid", "bet-0001"))
    assert not (await explain(wallet, "bet-0001")).refused_messages
    failed = await refusal(note(wallet.platform, refused("signature_invalid", "bet-0001")))
    assert failed.code == "PERMISSION_DENIED"


async def test_short_keys_are_named_by_nobody(wallet: Served) -> None:
    await wallet.player("alice")
    await wallet.adapter.do("alice", "b1", bet=bet("10.00"))
    await note(wallet.adapter, refused("signature_invalid", "b1"))
    assert not (await explain(wallet, "b1")).refused_messages


async def test_a_flood_of_messages_that_nobody_believes_is_noted_up_to_a_number(database: Database) -> None:
    async with serving(database.service_url, refused_an_hour=60) as wallet:
        flood = [refused("signature_invalid", f"flood-{number}") for number in range(50)]
        assert [await note(wallet.adapter, *flood) for _ in range(3)] == [50, 10, 0]
        assert await note(wallet.caller("provider_adapters/other"), *flood) == 50


# -- money that is taken late


async def test_money_is_taken_late_only_if_it_was_there_at_every_moment_since(wallet: Served) -> None:
    await wallet.player("alice", cash="100.00")
    await wallet.adapter.do("alice", "b1", bet=bet("40.00", "r1"))
    staked = (await explain(wallet, "b1")).transaction.record_time
    await wallet.adapter.do("alice", "b2", bet=bet("60.00", "r1"))
    await wallet.adapter.do("alice", "w2", win=win("90.00", "r1", bet_key="b2"))
    won = (await explain(wallet, "w2", 2)).transaction.record_time
    assert await cash_at(wallet, effective_time=won) == "90.00"
    for key, effective, expected in (
        ("a1", staked, "EFFECTIVE_TIME_REFUSED"),
        ("a2", won, "OK"),
        ("a3", won, "OK"),
        ("a4", won, "INSUFFICIENT_FUNDS"),
    ):
        correction = action_pb2.Adjust(ref_kind=BET, ref_key="b1", amount=money("-45.00"))
        action = action_pb2.Action(player_id="alice", transaction_key=key, effective_time=effective, adjust=correction)
        request = ledger_service_pb2.ExecuteRequest(action=action)
        result = (await wallet.adapter.ledger.Execute(request)).result
        assert (key, name(result.outcome)) == (key, expected)
    assert await cash_at(wallet, effective_time=won) == "0.00"
    assert await cash_at(wallet, effective_time=staked) == "60.00"
