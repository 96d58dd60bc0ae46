import subprocess
import sys
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_svc.kernel import (
    CREDITS,
    ActionKind,
    Bet,
    Category,
    Code,
    Credit,
    Deposit,
    Exclude,
    Facts,
    Funding,
    LimitKind,
    Login,
    OpenPlay,
    PendingIncrease,
    RequestReinstatement,
    SetLimit,
    TakeBreak,
    Tip,
    UsageBook,
    Verdict,
    Window,
    decide,
    replay,
)
from compliance_svc.kernel.codes import CHALLENGES, ORDER
from compliance_svc.kernel.zones import load_zone
from tests.unit.compliance_svc.kernel.world import (
    DAY,
    NOON,
    SECOND,
    a_limit,
    at,
    bet,
    deposit,
    facts,
    library,
    pack,
    pounds,
    used,
)


def guilty() -> Facts:
    """Facts under which a bet breaks nearly every rule."""
    limits = (a_limit(LimitKind.LOSS, Window.HOURS_24, "1.00"), a_limit(LimitKind.STAKE, Window.NONE, "1.00"))
    protection = decide(pack(), facts(*limits), Exclude(term="6mo"), NOON).protection
    assert protection is not None
    on_break = replace(protection, break_until_us=NOON + DAY)
    return facts(protection=on_break, born=2015_01_01, last_start_us=NOON - SECOND, suspended=True)


WORST = bet("9.00", automatic=True)
ALL_REASONS = (
    "SYS.SUSPENDED",
    "SEX.SELF",
    "SEX.BREAK",
    "KYC.AGE",
    "LIM.LOSS",
    "LIM.STAKE",
    "GAM.STAKE_CAP",
    "GAM.TOO_FAST",
    "GAM.AUTOPLAY",
    "SES.ENDED",
)


def test_all_failing_rules_are_reported_in_the_fixed_order() -> None:
    assert decide(pack(), guilty(), WORST, NOON).reasons == ALL_REASONS


def test_the_order_of_the_rules_in_a_pack_changes_nothing() -> None:
    gb = pack()
    records = set()
    shuffle = Random(20_261_125)
    for _ in range(200):
        rules = tuple(shuffle.sample(gb.rules, len(gb.rules)))
        records.add(decide(replace(gb, rules=rules), guilty(), WORST, NOON).record())
    assert len(records) == 1


def test_reasons_of_deny_come_before_those_of_challenge() -> None:
    pending = PendingIncrease(amount_minor=pounds("99.00"), effective_us=NOON, needs_confirmation=True)
    known = facts(a_limit(LimitKind.STAKE, Window.NONE, "1.00", pending=pending))
    decision = decide(pack(), known, bet("9.00"), NOON)
    assert decision.verdict is Verdict.DENY
    assert decision.reasons == ("GAM.STAKE_CAP", "LIM.INCREASE.CONFIRM")


def test_every_code_has_its_place_in_the_order() -> None:
    assert set(ORDER) == set(Code)
    assert list(ORDER)[-1] is Code.SES_RC_DUE


@pytest.mark.parametrize("kind", sorted(CREDITS))
@pytest.mark.parametrize("name", ["gb", "base", None])
def test_credits_are_never_blocked(kind: ActionKind, name: str | None) -> None:
    credit = Credit(kind=kind, amount_minor=2**62, currency="XXX", exponent=0)
    for known in (guilty(), facts(protection=None, born=None, usage=None, cycle=None)):
        decision = decide(pack(name) if name else None, known, credit, NOON)
        assert (decision.verdict, decision.reasons) == (Verdict.ALLOW, ())


@pytest.mark.parametrize("kind", sorted(set(ActionKind) - CREDITS))
def test_a_debit_cannot_pass_as_a_credit(kind: ActionKind) -> None:
    with pytest.raises(ValueError, match="is not a credit"):
        Credit(kind=kind, amount_minor=1, currency="GBP", exponent=6)


DEBITS = [
    bet("1.00"),
    deposit("1.00"),
    OpenPlay(category=Category.SLOT),
    Login(),
    Tip(amount_minor=1, currency="GBP", exponent=6),
]


@pytest.mark.parametrize("action", DEBITS, ids=lambda action: action.kind)
def test_without_a_pack_every_debit_is_refused(action: Any) -> None:
    decision = decide(None, facts(), action, NOON)
    assert (decision.verdict, decision.reasons) == (Verdict.DENY, ("SYS.NO_PACK",))
    assert decision.pack.label == ""


def test_without_a_pack_the_other_reasons_are_told_too() -> None:
    assert decide(None, guilty(), deposit("1.00"), NOON).reasons == (
        "SYS.NO_PACK",
        "SYS.SUSPENDED",
        "SEX.SELF",
        "SEX.BREAK",
    )


def test_a_kill_switch_stops_debits_and_lets_protection_pass() -> None:
    known = facts(suspended=True)
    assert decide(pack("sandbox"), known, bet("1.00"), NOON).reasons == ("SYS.SUSPENDED",)
    assert decide(pack("sandbox"), known, deposit("1.00"), NOON).reasons == ("SYS.SUSPENDED",)
    assert decide(pack(), known, Exclude(term="6mo"), NOON).allowed


def test_a_rule_that_breaks_refuses_and_leaves_the_others_to_speak() -> None:
    class Broken:
        def used(self, *_: Any) -> int:
            raise OverflowError

    known = facts(a_limit(LimitKind.LOSS, Window.HOURS_24, "9.00"), usage=Broken())
    decision = decide(pack(), known, bet("9.00"), NOON)
    assert decision.reasons == ("SYS.FACT_MISSING", "GAM.STAKE_CAP")
    assert "OverflowError" in decision.details[0].rule


AMOUNTS = st.integers(0, 12_000_000) | st.integers(2**53 - 2, 2**63 - 1)
CURRENCIES = st.sampled_from(["GBP", "EUR"])
BETS = st.builds(
    Bet,
    amount_minor=AMOUNTS,
    currency=CURRENCIES,
    exponent=st.sampled_from([2, 6]),
    category=st.none() | st.sampled_from(Category),
    starts_cycle=st.booleans(),
    automatic=st.booleans(),
    funding=st.sampled_from(Funding),
)
OTHERS = st.one_of(
    st.builds(Deposit, amount_minor=AMOUNTS, currency=CURRENCIES, exponent=st.just(6)),
    st.builds(OpenPlay, category=st.none() | st.sampled_from(Category)),
    st.builds(
        Credit, kind=st.sampled_from(sorted(CREDITS)), amount_minor=AMOUNTS, currency=CURRENCIES, exponent=st.just(6)
    ),
    st.builds(
        SetLimit,
        limit_kind=st.just(LimitKind.LOSS),
        window=st.just(Window.DAYS_7),
        amount_minor=AMOUNTS,
        currency=CURRENCIES,
    ),
    st.sampled_from([Login(), Exclude(term="6mo"), Exclude(term="9mo"), TakeBreak(term="7d"), RequestReinstatement()]),
)


@st.composite
def situations(draw: st.DrawFn) -> Facts:
    kinds = draw(
        st.lists(
            st.sampled_from(
                [
                    (LimitKind.LOSS, Window.HOURS_24),
                    (LimitKind.LOSS, Window.MONTH_1),
                    (LimitKind.DEPOSIT, Window.DAYS_7),
                ]
            )
        )
    )
    limits = [a_limit(kind, window, str(draw(st.integers(0, 20)))) for kind, window in dict.fromkeys(kinds)]
    book = UsageBook()
    for kind in LimitKind:
        for ago in draw(st.lists(st.integers(0, 40 * DAY), max_size=5)):
            book.add(kind, draw(CURRENCIES), NOON - ago, draw(st.integers(-4_000_000, 6_000_000)))
    return facts(
        *limits,
        born=draw(st.none() | st.sampled_from([1986_01_15, 2004_02_29, 2012_12_12])),
        usage=draw(st.none() | st.just(book)),
        staked_minor=draw(st.integers(0, 3_000_000)),
        last_start_us=draw(st.none() | st.integers(NOON - 6 * SECOND, NOON)),
        suspended=draw(st.booleans()),
        **draw(st.sampled_from([{}, {}, {"protection": None}, {"cycle": None}])),
    )


@settings(max_examples=300)
@given(situations(), BETS | OTHERS, st.sampled_from(["gb", "base", "sandbox", None]))
def test_a_decision_repeats_to_the_byte_from_its_own_record(known: Facts, action: Any, name: str | None) -> None:
    law = pack(name) if name else None
    decision = decide(law, known, action, NOON)
    again = replay(law, decision.facts_json(), NOON)
    assert again.record() == decision.record()
    assert (again.verdict, again.reasons, again.protection) == (decision.verdict, decision.reasons, decision.protection)


@given(situations(), BETS | OTHERS)
def test_the_verdict_is_that_of_the_strictest_reason(known: Facts, action: Any) -> None:
    decision = decide(pack(), known, action, NOON)
    if not decision.reasons:
        assert decision.verdict in {Verdict.ALLOW, Verdict.SCHEDULE}
    elif set(decision.reasons) <= CHALLENGES:
        assert decision.verdict is Verdict.CHALLENGE
    else:
        assert decision.verdict is Verdict.DENY
    ranks = [ORDER[Code(code)] for code in decision.reasons]
    assert ranks == sorted(set(ranks))


@given(situations(), BETS)
def test_a_smaller_stake_is_never_refused_where_a_larger_one_passes(known: Facts, stake: Bet) -> None:
    if decide(pack(), known, stake, NOON).allowed:
        assert decide(pack(), known, replace(stake, amount_minor=stake.amount_minor // 2), NOON).allowed


def test_a_what_if_that_needs_more_than_was_recorded_refuses() -> None:
    known = facts(
        a_limit(LimitKind.DEPOSIT, Window.MONTH_1, "9.00"), usage=used(LimitKind.DEPOSIT, (NOON - DAY, "1.00"))
    )
    recorded = decide(pack("gb"), known, deposit("1.00"), NOON).facts_json()
    assert replay(pack("gb"), recorded, NOON).allowed
    assert replay(pack("gb"), recorded, NOON + DAY).reasons == ("SYS.FACT_MISSING",)


def test_a_record_tells_pack_kernel_facts_and_every_comparison() -> None:
    record = decide(pack(), facts(last_start_us=NOON - SECOND), bet("6.00"), NOON).record()
    assert record == (
        '{"at_us":1791198000000000,"facts":{"action":{"amount_minor":6000000,"category":"slot","currency":"GBP","exponent":6,'
        '"kind":"BET","starts_cycle":true},"cycle":{"last_start_us":1791197999000000,"staked_minor":0},'
        '"player":{"born":19860115,"currency":"GBP","protection":{"v":1}},"session":{"opened_us":1791198000000000}},"kernel":"7","pack":"gb@1",'
        f'"pack_digest":"{pack().digest}","reasons":[{{"code":"GAM.STAKE_CAP","limit":5000000,"observed":6000000,"rule":"stake_cap/slot"}},'
        '{"code":"GAM.TOO_FAST","limit":2500000,"observed":1000000,"rule":"cycle_interval/slot"}],"verdict":"DENY",'
        f'"zone_data":"{load_zone("Europe/London").data}"}}'
    )


MARKETS = ["base", "ca-on", "cw", "de", "dk", "es", "gb", "it", "mt", "nl", "sandbox", "se", "us-nj", "us-pa"]


def test_the_library_has_the_shipped_packs_under_their_names() -> None:
    dated = {"de", "dk", "es", "it", "mt", "nl", "se"}
    later = {f"{name}@2027-07-10" for name in dated}
    assert {found.label for found in library().versions()} == {f"{name}@1" for name in MARKETS} | later


def test_the_packs_of_the_union_change_at_midnight_of_the_day_of_its_regulation() -> None:
    for name, first, last in (
        ("de", "2027-07-09T23:59:59.999999+02:00", "2027-07-10T00:00:00+02:00"),
        ("mt", "2027-07-09T23:59:59.999999+02:00", "2027-07-10T00:00:00+02:00"),
    ):
        before, after = library().at(name, at(first)), library().at(name, at(last))
        assert before is not None
        assert after is not None
        assert (before.version, after.version) == ("1", "2027-07-10")
        assert before.rules == after.rules
        added = {watch.label for watch in after.watches} - {watch.label for watch in before.watches}
        assert added == {"money_watch/deposit/single", "money_watch/withdrawal/single"}


def test_deciding_needs_the_standard_library_only() -> None:
    program = """
import sys
sys.path.insert(0, ".")
before = set(sys.modules)
import compliance_svc.kernel
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - sys.stdlib_module_names))
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['compliance_svc']"
