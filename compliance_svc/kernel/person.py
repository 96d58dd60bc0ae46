"""What is found out about a person: pure functions from state and finding to the next state."""

from dataclasses import replace
from typing import Final

from compliance_svc.kernel.actions import (
    Check,
    CloseAccount,
    Protective,
    RecordCheck,
    RecordDepositFailure,
    RecordIdentity,
    RecordLocation,
    RecordRisk,
    RecordScreening,
    Screening,
)
from compliance_svc.kernel.local_time import DAY_US, SECOND_US
from compliance_svc.kernel.pack import Pack
from compliance_svc.kernel.protection import Identity, Protection

_WITHOUT_END_US: Final = 2**52


def record(pack: Pack, state: Protection, action: Protective, now_us: int) -> Protection | None:
    """Return the state after a finding; None if it changes nothing."""
    match action:
        case RecordIdentity():
            found = _identity(state, action)
        case RecordLocation():
            found = _location(pack, state, action, now_us)
        case RecordScreening():
            found = _screening(pack, state, action)
        case RecordCheck():
            found = _check(pack, state, action, now_us)
        case RecordRisk():
            found = _risk(state, action, now_us)
        case RecordDepositFailure():
            found = _deposit_failure(pack, state, action)
        case CloseAccount():
            found = state.about(closed=True).without_permits()
        case _:
            message = f"not a finding: {action.kind}"
            raise ValueError(message)
    return found


def _identity(state: Protection, action: RecordIdentity) -> Protection | None:
    """Results are ordered by when the source found them, not by when they came."""
    known_us = state.person.identity_us
    if known_us is not None and action.event_us < known_us:
        return None
    found = state.about(identity=action.result, identity_us=action.event_us)
    loses = state.person.identity is Identity.VERIFIED and action.result is not Identity.VERIFIED
    return found.without_permits() if loses else found


def _location(pack: Pack, state: Protection, action: RecordLocation, now_us: int) -> Protection | None:
    """A place holds until its source says, and no longer than the pack waits for the next check."""
    known_us = state.person.location_us
    if known_us is not None and action.event_us is not None and action.event_us < known_us:
        return None
    # Without a time of finding it is the word of a person, which holds as that person says.
    found = () if action.event_us is None else (min(action.event_us, now_us),)
    ends = [found_us + seconds * SECOND_US for found_us in found for seconds in pack.location_rechecks_s]
    until_us = min([*ends, *(() if action.until_us is None else (action.until_us,))], default=None)
    return state.about(location=action.territory, location_until_us=until_us, location_us=action.event_us)


def _screening(pack: Pack, state: Protection, action: RecordScreening) -> Protection | None:
    match action.result:
        case Screening.HIT:
            return state.about(frozen=True).without_permits()
        case Screening.FREEZE:
            return state.about(frozen_minor=action.amount_minor)
        case Screening.NO_MATCH:
            return None
        case Screening.POSSIBLE | Screening.PEP:
            wanted = pack.asks_diligence(action.result)
            return state.about(diligence_due=True, diligence_done=False) if wanted else None
        case _:
            return state.about(frozen=False, frozen_minor=0)


def _check(pack: Pack, state: Protection, action: RecordCheck, now_us: int) -> Protection:
    if action.check is Check.DUE_DILIGENCE:
        return replace(state, person=replace(state.person, diligence_due=False, diligence_done=True))
    if action.check is Check.PAYMENTS:
        return state.about(payments_blocked=False, failed_us=())
    if action.check is Check.CONTACT:
        return state.about(contacted=True)
    days = [rule.valid_days for rule in pack.triggers if rule.check is action.check and rule.valid_days]
    return state.about(checked_until_us=now_us + min(days) * DAY_US if days else _WITHOUT_END_US)


def _deposit_failure(pack: Pack, state: Protection, action: RecordDepositFailure) -> Protection | None:
    """Count failures in the window that ends with the last one, whatever order they are told in."""
    rule = pack.failed_deposits
    if rule is None or state.person.payments_blocked:
        return None
    known = sorted([*state.person.failed_us, action.event_us])
    recent = tuple(one for one in known if one > known[-1] - rule.window_s * SECOND_US)
    if len(recent) < rule.count:
        return state.about(failed_us=recent)
    return state.about(failed_us=(), payments_blocked=True)


def _risk(state: Protection, action: RecordRisk, now_us: int) -> Protection | None:
    """Each case has a flag of its own; those that are over are forgotten here."""
    others = [one for one in state.person.flags if one[0] != action.flag and one[1] > now_us]
    fresh = [(action.flag, action.until_us)] if action.until_us > now_us else []
    changes = {"diligence_due": True, "diligence_done": False} if action.diligence else {}
    found = state.about(flags=tuple(sorted([*others, *fresh])), **changes)
    return None if found == state else found
