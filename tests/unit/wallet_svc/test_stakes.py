"""Bets: what they take, and the order in which they are refused."""

from dataclasses import replace

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    GBP,
    HUGE,
    LICENSEE,
    OTHER,
    PLATFORM,
    PROVIDER,
    SOURCES,
    bet,
    cancel,
    money,
    outcome,
    stored,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState, RoundState


def test_a_bet_takes_the_stake_from_cash_to_the_house_of_its_provider() -> None:
    made = table()
    entry = made.do("b1", bet("10.00")).entry
    assert (made.cash(), made.house()) == (90_00, -90_00)
    assert entry.debit is not None
    assert entry.credit is not None
    assert (entry.debit.account_class, entry.credit.account_class) == (AccountClass.CASH, AccountClass.GAMING)
    assert entry.credit.source_id == SOURCES[PROVIDER]
    assert (entry.available, entry.debit_after) == (90_00, 90_00)


def test_a_zero_bet_opens_its_round_and_books_nothing() -> None:
    made = table()
    before = made.postings()
    assert outcome(made.do("b1", bet("0"))) is Outcome.OK
    assert made.postings() == before
    assert made.player().rounds[SOURCES[PROVIDER], "r1"].state is RoundState.OPEN


def test_a_bet_for_all_the_money_passes_and_for_one_unit_more_does_not() -> None:
    made = table("10.00")
    assert outcome(made.do("b1", bet("10.01"))) is Outcome.INSUFFICIENT_FUNDS
    assert outcome(made.do("b2", bet("10.00"))) is Outcome.OK
    assert made.cash() == 0


def test_a_retry_of_the_bet_that_emptied_the_wallet_gets_its_first_answer() -> None:
    made = table("10.00")
    first = made.do("b1", bet("10.00"))
    again = made.do("b1", bet("10.00"))
    assert (again.replayed, again.entry) == (True, first.entry)


def test_a_refusal_is_final_even_if_the_money_came_later() -> None:
    made = table("5.00")
    made.do("b1", bet("10.00"))
    made.do("d2", c.Deposit(money=money("100.00")), source=CASHIER)
    assert outcome(made.do("b1", bet("10.00"))) is Outcome.INSUFFICIENT_FUNDS


def test_a_replay_does_not_look_at_the_world() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.set_game("g1", enabled=False)
    assert outcome(made.do("b1", bet("10.00"))) is Outcome.OK


@pytest.mark.parametrize(
    "other", [bet("11.00"), bet(round_="r2"), bet(game="slot"), bet(currency="USD")], ids=["amount", "round", "game", "currency"]
)  # fmt: skip
def test_other_content_under_a_used_key_is_a_conflict_without_effect(other: c.Bet) -> None:
    made = table()
    made.do("b1", bet("10.00"))
    before = len(made.log)
    answer = made.do("b1", other)
    assert (outcome(answer), answer.replayed) == (Outcome.IDEMPOTENCY_CONFLICT, False)
    assert len(made.log) == before


@pytest.mark.parametrize(
    "same", [bet("010.0"), bet(session="x"), bet(close=True), bet(automatic=True), bet(jackpot=money("1.00"))],
    ids=["spelling", "session", "close", "automatic", "jackpot"],
)  # fmt: skip
def test_what_is_no_money_matter_makes_no_conflict(same: c.Bet) -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert made.do("b1", same).replayed


def test_one_key_of_two_providers_is_two_bets() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert not made.do("b1", bet("10.00", session="t"), source=OTHER).replayed
    assert made.cash() == 80_00


@pytest.mark.parametrize("session", ["", "nobody", "t"], ids=["none", "unknown", "other provider"])
def test_a_bet_needs_a_session_at_its_provider(session: str) -> None:
    assert outcome(table().do("b1", bet(session=session))) is Outcome.SESSION_INVALID


@pytest.mark.parametrize("end", [PlayState.EXPIRED, PlayState.REPLACED, PlayState.CLOSED])
def test_an_ended_session_stakes_nothing(end: PlayState) -> None:
    made = table()
    made.do("end", c.EndPlay(session="s", end=end), source=PLATFORM)
    assert outcome(made.do("b1", bet())) is Outcome.SESSION_EXPIRED


def test_a_session_ends_at_the_moment_that_was_said() -> None:
    made = table()
    play = c.OpenPlay(session="short", provider=PROVIDER, currency="EUR", expires_us=made.now_us + 1_000_000)
    made.do("short", play, source=PLATFORM)
    made.later(0.999999)
    assert outcome(made.do("b1", bet(session="short"))) is Outcome.OK
    made.later(0.000001)
    assert outcome(made.do("b2", bet(session="short"))) is Outcome.SESSION_EXPIRED


def test_a_blocked_player_stakes_nothing_until_the_block_is_lifted() -> None:
    made = table()
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    assert outcome(made.do("b1", bet())) is Outcome.PLAYER_BLOCKED
    made.do("unblock", c.SetBlock(blocked=False), source=PLATFORM)
    assert outcome(made.do("b2", bet())) is Outcome.OK


@pytest.mark.parametrize("game", ["off", "unheard-of"])
def test_a_game_must_be_known_and_enabled(game: str) -> None:
    assert outcome(table().do("b1", bet(game=game))) is Outcome.GAME_NOT_AVAILABLE


def test_the_licensees_own_word_about_a_game_beats_the_word_for_all() -> None:
    made = table()
    made.registry.games[0, SOURCES[PROVIDER], "g1"] = replace(made.registry.games[1, SOURCES[PROVIDER], "g1"])
    made.set_game("g1", enabled=False)
    assert outcome(made.do("b1", bet())) is Outcome.GAME_NOT_AVAILABLE


def test_a_game_for_all_licensees_can_be_played() -> None:
    made = table()
    made.registry.games[0, SOURCES[PROVIDER], "g9"] = made.registry.games[1, SOURCES[PROVIDER], "g1"]
    assert outcome(made.do("b1", bet(game="g9"))) is Outcome.OK


def test_the_currency_is_that_of_the_session() -> None:
    made = table()
    made.do("usd", c.OpenAccount(currency="USD"), source=CASHIER)
    assert outcome(made.do("b1", bet(currency="USD"))) is Outcome.CURRENCY_MISMATCH
    assert outcome(made.do("b2", bet(currency="XTS"))) is Outcome.CURRENCY_MISMATCH


def test_the_currency_is_that_of_the_round_too() -> None:
    made = table()
    made.do("b1", bet())
    made.do("usd", c.OpenAccount(currency="USD"), source=CASHIER)
    made.do("play u", c.OpenPlay(session="u", provider=PROVIDER, currency="USD"), source=PLATFORM)
    assert outcome(made.do("b2", bet("0", currency="USD", session="u"))) is Outcome.CURRENCY_MISMATCH
    assert outcome(made.do("b3", bet("0", "r2", currency="USD", session="u"))) is Outcome.OK


@pytest.mark.parametrize("amount", ["-1.00", "10.005", "92233720368547758.08", "99999999999999999999"])
def test_an_amount_that_the_asset_cannot_hold_is_refused(amount: str) -> None:
    assert outcome(table().do("b1", bet(amount))) is Outcome.AMOUNT_INVALID


def test_the_largest_amount_is_an_amount() -> None:
    assert outcome(table().do("b1", bet(HUGE))) is Outcome.INSUFFICIENT_FUNDS


def test_a_closed_round_takes_no_bet() -> None:
    made = table()
    made.do("b1", bet(close=True))
    assert outcome(made.do("b2", bet())) is Outcome.ROUND_CLOSED


def test_a_refused_bet_opens_and_closes_no_round() -> None:
    made = table()
    made.do("b1", bet("500.00", close=True))
    assert not made.player().rounds
    made.do("b2", bet())
    made.do("b3", bet("500.00", close=True))
    assert made.player().rounds[SOURCES[PROVIDER], "r1"].state is RoundState.OPEN


def test_refusals_come_in_the_order_of_the_rules() -> None:
    made = table("10.00")
    made.do("b0", bet("1.00", close=True))
    made.do("limit", c.SetLimit(limit="stake", window="", money=money("5.00")), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    hopeless = bet("500.005", session="", game="off", currency="USD")
    steps: list[tuple[c.Bet, Outcome]] = [(hopeless, Outcome.SESSION_INVALID)]
    steps.append((replace(hopeless, session="s"), Outcome.PLAYER_BLOCKED))
    for number, (action, expected) in enumerate(steps):
        assert outcome(made.do(f"x{number}", action)) is expected
    made.do("unblock", c.SetBlock(blocked=False), source=PLATFORM)
    rest = [
        (replace(steps[1][0]), Outcome.GAME_NOT_AVAILABLE),
        (replace(hopeless, session="s", game="g1"), Outcome.CURRENCY_MISMATCH),
        (bet("500.005"), Outcome.AMOUNT_INVALID),
        (bet("500.00"), Outcome.ROUND_CLOSED),
        (bet("500.00", "r2"), Outcome.LIMIT_EXCEEDED),
    ]
    for number, (action, expected) in enumerate(rest):
        assert outcome(made.do(f"y{number}", action)) is expected


def test_a_stake_limit_refuses_what_is_above_it() -> None:
    made = table()
    made.do("limit", c.SetLimit(limit="stake", window="", money=money("5.00")), source=PLATFORM)
    answer = made.do("b1", bet("5.01"))
    assert (outcome(answer), answer.entry.limit) == (Outcome.LIMIT_EXCEEDED, "stake")
    assert outcome(made.do("b2", bet("5.00"))) is Outcome.OK


def test_a_loss_limit_counts_stakes_less_results_less_cancelled_stakes() -> None:
    made = table()
    made.do("limit", c.SetLimit(limit="loss", window="since_set", money=money("20.00")), source=PLATFORM)
    made.do("b1", bet("20.00"))
    assert outcome(made.do("b2", bet("1.00", "r2"))) is Outcome.LIMIT_EXCEEDED
    made.do("w1", win("5.00"))
    assert outcome(made.do("b3", bet("5.00", "r3"))) is Outcome.OK
    made.do("c3", cancel("b3"))
    assert outcome(made.do("b4", bet("5.00", "r4"))) is Outcome.OK
    assert made.do("b5", bet("0.01", "r5")).entry.limit == "loss"


def test_the_law_of_the_player_speaks_before_the_purse() -> None:
    made = table("1.00", pack="gb", currency="GBP")
    answer = made.do("b1", bet("50.00", game="slot", currency="GBP"))
    assert outcome(answer) is Outcome.COMPLIANCE_DENIED
    assert answer.entry.pack == "gb@1"
    assert answer.entry.asset == GBP


def test_two_rounds_of_a_slot_must_not_follow_too_fast() -> None:
    made = table(pack="gb", currency="GBP")
    assert outcome(made.do("b1", bet("1.00", game="slot", currency="GBP"))) is Outcome.OK
    made.later(1)
    assert outcome(made.do("b2", bet("1.00", "r2", game="slot", currency="GBP"))) is Outcome.COMPLIANCE_DENIED
    assert outcome(made.do("b3", bet("1.00", "r1", game="slot", currency="GBP"))) is Outcome.OK
    made.later(1.5)
    assert outcome(made.do("b4", bet("1.00", "r4", game="slot", currency="GBP"))) is Outcome.OK


def test_a_refused_bet_starts_no_game_cycle() -> None:
    made = table("1.00", pack="gb", currency="GBP")
    assert outcome(made.do("b1", bet("2.00", game="slot", currency="GBP"))) is Outcome.INSUFFICIENT_FUNDS
    made.later(1)
    assert outcome(made.do("b2", bet("1.00", "r2", game="slot", currency="GBP"))) is Outcome.OK


def test_a_suspended_licensee_takes_no_stake() -> None:
    made = table()
    made.suspend()
    assert outcome(made.do("b1", bet())) is Outcome.COMPLIANCE_DENIED


def test_a_player_whose_protection_cannot_be_read_stakes_nothing() -> None:
    made = table()
    made.player().protection = None
    made.player().standing = None
    assert outcome(made.do("b1", bet())) is Outcome.COMPLIANCE_DENIED


def test_a_bet_that_comes_after_its_cancel_is_refused_and_remembered_beside_the_tombstone() -> None:
    made = table()
    made.do("c1", cancel("b1"))
    late = made.do("b1", bet("10.00"))
    assert (outcome(late), late.entry.kind) == (Outcome.ALREADY_ROLLED_BACK, Kind.LATE_BET)
    assert made.do("b1", bet("10.00")).replayed
    assert outcome(made.do("b1", bet("11.00"))) is Outcome.IDEMPOTENCY_CONFLICT
    assert made.cash() == 100_00


def test_the_tombstone_comes_before_everything_that_is_wrong_with_the_bet() -> None:
    made = table()
    made.do("c1", cancel("b1"))
    assert outcome(made.do("b1", bet("-1", session="", game="off"))) is Outcome.ALREADY_ROLLED_BACK


def test_a_jackpot_part_is_kept_with_the_bet() -> None:
    entry = table().do("b1", bet(jackpot=money("0.10"), close=True)).entry
    assert entry.details == {"close": True, "jackpot": ["EUR", "0.10"], "category": "live"}


def test_every_key_names_its_stored_answer() -> None:
    made = table()
    entry = made.do("b1", bet("500.00")).entry
    assert stored(made, Kind.BET, "b1") is entry
    assert (entry.licensee_id, entry.player_id) == (1, made.book.players[LICENSEE, "alice"].id)
