"""Their messages to our actions, our results to their replies. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal

from pitboss.wallet.v1.action_pb2 import Action, Adjust, Balances, Bet, Cancel, CloseRound, PromoReason, Result, Win
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from provider_adapters._kit import gifts
from provider_adapters._kit.amounts import AmountError, from_text
from provider_adapters._kit.ports import SessionFacts
from provider_adapters.pragmatic_style import wire
from provider_adapters.pragmatic_style.amounts import shown, to_money, to_signed_money
from provider_adapters.pragmatic_style.errors import DESCRIPTIONS, Code

_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
TOURNAMENT = "T"
_CONTRIBUTION_PLACES = 8
"""Contributions are finer than stakes."""
_NOTHING = Decimal("0.00")


def bet(request: wire.BetRequest) -> Action:
    """The stake. Session and currency are not on the wire and still open."""
    taken = Bet(
        round_id=identifier("roundId", request.round_id),
        amount=to_money(request.amount),
        game_id=identifier("gameId", request.game_id),
    )
    _attribute_jackpot(taken, request.jackpot_contribution)
    return Action(transaction_key=identifier("reference", request.reference), bet=taken)


def _attribute_jackpot(taken: Bet, contribution: str) -> None:
    """Note what of the stake feeds a jackpot. It moves nothing, so what is no part of the stake is only left out."""
    try:
        part = from_text(contribution or "0", "", _CONTRIBUTION_PLACES)
    except AmountError:
        return
    if 0 < Decimal(part.amount) <= Decimal(taken.amount.amount):
        taken.jackpot_contribution.CopyFrom(part)


def win(request: wire.ResultRequest) -> Action:
    """The result of all live bets of the round: the wire names no bet. The currency is still open."""
    paid = Win(
        round_id=identifier("roundId", request.round_id),
        amount=to_money(request.amount),
        game_id=identifier("gameId", request.game_id),
    )
    return Action(transaction_key=identifier("reference", request.reference), win=paid)


def free_bet(request: wire.BetRequest, session: SessionFacts) -> Action:
    """A free spin begins. It takes nothing; what it is worth is told by its result."""
    return _free_spin(request, "0", session)


def free_result(request: wire.ResultRequest, session: SessionFacts) -> Action:
    """The result of a free spin. The provider account says whether spins pay, or their total."""
    return _free_spin(request, request.amount, session)


def _free_spin(request: wire.BetRequest | wire.ResultRequest, amount: str, session: SessionFacts) -> Action:
    money = to_money(amount)
    money.currency_code = session.currency_code
    key, grant = identifier("reference", request.reference), identifier("bonusCode", request.bonus_code)
    round_id = identifier("roundId", request.round_id)
    return gifts.free_spin(key, money, grant, round_id=round_id, session_id=session.session_id)


def bonus(request: wire.BonusRequest, session: SessionFacts) -> Action:
    """The total of a grant: information where its spins were paid, the payment where they were not."""
    amount = to_money(request.amount)
    amount.currency_code = session.currency_code
    key, grant = identifier("reference", request.reference), identifier("bonusCode", request.bonus_code)
    return gifts.free_total(key, amount, grant, session_id=session.session_id)


def jackpot(request: wire.JackpotRequest) -> Action:
    """A jackpot beside the result of its round. The currency is still open."""
    key, round_id = identifier("reference", request.reference), identifier("roundId", request.round_id)
    return gifts.jackpot(key, to_money(request.amount), round_id=round_id)


def promotion(request: wire.PromoRequest) -> Action:
    """A prize of a campaign: a tournament's, or a prize drop."""
    key, amount = identifier("reference", request.reference), to_money(request.amount)
    amount.currency_code = request.currency
    if request.campaign_type == TOURNAMENT:
        return gifts.tournament(key, amount)
    return gifts.promo(key, amount, PromoReason.PROMO_REASON_PRIZE_DROP)


def adjustment(request: wire.AdjustmentRequest, played: Sequence[Transaction]) -> Action | None:
    """A correction of a round. It names no transaction, so it is one of the last result that stands, else of the last bet.

    None if nothing stands that could be corrected. A repeated correction is of what it was of the first time.
    """
    key = identifier("reference", request.reference)
    corrected = _corrected(key, played)
    if corrected is None:
        return None
    kind, ref_key, currency_code = corrected
    amount = to_signed_money(request.amount)
    amount.currency_code = currency_code
    return Action(transaction_key=key, adjust=Adjust(ref_kind=kind, ref_key=ref_key, amount=amount))


def _corrected(key: str, played: Sequence[Transaction]) -> tuple[TransactionKind.ValueType, str, str] | None:
    for one in played:
        if one.kind == TransactionKind.TRANSACTION_KIND_ADJUST and one.transaction_key == key:
            return one.reference_kind, one.reference_key, one.amount.currency_code
    for kind in (TransactionKind.TRANSACTION_KIND_WIN, TransactionKind.TRANSACTION_KIND_BET):
        for one in reversed(played):
            stands = one.state == TransactionState.TRANSACTION_STATE_APPLIED and not one.rolled_back
            if one.kind == kind and stands:
                return kind, one.transaction_key, one.amount.currency_code
    return None


def promotional_part(request: wire.ResultRequest) -> Action | None:
    """What a result brings beside its amount, under a reference of its own. The currency is still open; None if it brings nothing."""
    amount = to_money(request.promo_win_amount or "0")
    if not Decimal(amount.amount):
        return None
    key = identifier("promoWinReference", request.promo_win_reference)
    if request.promo_campaign_type == TOURNAMENT:
        return gifts.tournament(key, amount)
    return gifts.promo(key, amount, PromoReason.PROMO_REASON_PRIZE_DROP)


def in_currency(action: Action, currency_code: str) -> Action:
    """A promotional part in the currency of its result."""
    part = action.tournament if action.HasField("tournament") else action.promo
    part.amount.currency_code = currency_code
    return action


def cancel(request: wire.RefundRequest) -> Action:
    """The refund of a bet. It has no id of its own: its `reference` is the bet's."""
    reference = identifier("reference", request.reference)
    round_id = identifier("roundId", request.round_id) if request.round_id else ""
    return Action(transaction_key=reference, cancel=Cancel(bet_key=reference, round_id=round_id))


def close_round(request: wire.EndRoundRequest) -> Action:
    """The end of a round."""
    return Action(close_round=CloseRound(round_id=identifier("roundId", request.round_id)))


def identifier(name: str, value: str) -> str:
    """An id of the provider, or FieldError when it cannot be one."""
    if not _ID.fullmatch(value):
        raise wire.FieldError(f"bad value in {name}")
    return value


def authenticate_reply(session: SessionFacts, balances: Balances) -> wire.AuthenticateReply:
    """Who plays, with what."""
    return wire.AuthenticateReply(
        user_id=str(session.player),
        currency=session.currency_code,
        cash=shown(balances.available),
        bonus=shown(balances.bonus),
        token=session.token,
        country=session.country,
        jurisdiction=session.jurisdiction,
        error=Code.OK,
        description=DESCRIPTIONS[Code.OK],
    )


def balance_reply(balances: Balances) -> wire.BalanceReply:
    """What there is now."""
    return wire.BalanceReply(
        currency=balances.available.currency_code,
        cash=shown(balances.available),
        bonus=shown(balances.bonus),
        error=Code.OK,
        description=DESCRIPTIONS[Code.OK],
    )


def bet_reply(result: Result, code: Code) -> wire.BetReply:
    """The answer to a bet. Promotional money is never staked here."""
    return wire.BetReply(
        transaction_id=result.transaction_id,
        currency=result.balance_now.available.currency_code,
        cash=_cash(result, code),
        bonus=shown(result.balance_now.bonus),
        used_promo=_NOTHING,
        error=code,
        description=DESCRIPTIONS[code],
    )


def result_reply(result: Result, code: Code) -> wire.ResultReply:
    """The answer to a result."""
    return wire.ResultReply(
        transaction_id=result.transaction_id,
        currency=result.balance_now.available.currency_code,
        cash=_cash(result, code),
        bonus=shown(result.balance_now.bonus),
        error=code,
        description=DESCRIPTIONS[code],
    )


def end_round_reply(balances: Balances) -> wire.EndRoundReply:
    """The answer to the end of a round."""
    return wire.EndRoundReply(
        cash=shown(balances.available),
        bonus=shown(balances.bonus),
        error=Code.OK,
        description=DESCRIPTIONS[Code.OK],
    )


def refund_reply(result: Result, code: Code) -> wire.RefundReply:
    """The answer to a refund."""
    return wire.RefundReply(transaction_id=result.transaction_id, error=code, description=DESCRIPTIONS[code])


def error_reply(code: Code, detail: str = "") -> wire.ErrorReply:
    """The answer when there is nothing else to say."""
    text = DESCRIPTIONS[code]
    return wire.ErrorReply(error=code, description=f"{text}: {detail}" if detail else text)


def _cash(result: Result, code: Code) -> Decimal:
    # A repeated message gets the stored answer again; a refusal shows what is really there.
    stored = code is Code.OK and result.HasField("balance_at_commit")
    return shown(result.balance_at_commit if stored else result.balance_now.available)
