"""How a player's protection changes: pure functions from state and action to the next state.

What is found out about a person is in `person.record`.
"""

from dataclasses import dataclass, replace

from compliance_svc.kernel.actions import (
    ENDLESS,
    ApproveReinstatement,
    CancelPendingLimit,
    ConfirmLimit,
    Exclude,
    Protective,
    RequestReinstatement,
    SetLimit,
    TakeBreak,
)
from compliance_svc.kernel.codes import Code, Obligation, Verdict
from compliance_svc.kernel.facts import Player
from compliance_svc.kernel.limits import Limit, LimitKind, PendingIncrease
from compliance_svc.kernel.local_time import SECOND_US, Term
from compliance_svc.kernel.pack import AT_ONCE, Pack
from compliance_svc.kernel.person import record
from compliance_svc.kernel.protection import Exclusion, Protection
from compliance_svc.kernel.rules.bands import by_age, minors
from compliance_svc.kernel.rules.policies import SelfExclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a protective action does."""

    verdict: Verdict = Verdict.ALLOW
    code: Code | None = None
    effective_us: int | None = None
    eligible_us: int | None = None
    until_us: int | None = None
    protection: Protection | None = None
    obligations: tuple[Obligation, ...] = ()


def change(pack: Pack, player: Player, action: Protective, now_us: int) -> Change:
    """Decide a protective action. Stronger protection is never refused for want of a law."""
    state = player.protection
    if state is None:
        return _denied(Code.SYS_FACT_MISSING)
    match action:
        case SetLimit():
            found = set_limit(pack, player, state, action, now_us)
        case ConfirmLimit():
            found = confirm_limit(state, action, now_us)
        case CancelPendingLimit():
            found = cancel_pending_limit(state, action, now_us)
        case Exclude():
            found = exclude(pack, state, action, now_us)
        case TakeBreak():
            found = take_break(pack, state, action, now_us)
        case RequestReinstatement():
            found = request_reinstatement(pack, state, now_us)
        case ApproveReinstatement():
            found = approve_reinstatement(pack, state, now_us)
        case _:
            found = _finding(record(pack, state, action, now_us), state)
    return found


def _finding(found: Protection | None, before: Protection) -> Change:
    """Say what a finding changes, and who has to look into it."""
    blocks = found is not None and found.person.payments_blocked and not before.person.payments_blocked
    return Change(protection=found, obligations=(Obligation.INVESTIGATE_PAYMENTS,) if blocks else ())


def set_limit(pack: Pack, player: Player, state: Protection, action: SetLimit, now_us: int) -> Change:
    """Set a limit: at once if it is the first or not above the one in force, else after the pack's delay."""
    current = state.limit(action.limit_kind, action.window)
    if action.currency != _currency(player, action) or (current is not None and current.currency != action.currency):
        return _denied(Code.SYS_FX_STALE)
    if current is not None and (action.by_licensee or action.amount_minor <= current.in_force(now_us)):
        return _lower(state, current, action.amount_minor, now_us)
    contact = Change() if state.person.contacted else _contact(pack, player, action, now_us)
    if contact.code is not None:
        return contact
    if current is None:
        return replace(_limit_now(state, _first_limit(action, now_us), now_us), obligations=contact.obligations)
    if pack.limit_change is None:
        return _denied(Code.SYS_NO_PACK)
    return replace(_increase(pack, state, current, action, now_us), obligations=contact.obligations)


def _currency(player: Player, action: SetLimit) -> str:
    """Return the currency of a player's limits; those of time have none."""
    return "" if action.limit_kind is LimitKind.TIME else player.currency


def _contact(pack: Pack, player: Player, action: SetLimit, now_us: int) -> Change:
    """Say whether somebody has to talk to the player about a limit that high."""
    for rule in pack.contacts:
        if action.limit_kind is not LimitKind.DEPOSIT or action.window.value != rule.window:
            continue
        if action.exponent is None:
            return _denied(Code.SYS_FACT_MISSING)
        amounts = minors(rule.bands, action.currency, action.exponent)
        if not amounts:
            return _denied(Code.SYS_FX_STALE)
        if action.amount_minor > by_age(amounts, pack.zone)(player.born, now_us):
            if rule.effect == "challenge":
                return Change(verdict=Verdict.CHALLENGE, code=Code.LIM_CONTACT_REQUIRED)
            return Change(obligations=(Obligation.CONTACT_PLAYER,))
    return Change()


def _first_limit(action: SetLimit, now_us: int) -> Limit:
    return Limit(
        kind=action.limit_kind,
        window=action.window,
        currency=action.currency,
        amount_minor=action.amount_minor,
        since_us=now_us,
    )


def _limit_now(state: Protection, limit: Limit, now_us: int) -> Change:
    return Change(effective_us=now_us, protection=state.with_limit(limit))


def _lower(state: Protection, current: Limit, amount_minor: int, now_us: int) -> Change:
    if amount_minor > current.in_force(now_us):
        return _denied(Code.LIM_PLAYER_ONLY)
    return _limit_now(state, replace(current, amount_minor=amount_minor, pending=None), now_us)


def _increase(pack: Pack, state: Protection, current: Limit, action: SetLimit, now_us: int) -> Change:
    policy = pack.limit_change or AT_ONCE
    effective_us = now_us + policy.increase_delay_s * SECOND_US
    if policy.increase_period_end:
        effective_us = max(effective_us, current.period_end_us(now_us, pack.zone))
    pending = PendingIncrease(
        amount_minor=action.amount_minor, effective_us=effective_us, needs_confirmation=policy.needs_confirmation
    )
    # An increase that is in force already is the amount that the new one starts from.
    waiting = replace(current, amount_minor=current.in_force(now_us), pending=pending)
    if waiting.in_force(now_us) == action.amount_minor:
        return _limit_now(state, replace(waiting, amount_minor=action.amount_minor, pending=None), now_us)
    return Change(verdict=Verdict.SCHEDULE, effective_us=effective_us, protection=state.with_limit(waiting))


def confirm_limit(state: Protection, action: ConfirmLimit, now_us: int) -> Change:
    """Bring a ripe increase into force. Without one there is nothing to confirm: DENY SYS.FACT_MISSING."""
    if action.by_licensee:
        return _denied(Code.LIM_PLAYER_ONLY)
    limit = state.limit(action.limit_kind, action.window)
    raised = None if limit is None else limit.awaits_confirmation(now_us)
    if limit is None or raised is None:
        return _denied(Code.SYS_FACT_MISSING)
    return _limit_now(state, replace(limit, amount_minor=raised, pending=None), now_us)


def cancel_pending_limit(state: Protection, action: CancelPendingLimit, now_us: int) -> Change:
    """Drop an increase that is not in force. Without one nothing changes."""
    limit = state.limit(action.limit_kind, action.window)
    if limit is None or limit.pending is None:
        return Change()
    return Change(protection=state.with_limit(replace(limit, amount_minor=limit.in_force(now_us), pending=None)))


def exclude(pack: Pack, state: Protection, action: Exclude, now_us: int) -> Change:
    """Exclude at once. A second exclusion can only lengthen the first."""
    policy = pack.self_exclusion
    if not policy.offers(action.term):
        return _denied(Code.SEX_TERM)
    is_endless = action.term in ENDLESS
    end_us = Term.parse(policy.minimum if is_endless else action.term).end_us(now_us, pack.zone)
    new = Exclusion(
        term=action.term,
        since_us=now_us,
        until_us=None if is_endless else end_us,
        eligible_us=end_us,
    )
    old = state.exclusion
    if old is not None and old.in_force(now_us):
        new = _longer(old, new)
    excluded = replace(state, exclusion=new).without_permits()
    return Change(effective_us=now_us, eligible_us=new.eligible_us, protection=excluded)


def _longer(old: Exclusion, new: Exclusion) -> Exclusion:
    """Return the exclusion that contains both. A return that was on its way is off."""
    is_endless = old.until_us is None or new.until_us is None
    eligible_us = max(old.eligible_us, new.eligible_us)
    keeps_term = old.until_us is None or (new.until_us is not None and old.until_us >= new.until_us)
    return Exclusion(
        term=old.term if keeps_term else new.term,
        since_us=old.since_us,
        until_us=None if is_endless else eligible_us,
        eligible_us=eligible_us,
    )


def take_break(pack: Pack, state: Protection, action: TakeBreak, now_us: int) -> Change:
    """Start a break at once. A second break can only lengthen the first."""
    terms = pack.player_break.terms
    if terms is not None and action.term not in terms:
        return _denied(Code.SEX_TERM)
    until_us = max(Term.parse(action.term).end_us(now_us, pack.zone), state.break_until_us or now_us)
    paused = replace(state, break_until_us=until_us).without_permits()
    return Change(effective_us=now_us, until_us=until_us, protection=paused)


def request_reinstatement(pack: Pack, state: Protection, now_us: int) -> Change:
    """Ask to return: refused before the end of the term, then effective by the pack's way back."""
    exclusion = state.exclusion
    if exclusion is None or not exclusion.in_force(now_us):
        return Change(effective_us=now_us)
    if (early := _too_early(pack, exclusion, now_us)) is not None:
        return early
    match pack.self_exclusion.returns:
        case "request":
            return _return(pack.self_exclusion, state, exclusion, now_us)
        case "decision":
            since_us = now_us if exclusion.requested_us is None else exclusion.requested_us
            return Change(protection=replace(state, exclusion=replace(exclusion, requested_us=since_us)))
        case _:
            return _denied(Code.SEX_REGISTER)


def approve_reinstatement(pack: Pack, state: Protection, now_us: int) -> Change:
    """Agree to a return that the player has asked for, or that the register has decided."""
    exclusion = state.exclusion
    if exclusion is None or not exclusion.in_force(now_us):
        return Change(effective_us=now_us)
    if (early := _too_early(pack, exclusion, now_us)) is not None:
        return early
    if pack.self_exclusion.returns != "register" and exclusion.requested_us is None:
        return _denied(Code.SEX_AWAIT_REQUEST)
    return _return(pack.self_exclusion, state, exclusion, now_us)


def _too_early(pack: Pack, exclusion: Exclusion, now_us: int) -> Change | None:
    if pack.limit_change is None:
        return _denied(Code.SYS_NO_PACK)
    if now_us < exclusion.eligible_us:
        return replace(_denied(Code.SEX_MIN_TERM), eligible_us=exclusion.eligible_us)
    if exclusion.returns_us is not None:
        return Change(verdict=Verdict.SCHEDULE, effective_us=exclusion.returns_us)
    return None


def _return(policy: SelfExclusion, state: Protection, exclusion: Exclusion, now_us: int) -> Change:
    delay_s = policy.return_delay_endless_s if exclusion.until_us is None else policy.return_delay_s
    returns_us = now_us + delay_s * SECOND_US
    return Change(
        verdict=Verdict.SCHEDULE if delay_s else Verdict.ALLOW,
        effective_us=returns_us,
        protection=replace(state, exclusion=replace(exclusion, returns_us=returns_us)),
    )


def _denied(code: Code) -> Change:
    return Change(verdict=Verdict.DENY, code=code)
