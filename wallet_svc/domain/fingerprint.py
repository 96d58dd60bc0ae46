"""What makes two requests with one key the same request.

Only what matters to money is part of it: amount by value, currency, round, game,
reference. Session, attribution and the close flag are not (money/FORMAT rule 1).
"""

import hashlib

from wallet_svc.domain.commands import (
    Action,
    Bet,
    BetAndWin,
    Cancel,
    CancelPendingLimit,
    Capture,
    CloseRound,
    ConfirmLimit,
    Deposit,
    EndPlay,
    Exclude,
    Expire,
    Hold,
    MoneyText,
    OpenAccount,
    OpenPlay,
    Release,
    RequestReinstatement,
    SetBlock,
    SetLimit,
    TakeBreak,
    Win,
)

_SIZE = 16


def fingerprint(action: Action) -> bytes:
    """16 bytes that are equal for equal content."""
    text = "\x1f".join([part.replace("\x1f", "\x1f\x1e") for part in content(action)])
    return hashlib.blake2b(text.encode(), digest_size=_SIZE).digest()


def content(action: Action) -> tuple[str, ...]:
    """The parts of an action that its key stands for."""
    match action:
        case Bet():
            return ("bet", *_money(action.money), action.round, action.game)
        case BetAndWin():
            return content(action.bet)
        case Win():
            return ("win", *_money(action.money), action.round, action.bet_key)
        case Cancel():
            return ("cancel", action.bet_key)
        case CloseRound():
            return ("close_round", action.round)
        case Deposit():
            return ("deposit", *_money(action.money))
        case Hold():
            return ("hold", *_money(action.money))
        case Capture():
            return ("capture", action.hold_key, *(_money(action.money) if action.money else ("rest",)))
        case Release() | Expire():
            return ("release", action.hold_key)
        case _:
            return _standing(action)


def _standing(action: Action) -> tuple[str, ...]:
    match action:
        case OpenAccount():
            return ("open_account", action.currency, action.jurisdiction, action.born_on)
        case OpenPlay():
            return ("open_play", action.session, action.provider, action.currency, action.game)
        case EndPlay():
            return ("end_play", action.session)
        case SetBlock():
            return ("set_block", str(int(action.blocked)))
        case SetLimit():
            return ("set_limit", action.limit, action.window, *_money(action.money))
        case ConfirmLimit() | CancelPendingLimit():
            return (type(action).__name__, action.limit, action.window)
        case Exclude() | TakeBreak():
            return (type(action).__name__, action.term)
        case RequestReinstatement():
            return ("request_reinstatement",)
        case _:
            raise TypeError(type(action))


def _money(money: MoneyText) -> tuple[str, str]:
    return money.currency, plain_value(money.amount)


def plain_value(text: str) -> str:
    """The shortest spelling of a decimal: "05.00" and "5" are the same value."""
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return plain if plain == "0" else sign + plain
