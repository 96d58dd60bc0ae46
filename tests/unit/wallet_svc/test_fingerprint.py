"""What makes two requests with one key the same request."""

from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wallet_svc.world import bet, money, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.fingerprint import content, fingerprint, plain_value
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState, Standing

EXAMPLES: tuple[Any, ...] = (
    bet(),
    win(),
    c.BetAndWin(bet=bet(), win_key="w1", win_money=money("1.00")),
    c.Cancel(bet_key="b1"),
    c.CloseRound(round="r1"),
    c.Deposit(money=money("1.00")),
    c.Hold(money=money("1.00")),
    c.Capture(hold_key="h1"),
    c.Release(hold_key="h1"),
    c.Expire(hold_key="h1"),
    c.OpenAccount(currency="EUR"),
    c.OpenPlay(session="s", provider="acme", currency="EUR"),
    c.EndPlay(session="s", end=PlayState.CLOSED),
    c.SetBlock(blocked=True),
    c.SetLimit(limit="loss", window="24h", money=money("1.00")),
    c.ConfirmLimit(limit="loss", window="24h"),
    c.CancelPendingLimit(limit="loss", window="24h"),
    c.Exclude(term="6mo"),
    c.TakeBreak(term="24h"),
    c.RequestReinstatement(),
    c.ApproveReinstatement(),
    c.LeaveForGood(),
    c.Enter(purpose="login"),
    c.ChangePlay(session="s", what="vouch", assertion=c.Assertion(issued_us=1, nonce="n1", signature=bytes(64))),
    c.RecordFinding(about="check", result="FVC"),
    c.Tip(money=money("1.00")),
    c.RollbackList(items=((Kind.BET, "b1"), (Kind.WIN, "b1"))),
    c.ReverseWin(win_key="w1"),
    c.UndoRollback(cancel_key="c1"),
    c.Credit(kind=Kind.PROMO, money=money("1.00")),
    c.FreeRound(kind=Kind.FREE_ROUND_SPIN, grant="f1", money=money("1.00")),
    c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("1.00")),
    c.ProposeAdjustment(adjustment=c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("1.00")), proposed_by="ann"),
    c.ApproveAdjustment(proposal_key="p1", payload_hash="ab", approved_by="bob"),
    c.SetStanding(kind=Kind.FREEZE_ACCOUNT, currency="EUR", what=Standing.FROZEN_IN),
    c.ResumePlay(session="s"),
    c.Conclude(intent=8, of=Kind.BET, ref="b1", outcome=Outcome.OK),
    c.Deliver(owed=8),
    c.TransferIn(money=c.MoneyText("EUR", "5")),
    c.TransferOut(currency="EUR"),
)
NO_MONEY_MATTER = {
    c.Bet: {"session", "close", "automatic", "jackpot", "assertion"},
    c.Win: {"game", "session", "close", "jackpot"},
    c.Cancel: {"session", "claimed"},
    c.CloseRound: {"idle"},
    c.Hold: {"expires_in_us"},
    c.OpenPlay: {
        "expires_us",
        "check_every_s",
        "spend_limit",
        "seconds_limit",
        "answers",
        "replaces",
        "assertion",
        "order",
    },
    c.OpenAccount: {"answers"},
    c.Deposit: {"answers"},
    c.Enter: {"answers"},
    c.ChangePlay: {"answers"},
    c.EndPlay: {"end"},
    c.Tip: {"session"},
    c.Credit: {"session", "reason"},
    c.FreeRound: {"session"},
    c.Adjust: {"reason"},
    c.SetStanding: {"reason"},
    # The key is the position of what it is about, and what is answered first stays.
    c.Conclude: {"of", "ref", "outcome", "undo", "cash", "their_id", "their_outcome"},
    c.Deliver: {"money", "amount", "refused", "cash", "their_id", "round", "closing"},
}
OTHER: dict[type, Any] = {str: "other", bool: None, int: 7}


def test_every_action_has_a_fingerprint_and_they_all_differ() -> None:
    assert {type(one) for one in EXAMPLES} == set(get_args(c.Action))
    prints = [fingerprint(one) for one in EXAMPLES if not isinstance(one, c.BetAndWin)]
    assert len(set(prints)) == len(prints)
    assert {len(one) for one in prints} == {16}


def test_the_stake_of_a_bet_and_win_is_the_bet_itself() -> None:
    assert fingerprint(EXAMPLES[2]) == fingerprint(bet())


OTHERS: dict[type, Any] = {
    c.MoneyText: lambda value: c.MoneyText(value.currency, "7.77"),
    PlayState: lambda _: PlayState.EXPIRED,
    Kind: lambda _: Kind.JACKPOT,
    AccountClass: lambda _: AccountClass.BONUS,
    Standing: lambda _: Standing.CLOSED,
    c.Adjust: lambda value: replace(value, ref_key="b9"),
    c.Assertion: lambda value: replace(value, nonce="n9"),
    tuple: lambda value: value[:1],
    bool: lambda value: not value,
    type(None): lambda _: money("7.77"),
}


def other(value: Any) -> Any:
    return OTHERS.get(type(value), lambda text: f"{text}x")(value)


@pytest.mark.parametrize("action", EXAMPLES, ids=lambda action: type(action).__name__)
def test_every_field_counts_but_those_that_are_no_money_matter(action: Any) -> None:
    for field in fields(action):
        if isinstance(action, c.BetAndWin):
            continue
        changed = replace(action, **{field.name: other(getattr(action, field.name))})
        is_same = fingerprint(changed) == fingerprint(action)
        assert is_same == (field.name in NO_MONEY_MATTER.get(type(action), ())), field.name


def test_a_list_is_its_set_of_items() -> None:
    one, two = (Kind.BET, "b1"), (Kind.WIN, "w1")
    assert fingerprint(c.RollbackList(items=(one, two))) == fingerprint(c.RollbackList(items=(two, one, two)))


def test_the_currency_counts() -> None:
    assert fingerprint(bet()) != fingerprint(bet(currency="USD"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [("5", "5"), ("5.0", "5"), ("005.50", "5.5"), ("0", "0"), ("0.00", "0"), ("-0.00", "0"), ("-5.10", "-5.1"), ("0.07", "0.07")],
)  # fmt: skip
def test_an_amount_counts_by_its_value(text: str, plain: str) -> None:
    assert plain_value(text) == plain


def test_all_that_is_left_is_another_capture_than_any_amount() -> None:
    assert fingerprint(c.Capture(hold_key="h1")) != fingerprint(c.Capture(hold_key="h1", money=money("0")))


awkward = st.text(alphabet="ab:1\x1e\x1f", max_size=5)


@given(awkward, awkward, awkward, awkward)
def test_no_other_ids_have_the_same_fingerprint(round_a: str, game_a: str, round_b: str, game_b: str) -> None:
    one, two = bet(round_=round_a, game=game_a), bet(round_=round_b, game=game_b)
    assert (fingerprint(one) == fingerprint(two)) == (content(one) == content(two))


def test_separators_in_ids_do_not_mix_the_fields() -> None:
    one, two = bet(round_="p\x1fq", game="\x1er"), bet(round_="p", game="\x1eq\x1fr")
    assert fingerprint(one) != fingerprint(two)
