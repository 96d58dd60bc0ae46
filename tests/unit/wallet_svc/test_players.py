"""Accounts, sessions that may stake, and the operator's block."""

from dataclasses import replace

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    EUR,
    LICENSEE,
    PLATFORM,
    PROVIDER,
    USD,
    Table,
    bet,
    money,
    outcome,
    registry,
    table,
    verdict,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Outcome, PlayState


def open_account(made: Table, key: str = "open", **more: str) -> Outcome:
    given = {"currency": "EUR", **more}
    return outcome(made.do(key, c.OpenAccount(**given), source=CASHIER))  # type: ignore[arg-type]


def open_play(made: Table, key: str, **more: str) -> Outcome:
    given = {"session": key, "provider": PROVIDER, "currency": "EUR", **more}
    return outcome(made.do(key, c.OpenPlay(**given), source=PLATFORM))  # type: ignore[arg-type]


def test_the_first_account_makes_the_player_with_its_main_currency() -> None:
    made = Table()
    assert open_account(made, jurisdiction="gb", born_on="1986-01-15") is Outcome.OK
    alice = made.player()
    assert (alice.main, alice.pack, alice.born_on, alice.id > 0) == (EUR, "gb", "1986-01-15", True)
    assert alice.has_account(EUR.id)


def test_without_a_jurisdiction_the_licensees_own_holds() -> None:
    made = Table()
    open_account(made)
    assert made.player().pack == "sandbox"


def test_a_second_currency_is_added_and_the_main_one_stays() -> None:
    made = Table()
    open_account(made)
    assert open_account(made, "usd", currency="USD") is Outcome.OK
    assert (made.player().main, made.player().has_account(USD.id)) == (EUR, True)


@pytest.mark.parametrize("more", [{"currency": "XTS"}, {"jurisdiction": "nowhere"}])
def test_an_account_needs_a_known_currency_and_law(more: dict[str, str]) -> None:
    made = Table()
    assert open_account(made, **more) is Outcome.REQUEST_INVALID
    assert (LICENSEE, "alice") not in made.book.players


def test_a_refused_account_does_not_use_up_its_key() -> None:
    made = Table()
    open_account(made, currency="XTS")
    assert open_account(made) is Outcome.OK


def test_jurisdiction_and_birth_are_said_once() -> None:
    made = Table()
    open_account(made, jurisdiction="gb")
    assert open_account(made, "2", currency="USD", jurisdiction="base") is Outcome.REQUEST_INVALID
    assert open_account(made, "3", currency="USD", born_on="1986-01-15") is Outcome.OK
    assert open_account(made, "4", currency="USD", born_on="1999-01-15") is Outcome.REQUEST_INVALID
    assert open_account(made, "5", currency="JPY", jurisdiction="gb") is Outcome.OK
    assert (made.player().pack, made.player().born_on) == ("gb", "1986-01-15")


def test_opening_again_with_the_same_key_is_a_replay() -> None:
    made = Table()
    open_account(made)
    assert made.do("open", c.OpenAccount(currency="EUR"), source=CASHIER).replayed
    assert open_account(made, currency="USD") is Outcome.IDEMPOTENCY_CONFLICT


def test_a_late_birth_date_is_known_to_the_law_at_once() -> None:
    made = Table()
    open_account(made, currency="GBP", jurisdiction="gb")
    made.do("d1", c.Deposit(money=money("10.00", "GBP")), source=CASHIER)
    assert open_play(made, "s1", currency="GBP") is Outcome.COMPLIANCE_DENIED
    open_account(made, "2", currency="GBP", born_on="1986-01-15")
    assert open_play(made, "s2", currency="GBP") is Outcome.OK


def test_a_session_needs_a_provider_account_of_the_licensee() -> None:
    assert open_play(table(), "x", provider="nobody") is Outcome.GAME_NOT_AVAILABLE
    assert open_play(table(), "x", provider=CASHIER) is Outcome.GAME_NOT_AVAILABLE


@pytest.mark.parametrize(
    ("game", "expected"), [("g1", "OK"), ("off", "GAME_NOT_AVAILABLE"), ("x", "GAME_NOT_AVAILABLE")]
)
def test_the_game_of_a_session_must_be_enabled(game: str, expected: str) -> None:
    assert open_play(table(), "x", game=game).name == expected


@pytest.mark.parametrize("currency", ["USD", "XTS"])
def test_a_session_is_in_a_currency_of_the_player(currency: str) -> None:
    assert open_play(table(), "x", currency=currency) is Outcome.CURRENCY_MISMATCH


def test_a_session_id_is_used_once() -> None:
    made = table()
    play = c.OpenPlay(session="s", provider=PROVIDER, currency="EUR")
    assert outcome(made.do("again", play, source=PLATFORM)) is Outcome.SESSION_INVALID


def test_an_excluded_player_opens_no_session() -> None:
    made = table()
    made.do("out", c.Exclude(term="indefinite"), source=PLATFORM)
    answer = made.do("x", c.OpenPlay(session="x", provider=PROVIDER, currency="EUR"), source=PLATFORM)
    assert (outcome(answer), verdict(answer)[1]) == (Outcome.COMPLIANCE_DENIED, ("SEX.SELF",))
    assert "x" not in made.player().plays


def test_the_first_end_of_a_session_is_the_one_that_counts() -> None:
    made = table()
    ends = [made.do(end.name, c.EndPlay(session="s", end=end), source=PLATFORM) for end in list(PlayState)[1:]]
    assert [outcome(one) for one in ends] == [Outcome.OK] * 3
    assert made.player().plays["s"].state is PlayState.EXPIRED


def test_an_unknown_session_cannot_be_ended() -> None:
    answer = table().do("x", c.EndPlay(session="x", end=PlayState.CLOSED), source=PLATFORM)
    assert outcome(answer) is Outcome.SESSION_INVALID


def test_blocking_has_a_key_like_everything() -> None:
    made = table()
    made.do("k", c.SetBlock(blocked=True), source=PLATFORM)
    made.do("l", c.SetBlock(blocked=False), source=PLATFORM)
    assert made.do("k", c.SetBlock(blocked=True), source=PLATFORM).replayed
    assert not made.player().blocked
    assert outcome(made.do("k", c.SetBlock(blocked=False), source=PLATFORM)) is Outcome.IDEMPOTENCY_CONFLICT


def test_a_pack_that_is_gone_leaves_the_player_without_a_law() -> None:
    made = table()
    made.player().pack = "repealed"
    assert outcome(made.do("b1", bet())) is Outcome.COMPLIANCE_DENIED


def test_players_of_the_same_name_are_apart_by_licensee() -> None:
    made = table()
    made.registry.licensees["zephyr"] = replace(registry().licensees[LICENSEE], id=2, name="zephyr")
    assert ("zephyr", "alice") not in made.book.players
