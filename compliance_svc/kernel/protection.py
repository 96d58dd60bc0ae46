"""The protection state of one player: limits, exclusion, break, and what is known of the person.

The wallet stores it as JSON beside the balances, and changes it only by an entry of its log.
"""

import json
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final, Self

from compliance_svc.kernel.canonical import Json, dumps, number
from compliance_svc.kernel.limits import Limit, LimitKind, PendingIncrease, Window

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """An exclusion on the player's own request. It never ends by itself."""

    term: str
    since_us: int
    until_us: int | None
    """End of the term; None for one without end."""
    eligible_us: int
    """First moment at which a return can be asked for."""
    returns_us: int | None = None
    """When a return that was asked for takes effect."""
    requested_us: int | None = None
    """When the player asked for a return that waits for the operator's decision."""

    def in_force(self, now_us: int) -> bool:
        """Say whether the player is excluded now."""
        return self.returns_us is None or now_us < self.returns_us


class Identity(StrEnum):
    """What is known of the player's identity."""

    VERIFIED = "VERIFIED"
    UNVERIFIED = "UNVERIFIED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    MINOR = "MINOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What was found out about a player. Every field has the value of somebody about whom nothing is known."""

    identity: Identity = Identity.UNVERIFIED
    identity_us: int | None = None
    """When the source found it; an older finding changes nothing."""
    location: str = ""
    """Where the player is, as a territory of packs; empty if that was never found out."""
    location_until_us: int | None = None
    """None: it does not expire."""
    location_us: int | None = None
    """When the source found the place; an older finding changes nothing."""
    frozen: bool = False
    """A confirmed hit of a screening: everything is held."""
    frozen_minor: int = 0
    """An order on an amount of the main currency only."""
    checked_until_us: int | None = None
    """Until when the last vulnerability check holds."""
    diligence_due: bool = False
    diligence_done: bool = False
    contacted: bool = False
    """Somebody has talked to the player about high limits."""
    latched_until_us: int | None = None
    """No deposits until then."""
    closed: bool = False
    flags: tuple[tuple[str, int], ...] = ()
    """Flags of risk monitoring, by name, each with its end."""
    failed_us: tuple[int, ...] = ()
    """When the last deposits failed, under a pack that counts them."""
    payments_blocked: bool = False
    """Too many deposits have failed: none until somebody has investigated."""
    reviewed_us: int | None = None
    """When the player was last reminded to review the limits."""

    def is_flagged(self, now_us: int) -> bool:
        """Say whether a flag holds now."""
        return any(now_us < until_us for _, until_us in self.flags)


UNKNOWN_PERSON: Final = Person()
VERIFIED_PERSON: Final = Person(identity=Identity.VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Everything about a player that protective actions and findings change."""

    limits: tuple[Limit, ...] = ()
    """In the order of kind and window."""
    exclusion: Exclusion | None = None
    break_until_us: int | None = None
    person: Person = VERIFIED_PERSON
    """Who opens an account for a player vouches for the identity, unless told otherwise."""
    epoch: int = 0
    """Raised to end every permit that was given before."""
    limit_names: frozenset[tuple[LimitKind, Window]] = field(init=False, repr=False, compare=False)
    """Kind and window of every limit."""

    def __post_init__(self) -> None:
        """Note which limits there are: every bet may ask."""
        object.__setattr__(self, "limit_names", frozenset((limit.kind, limit.window) for limit in self.limits))

    def limit(self, kind: LimitKind, window: Window) -> Limit | None:
        """Return the limit of a kind and window."""
        return next((limit for limit in self.limits if limit.kind is kind and limit.window is window), None)

    def with_limit(self, changed: Limit) -> Self:
        """Return the state with one limit set or replaced."""
        others = [limit for limit in self.limits if (limit.kind, limit.window) != (changed.kind, changed.window)]
        return replace(self, limits=tuple(sorted([*others, changed], key=lambda limit: (limit.kind, limit.window))))

    def about(self, **changes: Any) -> Self:  # noqa: ANN401 - fields of `Person`
        """Return the state with other findings about the person."""
        return replace(self, person=replace(self.person, **changes))

    def without_permits(self) -> Self:
        """Return the state in which every permit given so far is over."""
        return replace(self, epoch=self.epoch + 1)

    def is_excluded(self, now_us: int) -> bool:
        """Say whether an exclusion is in force."""
        return self.exclusion is not None and self.exclusion.in_force(now_us)

    def is_on_break(self, now_us: int) -> bool:
        """Say whether a break is in force."""
        return self.break_until_us is not None and now_us < self.break_until_us

    def to_json(self) -> str:
        """Return the canonical JSON: the same state is always the same text."""
        return dumps(_state(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `to_json`. ValueError for anything else: a state that cannot be read is a missing fact."""
        try:
            return cls(**_read_state(json.loads(text)))
        except (KeyError, TypeError, AttributeError) as problem:
            message = f"not a protection state: {problem!r}"
            raise ValueError(message) from problem


def _state(protection: Protection) -> Json:
    state: dict[str, Json] = {"v": _FORMAT}
    if protection.limits:
        state["limits"] = [_limit(limit) for limit in protection.limits]
    if protection.exclusion is not None:
        state["exclusion"] = _exclusion(protection.exclusion)
    if protection.break_until_us is not None:
        state["break_until"] = protection.break_until_us
    if protection.person != VERIFIED_PERSON:
        state["person"] = _person(protection.person)
    if protection.epoch:
        state["epoch"] = protection.epoch
    return state


def _person(person: Person) -> Json:
    """Return the fields that are not those of somebody unknown."""
    return {one.name: _plain(value) for one in fields(person) if (value := getattr(person, one.name)) != one.default}


def _plain(value: Any) -> Json:  # noqa: ANN401 - a field of `Person`
    if type(value) is int:
        return number(value)
    found: Json = value
    if isinstance(value, tuple):
        found = [list(one) if isinstance(one, tuple) else number(one) for one in value]
    return found


def _limit(limit: Limit) -> Json:
    value: dict[str, Json] = {
        "kind": limit.kind,
        "window": limit.window,
        "currency": limit.currency,
        "amount": number(limit.amount_minor),
        "since": limit.since_us,
    }
    if limit.pending is not None:
        value["pending"] = {
            "amount": number(limit.pending.amount_minor),
            "effective": limit.pending.effective_us,
            "confirm": limit.pending.needs_confirmation,
        }
    return value


def _exclusion(exclusion: Exclusion) -> Json:
    value: dict[str, Json] = {"term": exclusion.term, "since": exclusion.since_us, "eligible": exclusion.eligible_us}
    if exclusion.until_us is not None:
        value["until"] = exclusion.until_us
    if exclusion.returns_us is not None:
        value["returns"] = exclusion.returns_us
    if exclusion.requested_us is not None:
        value["requested"] = exclusion.requested_us
    return value


def _read_state(state: dict[str, Any]) -> dict[str, Any]:
    if state.pop("v") != _FORMAT:
        message = "unknown format of protection state"
        raise ValueError(message)
    limits = tuple(_read_limit(value) for value in state.pop("limits", []))
    exclusion = state.pop("exclusion", None)
    break_until, person = state.pop("break_until", None), state.pop("person", None)
    epoch = int(state.pop("epoch", 0))
    _nothing_left(state)
    return {
        "limits": limits,
        "exclusion": None if exclusion is None else _read_exclusion(exclusion),
        "break_until_us": None if break_until is None else int(break_until),
        "person": VERIFIED_PERSON if person is None else _read_person(person),
        "epoch": epoch,
    }


def _read_person(value: dict[str, Any]) -> Person:
    value["identity"] = Identity(value.get("identity", Identity.UNVERIFIED))
    if "frozen_minor" in value:
        value["frozen_minor"] = int(value["frozen_minor"])
    if "flags" in value:
        value["flags"] = tuple((str(name), int(until_us)) for name, until_us in value["flags"])
    if "failed_us" in value:
        value["failed_us"] = tuple(map(int, value["failed_us"]))
    return Person(**value)


def _read_limit(value: dict[str, Any]) -> Limit:
    pending = value.pop("pending", None)
    limit = Limit(
        kind=LimitKind(value.pop("kind")),
        window=Window(value.pop("window")),
        currency=value.pop("currency"),
        amount_minor=int(value.pop("amount")),
        since_us=int(value.pop("since")),
        pending=None if pending is None else _read_pending(pending),
    )
    _nothing_left(value)
    return limit


def _read_pending(value: dict[str, Any]) -> PendingIncrease:
    pending = PendingIncrease(
        amount_minor=int(value.pop("amount")),
        effective_us=int(value.pop("effective")),
        needs_confirmation=bool(value.pop("confirm")),
    )
    _nothing_left(value)
    return pending


def _read_exclusion(value: dict[str, Any]) -> Exclusion:
    until, returns, requested = value.pop("until", None), value.pop("returns", None), value.pop("requested", None)
    exclusion = Exclusion(
        term=value.pop("term"),
        since_us=int(value.pop("since")),
        until_us=None if until is None else int(until),
        eligible_us=int(value.pop("eligible")),
        returns_us=None if returns is None else int(returns),
        requested_us=None if requested is None else int(requested),
    )
    _nothing_left(value)
    return exclusion


def _nothing_left(value: dict[str, Any]) -> None:
    # A field that we do not know could be a protection that we would not enforce.
    if value:
        message = f"unknown fields of protection state: {sorted(value)}"
        raise ValueError(message)
