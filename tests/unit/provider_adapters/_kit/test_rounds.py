from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.rounds import RoundCurrencies

ALICE = PlayerReference(licensee="demo", player_id="alice")
BOB = PlayerReference(licensee="demo", player_id="bob")


def test_two_players_may_have_rounds_with_the_same_id() -> None:
    rounds = RoundCurrencies()
    rounds.put(ALICE, "r", "EUR")
    rounds.put(BOB, "r", "USD")
    assert (rounds.get(ALICE, "r"), rounds.get(BOB, "r"), rounds.get(ALICE, "s")) == ("EUR", "USD", "")


def test_the_round_that_was_learnt_longest_ago_is_forgotten_first() -> None:
    rounds = RoundCurrencies(size=2)
    for round_id in ("r1", "r2", "r1", "r3"):
        rounds.put(ALICE, round_id, "EUR")
    assert [rounds.get(ALICE, round_id) for round_id in ("r1", "r2", "r3")] == ["EUR", "", "EUR"]
