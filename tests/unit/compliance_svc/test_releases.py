"""What is noted without a call: the instant of a pack, and keys that come and go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from compliance_svc.kernel.release import Keyring
from compliance_svc.releases import Docket, Event, EventKind, Proposal, docket, key_in, unnoted
from tests.unit.compliance_svc.kernel.signers import BOTH, COMPLIANCE, LEGAL, keyring, version

SCHEDULED_US, START_US = 1_700_000_000_000_000, 1_767_225_600_000_000
DOCUMENT = version("2", "2026-01-01T00:00:00[Europe/London]")
PROPOSAL = Proposal(document=DOCUMENT, licensee="", content="{}", proposed_us=1, persons=("A. Ash", "B. Birch"))


def told(kind: EventKind, at_us: int) -> Event:
    return Event(kind=kind, licensee="", name="gb", version="2", digest=DOCUMENT.digest, recorded_us=at_us)


def settled(known: Docket, keys: Keyring, now_us: int, zones: Mapping[str, str] | None = None) -> list[Event]:
    """Everything that is noted at a moment."""
    noted: list[Event] = []
    while (event := unnoted(known, keys, zones or {}, now_us)) is not None:
        noted.append(replace(event, position=len(known.events) + 1))
        known = docket([PROPOSAL], [*known.events, noted[-1]])
    return noted


@pytest.mark.parametrize(("now_us", "active"), [(START_US - 1, False), (START_US, True), (START_US + 1, True)])
def test_a_pack_is_active_from_its_instant(now_us: int, *, active: bool) -> None:
    known = docket([PROPOSAL], [told(EventKind.SCHEDULED, SCHEDULED_US)])
    events = settled(known, {}, now_us)
    assert [(one.kind, one.recorded_us, one.persons) for one in events] == (
        [(EventKind.ACTIVATED, START_US, PROPOSAL.persons)] if active else []
    )


def test_a_pack_that_was_known_late_is_active_from_then_on() -> None:
    known = docket([PROPOSAL], [told(EventKind.SCHEDULED, START_US + 7)])
    assert [one.recorded_us for one in settled(known, {}, START_US + 9)] == [START_US + 7]


def test_what_was_never_scheduled_or_was_rolled_back_is_not_activated() -> None:
    ended = [told(EventKind.SCHEDULED, SCHEDULED_US), told(EventKind.ROLLED_BACK, SCHEDULED_US + 1)]
    for events in ([], [told(EventKind.PROPOSED, 1)], ended):
        assert settled(docket([PROPOSAL], events), {}, START_US + 1) == []


def test_a_key_is_noted_when_it_comes_when_it_changes_and_when_it_goes() -> None:
    first = settled(docket([], []), keyring(*BOTH), 5)
    assert [(one.kind, one.persons, key_in(one)) for one in first] == [
        (EventKind.KEY_ADDED, (one.person,), one.id) for one in BOTH
    ]
    until = replace(COMPLIANCE.key, until_us=9)
    changed = settled(docket([], first), {COMPLIANCE.id: until, LEGAL.id: LEGAL.key}, 6)
    assert [(one.kind, key_in(one), one.recorded_us) for one in changed] == [
        (EventKind.KEY_REMOVED, COMPLIANCE.id, 6), (EventKind.KEY_ADDED, COMPLIANCE.id, 6),
    ]  # fmt: skip
    gone = settled(docket([], [*first, *changed]), {}, 7)
    assert sorted(str(key_in(one)) for one in gone) == sorted(one.id for one in BOTH)
    again = settled(docket([], [*first, *changed, *gone]), keyring(LEGAL), 8)
    assert [(one.kind, key_in(one)) for one in again] == [(EventKind.KEY_ADDED, LEGAL.id)]
    assert key_in(told(EventKind.SCHEDULED, 1)) is None


def test_data_of_a_time_zone_is_noted_once_and_other_data_has_a_word_of_its_own() -> None:
    first = settled(docket([], []), {}, 5, {"Europe/London": "aa", "UTC": "cc"})
    assert [(one.kind, one.refusal, one.detail) for one in first] == [
        (EventKind.ZONE_DATA, "", '{"data":"aa","zone":"Europe/London"}'),
        (EventKind.ZONE_DATA, "", '{"data":"cc","zone":"UTC"}'),
    ]
    changed = settled(docket([], first), {}, 6, {"Europe/London": "bb", "UTC": "cc"})
    assert [(one.refusal, one.detail) for one in changed] == [
        ("ZONE_DATA_CHANGED", '{"data":"bb","zone":"Europe/London"}')
    ]
    # A process that has the old data still, and one that has the new: nothing more is to be said.
    for data in ("aa", "bb"):
        assert settled(docket([], [*first, *changed]), {}, 7, {"Europe/London": data}) == []
