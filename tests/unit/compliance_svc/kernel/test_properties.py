"""What holds for every pack, every fact and every action. Each property also catches a variant that is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_svc.kernel import (
    Action,
    Decision,
    Exclusion,
    Facts,
    LimitKind,
    Pack,
    UsageBook,
    Verdict,
    Window,
    decide,
    deciding,
    findings,
    replay,
)
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.codes import CHALLENGES
from compliance_svc.kernel.document import PackDocument, RuleDocument
from compliance_svc.kernel.fields import PackError
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.merging import merge, overlay
from compliance_svc.kernel.rules.age import MinimumAge
from compliance_svc.kernel.rules.bands import Band
from compliance_svc.kernel.rules.catalogue import ForbiddenFeatures, GameCategories, MinimumReturn
from compliance_svc.kernel.rules.games import CycleInterval, StakeCap
from compliance_svc.kernel.rules.money import MoneyTrigger, RequiredLimits
from compliance_svc.kernel.rules.outside import ExclusionRegister, ExternalLimit
from compliance_svc.kernel.rules.person import DemoPlayAllowed, LocationPerWager
from compliance_svc.kernel.rules.policies import ContactAbove, FailedDeposits, LimitChange, SelfExclusion, nominal_hours
from compliance_svc.kernel.rules.reminding import LimitReview
from compliance_svc.kernel.rules.screening import SanctionsScreening
from compliance_svc.kernel.rules.sessions import Inactivity, ParallelPlay, RealityCheck
from compliance_svc.kernel.rules.watching import (
    DormantWatch,
    MinimalRiskWatch,
    MoneyWatch,
    PassThroughWatch,
    RapidMovementWatch,
    RiskFlag,
    StructuringWatch,
)
from tests.unit.compliance_svc.kernel.situations import DEBITS, FACTS, FIXED, ORDERLY, OTHERS, finds
from tests.unit.compliance_svc.kernel.test_merging import LOOSER, STRICTER, rule
from tests.unit.compliance_svc.kernel.world import DAY, HOUR, NOON, a_limit, bet, pack

Decide = Callable[[Pack | None, Facts, Action, int], Decision]
Merge = Callable[[PackDocument, PackDocument], PackDocument]

MARKETS = st.sampled_from([found for found in load_documents() if not found.sandbox])
RANK = {Verdict.ALLOW: 0, Verdict.SCHEDULE: 1, Verdict.CHALLENGE: 2, Verdict.DENY: 3}
SEEDS = st.integers(0, 2**32)


# -- tightening


def halves(amounts: tuple[Amount, ...]) -> tuple[Amount, ...]:
    return tuple(
        Amount(value=one.value * 5, decimals=one.decimals + 1, currency=one.currency) for one in amounts
    )  # fmt: skip


def doubles(amounts: tuple[Amount, ...]) -> tuple[Amount, ...]:
    return tuple(replace(one, value=one.value * 2) for one in amounts)


def halved(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    return tuple(replace(band, caps=halves(band.caps)) for band in bands)


TIGHTER: dict[type, Callable[[Any], Any]] = {
    MinimumAge: lambda old: replace(old, years=old.years + 3),
    StakeCap: lambda old: replace(old, bands=halved(old.bands)),
    CycleInterval: lambda old: replace(old, ms=old.ms * 2),
    RealityCheck: lambda old: replace(old, interval_s=(old.interval_s or 7_200) // 2, break_s=old.break_s + 600),
    MoneyTrigger: lambda old: replace(old, bands=halved(old.bands), reached=True, valid_days=old.valid_days and 1),
    ParallelPlay: lambda old: replace(old, mode="none"),
    ExternalLimit: lambda old: replace(old, required=True),
    ExclusionRegister: lambda old: replace(old, sources=tuple(sorted({*old.sources, "OWN"}))),
    LocationPerWager: lambda old: replace(
        old, territories=old.territories[:1], recheck_s=(old.recheck_s or 7_200) // 2
    ),
    SanctionsScreening: lambda old: replace(old, possible="diligence", pep="diligence", hold_above=old.hold_above[:1]),
    RequiredLimits: lambda old: replace(old, limits=tuple(sorted({*old.limits, "loss/24h"}))),
    MinimumReturn: lambda old: replace(old, ppm=old.ppm + 1),
    ForbiddenFeatures: lambda old: replace(old, features=tuple(sorted({*old.features, "turbo"}))),
    Inactivity: lambda old: replace(old, seconds=old.seconds // 2),
    LimitReview: lambda old: replace(old, every="1mo"),
    FailedDeposits: lambda old: replace(old, count=old.count - 1, window_s=old.window_s + 1),
    DemoPlayAllowed: lambda old: replace(old, identity="verified"),
    GameCategories: lambda old: replace(old, allowed=old.allowed[:1]),
    LimitChange: lambda old: replace(
        old, increase_delay_s=old.increase_delay_s + 1, increase_confirm="at_login", increase_period_end=True
    ),
    SelfExclusion: lambda old: replace(old, return_delay_s=old.return_delay_s + 1, returns="register"),
    ContactAbove: lambda old: replace(old, bands=halved(old.bands), effect="challenge"),
    RiskFlag: lambda old: replace(old, hold_above=halves(old.hold_above[:1])),
    MoneyWatch: lambda old: replace(old, reached=True, amounts=halves(old.amounts), flag_days=old.flag_days + 1),
    StructuringWatch: lambda old: replace(
        old, window="30d", count=2, at_least=halves(old.at_least), below=doubles(old.below)
    ),
    PassThroughWatch: lambda old: replace(
        old, window="30d", deposited=halves(old.deposited), back_percent=1, played_percent=old.played_percent + 1
    ),
    RapidMovementWatch: lambda old: replace(old, window="30d", within="24h", count=1, withdrawn=halves(old.withdrawn)),
    MinimalRiskWatch: lambda old: replace(
        old, window="30d", staked=halves(old.staked), difference_ppm=old.difference_ppm * 2
    ),
    DormantWatch: lambda old: replace(old, idle_days=1, deposited=halves(old.deposited)),
}
"""For each kind with parameters all of them tighter. The others can only be added."""


def test_every_kind_of_rule_can_be_tightened() -> None:
    kinds = {type(one.params) for market in load_documents() for one in market.rules}
    without_parameters = {kind for kind in kinds if not fields(kind)}
    assert {kind.__name__ for kind in kinds - without_parameters - set(TIGHTER)} == {"ActivityFile", "PlayerBreak"}


@st.composite
def tightenings(draw: st.DrawFn, market: PackDocument) -> PackDocument:
    """A market with some parameters tightened, and some rules more."""
    chosen = draw(st.lists(st.sampled_from(market.rules), max_size=4, unique_by=lambda one: one.label))
    own = [replace(one, params=TIGHTER[type(one.params)](one.params)) for one in chosen if type(one.params) in TIGHTER]
    known = {one.label for one in market.rules}
    more = draw(st.lists(st.sampled_from(STRICTER), max_size=2, unique_by=lambda one: one.label))
    own += [one for one in more if one.label not in known]
    return overlay(market, replace(market, name="l1", version="7", rules=tuple(own)))


PAIRS = MARKETS.flatmap(lambda market: st.tuples(st.just(market), tightenings(market)))


def tightening_never_helps(one: Decide, packs: tuple[PackDocument, PackDocument], known: Facts, action: Action) -> None:
    market, tighter = (one(compiled(document), known, action, NOON) for document in packs)
    assert RANK[tighter.verdict] >= RANK[market.verdict]


def compiled(document: PackDocument) -> Pack:
    """Compile; one document is asked often."""
    return _compiled(document)


_compiled = cache(PackDocument.compile)


@settings(FIXED, max_examples=500)
@given(PAIRS, FACTS, DEBITS | OTHERS)
def test_a_tighter_pack_never_turns_a_refusal_into_an_allowance(
    packs: tuple[PackDocument, PackDocument], known: Facts, action: Action
) -> None:
    tightening_never_helps(decide, packs, known, action)


def by_the_last_reason(law: Pack | None, known: Facts, action: Action, now_us: int) -> Decision:
    """Broken: a further reason, of CHALLENGE, takes the place of the DENY before it."""
    found = decide(law, known, action, now_us)
    if not found.details:
        return found
    challenged = found.details[-1].code in CHALLENGES
    return replace(found, verdict=Verdict.CHALLENGE if challenged else Verdict.DENY)


def test_a_verdict_of_the_last_reason_is_caught() -> None:
    def check(packs: tuple[PackDocument, PackDocument], known: Facts, action: Action) -> None:
        tightening_never_helps(by_the_last_reason, packs, known, action)

    assert finds(check, PAIRS, FACTS, DEBITS)


CUTS: list[Callable[[Facts], Facts]] = [
    lambda known: guarded(
        known, limits=tuple(replace(one, amount_minor=one.amount_minor // 2) for one in limits_of(known))
    ),
    lambda known: guarded(
        known,
        limits=(
            a_limit(LimitKind.WAGER, Window.DAYS_7, "0.50"),
            *(one for one in limits_of(known) if (one.kind, one.window) != (LimitKind.WAGER, Window.DAYS_7)),
        ),
    ),
    lambda known: guarded(
        known, exclusion=Exclusion(term="6mo", since_us=NOON - DAY, until_us=None, eligible_us=NOON + DAY)
    ),
    lambda known: guarded(known, break_until_us=NOON + DAY),
    lambda known: known if known.session is None else replace(known, session=replace(known.session, ended=True)),
    lambda known: replace(known, suspended=True),
    lambda known: replace(known, licensed=False),
    lambda known: replace(known, player=replace(known.player, protection=None)),
    lambda known: replace(known, usage=None),
    lambda known: replace(known, session=None),
    lambda known: replace(known, cycle=None),
]
"""A player who is protected more than before, and facts that got lost."""


def limits_of(known: Facts) -> tuple[Any, ...]:
    return () if known.player.protection is None else known.player.protection.limits


def guarded(known: Facts, **changes: Any) -> Facts:
    protection = known.player.protection
    if protection is None:
        return known
    return replace(known, player=replace(known.player, protection=replace(protection, **changes)))


def cutting_never_helps(one: Decide, known: Facts, action: Action, cut: Callable[[Facts], Facts]) -> None:
    before, after = (one(pack(), found, action, NOON) for found in (known, cut(known)))
    assert RANK[after.verdict] >= RANK[before.verdict]


@settings(FIXED, max_examples=500)
@given(FACTS, DEBITS, st.sampled_from(CUTS))
def test_more_protection_or_less_knowledge_never_turns_a_refusal_into_an_allowance(
    known: Facts, action: Action, cut: Callable[[Facts], Facts]
) -> None:
    cutting_never_helps(decide, known, action, cut)


def trusting(law: Pack | None, known: Facts, action: Action, now_us: int) -> Decision:
    """Broken: a history that is missing is taken for an empty one."""
    return decide(law, known if known.usage is not None else replace(known, usage=UsageBook()), action, now_us)


def test_an_open_default_is_caught() -> None:
    def check(known: Facts, action: Action, cut: Callable[[Facts], Facts]) -> None:
        cutting_never_helps(trusting, known, action, cut)

    assert finds(check, ORDERLY, st.just(bet("1.00")), st.sampled_from(CUTS))


# -- order


def order_never_matters(document: PackDocument, known: Facts, action: Action, seed: int) -> None:
    """The rules of the pack in any order, and those that every pack has among them."""
    first, shuffle = compiled(document), Random(seed)
    other = replace(first, rules=tuple(shuffle.sample(first.rules, len(first.rules))))
    record = decide(first, known, action, NOON).record()
    assert decide(other, known, action, NOON).record() == record
    for key, plan in other._plans.items():
        other._plans[key] = tuple(shuffle.sample(plan, len(plan)))
    assert decide(other, known, action, NOON).record() == record


LATCHES = [
    rule(
        "money_trigger",
        obligation="LATCH_DEPOSIT_BLOCK",
        basis="deposit",
        window=window,
        op="ge",
        bands=[{"caps": ["1.00 GBP"]}],
    )
    for window in ("day", "week", "month")
]
GB = next(found for found in load_documents() if found.name == "gb")
LATCHED = replace(GB, rules=(*GB.rules, *LATCHES))
MANY_RULES = MARKETS | st.just(LATCHED)


@settings(FIXED, max_examples=500)
@given(MANY_RULES, FACTS, DEBITS, SEEDS)
def test_the_order_of_the_rules_never_changes_a_byte_of_the_record(
    document: PackDocument, known: Facts, action: Action, seed: int
) -> None:
    order_never_matters(document, known, action, seed)


def test_reasons_as_they_come_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "in_order", tuple)
    assert finds(order_never_matters, MANY_RULES, FACTS, DEBITS, SEEDS)


def test_the_last_of_several_duties_winning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "later", lambda _old, new: new)
    assert finds(order_never_matters, st.just(LATCHED), FACTS, DEBITS, SEEDS)


def test_sums_in_the_order_in_which_they_were_read_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "distinct", tuple)
    assert finds(order_never_matters, MANY_RULES, FACTS, DEBITS, SEEDS)


# -- reserve and release

KINDS = st.sampled_from([LimitKind.WAGER, LimitKind.LOSS])
EVENTS = st.lists(st.tuples(KINDS, st.integers(0, 24 * 60), st.integers(-5, 9)), max_size=150)
BACK = [a_limit(LimitKind.LOSS, Window.HOURS_24, "1.00"), a_limit(LimitKind.WAGER, Window.MONTH_1, "1.00")]
BACK += [a_limit(LimitKind.LOSS, Window.SINCE_SET, "1.00", since_us=NOON - 45 * DAY)]


def release_undoes_reserve(
    released_at: Callable[[int, int], int],
    before: list[tuple[LimitKind, int, int]],
    between: list[tuple[LimitKind, int, int]],
    stake: tuple[int, int],
    waited_h: int,
) -> None:
    """A stake that was given back was never there: for any window, from the release on and at every later instant."""
    ago_h, amount = stake
    taken_us, now_us = NOON - ago_h * HOUR, NOON + waited_h * HOUR
    played, untouched = UsageBook(), UsageBook()
    for book in (played, untouched):
        fill(book, before, NOON - 60 * DAY)
    both = (LimitKind.WAGER, LimitKind.LOSS)
    for kind in both:
        played.add(kind, "GBP", taken_us, amount)
    for book in (played, untouched):
        book.trim(tuple(BACK), NOON)
        fill(book, between, NOON - 10 * DAY)
    for kind in both:
        played.add(kind, "GBP", released_at(taken_us, now_us), -amount)
    for later_h in (0, 1, 23, 24, 24 * 7, 24 * 31):
        at_us = now_us + later_h * HOUR
        for limit in BACK:
            start_us = limit.window_start_us(at_us, pack().zone)
            sums = [book.used(limit.kind, "GBP", start_us, at_us) for book in (played, untouched)]
            assert sums[0] == sums[1]


def fill(book: UsageBook, events: list[tuple[LimitKind, int, int]], start_us: int) -> None:
    for kind, hour, amount in events:
        book.add(kind, "GBP", start_us + hour * HOUR, amount)


STAKES = st.tuples(st.integers(0, 40 * 24), st.integers(1, 50))


@settings(FIXED, max_examples=400)
@given(EVENTS, EVENTS, STAKES, st.integers(0, 72))
def test_a_stake_that_is_given_back_at_the_time_of_its_bet_leaves_nothing(
    before: list[tuple[LimitKind, int, int]],
    between: list[tuple[LimitKind, int, int]],
    stake: tuple[int, int],
    waited_h: int,
) -> None:
    release_undoes_reserve(lambda taken_us, _now_us: taken_us, before, between, stake, waited_h)


def test_a_release_at_its_own_time_is_caught() -> None:
    def check(before: Any, between: Any, stake: tuple[int, int], waited_h: int) -> None:
        release_undoes_reserve(lambda _taken_us, now_us: now_us, before, between, stake, waited_h)

    assert finds(check, EVENTS, EVENTS, STAKES, st.integers(0, 72))


# -- merge

POOL = [one for market in load_documents() for one in market.rules] + STRICTER + LOOSER


@st.composite
def documents(draw: st.DrawFn) -> PackDocument:
    """Any rules of any markets and licensees in one pack."""
    rules = draw(st.lists(st.sampled_from(POOL), max_size=12, unique_by=lambda one: one.label))
    return replace(draw(MARKETS), rules=tuple(sorted(rules, key=lambda one: one.label)))


def meaning(value: Any) -> Any:
    """What a rule says, whatever words it uses: 5.0 is 5.00, and a band like the next one is none."""
    match value:
        case Amount():
            return Fraction(value.value, 10**value.decimals), value.currency
        case StakeCap() | MoneyTrigger() | ContactAbove():
            kept: list[Any] = []
            for age, caps in ((band.age, meaning(band.caps)) for band in value.bands):
                if kept and kept[-1][1] == caps:
                    kept.pop()
                kept.append((age, caps))
            rest = {one.name: getattr(value, one.name) for one in fields(value) if one.name != "bands"}
            return type(value), tuple(kept), tuple(rest.items())
        case SelfExclusion():
            shortest = None if value.shortest is None else nominal_hours(value.shortest)
            return replace(value, minimum="1h", shortest=None), nominal_hours(value.minimum), shortest
        case tuple():
            return tuple(meaning(one) for one in value)
        case _ if is_dataclass(value):
            return type(value), tuple(meaning(getattr(value, one.name)) for one in fields(value))
        case _:
            return value


def rules_of(make: Callable[[], PackDocument]) -> dict[str, Any] | None:
    """The rules of a merged pack by name; None if the packs have nothing in common."""
    try:
        return {one.label: meaning(one.params) for one in make().rules}
    except PackError:
        return None


def merging_commutes(join: Merge, first: PackDocument, second: PackDocument) -> None:
    assert rules_of(lambda: join(first, second)) == rules_of(lambda: join(second, first))


def merging_is_associative(join: Merge, first: PackDocument, second: PackDocument, third: PackDocument) -> None:
    left = rules_of(lambda: join(join(first, second), third))
    assert left == rules_of(lambda: join(first, join(second, third)))


@settings(FIXED, max_examples=200)
@given(documents(), documents())
def test_merging_commutes(first: PackDocument, second: PackDocument) -> None:
    merging_commutes(merge, first, second)


@settings(FIXED, max_examples=200)
@given(documents(), documents(), documents())
def test_merging_is_associative(first: PackDocument, second: PackDocument, third: PackDocument) -> None:
    merging_is_associative(merge, first, second, third)


@settings(FIXED, max_examples=200)
@given(documents())
def test_a_pack_merged_with_itself_says_the_same(document: PackDocument) -> None:
    assert rules_of(lambda: merge(document, document)) == rules_of(lambda: document)


@settings(FIXED, max_examples=500)
@given(MARKETS, MARKETS, FACTS, DEBITS)
def test_merged_markets_refuse_what_either_refuses(
    first: PackDocument, second: PackDocument, known: Facts, action: Action
) -> None:
    # The other market's rules under this one's zone and currency, as they are merged.
    other = replace(first, rules=second.rules)
    try:
        both = compiled(merge(first, other))
    except PackError:
        return
    alone = [decide(compiled(one), known, action, NOON) for one in (first, other)]
    together = decide(both, known, action, NOON)
    assert RANK[together.verdict] >= max(RANK[one.verdict] for one in alone)


def keeping_the_first(first: PackDocument, second: PackDocument) -> PackDocument:
    """Broken: a rule that both have stays as it is."""
    mine = {one.label for one in first.rules}
    rules = [*first.rules, *(one for one in second.rules if one.label not in mine)]
    return replace(first, rules=tuple(sorted(rules, key=lambda one: one.label)))


def halfway(first: PackDocument, second: PackDocument) -> PackDocument:
    """Broken: the mean of two intervals, which commutes and is not associative."""
    found = merge(first, second)
    speeds = {one.label: one.params.ms for one in first.rules if isinstance(one.params, CycleInterval)}
    others = {one.label: one.params.ms for one in second.rules if isinstance(one.params, CycleInterval)}

    def mean(one: RuleDocument) -> RuleDocument:
        if one.label not in speeds or one.label not in others:
            return one
        return replace(one, params=CycleInterval(ms=(speeds[one.label] + others[one.label]) // 2))

    return replace(found, rules=tuple(mean(one) for one in found.rules))


def test_a_merge_that_keeps_the_first_is_caught() -> None:
    def check(first: PackDocument, second: PackDocument) -> None:
        merging_commutes(keeping_the_first, first, second)

    assert finds(check, documents(), documents())


def test_a_merge_that_meets_halfway_is_caught() -> None:
    def check(first: PackDocument, second: PackDocument, third: PackDocument) -> None:
        merging_is_associative(halfway, first, second, third)

    assert finds(check, documents(), documents(), documents())


# -- replay


def replay_repeats(
    again: Callable[[Pack | None, str, int], Decision], document: PackDocument | None, known: Facts, action: Action
) -> None:
    law = None if document is None else compiled(document)
    decision = decide(law, known, action, NOON)
    repeated = again(law, decision.facts_json(), NOON)
    assert repeated.record() == decision.record()
    assert repeated.protection == decision.protection


@settings(FIXED, max_examples=600)
@given(MANY_RULES | st.none(), FACTS, DEBITS | OTHERS)
def test_every_decision_repeats_to_the_byte_from_its_own_record(
    document: PackDocument | None, known: Facts, action: Action
) -> None:
    replay_repeats(replay, document, known, action)


LOST = ['"automatic":true', '"suspended":true', '"ended":true', '"renews":true', '"frozen":true']


@pytest.mark.parametrize("lost", LOST)
def test_a_record_that_leaves_a_fact_out_is_caught(lost: str) -> None:
    def forgetful(law: Pack | None, text: str, now_us: int) -> Decision:
        less = text.replace(lost, "").replace(",}", "}").replace(",,", ",").replace("{,", "{")
        return replay(law, less, now_us)

    def check(document: PackDocument | None, known: Facts, action: Action) -> None:
        replay_repeats(forgetful, document, known, action)

    assert finds(check, MANY_RULES | st.none(), FACTS, DEBITS)
