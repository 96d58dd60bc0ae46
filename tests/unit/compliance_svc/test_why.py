"""Why a decision was made, and that it comes out the same again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from compliance_svc.app import DecisionLog
from compliance_svc.domain import StoredDecision
from compliance_svc.errors import DecisionNotFoundError, PackNotFoundError
from compliance_svc.kernel import (
    Decision,
    Facts,
    Limit,
    LimitKind,
    PackLibrary,
    Person,
    Player,
    Protection,
    UsageBook,
    Window,
    decide,
)
from compliance_svc.kernel.codes import CHALLENGES, SECRET, Code
from compliance_svc.kernel.explaining import for_player, for_staff
from compliance_svc.kernel.loading import load_library
from compliance_svc.kernel.protection import Identity
from compliance_svc.kernel.texts import PLAYER_TEXTS, STAFF_TEXTS
from tests.unit.compliance_svc.kernel.world import NOON, deposit, pounds
from tests.unit.compliance_svc.law import ShippedLaw
from tests.unit.compliance_svc.test_app import Shelf


@cache
def library() -> PackLibrary:
    return load_library(allow_sandbox=True)


def frozen_deposit() -> Decision:
    """A deposit of a player whose money is frozen, over the player's own limit."""
    limit = Limit(
        kind=LimitKind.DEPOSIT, window=Window.HOURS_24, currency="GBP", amount_minor=pounds("10.00"), since_us=0
    )
    person = Person(identity=Identity.VERIFIED, frozen=True)
    player = Player(born=1986_01_15, currency="GBP", protection=Protection(limits=(limit,), person=person))
    return decide(library().at("gb", NOON), Facts(player=player, usage=UsageBook()), deposit("20.00"), NOON)


def log(decision: Decision) -> DecisionLog:
    stored = StoredDecision(
        shard=3,
        sequence=17,
        licensee="borealis",
        player="alice",
        kind=5,
        key="d1",
        source="cashier",
        outcome=19,
        allowed=False,
        record=decision.record(),
        recorded_us=NOON,
    )
    return DecisionLog(Shelf({("borealis", 3, 17): stored}), ShippedLaw())


async def test_staff_see_every_reason_and_the_player_a_neutral_sentence_for_the_secret_one() -> None:
    decisions = log(frozen_deposit())
    staff = await decisions.explain("borealis", "3-17", language=None)
    player = await decisions.explain("borealis", "3-17", language="en")
    assert [line.code for line in staff] == ["AML.FROZEN", "LIM.DEPOSIT.24H"]
    assert [line.code for line in player] == ["", "LIM.DEPOSIT.24H"]
    assert "screening" not in player[0].text


async def test_the_player_is_told_in_the_language_that_was_asked_for_or_in_english() -> None:
    decisions = log(frozen_deposit())
    german = await decisions.explain("borealis", "3-17", language="de-AT")
    assert german[1].text == "Ihr Einzahlungslimit würde überschritten."
    other = await decisions.explain("borealis", "3-17", language="fi")
    assert other == await decisions.explain("borealis", "3-17", language="en")


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_sentences(code: Code) -> None:
    assert for_staff((code.value,))[0].text == STAFF_TEXTS[code]
    for language in PLAYER_TEXTS:
        (line,) = for_player((code.value,), language)
        assert line.text
        assert (line.code == "") is (code in SECRET)


def test_no_language_lends_another_one_its_sentences() -> None:
    for code in PLAYER_TEXTS["en"]:
        assert len({texts[code] for texts in PLAYER_TEXTS.values()}) == len(PLAYER_TEXTS), code


def test_each_market_has_its_language() -> None:
    assert PLAYER_TEXTS.keys() == {"en", "de", "nl", "sv", "da", "es", "it"}


def test_the_languages_say_the_same_things() -> None:
    english = PLAYER_TEXTS["en"].keys()
    assert all(texts.keys() == english for texts in PLAYER_TEXTS.values())
    assert {code.value.partition(".")[0] for code in Code} | {""} == {code for code in english if "." not in code}
    assert not (CHALLENGES & SECRET)


async def test_a_replay_under_the_same_pack_is_the_same_to_the_byte() -> None:
    found = await log(frozen_deposit()).replay("borealis", "3-17", "")
    assert (found.identical, found.zone_data_changed) == (True, False)
    assert found.again.record() == frozen_deposit().record()


async def test_a_replay_under_another_pack_tells_what_would_differ() -> None:
    found = await log(frozen_deposit()).replay("borealis", "3-17", "sandbox@1")
    assert (found.identical, found.zone_data_changed) == (False, False)
    assert found.again.pack.label == "sandbox@1"
    assert found.again.reasons == ("AML.FROZEN", "LIM.DEPOSIT.24H")


async def test_a_changed_record_is_not_identical_any_more() -> None:
    decision = frozen_deposit()
    changed = replace(decision, details=decision.details[:1])
    found = await log(changed).replay("borealis", "3-17", "")
    assert (found.identical, found.zone_data_changed) == (False, False)


async def test_a_replay_by_other_data_of_the_time_zone_says_so() -> None:
    decision = frozen_deposit()
    assert decision.pack.zone_data
    then = replace(decision, pack=replace(decision.pack, zone_data="0" * 16))
    found = await log(then).replay("borealis", "3-17", "")
    assert (found.identical, found.zone_data_changed) == (False, True)


async def test_unknown_packs_and_decisions_are_told_so() -> None:
    decisions = log(frozen_deposit())
    with pytest.raises(PackNotFoundError):
        await decisions.replay("borealis", "3-17", "gb@99")
    with pytest.raises(DecisionNotFoundError):
        await decisions.explain("albion", "3-17", language=None)
