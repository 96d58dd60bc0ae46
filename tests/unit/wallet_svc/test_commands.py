"""Wire actions as commands: whose they are, and what cannot be one."""

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import RequestInvalidError
from mesh.identity import Caller
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, protection_pb2, transaction_pb2
from pitboss.wallet.v1 import registry_service_pb2 as registry
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import (
    LATE_KINDS,
    AccountClass,
    AssetKind,
    Case,
    HoldState,
    Kind,
    Outcome,
    PlayState,
    RoundState,
    Shortfall,
    StakeOrder,
    Standing,
)
from wallet_svc.grpc_api.commands import LIMIT_NAMES, command_of

CALLER = Caller("provider_adapters/acme", "borealis", "acme", request_id="request-1")
FIVE = Money(currency_code="EUR", amount="5.00")
five = c.MoneyText("EUR", "5.00")
ADJUST = action_pb2.Adjust(
    ref_kind=transaction_pb2.TRANSACTION_KIND_WIN, ref_key="w1", amount=FIVE, ref_source="acme", reason="wrong table"
)
adjustment = c.Adjust(ref_kind=Kind.WIN, ref_key="w1", money=five, ref_source="acme", reason="wrong table")
PAIRS: dict[str, tuple[Any, c.Action]] = {
    "bet": (
        action_pb2.Bet(
            round_id="r",
            amount=FIVE,
            game_id="g",
            session_id="s",
            close=True,
            automatic=True,
            jackpot_contribution=FIVE,
        ),
        c.Bet(round="r", money=five, game="g", session="s", close=True, automatic=True, jackpot=five),
    ),
    "win": (
        action_pb2.Win(
            round_id="r", amount=FIVE, bet_key="b", game_id="g", session_id="s", close=True, jackpot_part=FIVE
        ),
        c.Win(round="r", money=five, bet_key="b", game="g", session="s", close=True, jackpot=five),
    ),
    "bet_and_win": (
        action_pb2.BetAndWin(bet=action_pb2.Bet(round_id="r", amount=FIVE, game_id="g"), win_key="w", win_amount=FIVE),
        c.BetAndWin(bet=c.Bet(round="r", money=five, game="g"), win_key="w", win_money=five),
    ),
    "cancel": (
        action_pb2.Cancel(bet_key="b", round_id="r", amount=FIVE, session_id="s"),
        c.Cancel(bet_key="b", session="s", claimed=five),
    ),
    "close_round": (action_pb2.CloseRound(round_id="r"), c.CloseRound(round="r")),
    "deposit": (action_pb2.Deposit(amount=FIVE), c.Deposit(money=five)),
    "hold": (
        action_pb2.Hold(amount=FIVE, expires_in=Duration(seconds=60)),
        c.Hold(money=five, expires_in_us=60_000_000),
    ),
    "capture": (action_pb2.Capture(hold_key="h", amount=FIVE), c.Capture(hold_key="h", money=five)),
    "release": (action_pb2.Release(hold_key="h"), c.Release(hold_key="h")),
    "open_account": (
        action_pb2.OpenAccount(currency_code="EUR", jurisdiction="gb", born_on="1990-01-01"),
        c.OpenAccount(currency="EUR", jurisdiction="gb", born_on="1990-01-01"),
    ),
    "open_play": (
        action_pb2.OpenPlay(
            session_id="s",
            provider="p",
            currency_code="EUR",
            game_id="g",
            expire_time=Timestamp(seconds=5, nanos=7_999),
        ),
        c.OpenPlay(session="s", provider="p", currency="EUR", game="g", expires_us=5_000_007),
    ),
    "end_play": (
        action_pb2.EndPlay(session_id="s", end=action_pb2.PLAY_END_REPLACED),
        c.EndPlay(session="s", end=PlayState.REPLACED),
    ),
    "set_block": (action_pb2.SetBlock(blocked=True), c.SetBlock(blocked=True)),
    "set_limit": (
        action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_LOSS, window="24h", amount=FIVE),
        c.SetLimit(limit="loss", window="24h", money=five),
    ),
    "confirm_limit": (
        action_pb2.ConfirmLimit(limit_kind=action_pb2.LIMIT_KIND_DEPOSIT, window="7d"),
        c.ConfirmLimit(limit="deposit", window="7d"),
    ),
    "cancel_pending_limit": (
        action_pb2.CancelPendingLimit(limit_kind=action_pb2.LIMIT_KIND_STAKE),
        c.CancelPendingLimit(limit="stake", window=""),
    ),
    "exclude": (action_pb2.Exclude(term="6mo"), c.Exclude(term="6mo")),
    "take_break": (action_pb2.TakeBreak(term="24h"), c.TakeBreak(term="24h")),
    "request_reinstatement": (action_pb2.RequestReinstatement(), c.RequestReinstatement()),
    "approve_reinstatement": (protection_pb2.ApproveReinstatement(), c.ApproveReinstatement()),
    "leave_for_good": (protection_pb2.LeaveForGood(), c.LeaveForGood()),
    "enter": (
        protection_pb2.Enter(
            purpose=protection_pb2.ENTRY_PURPOSE_LOGIN,
            answers=protection_pb2.SourceAnswers(exclusion_register=protection_pb2.SOURCE_ANSWER_SILENT),
        ),
        c.Enter(purpose="login", answers=c.Answers(exclusion_register="SILENT")),
    ),
    "change_play": (
        protection_pb2.ChangePlay(session_id="s", time_limit=Duration(seconds=60)),
        c.ChangePlay(session="s", what="seconds", seconds=60),
    ),
    "record_finding": (
        protection_pb2.RecordFinding(
            location=protection_pb2.LocationFinding(territory="US-NJ", expire_time=Timestamp(seconds=5))
        ),
        c.RecordFinding(about="location", result="US-NJ", moment_us=5_000_000),
    ),
    "tip": (
        action_pb2.Tip(amount=FIVE, session_id="s", round_id="r", game_id="g"),
        c.Tip(money=five, session="s", round="r", game="g"),
    ),
    "rollback_list": (
        action_pb2.RollbackList(
            items=[
                action_pb2.RollbackItem(kind=transaction_pb2.TRANSACTION_KIND_WIN, transaction_key="w1"),
                action_pb2.RollbackItem(kind=transaction_pb2.TRANSACTION_KIND_TIP, transaction_key="t1"),
            ]
        ),
        c.RollbackList(items=((Kind.WIN, "w1"), (Kind.TIP, "t1"))),
    ),
    "reverse_win": (action_pb2.ReverseWin(win_key="w1"), c.ReverseWin(win_key="w1")),
    "undo_rollback": (action_pb2.UndoRollback(cancel_key="c1"), c.UndoRollback(cancel_key="c1")),
    "promo": (
        action_pb2.Promo(
            amount=FIVE,
            reason=action_pb2.PROMO_REASON_CASHBACK,
            to=action_pb2.CREDIT_TARGET_BONUS,
            round_id="r",
            session_id="s",
        ),
        c.Credit(kind=Kind.PROMO, money=five, to=AccountClass.BONUS, round="r", session="s", reason="cashback"),
    ),
    "tournament": (
        action_pb2.Tournament(amount=FIVE, to=action_pb2.CREDIT_TARGET_CASH, round_id="r", session_id="s"),
        c.Credit(kind=Kind.TOURNAMENT, money=five, round="r", session="s"),
    ),
    "jackpot": (
        action_pb2.Jackpot(amount=FIVE, to=action_pb2.CREDIT_TARGET_BONUS, round_id="r", session_id="s"),
        c.Credit(kind=Kind.JACKPOT, money=five, to=AccountClass.BONUS, round="r", session="s"),
    ),
    "free_round_spin": (
        action_pb2.FreeRoundSpin(
            grant_id="f", amount=FIVE, round_id="r", to=action_pb2.CREDIT_TARGET_BONUS, session_id="s"
        ),
        c.FreeRound(kind=Kind.FREE_ROUND_SPIN, grant="f", money=five, to=AccountClass.BONUS, round="r", session="s"),
    ),
    "free_round_total": (
        action_pb2.FreeRoundTotal(grant_id="f", amount=FIVE, session_id="s"),
        c.FreeRound(kind=Kind.FREE_ROUND_TOTAL, grant="f", money=five, session="s"),
    ),
    "adjust": (ADJUST, adjustment),
    "propose_adjustment": (
        action_pb2.ProposeAdjustment(adjustment=ADJUST, proposed_by="ann"),
        c.ProposeAdjustment(adjustment=adjustment, proposed_by="ann"),
    ),
    "approve_adjustment": (
        action_pb2.ApproveAdjustment(proposal_key="p1", payload_hash="ab", approved_by="bob"),
        c.ApproveAdjustment(proposal_key="p1", payload_hash="ab", approved_by="bob"),
    ),
    "freeze_account": (
        action_pb2.FreezeAccount(currency_code="EUR", direction=action_pb2.FREEZE_DIRECTION_OUT, reason="order 7"),
        c.SetStanding(kind=Kind.FREEZE_ACCOUNT, currency="EUR", what=Standing.FROZEN_OUT, reason="order 7"),
    ),
    "unfreeze_account": (
        action_pb2.UnfreezeAccount(currency_code="EUR", direction=action_pb2.FREEZE_DIRECTION_IN, reason="done"),
        c.SetStanding(kind=Kind.UNFREEZE_ACCOUNT, currency="EUR", what=Standing.FROZEN_IN, reason="done"),
    ),
    "close_account": (
        action_pb2.CloseAccount(currency_code="EUR", reason="gone"),
        c.SetStanding(kind=Kind.CLOSE_ACCOUNT, currency="EUR", what=Standing.CLOSED, reason="gone"),
    ),
    "reopen_account": (
        action_pb2.ReopenAccount(currency_code="EUR", reason="back"),
        c.SetStanding(kind=Kind.REOPEN_ACCOUNT, currency="EUR", what=Standing.CLOSED, reason="back"),
    ),
    "resume_play": (action_pb2.ResumePlay(session_id="s"), c.ResumePlay(session="s")),
}


def decode(key: str = "k", **kind: Any) -> c.Command:
    return command_of(action_pb2.Action(player_id="alice", transaction_key=key, **kind), CALLER, "borealis")


def test_every_kind_of_action_is_known() -> None:
    kinds = {field.name for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields}
    assert kinds == PAIRS.keys()


@pytest.mark.parametrize("kind", PAIRS)
def test_an_action_is_taken_field_for_field(kind: str) -> None:
    message, action = PAIRS[kind]
    assert decode(**{kind: message}) == c.Command(
        "borealis", "acme", "alice", "k", action, "request-1", caller="provider_adapters/acme"
    )


def test_what_was_not_sent_is_absent() -> None:
    bare = decode(bet=action_pb2.Bet(round_id="r", amount=FIVE, game_id="g")).action
    assert bare == c.Bet(round="r", money=five, game="g")
    assert decode(hold=action_pb2.Hold(amount=FIVE)).action == c.Hold(money=five)
    assert decode(capture=action_pb2.Capture(hold_key="h")).action == c.Capture(hold_key="h")
    play = action_pb2.OpenPlay(session_id="s", provider="p", currency_code="EUR")
    assert decode(open_play=play).action == c.OpenPlay(session="s", provider="p", currency="EUR")


def test_the_tenant_and_the_source_are_the_callers() -> None:
    command = decode(close_round=action_pb2.CloseRound(round_id="r"))
    assert (command.licensee, command.source) == ("borealis", "acme")


@pytest.mark.parametrize("kind", [kind for kind in PAIRS if kind != "close_round"])
def test_every_action_but_the_closing_of_a_round_needs_a_key(kind: str) -> None:
    with pytest.raises(RequestInvalidError):
        decode("", **{kind: PAIRS[kind][0]})
    assert decode("", close_round=PAIRS["close_round"][0]).key == ""


def test_an_action_without_a_kind_is_none() -> None:
    with pytest.raises(RequestInvalidError):
        decode()


def test_a_key_has_no_nul() -> None:
    with pytest.raises(RequestInvalidError):
        decode("a\x00", deposit=PAIRS["deposit"][0])


@pytest.mark.parametrize(
    "moment", [Timestamp(seconds=-1), Timestamp(seconds=253_402_300_800), Timestamp(nanos=10**9), Timestamp(nanos=-1)]
)
def test_a_session_ends_at_a_moment_that_a_calendar_has(moment: Timestamp) -> None:
    play = action_pb2.OpenPlay(session_id="s", provider="p", currency_code="EUR", expire_time=moment)
    with pytest.raises(RequestInvalidError):
        decode(open_play=play)


def numbers(enum: Any, prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): number for name, number in enum.items()}


def test_our_numbers_are_those_of_the_contract() -> None:
    kinds = numbers(transaction_pb2.TransactionKind, "TRANSACTION_KIND_")
    assert {kind.name: kind.value for kind in Kind if kind not in LATE_KINDS}.items() <= kinds.items()
    assert not {kind.value for kind in LATE_KINDS} & set(kinds.values())
    assert {one.name: one.value for one in Outcome}.items() <= numbers(outcome_pb2.Outcome, "OUTCOME_").items()
    assert {one.name: one.value for one in Case}.items() <= numbers(transaction_pb2.Case, "CASE_").items()
    rounds = numbers(action_pb2.RoundState, "ROUND_STATE_")
    assert {one.name: one.value for one in RoundState if one}.items() <= rounds.items()
    holds = numbers(action_pb2.HoldState, "HOLD_STATE_")
    assert {one.name: one.value for one in HoldState if one}.items() <= holds.items()
    assert {one.name: one.value for one in PlayState if one}.items() <= numbers(action_pb2.PlayEnd, "PLAY_END_").items()
    assert {one.name: one.value for one in AssetKind}.items() <= numbers(registry.AssetKind, "ASSET_KIND_").items()
    assert {one.name: one.value for one in StakeOrder}.items() <= numbers(registry.StakeOrder, "STAKE_ORDER_").items()
    shortfalls = numbers(registry.WinReversalShortfall, "WIN_REVERSAL_SHORTFALL_")
    assert {one.name: one.value for one in Shortfall}.items() <= shortfalls.items()
    assert set(LIMIT_NAMES) == set(action_pb2.LimitKind.values()) - {0}
    assert max(one.value for one in AccountClass if one < AccountClass.HOUSE) < 10


@pytest.mark.parametrize(
    "limit",
    [
        action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_TIME, window="day", amount=FIVE),
        action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_LOSS, window="24h", time=Duration(seconds=5)),
        action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_LOSS, window="24h"),
        action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_TIME, window="day", amount=FIVE, time=Duration(seconds=5)),
    ],
)
def test_a_limit_is_of_money_or_of_time_as_its_kind_says(limit: action_pb2.SetLimit) -> None:
    with pytest.raises(RequestInvalidError):
        decode(set_limit=limit)


def test_a_limit_of_time_is_in_seconds() -> None:
    limit = action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_TIME, window="day", time=Duration(seconds=90))
    assert decode(set_limit=limit).action == c.SetLimit(limit="time", window="day", seconds=90)
