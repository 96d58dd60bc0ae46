"""What a watch of a pack sees in a player's history when an entry comes: a finding with its evidence, or nothing. Pure.

Windows are half-open, `(now - W, now]`. Sums of stakes and winnings are those of the market's day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import pairwise
from typing import Any, Final

from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.local_time import DAY_US, period_end_us, period_start_us
from compliance_svc.kernel.pack import NamedWatch, Pack
from compliance_svc.kernel.rules.watching import (
    DAY,
    SINGLE,
    DormantWatch,
    MinimalRiskWatch,
    MoneyWatch,
    PassThroughWatch,
    RapidMovementWatch,
    StructuringWatch,
    amount_in,
    span_us,
)
from compliance_svc.risk.history import DECIMALS, Entry, History, Kind, Movement, after, quieted

_MILLION: Final = 1_000_000
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a watch has seen: an amount, what it was compared with, the entries that it rests on, and a sentence for staff."""

    observed: int
    threshold: int
    evidence: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person has to look at."""

    entry: Entry
    rule: str
    requirement: str
    pack: str
    pack_digest: str
    seen: Seen
    flag_until_us: int

    @property
    def case_id(self) -> str:
        """The same finding always has the same: entry, currency and rule."""
        return f"{self.entry.id}.{self.entry.currency.lower()}.{self.rule.replace('/', '.')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One entry, and the history with it."""

    history: History
    entry: Entry
    idle_us: int | None
    """Since the entry before; None for the first one."""
    zone: tzinfo

    @property
    def now_us(self) -> int:
        """When it is: the entry's time."""
        return self.entry.at_us

    def within(self, kind: Kind, window: str) -> tuple[Movement, ...]:
        """Return movements of a kind in a window that ends now."""
        return self.history.within(kind, self.now_us - span_us(window))


def advance(history: History, entry: Entry, pack: Pack | None) -> tuple[History, list[Finding]]:
    """Take an entry in; what the watches of the player's law find then. Splitting the log anywhere changes nothing."""
    zone = UTC if pack is None else pack.zone
    last_us = history.totals.last_us
    found = after(history, entry, period_start_us(entry.at_us, DAY, zone))
    if pack is None:
        return found, []
    idle_us = None if last_us is None else entry.at_us - last_us
    look = Look(history=found, entry=entry, idle_us=idle_us, zone=zone)
    findings = list(_findings(look, pack))
    spoken = {finding.rule: _quiet_until_us(finding, pack, entry.at_us) for finding in findings}
    if not spoken:
        return found, []
    return History(totals=quieted(found.totals, spoken, entry.at_us), movements=found.movements), findings


def reach_us(packs: Iterable[Pack]) -> int:
    """Return how far back a watch of these packs can look; a day of the calendar has 25 hours at most."""
    watches = [watch.params for pack in packs for watch in pack.watches]
    return max(
        [2 * DAY_US, *(span_us(getattr(one, "window", "")) + span_us(getattr(one, "within", "")) for one in watches)]
    )


def _findings(look: Look, pack: Pack) -> Iterable[Finding]:
    for watch in pack.watches:
        if look.history.totals.is_quiet(watch.label, look.now_us):
            continue
        seen = _LOOKS[type(watch.params)](watch.params, look)
        if seen is not None:
            yield _finding(watch, pack, look, seen)


def _finding(watch: NamedWatch, pack: Pack, look: Look, seen: Seen) -> Finding:
    return Finding(
        entry=look.entry,
        rule=watch.label,
        requirement=watch.requirement,
        pack=pack.label,
        pack_digest=pack.digest,
        seen=seen,
        flag_until_us=look.now_us + watch.params.flag_days * DAY_US,
    )


def _quiet_until_us(finding: Finding, pack: Pack, now_us: int) -> int:
    """A watch is quiet while its flag holds; one of single days or single amounts speaks for each of them."""
    params = next(watch.params for watch in pack.watches if watch.label == finding.rule)
    window = getattr(params, "window", "")
    if window == SINGLE:
        return now_us
    return period_end_us(now_us, DAY, pack.zone) if window == DAY else finding.flag_until_us


def money(watch: MoneyWatch, look: Look) -> Seen | None:
    """A sum reaches a threshold."""
    kind, limit = Kind(watch.basis), _limit(watch.amounts, look)
    if look.entry.kind is not kind or limit is None:
        return None
    observed, evidence = _sum(watch, kind, look)
    if observed < limit or (observed == limit and not watch.reached):
        return None
    what = {SINGLE: "one", DAY: "the day's"}.get(watch.window, f"{watch.window} of")
    return Seen(
        observed=observed, threshold=limit, evidence=evidence, summary=f"{what} {watch.basis}s reach the threshold"
    )  # fmt: skip


def _sum(watch: MoneyWatch, kind: Kind, look: Look) -> tuple[int, tuple[str, ...]]:
    totals = look.history.totals
    if watch.window == SINGLE:
        return look.entry.amount, (look.entry.id,)
    if kind in (Kind.STAKE, Kind.WINNING):
        return totals.day_staked if kind is Kind.STAKE else totals.day_won, (look.entry.id,)
    start_us = period_start_us(look.now_us, DAY, look.zone) - 1
    found = look.history.within(kind, start_us) if watch.window == DAY else look.within(kind, watch.window)
    return _total(found), _ids(found)


def structuring(watch: StructuringWatch, look: Look) -> Seen | None:
    """Deposits that each stay just below an amount."""
    low, high = _limit(watch.at_least, look), _limit(watch.below, look)
    if look.entry.kind is not Kind.DEPOSIT or low is None or high is None:
        return None
    found = [one for one in look.within(Kind.DEPOSIT, watch.window) if low <= one.amount < high]
    if len(found) < watch.count or look.entry.id != found[-1].id:
        return None
    summary = f"{len(found)} deposits within {watch.window}, each just below the threshold"
    return Seen(observed=_total(found), threshold=high, evidence=_ids(found), summary=summary)


def pass_through(watch: PassThroughWatch, look: Look) -> Seen | None:
    """Money comes in and goes out with little play."""
    limit = _limit(watch.deposited, look)
    if look.entry.kind is not Kind.WITHDRAWAL or limit is None:
        return None
    came = look.within(Kind.DEPOSIT, watch.window)
    deposited = _total(came)
    if not came or deposited < limit:
        return None
    went = [one for one in look.within(Kind.WITHDRAWAL, watch.window) if _follows(one, came[0], look)]
    played = look.history.totals.staked - came[0].staked_before
    if _total(went) * _PERCENT < deposited * watch.back_percent:
        return None
    if played * _PERCENT >= deposited * watch.played_percent:
        return None
    percent = max(0, played) * _PERCENT // deposited
    summary = f"deposits of {watch.window} go out again after stakes of {percent} percent of them"
    return Seen(observed=_total(went), threshold=limit, evidence=_ids([*came, *went]), summary=summary)


def rapid_movement(watch: RapidMovementWatch, look: Look) -> Seen | None:
    """Withdrawals that follow on deposits at once."""
    limit = _limit(watch.withdrawn, look)
    if look.entry.kind is not Kind.WITHDRAWAL or limit is None:
        return None
    pairs = _turns(look.history.movements, span_us(watch.within))
    start_us = look.now_us - span_us(watch.window)
    found = [pair for pair in pairs if pair[1].at_us > start_us]
    if not found or found[-1][1].id != look.entry.id:
        return None
    withdrawn = _total(went for _, went in found)
    if len(found) < watch.count or withdrawn < limit:
        return None
    evidence = tuple(one.id for pair in found for one in pair)
    summary = f"{len(found)} withdrawals within {watch.window}, each at most {watch.within} after a deposit"
    return Seen(observed=withdrawn, threshold=limit, evidence=evidence, summary=summary)


def minimal_risk(watch: MinimalRiskWatch, look: Look) -> Seen | None:
    """Much play that neither wins nor loses, and then a withdrawal."""
    limit = _limit(watch.staked, look)
    came = look.within(Kind.DEPOSIT, watch.window)
    if look.entry.kind is not Kind.WITHDRAWAL or limit is None or not came:
        return None
    staked = look.history.totals.staked - came[0].staked_before
    won = look.history.totals.won - came[0].won_before
    if staked < limit or abs(staked - won) * _MILLION > staked * watch.difference_ppm:
        return None
    summary = f"stakes since the first deposit of {watch.window} came back almost whole, and a withdrawal follows"
    return Seen(observed=staked, threshold=limit, evidence=(*_ids(came), look.entry.id), summary=summary)


def dormant(watch: DormantWatch, look: Look) -> Seen | None:
    """A large deposit after a long rest."""
    limit = _limit(watch.deposited, look)
    if look.entry.kind is not Kind.DEPOSIT or limit is None or look.idle_us is None:
        return None
    if look.entry.amount < limit or look.idle_us < watch.idle_days * DAY_US:
        return None
    summary = f"a large deposit after {look.idle_us // DAY_US} days without any movement or play"
    return Seen(observed=look.entry.amount, threshold=limit, evidence=(look.entry.id,), summary=summary)


_LOOKS: Final[dict[type[Any], Callable[[Any, Look], Seen | None]]] = {
    MoneyWatch: money,
    StructuringWatch: structuring,
    PassThroughWatch: pass_through,
    RapidMovementWatch: rapid_movement,
    MinimalRiskWatch: minimal_risk,
    DormantWatch: dormant,
}


def _limit(amounts: tuple[Amount, ...], look: Look) -> int | None:
    """Return an amount of the pack in the entry's currency; None where it is not watched."""
    amount = amount_in(amounts, look.entry.currency)
    return None if amount is None else amount.at_most_minor(DECIMALS)


def _total(movements: Iterable[Movement]) -> int:
    return sum(one.amount for one in movements)


def _ids(movements: Iterable[Movement]) -> tuple[str, ...]:
    return tuple(one.id for one in movements)


def _follows(one: Movement, first: Movement, look: Look) -> bool:
    """Say whether a movement comes after another one in the log."""
    ids = [movement.id for movement in look.history.movements]
    return ids.index(one.id) > ids.index(first.id)


def _turns(movements: Sequence[Movement], within_us: int) -> list[tuple[Movement, Movement]]:
    """Return each deposit with the withdrawal that is the very next movement, and comes soon enough."""
    lasting = [one for one in movements if one.amount]
    return [
        (came, went)
        for came, went in pairwise(lasting)
        if came.kind is Kind.DEPOSIT and went.kind is Kind.WITHDRAWAL and went.at_us - came.at_us <= within_us
    ]
