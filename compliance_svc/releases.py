"""What has become of each pack that was proposed: read from what was done about it. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.pack import ALWAYS
from compliance_svc.kernel.release import Keyring, PackKey, Release, Signature, write_signatures
from compliance_svc.kernel.zones import ZONE_DATA_CHANGED


class EventKind(IntEnum):
    """What was done about a pack. The numbers are those of the contract."""

    PROPOSED = 1
    APPROVED = 2
    SCHEDULED = 3
    ROLLED_BACK = 4
    REFUSED = 5
    SHADOW_ON = 6
    SHADOW_OFF = 7
    ACTIVATED = 8
    KEY_ADDED = 9
    KEY_REMOVED = 10
    ZONE_DATA = 11


class ReleaseState(IntEnum):
    """How far a pack has come. The numbers are those of the contract."""

    PROPOSED = 1
    APPROVED = 2
    SCHEDULED = 3
    ACTIVE = 4
    RETIRED = 5
    ROLLED_BACK = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done about a pack."""

    kind: EventKind
    licensee: str
    name: str = ""
    version: str = ""
    digest: str = ""
    signatures: tuple[Signature, ...] = ()
    persons: tuple[str, ...] = ()
    refusal: str = ""
    detail: str = ""
    """What exactly was wrong; for a key its entry."""
    recorded_us: int
    position: int = 0
    """Given by the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pack and what has become of it."""

    document: PackDocument
    licensee: str
    content: str
    proposed_us: int
    signatures: tuple[Signature, ...] = ()
    persons: tuple[str, ...] = ()
    scheduled_us: int | None = None
    ended: tuple[Signature, ...] = ()
    ended_us: int | None = None
    shadow: bool = False
    activated: bool = False
    """It was noted that its instant has come."""

    @property
    def key(self) -> tuple[str, str]:
        """Licensee and digest."""
        return self.licensee, self.document.digest

    @property
    def approved(self) -> bool:
        """Whether two people have signed."""
        return len(self.signatures) > 1

    @property
    def from_us(self) -> int:
        """From when it holds."""
        return start_us(self.document.effective_from)

    def after(self, event: Event) -> "Proposal":
        """What an event has made of it."""
        match event.kind:
            case EventKind.PROPOSED | EventKind.APPROVED:
                return replace(
                    self, signatures=(*self.signatures, *event.signatures), persons=(*self.persons, *event.persons)
                )
            case EventKind.SCHEDULED:
                return replace(self, scheduled_us=event.recorded_us)
            case EventKind.ROLLED_BACK:
                return replace(self, ended=event.signatures, ended_us=event.recorded_us)
            case EventKind.SHADOW_ON | EventKind.SHADOW_OFF:
                return replace(self, shadow=event.kind is EventKind.SHADOW_ON)
            case EventKind.ACTIVATED:
                return replace(self, activated=True)
            case EventKind.REFUSED | EventKind.KEY_ADDED | EventKind.KEY_REMOVED | EventKind.ZONE_DATA:
                return self

    def release(self) -> Release:
        """As the wallets have it."""
        return Release(
            licensee=self.licensee,
            name=self.document.name,
            digest=self.document.digest,
            content=self.content,
            signatures=write_signatures(self.signatures),
            recorded_us=self.scheduled_us or 0,
            ended=write_signatures(self.ended) if self.ended_us is not None else "",
            ended_us=self.ended_us,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Docket:
    """Every pack that was proposed, and what was done."""

    proposals: Mapping[tuple[str, str], Proposal] = field(default_factory=dict)
    events: Sequence[Event] = ()

    @property
    def releases(self) -> tuple[Release, ...]:
        """Those that became law, in the order in which they did."""
        scheduled = [one for one in self.proposals.values() if one.scheduled_us is not None]
        order = {
            (event.licensee, event.digest): event.position for event in self.events if event.kind is EventKind.SCHEDULED
        }
        return tuple(one.release() for one in sorted(scheduled, key=lambda one: order[one.key]))

    def state(self, one: Proposal, now_us: int) -> ReleaseState:
        """How far a pack has come at a moment."""
        if one.ended_us is not None:
            return ReleaseState.ROLLED_BACK
        if one.scheduled_us is None:
            return ReleaseState.APPROVED if one.approved else ReleaseState.PROPOSED
        if one.from_us > now_us:
            return ReleaseState.SCHEDULED
        later = any(
            other.scheduled_us is not None and other.ended_us is None and one.from_us < other.from_us <= now_us
            for other in self.proposals.values()
            if (other.licensee, other.document.name) == (one.licensee, one.document.name)
        )
        return ReleaseState.RETIRED if later else ReleaseState.ACTIVE

    def shadows(self) -> tuple[Proposal, ...]:
        """Packs that decide beside the law."""
        return tuple(one for one in self.proposals.values() if one.shadow)


def docket(packs: Iterable[Proposal], events: Sequence[Event]) -> Docket:
    """What has become of packs by these events, in their order."""
    found = {one.key: one for one in packs}
    for event in events:
        key = (event.licensee, event.digest)
        if key in found:
            found[key] = found[key].after(event)
    return Docket(proposals=found, events=tuple(events))


def unnoted(known: Docket, register: Keyring, zones: Mapping[str, str], now_us: int) -> Event | None:
    """The next thing that nobody has asked for and that is not noted yet.

    A pack's instant; a key that came or went; data of a market's time zone that no process had before.
    """
    return _began(known, now_us) or _key_changed(known, register, now_us) or _zone_changed(known, zones, now_us)


def _began(known: Docket, now_us: int) -> Event | None:
    for one in known.proposals.values():
        if one.scheduled_us is None or one.ended_us is not None or one.activated:
            continue
        began_us = max(one.from_us, one.scheduled_us)
        if began_us <= now_us:
            return Event(
                kind=EventKind.ACTIVATED,
                licensee=one.licensee,
                name=one.document.name,
                version=one.document.version,
                digest=one.document.digest,
                persons=one.persons,
                recorded_us=began_us,
            )
    return None


def _key_changed(known: Docket, register: Keyring, now_us: int) -> Event | None:
    noted: dict[str, Event] = {}
    for event in known.events:
        if event.kind is EventKind.KEY_ADDED:
            noted[event.detail] = event
        elif event.kind is EventKind.KEY_REMOVED:
            noted.pop(event.detail, None)
    present = {_entry(key): key for key in register.values()}
    for detail, event in noted.items():
        if detail not in present:
            return replace(event, kind=EventKind.KEY_REMOVED, recorded_us=now_us, position=0)
    for detail, key in present.items():
        if detail not in noted:
            return Event(
                kind=EventKind.KEY_ADDED, licensee="", persons=(key.person,), detail=detail, recorded_us=now_us
            )
    return None


def _zone_changed(known: Docket, zones: Mapping[str, str], now_us: int) -> Event | None:
    # Each data of a zone once: processes with different ones must not note them in turns for ever.
    noted = {event.detail for event in known.events if event.kind is EventKind.ZONE_DATA}
    names = {json.loads(detail)["zone"] for detail in noted}
    for name, data in sorted(zones.items()):
        detail = json.dumps({"data": data, "zone": name}, sort_keys=True, separators=(",", ":"))
        if detail not in noted:
            refusal = ZONE_DATA_CHANGED if name in names else ""
            return Event(kind=EventKind.ZONE_DATA, licensee="", refusal=refusal, detail=detail, recorded_us=now_us)
    return None


def _entry(key: PackKey) -> str:
    found = {
        "from_us": key.from_us,
        "id": key.id,
        "person": key.person,
        "public_key": key.public_key.hex(),
        "role": key.role.value,
        "until_us": key.until_us,
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def key_in(event: Event) -> str | None:
    """The key that an event is about by its id; None if it is about a pack."""
    if event.kind not in (EventKind.KEY_ADDED, EventKind.KEY_REMOVED):
        return None
    return str(json.loads(event.detail)["id"])


def since_always(from_us: int) -> bool:
    """Whether a pack holds from the beginning."""
    return from_us == ALWAYS
