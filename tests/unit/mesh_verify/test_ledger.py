"""Each test spoils one thing in a ledger that is right, and says which checks must turn red."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh.verify.ledger import BOOKS, NOUNS, join
from mesh.verify.tables import Batch, Facts, Hold, Kind, Player, Round
from tests.unit.mesh_verify.bookkeeper import (
    CASH,
    CASHIER,
    GAMING,
    GBP,
    HELD,
    INTENT_BET,
    OUTSIDE,
    OWED,
    PLAYER,
    PROMOTIONS,
    STUDIO,
    Bookkeeper,
    World,
    good_books,
    good_world,
    own_wallet,
    whole_world,
)

BALANCES = "every balance equals its transfers"
CHAIN = "chain intact"
SEQUENCES = "sequences gap-free"
ROUNDS = "no round left in the middle"
HOLDS = "holds consistent"
REFUSALS = "refused actions moved nothing"
AMOUNTS = "accepted actions moved their amount"
WINS = "every win belongs to a stake"
CANCELS = "each stake undone once at most"
KEYS = "every key answered once"
OWN_WALLETS = "licensees' own wallets were asked and told once"
FACTS = "facts of players are those of the log"
SCOPES = "postings stay with player, licensee and currency"


def test_a_ledger_that_is_right_passes_every_check_and_every_check_saw_something() -> None:
    findings = whole_world().findings()
    assert good_world().red() == whole_world().red() == set()
    assert findings.keys() == NOUNS.keys()
    assert all(found.looked_at for found in findings.values())
    assert [check.ok for check in join([findings, findings])] == [True] * len(NOUNS)


# -- the tables against the log


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("pack", "de"),
        ("born_on", "1986-01-16"),
        ("main_asset_id", None),
        ("blocked", False),
        ("register", "CLEAR"),
        ("register", None),
        ("person", "p2"),
        ("person", None),
    ],
)
def test_a_fact_of_a_player_that_its_entries_do_not_say(fact: str, value: Any) -> None:
    world = whole_world()
    player = world.shard.players[PLAYER]
    changed = player._replace(facts=(player.facts or Facts())._replace(**{fact: value}))
    world = world.table(players={PLAYER: changed})
    assert world.red() == {FACTS}
    (problem,) = world.findings()[FACTS].examples
    # What names a human, or its date of birth, is in no report.
    assert ("1986" in problem, "p1" in problem) == (False, False)


def test_facts_of_a_player_of_whom_nothing_was_accepted_are_none() -> None:
    assert good_world().table(players={PLAYER: Player(2, "pl-7", Facts())}).red() == set()
    assert good_world().table(players={PLAYER: Player(2, "pl-7", Facts(register="CLEAR"))}).red() == {FACTS}


def test_an_entry_that_says_another_fact_than_the_table() -> None:
    world = whole_world()
    last = world.transfers[-1].sequence
    assert world.change(last, details='{"register":"CLEAR"}').red() == {CHAIN, FACTS}
    assert world.change(last, details='{"register":"CLEAR"}').signed_again().red() == {FACTS}


def test_money_that_appears_in_an_account() -> None:
    balance = good_world().shard.accounts[CASH].credits
    assert good_world().account(CASH, credits=balance + 1).red() == {BOOKS, BALANCES}


def test_money_that_is_moved_between_accounts_without_a_transfer() -> None:
    world = good_world()
    house, cash = world.shard.accounts[GAMING], world.shard.accounts[CASH]
    world = world.account(GAMING, debits=house.debits + 9).account(CASH, credits=cash.credits + 9)
    assert world.red() == {BALANCES}


def test_two_wrongs_that_leave_the_balance_right() -> None:
    cash = good_world().shard.accounts[CASH]
    assert good_world().account(CASH, credits=cash.credits + 5, debits=cash.debits + 5).red() == {BALANCES}


def test_an_account_that_is_gone() -> None:
    world = good_world()
    accounts = {key: account for key, account in world.shard.accounts.items() if key != OUTSIDE}
    assert world.table(accounts=accounts).red() == {BOOKS, BALANCES, SCOPES, AMOUNTS}


@pytest.mark.parametrize(
    "spoiled",
    [Round(PLAYER, STUDIO, "r-1", GBP, 2, 1), Round(PLAYER, STUDIO, "r-1", GBP, 3, 2), Round(PLAYER, STUDIO, "r-9", GBP, 2, 2)],
)  # fmt: skip
def test_a_round_whose_table_says_something_else(spoiled: Round) -> None:
    world = good_world()
    assert world.table(rounds=[spoiled, *world.shard.rounds[1:]]).red() == {ROUNDS}


@pytest.mark.parametrize(
    "spoiled",
    [
        Hold(PLAYER, CASHIER, "wd-1", GBP, 60, 26, 34, 3),
        Hold(PLAYER, CASHIER, "wd-1", GBP, 60, 25, 35, 2),
        Hold(PLAYER, CASHIER, "wd-9", GBP, 60, 25, 35, 3),
    ],
)
def test_a_hold_whose_table_says_something_else(spoiled: Hold) -> None:
    world = good_world()
    assert world.table(holds=[spoiled, *world.shard.holds[1:]]).red() == {HOLDS}


# -- history changed by somebody who cannot sign


@pytest.mark.parametrize(
    ("sequence", "fields"),
    [
        (1, {"game": "another"}),
        (2, {"recorded_us": 1}),
        (6, {"decision": "{}"}),
        (8, {"fingerprint": "aa"}),
        (15, {"session": "s-1"}),
    ],
)
def test_any_word_that_is_changed_in_history(sequence: int, fields: dict[str, object]) -> None:
    assert CHAIN in good_world().change(sequence, **fields).red()


@pytest.mark.parametrize("sequence", [1, 4, 7, 15])
def test_an_entry_that_is_taken_out(sequence: int) -> None:
    assert {CHAIN, SEQUENCES} <= good_world().drop(sequence).red()


def test_two_entries_that_change_places() -> None:
    world = good_world()
    world.transfers[5], world.transfers[6] = world.transfers[6], world.transfers[5]
    assert {CHAIN, SEQUENCES} <= world.red()


def test_the_last_batch_taken_out_of_both_tables() -> None:
    world = good_world()
    last = World(replace(world.shard, batches=world.shard.batches[:-1]), world.transfers[:-1])
    assert {CHAIN, SEQUENCES} <= last.red()


def test_a_batch_that_is_missing_or_too_many() -> None:
    world = good_world()
    batches = list(world.shard.batches)
    assert world.table(batches=batches[:-1]).red() == {CHAIN}
    more = Batch(16, 1, batches[-1].digest, bytes(32), bytes(32), "w")
    assert world.table(batches=[*batches, more]).red() == {CHAIN}


@pytest.mark.parametrize(
    "fields", [{"previous": b"\1" * 32}, {"digest": b"\1" * 32}, {"count": 2}, {"first_sequence": 2}]
)
def test_a_batch_that_is_changed(fields: dict[str, object]) -> None:
    world = good_world()
    first, *others = world.shard.batches
    assert world.table(batches=[replace(first, **fields), *others]).red() == {CHAIN}  # type: ignore[arg-type]


def test_a_head_that_is_not_the_last_batch() -> None:
    world = good_world()
    assert world.table(head=world.shard.head._replace(digest=bytes(32))).red() == {CHAIN}
    assert world.table(head=world.shard.head._replace(next_sequence=20)).red() == {SEQUENCES}
    assert world.table(head=world.shard.head._replace(frontier=bytes(128))).red() == {CHAIN}


# -- history written anew by somebody who can sign


def test_a_history_that_is_signed_again_has_a_good_chain() -> None:
    assert good_world().signed_again().red() == set()
    assert good_world().change(1, game="another").signed_again().red() == set()


def test_an_amount_that_is_changed_in_the_log() -> None:
    assert good_world().change(1, moved=90, amount=90).signed_again().red() == {BALANCES}


def test_a_balance_that_an_entry_misstates() -> None:
    assert good_world().change(3, credit_after="121").signed_again().red() == {BALANCES}
    assert good_world().change(3, available=121).signed_again().red() == {BALANCES}


def test_a_player_below_zero() -> None:
    books = Bookkeeper()
    books.post(Kind.BET, "bet-1", 30, CASH, GAMING, round="r-1", available=0)
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 1, 1)]
    found = books.world([1]).findings(still_playing=True)[BALANCES]
    assert any("wrong side of zero" in problem for problem in found.examples)


def test_a_refusal_that_moved_money() -> None:
    world = good_world().change(6, moved=1, debit_id=CASH, credit_id=GAMING).signed_again()
    assert REFUSALS in world.red()


def test_a_tombstone_that_moved_money() -> None:
    assert REFUSALS in good_world().change(7, moved=1, debit_id=GAMING, credit_id=CASH).signed_again().red()


def test_an_acceptance_that_moved_another_amount_than_it_says() -> None:
    assert good_world().change(2, amount=31).signed_again().red() == {AMOUNTS}


def test_a_stake_that_goes_elsewhere_than_to_the_house_of_its_game() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 30, CASH, OUTSIDE, round="r-1", details='{"close":true}')
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 2, 2)]
    assert books.world([2]).red() == {AMOUNTS}


def test_a_win_without_a_stake() -> None:
    books = Bookkeeper()
    books.post(Kind.WIN, "win-1", 30, GAMING, CASH, round="r-1")
    assert books.world([1]).red() == {WINS}
    books.transfers[0] = books.transfers[0]._replace(opened_case=1)
    assert books.world([1]).red() == set()


@pytest.mark.parametrize("reference", ["bet-2", None, "bet-9"])
def test_a_win_of_a_stake_that_was_undone_or_never_made(reference: str | None) -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-2", 20, CASH, GAMING, round="r-2")
    books.post(Kind.CANCEL, "can-2", 20, GAMING, CASH, round="r-2", reference="bet-2", undoes=2)
    books.post(Kind.WIN, "win-2", 30, GAMING, CASH, round="r-2", reference=reference)
    books.rounds = [Round(PLAYER, STUDIO, "r-2", GBP, 2, 1)]
    assert books.world([4]).red() == {WINS}


@pytest.mark.parametrize(
    ("amount", "undoes", "reference"), [(20, 4, "bet-2"), (30, 2, "bet-1"), (10, 4, "bet-2"), (20, 1, "dep-1"), (20, None, "bet-2")]
)  # fmt: skip
def test_a_stake_that_is_undone_twice_or_in_part_or_that_is_none(
    amount: int, undoes: int | None, reference: str
) -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 100, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 30, CASH, GAMING, round="r-1")
    books.post(Kind.CANCEL, "can-1", 30, GAMING, CASH, round="r-1", reference="bet-1", undoes=2)
    books.post(Kind.BET, "bet-2", 20, CASH, GAMING, round="r-2")
    books.post(Kind.CANCEL, "can-2", 20, GAMING, CASH, round="r-2", reference="bet-2", undoes=4)
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 2, 1), Round(PLAYER, STUDIO, "r-2", GBP, 4, 1)]
    assert books.world([5]).red() == set()
    books.post(Kind.CANCEL, "can-3", amount, GAMING, CASH, round="r-2", reference=reference, undoes=undoes)
    assert books.world([6]).red() == {CANCELS}


def test_a_round_that_is_left_in_the_middle_counts_unless_it_is_still_played() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 20, CASH, GAMING, round="r-1")
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 2, 1)]
    assert books.world([2]).red() == {ROUNDS}
    assert books.world([2]).red(still_playing=True) == set()


def open_rounds(*, close: bool, win: bool) -> Bookkeeper:
    """Two rounds: the first one is paid, the second one perhaps; one of them is closed if any is."""
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 20, CASH, GAMING, round="r-1")
    books.post(Kind.WIN, "win-1", 5, GAMING, CASH, round="r-1", details='{"close":true}' if close else "{}")
    books.post(Kind.BET, "bet-2", 20, CASH, GAMING, round="r-2")
    if win:
        books.post(Kind.WIN, "win-2", 5, GAMING, CASH, round="r-2")
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 2, 2 if close else 1), Round(PLAYER, STUDIO, "r-2", GBP, 4, 1)]
    return books


def test_a_provider_that_closes_no_rounds_ends_them_with_their_wins() -> None:
    assert open_rounds(close=False, win=True).world([5]).red() == set()
    assert open_rounds(close=False, win=False).world([4]).red() == {ROUNDS}


def test_a_provider_that_closes_rounds_has_to_close_those_with_wins_too() -> None:
    assert open_rounds(close=True, win=True).world([5]).red() == {ROUNDS}


def test_a_payment_of_more_than_is_reserved() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.HOLD, "wd-1", 20, CASH, HELD, source_id=CASHIER)
    books.post(Kind.HOLD, "wd-2", 20, CASH, HELD, source_id=CASHIER)
    books.post(Kind.CAPTURE, "cap-1", 30, HELD, OUTSIDE, source_id=CASHIER, reference="wd-1")
    books.holds = [Hold(PLAYER, CASHIER, "wd-1", GBP, 20, 0, 0, 1), Hold(PLAYER, CASHIER, "wd-2", GBP, 20, 0, 0, 1)]
    assert books.world([4]).red() == {HOLDS}


def test_money_that_is_held_and_not_reserved() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.HOLD, "wd-1", 20, CASH, HELD, source_id=CASHIER)
    books.post(Kind.RELEASE, "rel-1", 20, HELD, CASH, source_id=CASHIER, reference="wd-1")
    books.post(Kind.BET, "odd", 5, CASH, HELD, round="r-1", details='{"close":true}')
    books.holds = [Hold(PLAYER, CASHIER, "wd-1", GBP, 20, 0, 20, 3)]
    books.rounds = [Round(PLAYER, STUDIO, "r-1", GBP, 4, 2)]
    assert books.world([4]).red() == {HOLDS, AMOUNTS}


def test_a_key_that_was_answered_twice() -> None:
    books = Bookkeeper()
    for _ in range(2):
        books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    assert books.world([2]).red() == {KEYS}


def test_the_same_key_of_another_kind_is_another_key() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "same", 50, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.HOLD, "same", 5, CASH, HELD, source_id=CASHIER)
    books.holds = [Hold(PLAYER, CASHIER, "same", GBP, 5, 0, 0, 1)]
    assert books.world([2]).red() == set()


@pytest.mark.parametrize("fields", [{"player_id": 9 * 1024 + 3}, {"licensee_id": 1}, {"asset_id": 6}])
def test_a_posting_into_an_account_of_somebody_else(fields: dict[str, int]) -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 50, OUTSIDE, CASH, source_id=CASHIER)
    world = books.world([1])
    assert SCOPES in world.change(1, **fields).signed_again().red()


def test_a_player_of_another_licensee() -> None:
    assert good_world().table(players={PLAYER: Player(1, "pl-7")}).red() == {SCOPES}


def test_a_verdict_names_the_first_problem_and_counts_all() -> None:
    world = good_world().account(CASH, credits=1).account(HELD, credits=1)
    check = next(check for check in join([world.findings()]) if check.name == BALANCES)
    assert not check.ok
    assert check.detail.startswith("2 wrong of 4 accounts: account ")
    assert len(check.problems) == 2


FREE_ROUNDS = "no free round paid twice"


def last(kind: Kind) -> int:
    """Position of the last first row of a kind in a ledger that is right."""
    return max(one.sequence for one in whole_world().transfers if one.kind == kind and one.key is not None)


def test_a_posting_that_says_another_part_of_bonus_than_it_moved() -> None:
    world = whole_world().change(last(Kind.BET), details='{"bonus":11}').signed_again()
    assert world.red() == {AMOUNTS}


def test_a_part_of_a_posting_that_stands_alone() -> None:
    world = whole_world()
    leg = last(Kind.BET) + 1
    assert AMOUNTS in world.change(leg, operation=leg - 9).signed_again().red()


def test_a_tip_that_went_to_the_account_of_stakes() -> None:
    assert AMOUNTS in whole_world().change(last(Kind.TIP), credit_id=GAMING).signed_again().red()


def test_a_grant_that_was_paid_by_its_spins_and_by_its_total() -> None:
    books = Bookkeeper()
    books.post(Kind.FREE_ROUND_TOTAL, "fr-1", 9, OUTSIDE, CASH, details='{"grant":"g-1"}')
    books.post(Kind.FREE_ROUND_SPIN, "fs-1", 9, OUTSIDE, CASH, details='{"grant":"g-1"}')
    assert FREE_ROUNDS in books.world([2]).red()


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.UNDO_ROLLBACK, Kind.REVERSE_WIN])
def test_an_undoing_that_undoes_something_else(kind: Kind) -> None:
    assert CANCELS in whole_world().change(last(kind), undoes=1).signed_again().red()


def test_a_debt_above_zero() -> None:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 9, OUTSIDE, OWED)
    assert BALANCES in books.world([1]).red()


# -- licensees with a wallet of their own


def test_an_intent_that_is_concluded_twice() -> None:
    books = good_books()
    own_wallet(books)
    first = next(one.sequence for one in books.transfers if one.kind == INTENT_BET)
    books.enter(Kind.CONCLUDE, "again", details=f'{{"intent":{first},"of":1}}')
    assert books.world([len(books.transfers)]).red() == {OWN_WALLETS}


def test_a_stake_that_is_booked_with_another_amount_than_the_wallet_took() -> None:
    books = good_books()
    intent = books.enter(INTENT_BET, "bet-7", amount=3, round="r-7")
    books.post(Kind.CONCLUDE, str(intent), 3, OUTSIDE, CASH, details=f'{{"intent":{intent},"of":1}}')
    books.post(Kind.BET, "bet-7", 4, CASH, GAMING, round="r-7", details=f'{{"close":true,"intent":{intent}}}')
    books.rounds.append(Round(PLAYER, STUDIO, "r-7", GBP, intent + 2, 2))
    assert books.world([len(books.transfers)]).red() == {OWN_WALLETS}


def test_a_stake_that_the_wallet_was_never_asked_for() -> None:
    books = good_books()
    books.post(Kind.BET, "bet-7", 4, CASH, GAMING, round="r-7", details='{"close":true,"intent":1}')
    books.rounds.append(Round(PLAYER, STUDIO, "r-7", GBP, len(books.transfers), 2))
    assert books.world([len(books.transfers)]).red() == {OWN_WALLETS}


def test_more_is_taken_than_was_asked_for() -> None:
    books = good_books()
    intent = books.enter(INTENT_BET, "bet-7", amount=3, round="r-7")
    books.post(Kind.CONCLUDE, str(intent), 5, OUTSIDE, CASH, details=f'{{"intent":{intent},"of":1}}')
    assert books.world([len(books.transfers)]).red() == {OWN_WALLETS}


@pytest.mark.parametrize("amount", [2, 3])
def test_a_win_that_is_delivered_with_another_amount_or_twice(amount: int) -> None:
    books = good_books()
    win = books.post(Kind.PROMO, "p-1", 3, PROMOTIONS, CASH)
    if amount == 3:
        books.post(Kind.DELIVER, str(win), 3, CASH, OUTSIDE, details=f'{{"owed":{win}}}')
    books.post(Kind.DELIVER, f"{win}-again", amount, CASH, OUTSIDE, details=f'{{"owed":{win}}}')
    assert books.world([len(books.transfers)]).red() == {OWN_WALLETS}


@pytest.mark.parametrize("amount", [3, 4])
def test_a_list_that_is_delivered_with_another_sum(amount: int) -> None:
    books = good_books()
    promo = books.post(Kind.PROMO, "p-1", 3, PROMOTIONS, CASH)
    books.post(Kind.DELIVER, str(promo), 3, CASH, OUTSIDE, details=f'{{"owed":{promo}}}')
    listed = books.enter(Kind.ROLLBACK_LIST, "l-1", amount=3, details='{"sum":3}')
    books.post(Kind.ADJUST, "a-1", 4, GAMING, CASH, details='{"in_sum":true,"of":1}')
    books.post(Kind.DELIVER, str(listed), amount, CASH, OUTSIDE, details=f'{{"owed":{listed}}}')
    assert books.world([len(books.transfers)]).red() == ({OWN_WALLETS} if amount == 4 else set())


# -- game wallets


@pytest.mark.parametrize("there", [OUTSIDE, GAMING])
def test_money_is_moved_into_a_game_wallet_and_out_again_to_nowhere_but_outside(there: int) -> None:
    books = good_books()
    books.post(Kind.TRANSFER_IN, "i-1", 3, OUTSIDE, CASH)
    books.post(Kind.TRANSFER_OUT, "o-1", 2, CASH, there)
    books.enter(Kind.TRANSFER_OUT, "o-2", outcome=3, amount=9)
    red = books.world([len(books.transfers)]).red()
    assert (len(red) > 0) is (there == GAMING)
