"""State comes from the log alone: the same entries make the same player."""

from typing import Any

from tests.unit.wallet_svc.world import (
    CASHIER,
    PLATFORM,
    PROVIDER,
    SOURCES,
    Table,
    bet,
    cancel,
    money,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain import replay
from wallet_svc.domain.journal import Batch
from wallet_svc.domain.state import Player
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState


def state_of(player: Player) -> dict[str, Any]:
    """Everything that entries make of a player."""
    return {
        "accounts": {name: (account.debits, account.credits) for name, account in player.accounts.items()},
        "rounds": {
            name: (one.state, one.closed_us, one.opened_sequence, one.copy().bets, one.copy().wins, one.last_us)
            for name, one in player.rounds.items()
        },
        "holds": {
            name: (one.amount, one.captured, one.released, one.beyond, one.state) for name, one in player.holds.items()
        },
        "plays": {name: (one.state, one.expires_us) for name, one in player.plays.items()},
        "standing": (player.blocked, player.pack, player.born_on, player.main),
        "protection": player.protection.to_json(),
        "keys": {key: entry.outcome for key, entry in player.keys.items()},
        "cycles": player.cycles,
        "standings": player.standings,
        "undone": player.undone,
    }


def from_the_log(made: Table, name: str = "alice") -> Player:
    """A player that is made again of nothing but entries."""
    player = Batch.on(made.book, made.registry, made.now_us).new_player(made.player(name).licensee, name)
    for entry in made.log:
        if entry.player_id == made.player(name).id:
            replay.apply(player, entry)
    return player


def play() -> Table:
    made = table(win_without_bet=True)
    made.do("b1", bet("10.00"))
    made.do("b2", bet("5.00"))
    made.do("c2", cancel("b2"))
    made.do("c3", cancel("b2"))
    made.do("w1", win("30.00", close=True))
    made.do("b3", bet("500.00"))
    made.do("w9", win("1.00", bet_key="nobody"))
    made.do("c9", cancel("b9"))
    made.do("b9", bet("1.00"))
    made.do("h1", c.Hold(money=money("20.00"), expires_in_us=1_000_000), source=CASHIER)
    made.do("k1", c.Capture(hold_key="h1", money=money("5.00")), source=CASHIER)
    made.later(2)
    made.do("h1", c.Expire(hold_key="h1"), source=CASHIER)
    made.do("limit", c.SetLimit(limit="loss", window="24h", money=money("50.00")), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.do("end", c.EndPlay(session="t", end=PlayState.REPLACED), source=PLATFORM)
    return made


def test_the_log_makes_the_same_player_again() -> None:
    made = play()
    assert state_of(from_the_log(made)) == state_of(made.player())


def test_a_refused_entry_leaves_its_key_and_nothing_else() -> None:
    made = table()
    before = state_of(made.player())
    entry = made.do("b1", bet("500.00")).entry
    after = state_of(made.player())
    assert after.pop("keys").keys() - before.pop("keys").keys() == {(SOURCES[PROVIDER], Kind.BET, "b1")}
    assert (after, entry.outcome) == (before, Outcome.INSUFFICIENT_FUNDS)


def test_a_round_is_rebuilt_from_its_bets_wins_and_cancels_without_moving_money() -> None:
    made = play()
    fresh = from_the_log(made)
    name = (SOURCES[PROVIDER], "r1")
    whole = fresh.rounds.pop(name)
    before = state_of(fresh)["accounts"]
    accepted = [entry for entry in made.log if entry.outcome is Outcome.OK and entry.round == "r1"]
    for entry in accepted:
        if entry.kind in (Kind.BET, Kind.WIN, Kind.CANCEL, Kind.REVERSE_WIN, Kind.UNDO_ROLLBACK):
            replay.apply_to_round(fresh, entry)
    assert fresh.rounds[name] == whole
    assert state_of(fresh)["accounts"] == before


def test_a_trial_changes_nothing_of_the_player() -> None:
    made = play()
    before = state_of(made.player())
    trial = made.player().trial(made.player().rounds)
    for entry in made.log:
        if entry.kind is not Kind.OPEN_ACCOUNT:
            replay.apply(trial, entry)
    assert state_of(trial) != before
    assert state_of(made.player()) == before


def test_a_trial_copies_only_the_rounds_that_may_change() -> None:
    made = table()
    made.do("b1", bet(round_="r1"))
    made.do("b2", bet(round_="r2"))
    first, second = (SOURCES[PROVIDER], "r1"), (SOURCES[PROVIDER], "r2")
    trial = made.player().trial([first, (SOURCES[PROVIDER], "r9")])
    assert trial.rounds[first] == made.player().rounds[first]
    assert trial.rounds[first].bets["b1"] is not made.player().rounds[first].bets["b1"]
    assert trial.rounds[second] is made.player().rounds[second]
