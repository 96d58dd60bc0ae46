"""Facts beside the log that the law asks for: other sessions, papers of games, switches, sources, rates, other accounts."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from compliance_svc import kernel
from compliance_svc.kernel import Protection
from compliance_svc.kernel.evidence import read_facts
from mesh.clock_report import Report, write_report
from tests.unit.wallet_svc.world import (
    CASHIER,
    LICENSEE,
    OTHER,
    PLATFORM,
    PROVIDER,
    SOURCES,
    Table,
    bet,
    cancel,
    money,
    outcome,
    table,
    verdict,
    win,
)
from wallet_svc.config import WalletSettings
from wallet_svc.domain import commands as c
from wallet_svc.domain import law, switches
from wallet_svc.domain.decide import decide
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import WELL, Assertions, ClockSaid, ExchangeRate, Health, Suspension, SwitchName
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState, Scope
from wallet_svc.wiring import ZoneWatch, health_of

SECOND = 1_000_000
ALLOW: tuple[str, tuple[str, ...]] = ("ALLOW", ())
CLEAR = c.Answers(exclusion_register="CLEAR")


def reasons(decided: Decided) -> tuple[str, ...]:
    """Why not; nothing for what was done. The log keeps the record of an allowed bet, memory does not."""
    return () if outcome(decided) is Outcome.OK else verdict(decided)[1]


def decision(made: Table) -> kernel.Decision:
    """That about a bet now."""
    made.later(10)
    command = c.Command(
        LICENSEE, PROVIDER, "alice", "dry", bet("1.00", "dry", currency="GBP", session="p", game="slot")
    )
    found = decide(made.player(), command, made.registry, made.now_us).entry.decision
    assert isinstance(found, kernel.Decision)
    return found


def guardrail(made: Table) -> str:
    """That of a bet now."""
    return decision(made).guardrail


def british() -> Table:
    """Alice under British law, with money and no session."""
    made = table("500.00", pack="gb", currency="GBP")
    made.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    return made


def open_play(made: Table, session: str, game: str = "slot", provider: str = PROVIDER, **more: object) -> Decided:
    play = c.OpenPlay(session=session, provider=provider, currency="GBP", game=game, **more)  # type: ignore[arg-type]
    return made.do(f"open {session}", play, source=PLATFORM)


def stake(made: Table, key: str, session: str = "p", game: str = "slot", **more: object) -> Decided:
    made.later(10)
    return made.do(key, bet("1.00", key, currency="GBP", session=session, game=game, **more))


# -- other sessions


def test_a_second_slot_is_refused_until_the_first_session_ends() -> None:
    made = british()
    assert verdict(open_play(made, "p")) == ALLOW
    assert verdict(open_play(made, "q"))[1] == ("SES.PARALLEL",)
    made.do("close", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    assert verdict(open_play(made, "r")) == ALLOW


def test_a_table_may_be_open_beside_a_slot() -> None:
    made = british()
    open_play(made, "p")
    assert verdict(open_play(made, "q", game="g1")) == ALLOW


def test_a_session_that_ran_out_is_no_play_beside_another() -> None:
    made = british()
    open_play(made, "p", expires_us=made.now_us + SECOND)
    made.later(1)
    assert verdict(open_play(made, "q")) == ALLOW


def test_a_session_that_replaces_those_of_its_provider_is_beside_those_of_others_only() -> None:
    made = british()
    open_play(made, "p")
    assert verdict(open_play(made, "q", replaces=True)) == ALLOW
    assert verdict(open_play(made, "r", provider=OTHER, replaces=True))[1] == ("SES.PARALLEL",)


def test_a_session_is_not_resumed_beside_another() -> None:
    made = british()
    open_play(made, "p")
    made.do("close", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    open_play(made, "q")
    assert verdict(made.do("again", c.ResumePlay(session="p"), source=PLATFORM))[1] == ("SES.PARALLEL",)


# -- papers and licences


def test_a_build_without_a_certificate_takes_neither_sessions_nor_stakes() -> None:
    made = british()
    open_play(made, "p")
    made.set_game("slot", certified=False)
    assert reasons(stake(made, "b1")) == ("GAM.NOT_CERTIFIED",)
    made.do("close", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    assert verdict(open_play(made, "q"))[1] == ("GAM.NOT_CERTIFIED",)


def test_a_progressive_jackpot_is_refused_where_it_is_forbidden() -> None:
    made = Table()
    made.do("open", c.OpenAccount(currency="EUR", jurisdiction="de", born_on="1986-01-15"), source=CASHIER)
    made.set_game("slot", progressive=True)
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="EUR", game="slot")
    assert verdict(made.do("p", play, source=PLATFORM))[1] == ("GAM.JACKPOT",)


def test_a_game_that_returns_less_than_the_market_allows_is_not_opened_and_one_without_papers_is() -> None:
    made = Table()
    made.do("open", c.OpenAccount(currency="EUR", jurisdiction="it", born_on="1986-01-15"), source=CASHIER)
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="EUR", game="slot", answers=CLEAR)
    made.set_game("slot", return_ppm=899_999)
    assert verdict(made.do("p", play, source=PLATFORM))[1] == ("GAM.RETURN",)
    made.set_game("slot", return_ppm=900_000)
    assert verdict(made.do("q", replace(play, session="q"), source=PLATFORM)) == ALLOW
    made.set_game("slot", return_ppm=0)
    assert verdict(made.do("r", replace(play, session="r"), source=PLATFORM)) == ALLOW


def test_a_session_that_was_left_alone_is_over_and_the_next_one_plays_on() -> None:
    made = Table()
    made.do("open", c.OpenAccount(currency="EUR", jurisdiction="it", born_on="1986-01-15"), source=CASHIER)
    made.do("cash", c.Deposit(money=money("50.00"), answers=CLEAR), source=CASHIER)
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="EUR", game="slot", answers=CLEAR)
    made.do("p", play, source=PLATFORM)
    assert reasons(made.do("b1", bet("1.00", "b1", session="p", game="slot"))) == ()
    made.later(1_200)
    assert reasons(made.do("b2", bet("1.00", "b2", session="p", game="slot"))) == ("SES.INACTIVE",)
    assert made.player().plays["p"].state is PlayState.CLOSED
    assert outcome(made.do("w1", win("2.00", "b1"))) is Outcome.OK
    made.do("q", replace(play, session="q"), source=PLATFORM)
    assert reasons(made.do("b3", bet("1.00", "b3", session="q", game="slot"))) == ()


def test_a_licensee_without_the_licence_takes_no_stakes_and_pays_wins() -> None:
    made = british()
    open_play(made, "p")
    stake(made, "b1")
    made.tenant(licences=("de",))
    assert reasons(stake(made, "b2")) == ("GEO.NO_LICENCE",)
    assert outcome(made.do("w1", win("2.00", "b1", currency="GBP"))) is Outcome.OK
    made.tenant(licences=("de", "gb"))
    assert reasons(stake(made, "b3")) == ()


# -- kill switches

SCOPES = {
    "all": SwitchName(Scope.ALL),
    "licensee": SwitchName(Scope.LICENSEE, 1),
    "pack": SwitchName(Scope.PACK, 1, 0, "gb"),
    "pack of every licensee": SwitchName(Scope.PACK, 0, 0, "gb"),
    "provider": SwitchName(Scope.PROVIDER, 1, SOURCES[PROVIDER]),
    "game": SwitchName(Scope.GAME, 0, SOURCES[PROVIDER], "slot"),
    "player": SwitchName(Scope.PLAYER, 1, 0, "alice"),
}


@pytest.mark.parametrize("name", SCOPES.values(), ids=SCOPES)
def test_a_thrown_switch_stops_stakes_and_its_sessions_stay_over(name: SwitchName) -> None:
    made = british()
    open_play(made, "p")
    assert reasons(stake(made, "b1")) == ()
    assert reasons(stake(made, "b0")) == ()
    thrown = Suspension(suspended=True, since_us=made.now_us)
    made.registry.suspensions[name] = thrown
    assert reasons(stake(made, "b2")) == ("SYS.SUSPENDED", "SES.ENDED")
    assert verdict(open_play(made, "q"))[1] == ("SYS.SUSPENDED",)
    assert outcome(made.do("w1", win("2.00", "b1", currency="GBP"))) is Outcome.OK
    assert outcome(made.do("c1", cancel("b0"))) is Outcome.OK
    made.registry.suspensions[name] = replace(thrown, suspended=False)
    assert reasons(stake(made, "b3")) == ("SES.ENDED",)
    assert verdict(open_play(made, "r")) == ALLOW
    assert reasons(stake(made, "b4", session="r")) == ()


def test_a_build_that_was_switched_off_takes_no_stakes_while_it_runs_and_pays_wins() -> None:
    made = british()
    place = (1, SOURCES[PROVIDER], "slot")
    first = replace(made.registry.games[place], build="1.0")
    made.registry.games[place] = first
    open_play(made, "p")
    assert reasons(stake(made, "b1")) == ()
    assert reasons(stake(made, "b0")) == ()
    name = SwitchName(Scope.GAME_BUILD, 0, SOURCES[PROVIDER], switches.build_name("slot", "1.0"))
    made.registry.suspensions[name] = Suspension(suspended=True, since_us=made.now_us)
    assert reasons(stake(made, "b2")) == ("SYS.SUSPENDED",)
    assert "SYS.SUSPENDED" in verdict(open_play(made, "q"))[1]
    assert outcome(made.do("w1", win("2.00", "b1", currency="GBP"))) is Outcome.OK
    assert outcome(made.do("c1", cancel("b0"))) is Outcome.OK
    made.registry.games[place] = replace(first, build="1.1")
    assert reasons(stake(made, "b4")) == ()
    made.registry.games[place] = first
    assert reasons(stake(made, "b5")) == ("SYS.SUSPENDED",)
    made.registry.suspensions[name] = Suspension(suspended=False, since_us=made.now_us)
    assert reasons(stake(made, "b6")) == ()


@pytest.mark.parametrize(
    "name",
    [
        SwitchName(Scope.GAME_BUILD, 0, SOURCES[PROVIDER], switches.build_name("slot", "")),
        SwitchName(Scope.GAME_BUILD, 0, SOURCES[PROVIDER], switches.build_name("g1", "1.0")),
        SwitchName(Scope.LICENSEE, 2),
        SwitchName(Scope.PACK, 1, 0, "de"),
        SwitchName(Scope.PROVIDER, 1, SOURCES[OTHER]),
        SwitchName(Scope.GAME, 1, SOURCES[PROVIDER], "g1"),
        SwitchName(Scope.PLAYER, 1, 0, "bob"),
        SwitchName(Scope.PLAYER, 2, 0, "alice"),
    ],
)
def test_a_switch_of_something_else_stops_nothing(name: SwitchName) -> None:
    made = british()
    open_play(made, "p")
    made.registry.suspensions[name] = Suspension(suspended=True, since_us=made.now_us)
    assert reasons(stake(made, "b1")) == ()


def test_a_stored_session_that_a_switch_has_ended_is_not_shown_as_open() -> None:
    made = british()
    open_play(made, "p")
    permit, protection = law.permit_text(made.player().plays["p"]), Protection().to_json()
    assert law.is_permitted(permit, protection, switches.NOTHING)
    assert not law.is_permitted(permit, protection, switches.Stops(suspended=False, ended_us=made.now_us))
    assert law.is_permitted(permit, protection, switches.Stops(suspended=False, ended_us=made.now_us - 1))


# -- sources and health


def test_a_silent_register_lowers_the_guardrail_of_bets_until_it_speaks_again() -> None:
    made = british()
    open_play(made, "p", answers=c.Answers(exclusion_register="CLEAR"))
    assert guardrail(made) == "G0"
    silent = c.ChangePlay(session="p", what="renew", until_us=None, answers=c.Answers(exclusion_register="SILENT"))
    assert outcome(made.do("r1", silent, source=PLATFORM)) is Outcome.COMPLIANCE_DENIED
    assert made.player().register == "SILENT"
    assert guardrail(made) == "G3"
    clear = replace(silent, answers=c.Answers(exclusion_register="CLEAR"))
    assert outcome(made.do("r2", clear, source=PLATFORM)) is Outcome.OK
    assert guardrail(made) == "G0"


def test_what_the_register_says_is_noted_once() -> None:
    made = british()
    for number in range(3):
        enter = c.Enter(purpose="login", answers=c.Answers(exclusion_register="CLEAR"))
        made.do(f"in {number}", enter, source=PLATFORM)
    assert [entry.details for entry in made.log if entry.kind is Kind.ENTER] == [{"register": "CLEAR"}, None, None]


def test_with_a_clock_that_is_off_there_are_no_debits_and_wins_are_paid() -> None:
    made = british()
    open_play(made, "p")
    stake(made, "b1")
    made.registry = replace(made.registry, health=Health(clock_off=True))
    assert reasons(stake(made, "b2")) == ("SYS.CLOCK",)
    assert guardrail(made) == "G4"
    assert outcome(made.do("w1", win("2.00", "b1", currency="GBP"))) is Outcome.OK


def test_a_decision_without_a_clock_says_by_which_measurement_and_comes_out_again_from_its_record() -> None:
    made = british()
    open_play(made, "p")
    said = ClockSaid(offset_us=-250_000, error_us=40, measured_us=made.now_us - 5, source="ntp/time.example:123")
    for clock in (said, None):
        made.registry = replace(made.registry, health=Health(clock_off=True, clock=clock))
        record = decision(made).record()
        outside = json.loads(record)["facts"]["outside"]
        told = {f"clock_{name}": value for name, value in asdict(said).items()} if clock else {}
        assert outside == {"clock_off": True, **told}
        facts, action = read_facts(json.dumps(json.loads(record)["facts"]))
        assert kernel.decide(made.registry.packs.at("gb", made.now_us), facts, action, made.now_us).record() == record


def test_what_was_measured_is_health_and_a_clock_that_turns_wrong_is_one_security_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "report"
    settings = WalletSettings(database_url="", listen="127.0.0.1:0", insecure_loopback=True, environment="development",
                              clock_report=file)  # fmt: skip
    health = health_of(settings)
    assert health(5) == Health(clock_off=True)
    assert health(6) == Health(clock_off=True)
    write_report(file, Report(offset_us=100_000, measured_us=5))
    assert health(5) is health(6) is WELL
    write_report(file, Report(offset_us=100_000, error_us=1, measured_us=5, source="database"))
    off = ClockSaid(offset_us=100_000, error_us=1, measured_us=5, source="database")
    assert health(5) == health(6) == Health(clock_off=True, clock=off)
    assert [record.getMessage() for record in caplog.records] == [
        "the clock is off", "the clock is in time again", "the clock is off",
    ]  # fmt: skip


def test_changed_data_of_a_zone_stops_debits_of_its_markets_alone_and_is_one_security_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changed: set[str] = set()
    watch = ZoneWatch(lambda: frozenset(changed))
    made = british()
    open_play(made, "p")
    stake(made, "b1")

    def look() -> None:
        made.later(11)
        made.registry = replace(made.registry, health=watch.health(made.now_us))

    look()
    assert made.registry.health is WELL
    changed |= {"Europe/London", "Europe/Berlin"}
    look()
    look()
    assert reasons(stake(made, "b2")) == ("SYS.ZONE_DATA",)
    assert guardrail(made) == "G4"
    deposit = c.Deposit(money=money("1.00", "GBP"))
    assert reasons(made.do("d1", deposit, source=CASHIER)) == ("SYS.ZONE_DATA",)
    assert outcome(made.do("w1", win("2.00", "b1", currency="GBP"))) is Outcome.OK
    changed.remove("Europe/London")
    look()
    assert reasons(stake(made, "b3")) == ()
    told = [record.getMessage() for record in caplog.records]
    assert told == ["the data of a time zone has changed", "the data of a time zone is what it was"]


def test_the_clock_and_the_zones_are_told_together() -> None:
    watch = ZoneWatch(lambda: frozenset({"Europe/London"}))
    assert watch.health(5, Health(clock_off=True)) == Health(clock_off=True, zones_changed=frozenset({"Europe/London"}))


# -- duties that come with entries and findings


def duties(decided: Decided) -> list[str]:
    """What somebody has to do about it."""
    found: list[str] = json.loads(decided.entry.decision_json or "{}").get("obligations", [])
    return found


def test_a_reminder_to_review_limits_comes_with_a_login_once() -> None:
    made = british()
    limit = c.SetLimit(limit="deposit", window="7d", money=money("400.00", "GBP"))
    made.do("limit", limit, source=PLATFORM)
    made.later(200 * 86_400)
    first = made.do("in", c.Enter(purpose="login"), source=PLATFORM)
    assert duties(first) == ["REVIEW_LIMITS"]
    assert made.player().protection.person.reviewed_us == made.now_us
    assert made.do("in", c.Enter(purpose="login"), source=PLATFORM).replayed
    assert duties(made.do("again", c.Enter(purpose="login"), source=PLATFORM)) == []


def test_failed_deposits_that_are_told_twice_count_once_and_five_stop_the_next() -> None:
    made = Table()
    made.do("open", c.OpenAccount(currency="USD", jurisdiction="us-nj", born_on="1986-01-15"), source=CASHIER)
    failed = c.RecordFinding(about="deposit_failure", result="")
    deposit = c.Deposit(money=money("1.00", "USD"), answers=CLEAR)
    for number in (1, 1, 2, 3, 4, 4):
        made.do(f"f{number}", failed, source=PLATFORM)
    assert reasons(made.do("d1", deposit, source=CASHIER)) == ()
    assert duties(made.do("f5", failed, source=PLATFORM)) == ["INVESTIGATE_PAYMENTS"]
    assert reasons(made.do("d2", deposit, source=CASHIER)) == ("PAY.REVIEW",)
    made.do("looked", c.RecordFinding(about="check", result="PAYMENTS"), source=PLATFORM)
    assert reasons(made.do("d3", deposit, source=CASHIER)) == ()


def test_a_licensee_cannot_raise_a_limit_and_the_same_key_is_another_request() -> None:
    made = british()
    limit = c.SetLimit(limit="deposit", window="7d", money=money("400.00", "GBP"))
    made.do("limit", limit, source=PLATFORM)
    higher = replace(limit, money=money("401.00", "GBP"), by_licensee=True)
    assert verdict(made.do("higher", higher, source=PLATFORM)) == ("DENY", ("LIM.PLAYER_ONLY",))
    same = made.do("higher", replace(higher, by_licensee=False), source=PLATFORM)
    assert outcome(same) is Outcome.IDEMPOTENCY_CONFLICT


def test_a_silent_source_of_locations_refuses_where_the_place_is_needed() -> None:
    made = Table()
    opened = c.OpenAccount(currency="USD", jurisdiction="us-nj", born_on="1986-01-15")
    made.do("open", opened, source=CASHIER)
    here = c.RecordFinding(about="location", result="US-NJ", moment_us=made.now_us + SECOND)
    made.do("here", here, source=PLATFORM)
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="USD", game="g1")
    assert verdict(made.do("p", play, source=PLATFORM)) == ALLOW
    made.later(2)
    made.registry = replace(made.registry, silent_sources=frozenset({"LOCATION"}))
    told = made.do("b1", bet("1.00", "b1", currency="USD", session="p"))
    assert verdict(told)[1] == ("GEO.UNAVAILABLE",)


# -- exchange rates


def with_dollars() -> Table:
    made = british()
    made.do("limit", c.SetLimit(limit="deposit", window="24h", money=money("100.00", "GBP")), source=PLATFORM)
    made.later(86_400)
    made.do("usd", c.OpenAccount(currency="USD"), source=CASHIER)
    rate = ExchangeRate(value=8600, decimals=4, observed_us=made.now_us, max_age_us=86_400 * SECOND)
    made.registry.rates[1, "USD", "GBP"] = rate
    return made


def deposit(made: Table, key: str, amount: str, currency: str) -> Decided:
    return made.do(key, c.Deposit(money=money(amount, currency)), source=CASHIER)


def test_deposits_in_two_currencies_share_one_limit_at_the_rate_of_the_decision() -> None:
    made = with_dollars()
    assert outcome(deposit(made, "d1", "50.00", "USD")) is Outcome.OK
    made.registry.rates[1, "USD", "GBP"] = replace(made.registry.rates[1, "USD", "GBP"], value=9000)
    assert verdict(deposit(made, "d2", "57.01", "GBP"))[1] == ("LIM.DEPOSIT.24H",)
    assert outcome(deposit(made, "d3", "57.00", "GBP")) is Outcome.OK


def test_a_rate_that_is_too_old_stops_what_needs_it_and_nothing_else() -> None:
    made = with_dollars()
    made.later(86_401)
    assert set(verdict(deposit(made, "d1", "1.00", "USD"))[1]) == {"SYS.FX_STALE"}
    assert outcome(deposit(made, "d2", "1.00", "GBP")) is Outcome.OK


# -- free spins


def test_a_free_spin_is_asked_about_at_its_worth_and_moves_nothing() -> None:
    made = british()
    open_play(made, "p")
    before = made.cash()
    too_much = made.do("f1", bet("5.01", "f1", currency="GBP", session="p", game="slot", free=True))
    assert verdict(too_much)[1] == ("GAM.STAKE_CAP",)
    fine = made.do("f2", bet("5.00", "f2", currency="GBP", session="p", game="slot", free=True))
    assert (outcome(fine), fine.entry.amount, fine.entry.moved) == (Outcome.OK, 0, 0)
    made.later(10)
    more = made.do("f3", bet("0.01", "f2", currency="GBP", session="p", game="slot"))
    assert verdict(more)[1] == ("GAM.STAKE_CAP",)
    assert outcome(made.do("c2", cancel("f2"))) is Outcome.OK
    assert made.cash() == before


def test_a_free_spin_counts_towards_no_limit_and_an_exclusion_stops_it() -> None:
    made = british()
    open_play(made, "p")
    made.do("limit", c.SetLimit(limit="wager", window="24h", money=money("1.00", "GBP")), source=PLATFORM)
    assert outcome(stake(made, "f1", free=True)) is Outcome.OK
    assert outcome(stake(made, "b1")) is Outcome.OK
    assert reasons(stake(made, "b2")) == ("LIM.WAGER",)
    assert outcome(stake(made, "f2", free=True)) is Outcome.OK
    made.do("out", c.Exclude(term="6mo"), source=PLATFORM)
    assert reasons(stake(made, "f3", free=True)) == ("SEX.SELF", "SES.ENDED")


# -- other accounts of the same human

HUMAN = "ab" * 16


def register(made: Table, player: str, answer: str = "CLEAR") -> Decided:
    made.book.strangers[LICENSEE, player] = (made.player().protection,)
    opened = c.OpenAccount(
        currency="GBP", jurisdiction="gb", born_on="1986-01-15", person=HUMAN,
        answers=c.Answers(exclusion_register=answer),
    )  # fmt: skip
    return made.do(f"register {player}", opened, source=CASHIER, player=player)


def test_a_new_account_of_an_excluded_human_is_refused_and_leaves_a_decision() -> None:
    made = british()
    made.do("out", c.Exclude(term="6mo"), source=PLATFORM)
    made.do("bye", c.LeaveForGood(), source=PLATFORM)
    told = register(made, "alice2")
    assert (outcome(told), verdict(told)[1]) == (Outcome.COMPLIANCE_DENIED, ("SEX.SELF",))
    assert (made.player("alice2").main, made.player("alice2").accounts) == (None, {})


def test_somebody_who_was_refused_may_register_when_nothing_is_against_it_any_more() -> None:
    made = british()
    assert verdict(register(made, "bob", "MATCH"))[1] == ("SEX.REGISTER",)
    opened = c.OpenAccount(currency="GBP", jurisdiction="gb", born_on="1986-01-15", person=HUMAN, answers=c.Answers())
    assert outcome(made.do("again", opened, source=CASHIER, player="bob")) is Outcome.OK
    assert (made.player("bob").person, made.player("bob").pack) == (HUMAN, "gb")


def test_an_exclusion_of_another_account_stops_entrances_and_is_not_taken_over() -> None:
    made = british()
    made.do("out", c.Exclude(term="6mo"), source=PLATFORM)
    excluded = made.player().protection
    other = british()
    other.player().siblings = (excluded,)
    assert verdict(other.do("in", c.Enter(purpose="login"), source=PLATFORM))[1] == ("SEX.SELF",)
    assert verdict(deposit(other, "d", "1.00", "GBP"))[1] == ("SEX.SELF",)
    assert verdict(open_play(other, "p"))[1] == ("SEX.SELF",)
    assert other.player().protection.exclusion is None
    other.player().siblings = ()
    assert verdict(other.do("in 2", c.Enter(purpose="login"), source=PLATFORM)) == ALLOW


def test_another_account_whose_state_cannot_be_read_refuses() -> None:
    made = british()
    made.player().siblings = (law.state_of("nonsense"),)
    assert verdict(made.do("in", c.Enter(purpose="login"), source=PLATFORM))[1] == ("SYS.FACT_MISSING",)


def test_a_licensee_that_vouches_for_nothing_needs_no_word() -> None:
    made = british()
    assert made.player().licensee.assertions is None
    made.tenant(assertions=Assertions(public_key=bytes(32), max_age_us=60 * SECOND))
    assert verdict(open_play(made, "p"))[1] == ("SYS.ASSERTION_STALE",)


# -- places


def placed(**changes: Any) -> Table:
    made = Table()
    opened = c.OpenAccount(currency="USD", jurisdiction="us-nj", born_on="1986-01-15")
    made.do("open", opened, source=CASHIER)
    made.do("here", here(made, **changes), source=PLATFORM)
    return made


def here(made: Table, **changes: Any) -> c.RecordFinding:
    found = c.RecordFinding(
        about="location",
        result="US-NJ",
        moment_us=made.now_us + 7_200 * SECOND,
        found_us=made.now_us,
        evidence="geolocation/sandbox sha256:00",
        presentation="first",
    )
    return replace(found, **changes)


def until(made: Table) -> int | None:
    protection = made.player().protection
    assert isinstance(protection, Protection)
    return protection.person.location_until_us


def test_a_place_holds_no_longer_than_the_pack_waits_for_the_next_check() -> None:
    made = placed()
    assert until(made) == made.now_us + 3_600 * SECOND
    shorter = placed(moment_us=Table().now_us + SECOND)
    assert until(shorter) == shorter.now_us + SECOND


def test_an_older_place_than_the_known_one_changes_nothing() -> None:
    made = placed()
    told = made.do("late", here(made, result="US-PA", found_us=made.now_us - SECOND), source=PLATFORM)
    assert outcome(told) is Outcome.OK
    protection = made.player().protection
    assert protection is not None
    assert protection.person.location == "US-NJ"


def test_an_assertion_is_used_once_and_a_retry_of_its_presentation_is_no_second_use() -> None:
    made = placed()
    assert outcome(made.do("here", here(made), source=PLATFORM)) is Outcome.OK
    second = made.do("here", here(made, presentation="second"), source=PLATFORM)
    assert outcome(second) is Outcome.IDEMPOTENCY_CONFLICT


def test_what_a_place_rests_on_stands_in_the_decision() -> None:
    made = placed()
    pack = made.registry.packs.at("us-nj", made.now_us)
    command = c.Command(LICENSEE, PLATFORM, "alice", "again", here(made))
    record = decide(made.player(), command, made.registry, made.now_us).entry.decision.record()
    assert "geolocation/sandbox sha256:00" in record
    assert kernel.replay(pack, json.dumps(json.loads(record)["facts"]), made.now_us).record() == record


def test_a_source_that_is_not_heard_of_any_more_is_silent() -> None:
    made = placed(moment_us=Table().now_us + SECOND)
    made.registry = replace(made.registry, source_leases={"LOCATION": made.now_us + 5 * SECOND})
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="USD", game="g1")
    made.do("p", play, source=PLATFORM)
    made.later(2)
    assert verdict(made.do("b1", bet("1.00", "b1", currency="USD", session="p")))[1] == ("GEO.RECHECK",)
    made.later(3)
    assert verdict(made.do("b2", bet("1.00", "b2", currency="USD", session="p")))[1] == ("GEO.UNAVAILABLE",)


# -- screenings


def screened(result: str) -> Table:
    made = british()
    found = c.RecordFinding(about="screening", result=result, evidence="sanctions/sandbox lists:1")
    assert outcome(made.do(f"found {result}", found, source=PLATFORM)) is Outcome.OK
    return made


def test_what_a_source_does_not_find_ends_no_freeze_and_a_person_does() -> None:
    made = screened("HIT")
    made.do("next", c.RecordFinding(about="screening", result="NO_MATCH", evidence="sanctions/sandbox lists:2"))
    assert verdict(made.do("d1", c.Deposit(money=money("1.00", "GBP")), source=CASHIER))[1] == ("AML.FROZEN",)
    made.do("person", c.RecordFinding(about="screening", result="CLEAR"), source=PLATFORM)
    assert outcome(made.do("d2", c.Deposit(money=money("1.00", "GBP")), source=CASHIER)) is Outcome.OK


@pytest.mark.parametrize(
    ("result", "expected"), [("NO_MATCH", ()), ("POSSIBLE", ("AML.CDD_DUE",)), ("PEP", ("AML.CDD_DUE",))]
)
def test_after_a_screening_deposits_wait_for_what_the_pack_asks(result: str, expected: tuple[str, ...]) -> None:
    made = screened(result)
    assert reasons(made.do("d1", c.Deposit(money=money("1.00", "GBP")), source=CASHIER)) == expected
    made.do("done", c.RecordFinding(about="check", result="CDD"), source=PLATFORM)
    assert outcome(made.do("d2", c.Deposit(money=money("1.00", "GBP")), source=CASHIER)) is Outcome.OK


def test_while_screenings_are_silent_only_large_deposits_wait() -> None:
    made = british()
    made.registry = replace(made.registry, silent_sources=frozenset({"SCREENING"}))
    open_play(made, "p")
    assert outcome(stake(made, "b1")) is Outcome.OK
    assert guardrail(made) == "G1"
    assert outcome(made.do("d1", c.Deposit(money=money("2000.00", "GBP")), source=CASHIER)) is Outcome.OK
    large = made.do("d2", c.Deposit(money=money("2000.01", "GBP")), source=CASHIER)
    assert verdict(large) == ("DENY", ("AML.SCREENING_UNAVAILABLE",))
