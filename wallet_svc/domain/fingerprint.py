"""What makes two requests with one key the same request.

Only what matters to money is part of it: amount by value, currency, round, game,
reference. Session, attribution and the close flag are not (money/FORMAT rule 1).
"""

import hashlib
from collections.abc import Callable
from typing import Any

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
    parts = content(action)
    text = "\x1f".join(parts)
    if text.count("\x1f") >= len(parts):
        # A part holds the separator itself: lengths keep the parts apart, whatever is in them.
        text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(text.encode(), digest_size=_SIZE).digest()


def content(action: Action) -> tuple[str, ...]:
    """The parts of an action that its key stands for."""
    return _CONTENT[type(action)](action)


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


_CONTENT: dict[type, Callable[[Any], tuple[str, ...]]] = {
    Bet: lambda bet: ("bet", *_money(bet.money), bet.round, bet.game),
    BetAndWin: lambda both: content(both.bet),
    Win: lambda win: ("win", *_money(win.money), win.round, win.bet_key),
    Cancel: lambda cancel: ("cancel", cancel.bet_key),
    CloseRound: lambda close: ("close_round", close.round),
    Deposit: lambda deposit: ("deposit", *_money(deposit.money)),
    Hold: lambda hold: ("hold", *_money(hold.money)),
    Capture: lambda capture: ("capture", capture.hold_key, *(_money(capture.money) if capture.money else ("rest",))),
    Release: lambda release: ("release", release.hold_key),
    Expire: lambda expire: ("expire", expire.hold_key),
    OpenAccount: lambda account: ("open_account", account.currency, account.jurisdiction, account.born_on),
    OpenPlay: lambda play: ("open_play", play.session, play.provider, play.currency, play.game),
    EndPlay: lambda play: ("end_play", play.session),
    SetBlock: lambda block: ("set_block", str(int(block.blocked))),
    SetLimit: lambda limit: ("set_limit", limit.limit, limit.window, *_money(limit.money)),
    ConfirmLimit: lambda limit: ("confirm_limit", limit.limit, limit.window),
    CancelPendingLimit: lambda limit: ("cancel_pending_limit", limit.limit, limit.window),
    Exclude: lambda exclusion: ("exclude", exclusion.term),
    TakeBreak: lambda pause: ("take_break", pause.term),
    RequestReinstatement: lambda _: ("request_reinstatement",),
}
