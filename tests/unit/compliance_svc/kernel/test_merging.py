from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_svc.kernel import Category, Exclude, LimitKind, OpenPlay, Verdict, Window, decide
from compliance_svc.kernel.document import PackDocument, RuleDocument
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.merging import merge, overlay
from tests.unit.compliance_svc.kernel.test_transitions import to
from tests.unit.compliance_svc.kernel.world import DAY, MS, NOON, a_limit, bet, deposit, facts

SOURCE = {"ref": "the licensee's own rules", "evidence": "P", "checked": "2026-11-23"}


@cache
def document(name: str = "gb") -> PackDocument:
    return next(found for found in load_documents() if found.name == name)


def rule(kind: str, category: str | None = None, **params: Any) -> RuleDocument:
    value = {"kind": kind, "requirement": "design-3.6", "params": params, "source": SOURCE}
    return RuleDocument.parse(Fields({**value, "category": category} if category else value, "here"))


def own(*rules: RuleDocument) -> PackDocument:
    return replace(document(), name="l1", version="7", rules=rules)


def caps(*bands: tuple[int | None, str]) -> RuleDocument:
    found = [{"caps": [cap]} if age is None else {"age_below": age, "caps": [cap]} for age, cap in bands]
    return rule("stake_cap", "slot", bands=found)


def trigger(amount: str, op: str, obligation: str = "RUN_FVC") -> RuleDocument:
    given: dict[str, Any] = {
        "basis": "netdep",
        "window": "30d",
        "op": op,
        "bands": [{"caps": [amount]}],
        "valid_days": 365,
    }
    return rule("money_trigger", obligation=obligation, **given)


EXCLUSION: dict[str, Any] = {"minimum": "6mo", "return_delay_s": 86_400}
STRICTER = [
    caps((None, "2.00 GBP")),
    caps((25, "1.00 GBP"), (None, "5.00 GBP")),
    caps((30, "2.00 GBP"), (None, "5.0 GBP")),
    rule("cycle_interval", "slot", ms=2_500),
    rule("cycle_interval", "slot", ms=9_000),
    rule("cycle_interval", "live", ms=9_000),
    rule("minimum_age", years=21),
    rule("player_starts"),
    rule("limit_change", increase_delay_s=90_000, increase_confirm="before_use"),
    rule("self_exclusion", terms=["5y"], **{**EXCLUSION, "minimum": "1y"}),
    rule("player_break", terms=["1mo", "7d"]),
    rule("stake_cap", "table", bands=[{"caps": ["100.00 GBP"]}]),
    rule("reality_check", interval_s=600, break_s=60),
    rule("parallel_play", mode="none"),
    rule("game_categories", allowed=["slot"]),
    rule("no_jackpots"),
    rule("location_per_wager", territories=["GB"], recheck_s=60),
    rule("sanctions_screening", possible="diligence", pep="diligence", hold_above=["10.00 GBP"]),
    rule("required_limits", limits=["deposit/month"]),
    rule("exclusion_register", sources=["GAMSTOP", "OWN"]),
    rule("external_limit", sources=["OWN"], required=True),
    rule("activity_file", sources=["OWN"]),
    rule("session_limits"),
    rule("contact_above", window="month", bands=[{"caps": ["100.00 GBP"]}], effect="challenge"),
    trigger("100.00 GBP", "gt"),
    trigger("150.00 GBP", "ge"),
]
LOOSER = [
    caps((None, "10.00 GBP")),
    caps((25, "2.00 GBP"), (None, "5.01 GBP")),
    caps((24, "2.00 GBP"), (None, "5.00 GBP")),
    rule("stake_cap", "slot", bands=[{"caps": ["2.00 GBP", "2.00 EUR"]}]),
    rule("cycle_interval", "slot", ms=2_499),
    rule("minimum_age", years=17),
    rule("limit_change", increase_delay_s=86_399, increase_confirm="before_use"),
    rule("limit_change", increase_delay_s=86_400, increase_confirm="no"),
    rule("self_exclusion", terms=["6mo", "9mo"], **EXCLUSION),
    rule("self_exclusion", terms=["6mo"], **{**EXCLUSION, "return_delay_s": 0}),
    rule("player_break", terms=["24h", "2d"]),
    rule("exclusion_register", sources=["OWN"]),
    trigger("150.01 GBP", "gt"),
    trigger("200.00 GBP", "ge"),
]


@pytest.mark.parametrize("mine", STRICTER, ids=lambda mine: mine.label)
def test_a_licensee_may_be_stricter(mine: RuleDocument) -> None:
    merged = overlay(document(), own(mine)).compile()
    assert merged.label == "gb@1+l1@7"
    assert merged.digest != document().compile().digest or mine.params in [found.params for found in document().rules]


@pytest.mark.parametrize("mine", LOOSER, ids=lambda mine: mine.label)
def test_a_licensee_may_not_be_looser(mine: RuleDocument) -> None:
    with pytest.raises(PackError, match=f"l1@7: {mine.label} is looser than in gb@1"):
        overlay(document(), own(mine))


@pytest.mark.parametrize(
    "mine",
    [
        rule("stake_cap", "slot", bands=[{"caps": ["1.00 EUR"]}]),
        trigger("100.00 EUR", "gt"),
    ],
    ids=lambda mine: mine.label,
)
def test_rules_that_have_nothing_in_common_cannot_be_merged(mine: RuleDocument) -> None:
    with pytest.raises(PackError, match="in common"):
        merge(document(), own(mine))


AGES = st.none() | st.sampled_from([1986_01_15, 2001_06_15, 2004_02_29, 2008_10_05, 2012_12_12])
ACTIONS = st.one_of(
    st.builds(
        bet,
        st.sampled_from(["0.10", "1.00", "1.01", "2.00", "4.99", "5.00", "60.00"]),
        category=st.sampled_from([*Category, None]),
        starts_cycle=st.booleans(),
        automatic=st.booleans(),
        currency=st.sampled_from(["GBP", "EUR"]),
    ),
    st.just(deposit("1.00")),
    st.just(OpenPlay()),
)
LIMITS = st.sampled_from([(), (a_limit(LimitKind.LOSS, Window.HOURS_24, "4.00"),)])


@given(
    st.lists(st.sampled_from(STRICTER), max_size=4, unique_by=lambda mine: mine.label),
    ACTIONS,
    AGES,
    LIMITS,
    st.none() | st.integers(0, 10_000),
)
def test_tightening_never_turns_a_refusal_into_an_allowance(
    mine: list[RuleDocument], action: Any, born: int | None, limits: Any, ago_ms: int | None
) -> None:
    known = facts(*limits, born=born, last_start_us=None if ago_ms is None else NOON - ago_ms * MS)
    market = decide(document().compile(), known, action, NOON)
    stricter = decide(overlay(document(), own(*mine)).compile(), known, action, NOON)
    assert set(market.reasons) <= set(stricter.reasons)


@given(st.sampled_from([*STRICTER, *LOOSER]), ACTIONS, AGES, st.none() | st.integers(0, 10_000))
def test_a_merged_pack_refuses_what_either_refuses(
    mine: RuleDocument, action: Any, born: int | None, ago_ms: int | None
) -> None:
    known = facts(born=born, last_start_us=None if ago_ms is None else NOON - ago_ms * MS)
    alone = own(*(rule for rule in document().rules if rule.label != mine.label), mine)
    packs = [document(), alone, merge(document(), alone), merge(alone, document())]
    verdicts = [decide(found.compile(), known, action, NOON).verdict for found in packs]
    refused = Verdict.DENY in verdicts[:2]
    assert [verdict is Verdict.DENY for verdict in verdicts[2:]] == [refused, refused]


@pytest.mark.parametrize("mine", LOOSER[6:8], ids=lambda mine: str(mine.params))
def test_merged_delays_are_the_longer_ones(mine: RuleDocument) -> None:
    known = facts(a_limit(LimitKind.DEPOSIT, Window.DAYS_7, "1.00"))
    looser = own(*(rule for rule in document().rules if rule.label != mine.label), mine)
    for merged in (merge(document(), looser), merge(looser, document())):
        decision = decide(merged.compile(), known, to("2.00"), NOON)
        assert decision.effective_us == NOON + DAY
        assert decision.protection is not None
        assert decision.protection.limits[0].pending is not None
        assert decision.protection.limits[0].pending.needs_confirmation


MARKETS = sorted(document.name for document in load_documents() if not document.sandbox)


def merged(*names: str, left: bool) -> tuple[RuleDocument, ...] | None:
    """Return the rules of three packs merged from one side; None if they cannot be."""
    first, second, third = (document(name) for name in names)
    try:
        found = merge(merge(first, second), third) if left else merge(first, merge(second, third))
    except PackError:
        return None
    return found.rules


def params(rules: tuple[RuleDocument, ...] | None) -> set[tuple[str, object]] | None:
    return None if rules is None else {(rule.label, rule.params) for rule in rules}


@settings(deadline=None)
@given(st.permutations(MARKETS))
def test_markets_merge_to_the_same_rules_in_any_order_and_from_either_side(names: list[str]) -> None:
    first, second, third = names[:3]
    one = params(merged(first, second, third, left=True))
    assert one == params(merged(first, second, third, left=False))
    assert one == params(merged(third, first, second, left=True))


def test_a_player_of_two_markets_keeps_a_way_out() -> None:
    found = merge(document("us-nj"), document("nl")).compile()
    assert found.self_exclusion.terms == ("1y", "5y")
    assert decide(found, facts(), Exclude(term="6mo"), NOON).reasons == ("SEX.TERM",)
    assert decide(found, facts(), Exclude(term="1y"), NOON).allowed
