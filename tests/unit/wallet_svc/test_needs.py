"""What a command must know before it is decided."""

import pytest

from compliance_svc.kernel import LimitKind
from tests.unit.wallet_svc.world import CASHIER, LICENSEE, PROVIDER, SOURCES, bet, cancel, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain import counting
from wallet_svc.domain.decide import decide
from wallet_svc.domain.state import Entry, Player
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState
from wallet_svc.store.needs import Coming, Needs, collect, collect_references, is_doubtful, is_known

DAY_US = 86_400_000_000

SOURCE = SOURCES[PROVIDER]


def cold() -> Player:
    """A player of whom only the name is known."""
    known = table().player()
    return Player(known.id, known.licensee, known.name, known.pack, known.born_on, known.main)


def needs_of(player: Player, action: c.Action, key: str = "k", *, all_keys: bool = False) -> Needs:
    needs = Needs()
    collect(needs, player, c.Command(LICENSEE, PROVIDER, "alice", key, action), SOURCES, all_keys=all_keys)
    return needs


def keys(needs: Needs) -> set[tuple[Kind, str]]:
    return {(Kind(kind), key) for _, _, kind, key in needs.keys}


def test_a_bet_is_taken_for_new_and_needs_its_session_only() -> None:
    needs = needs_of(cold(), bet())
    assert ({session for _, session in needs.plays}, needs.keys, needs.rounds) == ({"s"}, set(), set())


def test_a_bet_that_is_decided_again_needs_its_key_and_its_round() -> None:
    needs = needs_of(cold(), bet(), "b1", all_keys=True)
    assert keys(needs) == {(Kind.BET, "b1"), (Kind.LATE_BET, "b1")}
    assert {name for _, _, name in needs.rounds} == {"r1"}


def test_a_win_needs_its_bet_and_its_round() -> None:
    needs = needs_of(cold(), win(bet_key="b1"))
    assert (keys(needs), len(needs.rounds)) == ({(Kind.BET, "b1")}, 1)


def test_a_cancel_needs_its_bet_and_then_the_bets_round() -> None:
    player, command = cold(), c.Command(LICENSEE, PROVIDER, "alice", "c1", cancel("b1"))
    assert keys(needs_of(player, cancel("b1"))) == {(Kind.BET, "b1")}
    needs = Needs()
    collect_references(needs, player, command, SOURCES)
    assert not needs.any()  # it was asked for already
    made = table()
    player.keys[SOURCE, Kind.BET, "b1"] = made.do("b1", bet(round_="r7")).entry
    collect_references(needs, player, command, SOURCES)
    assert {name for _, _, name in needs.rounds} == {"r7"}


def test_a_tombstone_has_no_round() -> None:
    made = table()
    made.do("c1", cancel("b1"))
    needs = Needs()
    collect_references(needs, made.player(), c.Command(LICENSEE, PROVIDER, "alice", "c2", cancel("b1")), SOURCES)
    assert not needs.any()


@pytest.mark.parametrize(
    "action", [c.Capture(hold_key="h1"), c.Release(hold_key="h1"), c.Expire(hold_key="h1")], ids=["capture", "release", "expire"]
)  # fmt: skip
def test_what_is_done_to_a_hold_needs_the_hold(action: c.Action) -> None:
    assert {key for _, _, key in needs_of(cold(), action).holds} == {"h1"}


@pytest.mark.parametrize(
    "action", [c.OpenPlay(session="x", provider="acme", currency="EUR"), c.EndPlay(session="x", end=PlayState.CLOSED)]
)
def test_what_is_done_to_a_session_needs_the_session(action: c.Action) -> None:
    assert {session for _, session in needs_of(cold(), action).plays} == {"x"}


def test_a_round_is_closed_by_its_name() -> None:
    assert len(needs_of(cold(), c.CloseRound(round="r1"), "").rounds) == 1


def test_every_keyed_action_that_is_decided_again_needs_its_own_key() -> None:
    assert keys(needs_of(cold(), c.Deposit(money=money("1.00")), "d1", all_keys=True)) == {(Kind.DEPOSIT, "d1")}
    assert not needs_of(cold(), c.Deposit(money=money("1.00")), "d1").any()
    assert not needs_of(cold(), c.CloseRound(round="r1"), "", all_keys=True).keys


def test_what_was_looked_for_once_is_not_looked_for_again() -> None:
    player = cold()
    actions: list[c.Action] = [bet(), win(bet_key="b1"), cancel("b1"), c.Capture(hold_key="h1")]
    assert all(needs_of(player, action, all_keys=True).any() for action in actions)
    assert not any(needs_of(player, action, all_keys=True).any() for action in actions)


def test_what_is_known_is_not_looked_for() -> None:
    made = table()
    made.do("b1", bet())
    assert not needs_of(made.player(), win(bet_key="b1")).any()
    assert not needs_of(made.player(), bet(round_="r2")).any()


def test_a_session_without_a_name_is_not_looked_for() -> None:
    assert not needs_of(cold(), bet(session="")).any()


def known(player: Player, action: c.Action, key: str = "k", coming: Coming | None = None) -> bool:
    command = c.Command(LICENSEE, PROVIDER, "alice", key, action)
    return is_known(player, command, SOURCE, set() if coming is None else coming)


def test_a_win_needs_no_reading_after_its_bet_of_the_same_flight() -> None:
    player, coming = table().player(), Coming()
    assert known(player, bet(), "b1", coming)
    assert known(player, win(bet_key="b1"), coming=coming)
    assert not known(player, win(bet_key="b2"), coming=coming)
    assert not known(player, win(bet_key="b1", round_="r2"), coming=coming)
    assert not known(player, win(), coming=coming)


def test_a_win_of_a_known_round_needs_no_reading() -> None:
    made = table()
    made.do("b1", bet())
    assert known(made.player(), win(bet_key="b1"))
    assert known(made.player(), win())
    made.player().forget(0)
    assert not known(made.player(), win(bet_key="b1"))
    assert not known(made.player(), win())


def test_a_bet_of_an_unread_session_needs_reading() -> None:
    assert not known(cold(), bet())


def test_what_is_dated_back_needs_reading() -> None:
    made = table()
    dated = c.Command(LICENSEE, PROVIDER, "alice", "b1", bet(), effective_us=1)
    assert not is_known(made.player(), dated, SOURCE, set())


def test_usage_is_read_for_who_has_a_limit_and_for_nobody_else() -> None:
    made = table()
    player, packs = made.player(), made.registry.packs
    assert not counting.lacks_usage(player, bet(), packs, made.now_us)
    player.usage = None
    assert not counting.lacks_usage(player, bet(), packs, made.now_us)
    made.do("l1", c.SetLimit(limit="loss", window="24h", money=money("5.00")), source=CASHIER)
    player.usage = None
    assert counting.lacks_usage(player, bet(), packs, made.now_us)
    assert counting.lacks_usage(player, bet(), packs, made.now_us)


def test_a_deposit_is_read_for_where_the_market_counts_deposits() -> None:
    pay = c.Deposit(money=money("5.00", "GBP"))
    for pack, counts in (("gb", True), ("base", False)):
        made = table("0", pack=pack, currency="GBP")
        player, packs = made.player(), made.registry.packs
        counting.forget_usage(player, made.now_us)
        assert player.usage is None
        assert counting.lacks_usage(player, pay, packs, made.now_us) is counts
        assert not counting.lacks_usage(player, bet(), packs, made.now_us)


def test_a_deposit_needs_more_than_what_was_read_for_a_limit_of_a_day() -> None:
    pay = c.Deposit(money=money("5.00", "GBP"))
    made = table("0", pack="gb", currency="GBP")
    made.do("l1", c.SetLimit(limit="loss", window="24h", money=money("5.00", "GBP")), source=CASHIER)
    player, packs = made.player(), made.registry.packs
    for read_us, lacks in ((made.now_us - DAY_US, True), (made.now_us - 32 * DAY_US, False), (0, False)):
        counting.restore_usage(player, [], [], made.registry, read_us)
        assert counting.lacks_usage(player, pay, packs, made.now_us) is lacks
        assert not counting.lacks_usage(player, bet(), packs, made.now_us)


def test_what_no_limit_can_need_is_forgotten_and_a_clock_that_goes_back_a_day_sees_the_same() -> None:
    made = table()
    made.do("l1", c.SetLimit(limit="wager", window="24h", money=money("1000.00")), source=CASHIER)
    player, start_us = made.player(), made.now_us
    for minute in range(5 * 24 * 60):
        player.usage.add(LimitKind.WAGER, "EUR", start_us + minute * 60_000_000, 1)
    now_us = start_us + 5 * DAY_US
    counting.forget_usage(player, now_us)
    assert player.usage.since_us == now_us - 2 * DAY_US
    for at_us, stakes in ((now_us, 24 * 60 - 1), (now_us - DAY_US + 1, 24 * 60)):
        assert player.usage.used(LimitKind.WAGER, "EUR", at_us - DAY_US, at_us) == stakes
    assert sum(len(each) for each in player.usage._usage[LimitKind.WAGER].values()) <= 2 * 24 * 60 + 1


def test_a_refused_win_is_doubtful_until_its_round_and_its_bet_were_looked_for() -> None:
    player = table().player()
    assert doubt(player, win(bet_key="b1"))
    needs_of(player, win(bet_key="b1"))
    assert not doubt(player, win(bet_key="b1"))


def test_a_win_that_is_paid_is_sure() -> None:
    made = table()
    made.do("b1", bet())
    assert not doubt(made.player(), win(bet_key="b1"))


def test_an_orphan_win_is_doubtful_until_its_bet_was_looked_for() -> None:
    made = table(win_without_bet=True)
    command = c.Command(LICENSEE, PROVIDER, "alice", "w1", win(bet_key="b1"))
    assert is_doubtful(made.player(), decide(made.player(), command, made.registry, made.now_us))


def doubt(player: Player, action: c.Action, key: str = "k") -> bool:
    made = table()
    command = c.Command(LICENSEE, PROVIDER, "alice", key, action)
    return is_doubtful(player, decide(player, command, made.registry, made.now_us))


def test_a_refused_bet_of_a_round_that_was_not_read_is_doubtful() -> None:
    made = table("5.00")
    assert doubt(made.player(), bet("10.00"))
    assert doubt(made.player(), bet("1.005"))
    needs_of(made.player(), bet("10.00"), all_keys=True)
    assert not doubt(made.player(), bet("10.00"))


def test_an_accepted_bet_and_one_that_the_world_refused_are_sure() -> None:
    made = table("5.00")
    assert not doubt(made.player(), bet("5.00"))
    assert not doubt(made.player(), bet("10.00", session="nobody"))
    assert not doubt(made.player(), bet("10.00", game="off"))


def test_a_replay_is_sure() -> None:
    made = table("5.00")
    made.do("b1", bet("10.00"))
    assert not doubt(made.player(), bet("10.00"), "b1")


def test_an_answer_that_stores_no_key_is_doubtful() -> None:
    made = table()
    assert doubt(made.player(), c.Exclude(term="soon"))
    assert not doubt(made.player(), c.Exclude(term="6mo"))


def test_the_word_of_a_licensees_wallet_needs_its_intent_and_then_the_intents_round() -> None:
    player, action = cold(), c.Conclude(intent=3, of=Kind.BET, ref="b1", outcome=Outcome.OK)
    assert keys(needs_of(player, action)) == {(Kind.BET, "b1"), (Kind.INTENT_BET, "b1")}
    intent = Entry(Kind.INTENT_BET, SOURCE, "b1", Outcome.OK)
    intent.round = "r7"
    player.keys[SOURCE, Kind.INTENT_BET, "b1"] = intent
    assert {name for _, _, name in needs_of(player, action).rounds} == {"r7"}
