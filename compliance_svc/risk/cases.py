"""A case and what two people do about it. Its state is read from its events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from compliance_svc.risk.typologies import Finding

MOST_EVIDENCE: Final = 100
"""Ids of entries that are kept with a case."""


class Action(IntEnum):
    """What two people can have done. The numbers are those of the contract."""

    DISMISS = 1
    REPORT = 2
    ASK_DILIGENCE = 3
    FREEZE = 4
    UNFREEZE = 5


CLOSING: Final = frozenset({Action.DISMISS, Action.REPORT})


class EventKind(IntEnum):
    """What was done about a case. The numbers are those of the contract."""

    OPENED = 1
    PROPOSED = 2
    APPROVED = 3
    REFUSED = 4
    EXPIRED = 5
    DONE = 6
    FAILED = 7


_DECIDED: Final = frozenset({EventKind.APPROVED, EventKind.REFUSED, EventKind.EXPIRED})


class State(IntEnum):
    """How far a case has come. The numbers are those of the contract."""

    OPEN = 1
    PROPOSED = 2
    CLOSED = 3


class RefusedError(Exception):
    """A step that is not for this case, this person or this time. Nothing has changed."""

    def __init__(self, refusal: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done."""

    case_id: str
    licensee: str
    player: str
    kind: EventKind
    recorded_us: int
    action: Action | None = None
    person: str = ""
    note: str = ""
    proposal: int = 0
    position: int = 0
    """Given by the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something for the wallets to do. Its key is the ledger's key: however often it is sent, it is done once."""

    key: str
    case_id: str
    licensee: str
    player: str
    currency: str
    action: Action | None
    """None: raise the flag."""
    until_us: int
    """End of the flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was found, and what was done about it."""

    id: str
    licensee: str
    player: str
    currency: str
    rule: str
    requirement: str
    pack: str
    pack_digest: str
    found_us: int
    observed: int
    threshold: int
    entries: int
    evidence: tuple[str, ...]
    summary: str
    flag_until_us: int
    events: tuple[Event, ...] = ()

    @property
    def proposal(self) -> Event | None:
        """What waits for a second person."""
        last = next((one for one in reversed(self.events) if one.kind in _DECIDED | {EventKind.PROPOSED}), None)
        return last if last is not None and last.kind is EventKind.PROPOSED else None

    @property
    def closed_by(self) -> Action | None:
        """The action that closed it."""
        return next((action for action in self._approved() if action in CLOSING), None)

    @property
    def frozen(self) -> bool:
        """Whether withdrawals are frozen in its name, or will be."""
        last = [action for action in self._approved() if action in (Action.FREEZE, Action.UNFREEZE)]
        return bool(last) and last[-1] is Action.FREEZE

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.proposal is not None:
            return State.PROPOSED
        return State.OPEN if self.closed_by is None else State.CLOSED

    def _approved(self) -> list[Action]:
        return [one.action for one in self.events if one.kind is EventKind.APPROVED and one.action is not None]

    def event(self, kind: EventKind, now_us: int) -> Event:
        """An event about it."""
        return Event(case_id=self.id, licensee=self.licensee, player=self.player, kind=kind, recorded_us=now_us)

    def order(self, key: str, action: Action | None) -> Order:
        """An order in its name."""
        return Order(
            key=key,
            case_id=self.id,
            licensee=self.licensee,
            player=self.player,
            currency=self.currency,
            action=action,
            until_us=self.flag_until_us,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a decision adds: events and orders. Nothing at all for what was done before."""

    events: tuple[Event, ...] = ()
    orders: tuple[Order, ...] = ()
    refusal: RefusedError | None = None
    """Told to the caller after the events are stored."""


def opened(finding: Finding) -> Case:
    """The case of a finding, without events."""
    entry, seen = finding.entry, finding.seen
    return Case(
        id=finding.case_id,
        licensee=entry.licensee,
        player=entry.player,
        currency=entry.currency,
        rule=finding.rule,
        requirement=finding.requirement,
        pack=finding.pack,
        pack_digest=finding.pack_digest,
        found_us=entry.at_us,
        observed=seen.observed,
        threshold=seen.threshold,
        entries=len(seen.evidence),
        evidence=seen.evidence[-MOST_EVIDENCE:],
        summary=seen.summary,
        flag_until_us=finding.flag_until_us,
    )


def opening(case: Case, now_us: int) -> Step:
    """The first event, and the flag. A flag that was over before anybody read the entry is not raised."""
    event = replace(case.event(EventKind.OPENED, now_us), note=case.summary)
    orders = (case.order(f"risk/{case.id}", None),) if case.flag_until_us > now_us else ()
    return Step(events=(event,), orders=orders)


def propose(case: Case, action: Action, person: str, note: str, now_us: int) -> Step:
    """Propose an action. Errors: RefusedError."""
    waiting = case.proposal
    if waiting is not None:
        same = (waiting.action, _name(waiting.person), waiting.note) == (action, _name(person), note)
        if same:
            return Step()
        raise RefusedError("CASE_PROPOSED", f"proposal {waiting.position} waits: approve or refuse it first")
    if case.closed_by is not None and action is not Action.UNFREEZE:
        raise RefusedError("CASE_CLOSED", "the case is closed; a freeze can still be ended")
    if action is Action.UNFREEZE and not case.frozen:
        raise RefusedError("CASE_NOT_FROZEN", "nothing is frozen in the name of this case")
    if action is Action.FREEZE and case.frozen:
        raise RefusedError("CASE_FROZEN", "it is frozen already")
    if action is Action.DISMISS and case.frozen:
        raise RefusedError("CASE_FROZEN", "end the freeze first: nobody would look for it in a dismissed case")
    event = case.event(EventKind.PROPOSED, now_us)
    return Step(events=(replace(event, action=action, person=person, note=note),))


def approve(
    case: Case, proposal: int, person: str, now_us: int, *, keep_us: int, frozen_elsewhere: bool = False
) -> Step:
    """Agree to a proposal of somebody else. `frozen_elsewhere`: another case holds the same account. Errors: RefusedError."""
    if _was(case, EventKind.APPROVED, proposal, person):
        return Step()
    waiting = _waiting(case, proposal)
    if _name(person) == _name(waiting.person):
        raise RefusedError("CASE_SAME_PERSON", "whoever proposed an action does not decide on it")
    if is_overdue(case, now_us, keep_us):
        late = RefusedError("CASE_PROPOSAL_EXPIRED", "nobody decided in time: propose it again")
        return Step(events=expire(case, now_us, keep_us).events, refusal=late)
    assert waiting.action is not None
    event = replace(
        case.event(EventKind.APPROVED, now_us), action=waiting.action, person=person, note=waiting.note, proposal=proposal
    )  # fmt: skip
    key = f"risk/{case.id}/{proposal}"
    needed = waiting.action is not Action.REPORT and not (waiting.action is Action.UNFREEZE and frozen_elsewhere)
    return Step(events=(event,), orders=(case.order(key, waiting.action),) if needed else ())


def refuse(case: Case, proposal: int, person: str, note: str, now_us: int) -> Step:
    """End a proposal, also one's own. Errors: RefusedError."""
    if _was(case, EventKind.REFUSED, proposal, person):
        return Step()
    waiting = _waiting(case, proposal)
    event = case.event(EventKind.REFUSED, now_us)
    return Step(events=(replace(event, action=waiting.action, person=person, note=note, proposal=proposal),))


def expire(case: Case, now_us: int, keep_us: int) -> Step:
    """End a proposal on which nobody decided in time."""
    waiting = case.proposal
    if waiting is None or not is_overdue(case, now_us, keep_us):
        return Step()
    event = case.event(EventKind.EXPIRED, now_us)
    return Step(events=(replace(event, action=waiting.action, proposal=waiting.position),))


def is_overdue(case: Case, now_us: int, keep_us: int) -> bool:
    """Say whether the time to decide is over: half-open, at the end it is."""
    waiting = case.proposal
    return waiting is not None and now_us >= waiting.recorded_us + keep_us


def concluded(order: Order, now_us: int, refusal: str) -> Event:
    """What became of an order; empty: it is done."""
    return Event(
        case_id=order.case_id,
        licensee=order.licensee,
        player=order.player,
        kind=EventKind.FAILED if refusal else EventKind.DONE,
        recorded_us=now_us,
        action=order.action,
        note=refusal or ("" if order.action else "the flag is raised"),
    )


def _waiting(case: Case, proposal: int) -> Event:
    waiting = case.proposal
    if waiting is None or waiting.position != proposal:
        raise RefusedError("CASE_OTHER_PROPOSAL", "this proposal does not wait any more: read the case again")
    return waiting


def _was(case: Case, kind: EventKind, proposal: int, person: str) -> bool:
    found: Sequence[Event] = case.events
    return any(
        one.kind is kind and one.proposal == proposal and _name(one.person) == _name(person) for one in found
    )  # fmt: skip


def _name(person: str) -> str:
    """Two spellings of one name are one person."""
    return " ".join(person.split()).casefold()
