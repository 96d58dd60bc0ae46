"""What makes two requests with one key the same request.

Only what matters to money is part of it: amount by value, currency, round, game,
reference. Session, attribution and the close flag are not (money/FORMAT rule 1).
"""

import hashlib
from collections.abc import Callable
from typing import Any

from wallet_svc.domain.commands import (
    Action,
    Adjust,
    ApproveAdjustment,
    ApproveReinstatement,
    Bet,
    BetAndWin,
    Cancel,
    CancelPendingLimit,
    Capture,
    ChangePlay,
    CloseRound,
    Conclude,
    ConfirmLimit,
    Credit,
    Deliver,
    Deposit,
    EndPlay,
    Enter,
    Exclude,
    Expire,
    FreeRound,
    Hold,
    LeaveForGood,
    MoneyText,
    OpenAccount,
    OpenPlay,
    ProposeAdjustment,
    RecordFinding,
    Release,
    RequestReinstatement,
    ResumePlay,
    ReverseWin,
    RollbackList,
    SetBlock,
    SetLimit,
    SetStanding,
    TakeBreak,
    Tip,
    TransferIn,
    TransferOut,
    UndoRollback,
    Win,
)
from wallet_svc.domain.vocabulary import Kind

_SIZE = 16


def fingerprint(action: Action, effective_us: int | None = None) -> bytes:
    """16 bytes that are equal for equal content."""
    parts = content(action)
    if effective_us is not None:
        parts = (*parts, "effective", str(effective_us))
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
    Bet: lambda bet: ("bet", *_money(bet.money), bet.round, bet.game, *(("free",) if bet.free else ())),
    BetAndWin: lambda both: content(both.bet),
    Win: lambda win: ("win", *_money(win.money), win.round, win.bet_key),
    Cancel: lambda cancel: ("cancel", cancel.bet_key, *(() if cancel.of is Kind.BET else (cancel.of.name,))),
    CloseRound: lambda close: ("close_round", close.round),
    Deposit: lambda deposit: ("deposit", *_money(deposit.money)),
    TransferIn: lambda into: ("transfer_in", *_money(into.money)),
    TransferOut: lambda out: ("transfer_out", *(_money(out.money) if out.money else (out.currency, "all"))),
    Hold: lambda hold: ("hold", *_money(hold.money), *(_money(hold.tolerance) if hold.tolerance else ())),
    Capture: lambda capture: ("capture", capture.hold_key, *(_money(capture.money) if capture.money else ("rest",))),
    Release: lambda release: ("release", release.hold_key, *(("player",) if release.by_player else ())),
    Expire: lambda expire: ("expire", expire.hold_key),
    OpenAccount: lambda account: (
        *("open_account", account.currency, account.jurisdiction, account.born_on),
        *((account.person,) if account.person else ()),
    ),
    OpenPlay: lambda play: ("open_play", play.session, play.provider, play.currency, play.game),
    EndPlay: lambda play: ("end_play", play.session),
    SetBlock: lambda block: ("set_block", str(int(block.blocked))),
    SetLimit: lambda limit: (
        *("set_limit", limit.limit, limit.window),
        *(_money(limit.money) if limit.money else ()),
        *(() if limit.seconds is None else ("seconds", str(limit.seconds))),
        *(("licensee",) if limit.by_licensee else ()),
    ),
    ConfirmLimit: lambda limit: (
        *("confirm_limit", limit.limit, limit.window),
        *(("licensee",) if limit.by_licensee else ()),
    ),
    CancelPendingLimit: lambda limit: ("cancel_pending_limit", limit.limit, limit.window),
    Exclude: lambda exclusion: ("exclude", exclusion.term),
    TakeBreak: lambda pause: ("take_break", pause.term),
    RequestReinstatement: lambda _: ("request_reinstatement",),
    ApproveReinstatement: lambda _: ("approve_reinstatement",),
    LeaveForGood: lambda _: ("leave_for_good",),
    Enter: lambda entry: ("enter", entry.purpose),
    ChangePlay: lambda play: (
        *("change_play", play.session, play.what, str(play.until_us), str(play.seconds)),
        *(_money(play.money) if play.money else ()),
        *((play.assertion.nonce, str(play.assertion.issued_us)) if play.assertion else ()),
    ),
    RecordFinding: lambda finding: (
        *("record_finding", finding.about, finding.result, str(finding.moment_us)),
        *(_money(finding.money) if finding.money else ()),
        *(("found", str(finding.found_us)) if finding.found_us is not None else ()),
        *(("evidence", finding.evidence) if finding.evidence else ()),
        *(("presentation", finding.presentation) if finding.presentation else ()),
    ),
    Tip: lambda tip: ("tip", *_money(tip.money), tip.round, tip.game),
    RollbackList: lambda undone: ("rollback_list", *sorted({f"{kind.name}\x1e{key}" for kind, key in undone.items})),
    ReverseWin: lambda reversal: ("reverse_win", reversal.win_key),
    UndoRollback: lambda undo: ("undo_rollback", undo.cancel_key),
    Credit: lambda credit: (credit.kind.name, *_money(credit.money), credit.round, credit.to.name),
    FreeRound: lambda free: (free.kind.name, *_money(free.money), free.grant, free.round, free.to.name),
    Adjust: lambda adjust: ("adjust", *_money(adjust.money), adjust.ref_kind.name, adjust.ref_key, adjust.ref_source),
    ProposeAdjustment: lambda proposal: ("propose", *content(proposal.adjustment), proposal.proposed_by),
    ApproveAdjustment: lambda approval: ("approve", approval.proposal_key, approval.payload_hash, approval.approved_by),
    SetStanding: lambda change: (change.kind.name, change.currency, change.what.name or ""),
    ResumePlay: lambda play: ("resume_play", play.session),
    Conclude: lambda end: ("conclude", str(end.intent)),
    Deliver: lambda delivery: ("deliver", str(delivery.owed)),
}
