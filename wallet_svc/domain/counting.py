"""What counts for limits: money and time that entries book, and from when it has to be read back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from compliance_svc import kernel
from wallet_svc.domain.commands import Deposit
from wallet_svc.domain.vocabulary import Kind

if TYPE_CHECKING:
    from wallet_svc.domain.commands import Action
    from wallet_svc.domain.state import Asset, Entry, HeldMoney, Player, Registry

_COUNTS: dict[Kind, tuple[tuple[kernel.LimitKind, int], ...]] = {
    Kind.DEPOSIT: ((kernel.LimitKind.DEPOSIT, 1), (kernel.LimitKind.NETDEP, 1)),
    Kind.HOLD: ((kernel.LimitKind.NETDEP, -1),),
    Kind.RELEASE: ((kernel.LimitKind.NETDEP, 1),),
    Kind.EXPIRE: ((kernel.LimitKind.NETDEP, 1),),
    Kind.BET: ((kernel.LimitKind.WAGER, 1), (kernel.LimitKind.LOSS, 1)),
    Kind.CANCEL: ((kernel.LimitKind.WAGER, -1), (kernel.LimitKind.LOSS, -1)),
    Kind.UNDO_ROLLBACK: ((kernel.LimitKind.WAGER, 1), (kernel.LimitKind.LOSS, 1)),
    Kind.WIN: ((kernel.LimitKind.LOSS, -1),),
    Kind.REVERSE_WIN: ((kernel.LimitKind.LOSS, 1),),
}
"""What an accepted entry counts for, and in which direction.

Tips, promotional credits, prizes, jackpots, free rounds and corrections count for nothing:
limits look at stakes, and at what came back for them.
"""


def count(player: Player, entry: Entry) -> None:
    """Count accepted money for limits, the spend of a session, and the start of a game cycle."""
    if entry.kind in _STAKES:
        _count_spend(player, entry)
    if entry.kind is Kind.BET and entry.details and "category" in entry.details:
        player.cycles[entry.session or "", entry.details["category"]] = entry.recorded_us
    if player.usage is not None and entry.amount and entry.asset is not None:
        _count_usage(player, entry)
    elif player.usage is not None and entry.kind in _TIMES:
        count_time(player.usage, entry.kind, entry.session or "", entry.recorded_us, entry.details or {})


_TIMES = frozenset({Kind.OPEN_PLAY, Kind.RESUME_PLAY, Kind.CHANGE_PLAY, Kind.END_PLAY})


def count_time(usage: kernel.UsageBook, kind: Kind, session: str, at_us: int, details: dict[str, Any]) -> None:
    """Count the time of sessions by an accepted entry about one of them."""
    match kind:
        case Kind.OPEN_PLAY | Kind.RESUME_PLAY:
            usage.open_session(session, at_us, details.get("expires_us"))
        case Kind.CHANGE_PLAY if "until_us" in details:
            usage.extend_session(session, at_us, details["until_us"])
        case Kind.END_PLAY:
            usage.close_session(session, at_us)


def _restore_time(usage: kernel.UsageBook, rows: list[Any]) -> None:
    """Count the time of sessions from entries that were read back. Whoever raises the epoch ends all of them."""
    epoch = 0
    for row in rows:
        details = orjson.loads(row.details) if row.details else {}
        if "protection" in details:
            raised = int(orjson.loads(details["protection"]).get("epoch", 0))
            if raised != epoch:
                usage.close_sessions(row.recorded_us)
            epoch = raised
        else:
            count_time(usage, Kind(row.kind), row.session or "", row.recorded_us, details)


def counts_time(protection: kernel.Protection | None) -> bool:
    """Whether the time of sessions counts."""
    return protection is not None and any(limit.kind is kernel.LimitKind.TIME for limit in protection.limits)


_STAKES = frozenset({Kind.BET, Kind.CANCEL, Kind.UNDO_ROLLBACK})


def _count_spend(player: Player, entry: Entry) -> None:
    """A session with a spend of its own counts its stakes."""
    play = player.plays.get(session_of(player, entry))
    if play is None or play.permit is None or play.permit.spend_limit_minor is None:
        return
    amount = entry.amount or 0
    spent = play.permit.spent_minor + (-amount if entry.kind is Kind.CANCEL else amount)
    play.permit = replace(play.permit, spent_minor=spent)


def session_of(player: Player, entry: Entry) -> str:
    """The session that staked: a cancel may name another one, or none."""
    if entry.kind is Kind.BET:
        return entry.session or ""
    stake = player.keys.get((entry.source_id, Kind.BET, stake_key(entry)))
    return "" if stake is None else stake.session or ""


def _count_usage(player: Player, entry: Entry) -> None:
    code, amount = entry.asset.code if entry.asset else "", entry.amount or 0
    counted = counted_of(player, entry)
    if counted is not None and player.main is not None:
        code, amount = player.main.code, counted
    if entry.kind in _OF_A_STAKE and entry.details and "of" in entry.details:
        # A tip is no stake, so what gives it back takes nothing off.
        return
    if entry.kind in _OF_A_HOLD and _hold_of(player, entry).aside:
        # Nobody asked for it to leave.
        return
    _add(player.usage, entry.kind, code, _counted_us(player, entry), amount)


_OF_A_STAKE = frozenset({Kind.CANCEL, Kind.UNDO_ROLLBACK})


def counted_of(player: Player, entry: Entry) -> int | None:
    """What counts in the player's main currency, fixed when it was decided; None if it is the amount itself."""
    if entry.kind in _OF_A_STAKE:
        round_ = player.rounds.get((entry.source_id, entry.round or ""))
        bet = None if round_ is None else round_.bets.get(stake_key(entry))
        return None if bet is None else bet.counted
    counted: int | None = (entry.details or {}).get("counted")
    return counted


_OF_A_HOLD = frozenset({Kind.HOLD, Kind.RELEASE, Kind.EXPIRE})


def _hold_of(player: Player, entry: Entry) -> HeldMoney:
    return player.holds[entry.source_id, (entry.key if entry.kind is Kind.HOLD else entry.reference) or ""]


def _counted_us(player: Player, entry: Entry) -> int:
    """A result counts when its round began, and what becomes of a stake or a hold when that was taken first."""
    if entry.kind in (Kind.RELEASE, Kind.EXPIRE):
        return player.holds[entry.source_id, entry.reference or ""].at_us
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    if round_ is not None and entry.kind in (Kind.WIN, Kind.REVERSE_WIN):
        return round_.opened_us
    if round_ is not None and entry.kind in _OF_A_STAKE:
        return round_.bets[stake_key(entry)].at_us
    return entry.recorded_us


def stake_key(entry: Entry) -> str:
    """The key of the stake that a cancel, or the undoing of one, is about."""
    key: str | None = (entry.details or {}).get("stake") if entry.kind is Kind.UNDO_ROLLBACK else entry.reference
    return key or ""


def _add(usage: kernel.UsageBook, kind: Kind, currency: str, at_us: int, amount: int) -> None:
    for limit, sign in _COUNTS.get(kind, ()):
        usage.add(limit, currency, at_us, sign * amount)


def lacks_usage(player: Player, action: Action, packs: kernel.PackLibrary, now_us: int) -> bool:
    """Whether the player's usage must be read before the law is asked. Cheap: for most players nothing counts."""
    if type(action) is Deposit:
        # A pack's thresholds look back further than what was read, or kept, for the player's own limits.
        since_us = usage_since(player, action, packs, now_us)
        return since_us is not None and (player.usage is None or player.usage.since_us > since_us)
    if player.usage is not None:
        return False
    protection = player.protection
    if player.uncounted is not None and player.uncounted is protection:
        return False
    if _limits_since(player, now_us) is not None:
        return True
    player.uncounted = protection
    return False


_CLOCKS_US: Final = 86_400_000_000
"""How far the clocks of processes, and one clock before and after it was set, may be apart."""


def forget_usage(player: Player, now_us: int) -> None:
    """Keep what the player's limits can still need, and nothing if nothing counts. What is needed later is read from the log."""
    if player.usage is None:
        return
    if _limits_since(player, now_us) is None:
        player.usage = None
    else:
        player.usage.trim(player.protection.limits, now_us - _CLOCKS_US)


def usage_since(player: Player, action: Action, packs: kernel.PackLibrary, now_us: int) -> int | None:
    """From when the player's limits look back, and at a deposit the pack's thresholds; None if nothing counts."""
    since_us, pack = _limits_since(player, now_us), packs.at(player.pack, now_us, player.licensee.name)
    if type(action) is not Deposit or pack is None:
        return since_us
    spans = [now_us - rule.look_back_us for rule in pack.triggers]
    return min([*spans, *([] if since_us is None else [since_us])], default=None)


def _limits_since(player: Player, now_us: int) -> int | None:
    return None if player.protection is None else _earliest(player.protection, now_us)


def _earliest(protection: kernel.Protection, now_us: int) -> int | None:
    return min(kernel.usage_needed(protection.limits, now_us).values(), default=None)


def limit_statuses(  # noqa: PLR0913 - a player as it is stored, and what it is read under
    *,
    licensee: str,
    pack: str,
    main: Asset,
    protection: str | None,
    rows: list[Any],
    times: list[Any],
    registry: Registry,
    packs: kernel.PackLibrary,
    now_us: int,
) -> tuple[kernel.LimitStatus, ...]:
    """What is used and left of each limit, from entries that were read back."""
    state = kernel.Protection.from_json(protection) if protection else None
    player = kernel.Player(born=None, currency=main.code, protection=state)
    book = _book(rows, registry, main)
    _restore_time(book, times)
    facts = kernel.Facts(player=player, usage=book)
    market = packs.at(pack, now_us, licensee)
    return () if market is None else kernel.limit_statuses(market, facts, now_us)


def looks_back_to(protection: str | None, now_us: int) -> int | None:
    """From when the limits of a stored state look back, or None if none of them counts anything."""
    return _earliest(kernel.Protection.from_json(protection), now_us) if protection else None


def played(rows: list[Any], asset_id: int, since_us: int) -> tuple[int, int]:
    """What was staked and won in an asset since an instant, from entries that were read back."""
    sums = dict.fromkeys((kernel.LimitKind.WAGER, kernel.LimitKind.LOSS), 0)
    for row in rows:
        if row.asset_id != asset_id or row.counted_us < since_us:
            continue
        for kind, sign in _COUNTS.get(Kind(row.kind), ()):
            if kind in sums:
                sums[kind] += sign * int(row.amount)
    staked = sums[kernel.LimitKind.WAGER]
    return staked, staked - sums[kernel.LimitKind.LOSS]


def restore_usage(player: Player, rows: list[Any], times: list[Any], registry: Registry, since_us: int) -> None:
    """Fill the usage from accepted entries that were read back: of money since an instant, and of sessions where their time counts."""
    player.usage = _book(rows, registry, player.main)
    player.usage.since_us = since_us
    _restore_time(player.usage, times)


def _book(rows: list[Any], registry: Registry, main: Asset | None) -> kernel.UsageBook:
    book = kernel.UsageBook()
    for row in rows:
        code, amount = registry.assets_by_id[row.asset_id].code, row.amount
        if row.counted is not None and main is not None:
            code, amount = main.code, row.counted
        _add(book, Kind(row.kind), code, row.counted_us, amount)
    return book
