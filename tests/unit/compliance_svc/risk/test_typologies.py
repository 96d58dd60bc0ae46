"""What each watch sees: below, at and above its threshold, and at the edges of its window."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_svc.kernel.pack import Pack
from compliance_svc.risk.history import History, Kind, Movement, Totals
from compliance_svc.risk.reading import text_of, units
from compliance_svc.risk.typologies import Finding, advance, reach_us
from tests.unit.compliance_svc.risk.money import NOON, Ledger, days, hours, only, shipped

DEPOSITS, WITHDRAWALS = "money_watch/deposit/24h", "money_watch/withdrawal/24h"


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(("last", "count"), [("999.99", 0), ("1000.00", 1), ("1000.01", 1)])
@pytest.mark.parametrize(("label", "kind"), [(DEPOSITS, Kind.DEPOSIT), (WITHDRAWALS, Kind.WITHDRAWAL)])
def test_a_rolling_sum_is_found_when_it_reaches_the_threshold(label: str, kind: Kind, last: str, count: int) -> None:
    ledger = Ledger().add(kind, "1000", NOON).add(kind, last, NOON + hours(1))
    found = ledger.found(only(label))
    assert rules(found) == [label] * count
    if found:
        assert (found[0].seen.observed, found[0].seen.threshold) == (units("1000") + units(last), units("2000"))
        assert found[0].seen.evidence == ("3-1", "3-2")
        assert (found[0].pack, found[0].requirement, found[0].flag_until_us) == (
            "gb@1", "AML-02", NOON + hours(1) + days(30),
        )  # fmt: skip


@pytest.mark.parametrize(("later", "count"), [(hours(24) - 1, 1), (hours(24), 0)])
def test_a_rolling_window_is_half_open(later: int, count: int) -> None:
    assert len(Ledger().deposit("1500").deposit("500", NOON + later).found(only(DEPOSITS))) == count


def test_a_watch_is_quiet_while_its_flag_holds_and_speaks_at_its_end() -> None:
    ledger = Ledger().deposit("2000").deposit("2000", NOON + 1).deposit("2000", NOON + days(30) - 1)
    assert len(ledger.found(only(DEPOSITS))) == 1
    assert len(ledger.deposit("1", NOON + days(30)).found(only(DEPOSITS))) == 2


def test_money_that_came_back_was_not_withdrawn() -> None:
    ledger = Ledger().withdraw("1999", key="w").add(Kind.RETURNED, "1999", NOON + 1, reference="w")
    assert not ledger.withdraw("1999", NOON + 2).found(only(WITHDRAWALS))
    assert len(ledger.withdraw("1", NOON + 3).found(only(WITHDRAWALS))) == 1


def test_only_what_came_back_of_a_withdrawal_is_taken_off() -> None:
    ledger = Ledger().withdraw("1000", key="w").add(Kind.RETURNED, "400", NOON, reference="w")
    assert not ledger.withdraw("1399.99").found(only(WITHDRAWALS))
    assert len(ledger.withdraw("0.01").found(only(WITHDRAWALS))) == 1


@pytest.mark.parametrize(("basis", "kind"), [("stake", Kind.STAKE), ("winning", Kind.WINNING)])
def test_stakes_and_winnings_are_those_of_the_markets_day(basis: str, kind: Kind) -> None:
    label = f"money_watch/{basis}/day"
    midnight = NOON + hours(12)
    before = Ledger().add(kind, "1999.99", midnight - 1)
    assert not before.add(kind, "1999.99", midnight).found(only(label))
    assert len(before.add(kind, "0.01", midnight + hours(24) - 1).found(only(label))) == 1
    assert not Ledger().add(kind, "1999.99", midnight).add(kind, "1", midnight + hours(24)).found(only(label))


def test_a_watch_of_days_speaks_on_each_day() -> None:
    ledger = Ledger().add(Kind.STAKE, "2000", NOON).add(Kind.STAKE, "2000", NOON + 1)
    assert len(ledger.found(only("money_watch/stake/day"))) == 1
    assert len(ledger.add(Kind.STAKE, "2000", NOON + hours(12)).found(only("money_watch/stake/day"))) == 2


def test_a_stake_that_was_undone_was_not_staked() -> None:
    ledger = Ledger().add(Kind.STAKE, "1500", NOON).add(Kind.UNSTAKED, "1500", NOON).add(Kind.STAKE, "1999", NOON)
    assert not ledger.found(only("money_watch/stake/day"))


@pytest.mark.parametrize(("amount", "count"), [("10000", 0), ("10000.01", 1)])
def test_a_report_of_a_gaming_day_is_above_and_not_at_the_amount(amount: str, count: int) -> None:
    ledger = Ledger("USD").deposit(amount)
    assert len(ledger.found(only("money_watch/deposit/day", "us-nj"))) == count
    assert (
        not Ledger("USD")
        .deposit("6000")
        .deposit("6000", NOON + days(1))
        .found(only("money_watch/deposit/day", "us-nj"))
    )


@pytest.mark.parametrize("kind", [Kind.DEPOSIT, Kind.WITHDRAWAL])
@pytest.mark.parametrize(("amount", "count"), [("10000", 0), ("10000.01", 1)])
def test_the_unions_cap_of_cash_is_looked_for_above_and_not_at_the_amount(amount: str, count: int, kind: Kind) -> None:
    ledger = Ledger("EUR").add(kind, amount, NOON)
    assert len(ledger.found(only(f"money_watch/{kind.value}/single", "nl@2027-07-10"))) == count
    assert (
        len(ledger.add(kind, "10001", NOON + 1).found(only(f"money_watch/{kind.value}/single", "nl@2027-07-10")))
        == count + 1
    )


@pytest.mark.parametrize(("later", "count"), [(days(180) - 1, 1), (days(180), 0)])
def test_malta_looks_back_half_a_year(later: int, count: int) -> None:
    ledger = Ledger("EUR").deposit("1000").deposit("1000", NOON + later)
    assert len(ledger.found(only("money_watch/deposit/180d", "mt"))) == count


@pytest.mark.parametrize(
    ("amounts", "count"),
    [
        (("1999.99", "1900", "1800"), 1),
        (("1999.99", "1900", "1799.99"), 0),
        (("2000", "1900", "1800"), 0),
        (("1900", "1900"), 0),
    ],
)
def test_deposits_that_stay_just_below(amounts: tuple[str, ...], count: int) -> None:
    ledger = Ledger()
    for number, amount in enumerate(amounts):
        ledger.deposit(amount, NOON + days(number))
    found = ledger.found(only("structuring_watch"))
    assert rules(found) == ["structuring_watch"] * count
    assert all(finding.seen.evidence == ("3-1", "3-2", "3-3") for finding in found)


def test_deposits_that_stay_just_below_are_counted_in_a_half_open_window() -> None:
    ledger = Ledger().deposit("1900").deposit("1900", NOON + 1)
    assert not ledger.deposit("1900", NOON + days(7)).found(only("structuring_watch"))
    ledger = Ledger().deposit("1900").deposit("1900", NOON + 1)
    assert ledger.deposit("1900", NOON + days(7) - 1).found(only("structuring_watch"))


@pytest.mark.parametrize(
    ("deposited", "staked", "withdrawn", "count"),
    [
        ("1000", "499.99", "800", 1),
        ("1000", "500", "800", 0),
        ("1000", "0", "799.99", 0),
        ("999.99", "0", "999.99", 0),
    ],
)
def test_money_that_passes_through(deposited: str, staked: str, withdrawn: str, count: int) -> None:
    ledger = Ledger().play("5000", "0", NOON - 1).deposit(deposited)
    ledger.play(staked, "0", NOON + 1) if units(staked) else None
    found = ledger.withdraw(withdrawn, NOON + 2).found(only("pass_through_watch"))
    assert rules(found) == ["pass_through_watch"] * count


@pytest.mark.parametrize(("later", "count"), [(days(7) - 1, 1), (days(7), 0)])
def test_money_passes_through_within_a_half_open_window(later: int, count: int) -> None:
    ledger = Ledger().deposit("1000").withdraw("1000", NOON + later)
    assert len(ledger.found(only("pass_through_watch"))) == count


def test_what_was_withdrawn_before_the_deposit_does_not_pass_through() -> None:
    ledger = Ledger().withdraw("800").deposit("1000").withdraw("10")
    assert not ledger.found(only("pass_through_watch"))


@pytest.mark.parametrize(("within", "amount", "count"), [
    (hours(1), "400", 1), (hours(1) + 1, "400", 0), (hours(1), "333.33", 0),
])  # fmt: skip
def test_withdrawals_that_follow_at_once(within: int, amount: str, count: int) -> None:
    ledger = Ledger()
    for number in range(3):
        start = NOON + days(number)
        ledger.deposit(amount, start).play("1", "0", start).withdraw(amount, start + within)
    found = ledger.found(only("rapid_movement_watch"))
    assert rules(found) == ["rapid_movement_watch"] * count
    assert all(len(finding.seen.evidence) == 6 for finding in found)


def test_withdrawals_that_follow_at_once_are_counted_in_a_half_open_window() -> None:
    def three(last: int) -> Ledger:
        ledger = Ledger().deposit("500", NOON - 1).withdraw("500").deposit("500").withdraw("500", NOON + 1)
        return ledger.deposit("500", NOON + last - 1).withdraw("500", NOON + last)

    assert not three(days(7)).found(only("rapid_movement_watch"))
    assert three(days(7) - 1).found(only("rapid_movement_watch"))


@pytest.mark.parametrize(("staked", "won", "count"), [
    ("5000", "4975", 1), ("5000", "5025", 1), ("5000", "4974.99", 0), ("5000", "5025.01", 0), ("4999.99", "4999.99", 0),
])  # fmt: skip
def test_play_that_neither_wins_nor_loses(staked: str, won: str, count: int) -> None:
    ledger = Ledger().deposit("1000").play(staked, won, NOON + 1).withdraw("900", NOON + 2)
    assert len(ledger.found(only("minimal_risk_watch"))) == count


@pytest.mark.parametrize(("idle", "amount", "count"), [
    (days(180), "1000", 1), (days(180) - 1, "1000", 0), (days(180), "999.99", 0),
])  # fmt: skip
def test_a_large_deposit_after_a_long_rest(idle: int, amount: str, count: int) -> None:
    ledger = Ledger().deposit("10", NOON).play("1", "0", NOON + 5).deposit(amount, NOON + 5 + idle)
    assert len(ledger.found(only("dormant_watch"))) == count


def test_the_first_deposit_follows_on_no_rest() -> None:
    assert not Ledger().deposit("5000").found(only("dormant_watch"))


def test_a_currency_that_the_pack_does_not_name_is_not_watched() -> None:
    assert not Ledger("NOK").deposit("100000").found(shipped().compile())


def test_a_player_without_a_known_law_is_remembered_and_nothing_is_found() -> None:
    entry = Ledger().deposit("100000").entries[0]
    history, findings = advance(History(), entry, None)
    assert not findings
    assert [one.amount for one in history.movements] == [units("100000")]


def test_totals_and_amounts_are_stored_exactly() -> None:
    totals = Totals(staked=10**25 + 1, last_us=NOON, quiet=(("a", 1), ("b", 2)))
    assert Totals.from_json(totals.to_json()) == totals
    assert [text_of(units(text)) for text in ("0.000000000000000001", "5", "12.5", "1234567890.123")] == [
        "0.000000000000000001", "5.00", "12.50", "1234567890.123",
    ]  # fmt: skip


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*Kind]),
        st.sampled_from(["0.01", "10", "400", "999.99", "1000", "1900", "2000", "5000"]),
        st.sampled_from([0, 1, hours(1), hours(24), days(7) - 1, days(7), days(30), days(181)]),
    ),
    max_size=40,
)


def ledger_of(steps: list[tuple[Kind, str, int]]) -> Ledger:
    ledger, now_us = Ledger(), NOON
    for number, (kind, amount, gap) in enumerate(steps):
        now_us += gap
        ledger.add(kind, amount, now_us, reference=f"k{number - 1}")
    return ledger


def paged(pack: Pack, ledger: Ledger, cuts: set[int]) -> list[str]:
    """Findings of pages, with nothing between them but what is stored: totals as text, and movements in reach."""
    totals, movements, found = "", dict[str, Movement](), list[str]()
    history = History()
    for index, entry in enumerate(ledger.entries):
        if index in cuts and totals:
            since = entry.at_us - reach_us([pack])
            kept = tuple(one for one in movements.values() if one.at_us > since)
            history = History(totals=Totals.from_json(totals), movements=kept)
        history, findings = advance(history, entry, pack)
        totals, movements = history.totals.to_json(), {**movements, **{one.id: one for one in history.movements}}
        found += [finding.case_id for finding in findings]
    return found


@settings(max_examples=200, deadline=None)
@given(STEPS, st.sets(st.integers(0, 40)))
def test_cutting_the_log_anywhere_finds_the_same(steps: list[tuple[Kind, str, int]], cuts: set[int]) -> None:
    ledger, pack = ledger_of(steps), shipped("mt" if len(steps) % 2 else "gb").compile()
    whole = [finding.case_id for finding in ledger.found(pack)]
    assert paged(pack, ledger, cuts) == whole
    assert len(set(whole)) == len(whole)
