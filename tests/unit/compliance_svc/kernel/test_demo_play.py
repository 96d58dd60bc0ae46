"""Play for play money: who may, and that nobody may where the law does not say so."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from compliance_svc.kernel import (
    DemoPlay,
    Exclusion,
    Facts,
    Identity,
    Pack,
    PackError,
    Person,
    Player,
    Protection,
    Verdict,
    decide,
    replay,
)
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import SHIPPED
from compliance_svc.kernel.rules.person import DemoPlayAllowed
from tests.unit.compliance_svc.kernel.world import DAY, NOON, library, pack

GROWN, CHILD = 19_900_517, 20_150_517


def someone(identity: Identity = Identity.VERIFIED, born: int | None = GROWN, **protection: object) -> Facts:
    state = Protection(person=Person(identity=identity), **protection)  # type: ignore[arg-type]
    return Facts(player=Player(born=born, currency="GBP", protection=state))


def reasons(law: Pack | None, facts: Facts) -> tuple[str, ...]:
    decision = decide(law, facts, DemoPlay(), NOON)
    assert decision.allowed is (decision.reasons == ())
    return decision.reasons


def test_great_britain_lets_those_play_whose_age_is_verified() -> None:
    assert reasons(pack(), someone()) == ()
    assert reasons(pack(), someone(Identity.UNVERIFIED)) == ("KYC.UNVERIFIED",)
    assert reasons(pack(), someone(born=CHILD)) == ("KYC.AGE",)
    assert reasons(pack(), someone(Identity.MINOR)) == ("KYC.AGE",)


def test_nobody_plays_where_the_pack_does_not_say_who_may() -> None:
    for law in library().versions():
        if law.rules and not law.knows_demo_play:
            assert "SYS.NO_PACK" in reasons(law, someone()), law.label
    assert reasons(None, someone()) == ("SYS.NO_PACK",)


def test_the_excluded_those_on_a_break_and_the_blocked_do_not_play() -> None:
    out = Exclusion(term="6mo", since_us=NOON - DAY, until_us=NOON + DAY, eligible_us=NOON + DAY)
    assert reasons(pack(), someone(exclusion=out)) == ("SEX.SELF",)
    assert reasons(pack(), someone(break_until_us=NOON + 1)) == ("SEX.BREAK",)
    assert reasons(pack(), replace(someone(), suspended=True)) == ("SYS.SUSPENDED",)


def test_missing_facts_refuse() -> None:
    assert "SYS.FACT_MISSING" in reasons(pack(), someone(born=None))
    assert "SYS.FACT_MISSING" in reasons(pack(), Facts(player=Player(born=GROWN, currency="GBP", protection=None)))


def test_a_declared_age_is_enough_where_the_pack_says_so() -> None:
    declared = replace(
        pack(),
        rules=tuple(
            replace(rule, params=DemoPlayAllowed(identity="declared")) if rule.label == "demo_play" else rule
            for rule in pack().rules
        ),
    )
    assert reasons(declared, someone(Identity.UNVERIFIED)) == ()
    assert reasons(declared, someone(Identity.MINOR)) == ("KYC.AGE",)
    assert reasons(declared, someone(Identity.UNVERIFIED, born=CHILD)) == ("KYC.AGE",)


def test_the_sandbox_is_no_market_and_only_what_always_holds_is_asked() -> None:
    assert reasons(pack("sandbox"), someone(Identity.UNVERIFIED, born=None)) == ()
    assert reasons(pack("sandbox"), someone(break_until_us=NOON + 1)) == ("SEX.BREAK",)


def test_a_decision_can_be_made_again_from_its_record() -> None:
    first = decide(pack(), someone(Identity.UNVERIFIED), DemoPlay(), NOON)
    again = replay(pack(), first.facts_json(), NOON)
    assert (first.verdict, again.record()) == (Verdict.DENY, first.record())


def test_the_stricter_of_two_rules_wants_it_verified() -> None:
    one, other = DemoPlayAllowed(identity="verified"), DemoPlayAllowed(identity="declared")
    assert one.stricter(other) == other.stricter(one) == one


def test_another_word_is_refused_when_the_pack_is_read() -> None:
    content = yaml.safe_load((SHIPPED / "gb" / "1.yaml").read_text())
    (rule,) = [one for one in content["rules"] if one["kind"] == "demo_play"]
    rule["params"]["identity"] = "guessed"
    with pytest.raises(PackError, match="identity"):
        PackDocument.parse(content, "here")
