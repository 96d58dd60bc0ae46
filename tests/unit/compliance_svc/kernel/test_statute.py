from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_svc.kernel import Pack, PackLibrary
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import parse_json
from compliance_svc.kernel.parameters import file_content
from compliance_svc.kernel.release import PackRefusedError, Purpose, Refusal, Release, Role, inferred_rules
from compliance_svc.kernel.statute import Statute
from tests.unit.compliance_svc.kernel.signers import (
    BOTH,
    COMPLIANCE,
    LEGAL,
    Signer,
    documents,
    keyring,
    own_rules,
    release,
    shipped,
    text,
    version,
    withdrawn,
)

NOW = 1_790_000_000_000_000
"""In September 2026."""
LATER = "2027-01-01T00:00:00[Europe/London]"


def statute(**given: object) -> Statute:
    return Statute(documents(), keys=keyring, **given)  # type: ignore[arg-type] # by name


def in_force(library: PackLibrary, licensee: str = "", at_us: int = NOW) -> Pack:
    pack = library.at("gb", at_us, licensee)
    assert pack is not None
    return pack


def refused(document: PackDocument, *signers: Signer, licensee: str = "", beside: tuple[Release, ...] = ()) -> Refusal:
    signed = [one.signs(document, licensee) for one in signers or BOTH]
    with pytest.raises(PackRefusedError) as caught:
        statute().check(document, licensee, signed, beside, NOW)
    return caught.value.refusal


def test_every_shipped_pack_keeps_its_digest_when_it_is_written_and_read() -> None:
    for document in documents():
        assert parse_json(text(document), "here").digest == document.digest, document.name
        assert document.sandbox or document.compile().digest == document.digest


def test_a_signed_pack_is_in_force_from_its_instant() -> None:
    second = version("2", LATER, stake_cap__slot="3.00 GBP")
    library = statute().library([release(second)])
    assert in_force(library).version == "1"
    assert in_force(library, at_us=1_800_000_000_000_000).digest == second.digest


def test_two_signatures_of_two_people_in_two_roles_pass() -> None:
    second = version("2", LATER)
    statute().check(second, "", [one.signs(second) for one in BOTH], (), NOW)


def test_one_signature_is_not_enough_and_one_role_twice_is_not_two() -> None:
    second = version("2", LATER)
    other = Signer("compliance-2", Role.COMPLIANCE, "C. Cedar")
    assert refused(second, COMPLIANCE) is Refusal.ROLE_MISSING
    with pytest.raises(PackRefusedError) as caught:
        Statute(documents(), keys=lambda: keyring(COMPLIANCE, other)).check(
            second, "", [COMPLIANCE.signs(second), other.signs(second)], (), NOW
        )
    assert caught.value.refusal is Refusal.ROLE_MISSING


def test_one_person_with_two_keys_is_one_person() -> None:
    second, same = version("2", LATER), Signer("legal-2", Role.LEGAL, COMPLIANCE.person)
    with pytest.raises(PackRefusedError) as caught:
        Statute(documents(), keys=lambda: keyring(COMPLIANCE, same)).check(
            second, "", [COMPLIANCE.signs(second), same.signs(second)], (), NOW
        )
    assert caught.value.refusal is Refusal.SAME_PERSON


def test_a_key_that_is_not_registered_does_not_count() -> None:
    assert refused(version("2", LATER), COMPLIANCE, Signer("legal-9", Role.LEGAL, "D. Dogwood")) is Refusal.KEY_UNKNOWN


def test_a_key_counts_in_its_time_only() -> None:
    second = version("2", LATER)
    keys = keyring()
    keys[LEGAL.id] = replace(keys[LEGAL.id], until_us=NOW)
    checked = Statute(documents(), keys=lambda: keys)
    signed = [one.signs(second) for one in BOTH]
    checked.check(second, "", signed, (), NOW - 1)
    with pytest.raises(PackRefusedError) as caught:
        checked.check(second, "", signed, (), NOW)
    assert caught.value.refusal is Refusal.KEY_UNKNOWN
    assert in_force(checked.library([release(second, recorded_us=NOW - 1)]), at_us=NOW * 2).version == "2"


@pytest.mark.parametrize("forged", [0, 31, 63])
def test_one_changed_bit_of_a_signature_is_noticed(forged: int) -> None:
    second = version("2", LATER)
    ours, theirs = COMPLIANCE.signs(second), LEGAL.signs(second)
    broken = bytearray(theirs.signature)
    broken[forged] ^= 1
    with pytest.raises(PackRefusedError) as caught:
        statute().check(second, "", [ours, replace(theirs, signature=bytes(broken))], (), NOW)
    assert caught.value.refusal is Refusal.SIGNATURE_INVALID


def test_a_signature_is_for_one_content_one_licensee_and_one_purpose() -> None:
    second, third = version("2", LATER), version("3", LATER)
    ours = COMPLIANCE.signs(second)
    for spoiled in (LEGAL.signs(third), LEGAL.signs(second, "l1"), LEGAL.signs(second, purpose=Purpose.WITHDRAW)):
        again = replace(spoiled, inferred=inferred_rules(second))
        with pytest.raises(PackRefusedError) as caught:
            statute().check(second, "", [ours, again], (), NOW)
        assert caught.value.refusal is Refusal.SIGNATURE_INVALID


def test_what_is_only_inferred_needs_a_name_under_each_rule() -> None:
    second = version("2", LATER)
    assert inferred_rules(second)
    theirs = LEGAL.signs(second)
    with pytest.raises(PackRefusedError) as caught:
        statute().check(second, "", [COMPLIANCE.signs(second), replace(theirs, inferred=theirs.inferred[1:])], (), NOW)
    assert caught.value.refusal is Refusal.SIGNATURE_INVALID


def test_a_version_and_a_start_are_given_once() -> None:
    second = version("2", LATER, stake_cap__slot="3.00 GBP")
    there = (release(second),)
    assert refused(version("1", LATER)) is Refusal.VERSION_TAKEN
    assert refused(version("2", "2027-02-01T00:00:00[Europe/London]"), beside=there) is Refusal.VERSION_TAKEN
    assert refused(version("3", LATER), beside=there) is Refusal.START_TAKEN
    assert refused(version("2")) is Refusal.START_TAKEN


def test_a_pack_that_was_withdrawn_is_no_longer_in_force_and_does_not_come_back() -> None:
    second = version("2", "2026-01-01T00:00:00[Europe/London]", stake_cap__slot="3.00 GBP")
    there = release(second)
    law = statute()
    assert in_force(law.library([there])).version == "2"
    gone = withdrawn(there, second)
    assert in_force(law.library([gone])).version == "1"
    assert refused(second, beside=(gone,)) is Refusal.WITHDRAWN


def test_a_licensees_own_rules_hold_for_its_players_only() -> None:
    own = own_rules("own.1", stake_cap__slot="3.00 GBP")
    law = statute()
    law.check(own, "l1", [one.signs(own, "l1") for one in BOTH], (), NOW)
    library = law.library([release(own, "l1")])
    assert in_force(library, "l2").digest == in_force(library).digest == shipped().digest
    stricter = in_force(library, "l1")
    assert (stricter.version, stricter.label) == ("1+own.1", "gb@1+own.1")
    assert '"3.00 GBP"' in stricter.content


def test_a_licensees_own_rules_may_not_be_looser() -> None:
    assert refused(own_rules("own.1", stake_cap__slot="10.00 GBP"), licensee="l1") is Refusal.OVERLAY_LOOSER
    assert refused(own_rules("own.1", increase_delay_s=3_600), licensee="l1") is Refusal.OVERLAY_LOOSER


def test_own_rules_are_compared_with_the_versions_that_hold_from_their_start_on() -> None:
    own = own_rules("own.1", stake_cap__slot="3.00 GBP")
    later = release(version("2", LATER, stake_cap__slot="2.00 GBP"))
    assert refused(own, licensee="l1", beside=(later,)) is Refusal.OVERLAY_LOOSER


def test_a_market_that_becomes_stricter_than_a_licensees_rules_is_what_holds() -> None:
    own = own_rules("own.1", stake_cap__slot="3.00 GBP")
    second = version("2", "2026-01-01T00:00:00[Europe/London]", stake_cap__slot="2.00 GBP")
    pack = in_force(statute().library([release(own, "l1"), release(second, recorded_us=2)]), "l1")
    assert pack.label == "gb@2+own.1"
    assert '"3.00 GBP"' not in pack.content


def test_a_pack_for_sandboxes_is_never_released() -> None:
    sandbox = next(one for one in documents() if one.sandbox)
    assert refused(replace(sandbox, version="2", effective_from="2026-01-01T00:00:00[UTC]")) is Refusal.INVALID


def test_what_is_stored_and_cannot_be_believed_darkens_its_market_and_no_other() -> None:
    second = version("2", LATER, stake_cap__slot="3.00 GBP")
    third = replace(second, version="3")
    there = release(second)
    doubts: list[Refusal] = []
    for spoiled in (
        replace(there, content=text(third)),
        replace(there, content="{"),
        replace(there, digest=third.digest, content=text(third)),
        replace(there, signatures="[]"),
        replace(there, signatures='[{"key_id": 7}]'),
        replace(there, ended="[]", ended_us=3),
        replace(there, name="se"),
    ):
        law = statute(on_doubt=lambda _release, why: doubts.append(why.refusal))
        library = law.library([spoiled])
        assert library.at(spoiled.name, NOW) is None
        assert library.doubted(spoiled.name)
        assert not library.doubted("de")
        assert library.at("de", NOW) is not None
    assert doubts == [
        Refusal.INVALID,
        Refusal.INVALID,
        Refusal.SIGNATURE_INVALID,
        Refusal.ROLE_MISSING,
        Refusal.SIGNATURE_INVALID,
        Refusal.ROLE_MISSING,
        Refusal.INVALID,
    ]


def test_a_licensees_broken_rules_darken_that_licensee_alone() -> None:
    own = own_rules("own.1", stake_cap__slot="3.00 GBP")
    library = statute().library([replace(release(own, "l1"), signatures="[]")])
    assert library.at("gb", NOW, "l1") is None
    assert library.at("gb", NOW, "l2") is not None


def test_a_process_that_has_believed_a_pack_keeps_it() -> None:
    second = version("2", "2026-01-01T00:00:00[Europe/London]")
    there = release(second)
    law = statute()
    law.library([there])
    assert in_force(law.library([replace(there, content="spoiled later")])).version == "2"


def test_a_pack_that_is_shipped_later_with_the_same_content_is_no_contradiction() -> None:
    second = version("2", LATER)
    shipped_later = Statute([*documents(), second], keys=keyring)
    assert in_force(shipped_later.library([release(second)]), at_us=NOW * 2).version == "2"
    third = version("3", LATER)
    contradicted = Statute([*documents(), third], keys=keyring)
    assert contradicted.library([release(second)]).at("gb", NOW) is None


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_releases_changes_nothing(order: list[int]) -> None:
    documents = [version(str(number + 2), f"2026-0{number + 1}-01T00:00:00[Europe/London]") for number in range(4)]
    releases = [release(documents[number], recorded_us=number) for number in order]
    assert in_force(statute().library(releases)).version == "5"


def test_file_content_of_a_pack_holds_all_that_it_inherits() -> None:
    assert "inherits" not in file_content(shipped())
