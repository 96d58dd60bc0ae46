"""Sessions, orders and names."""

import datetime as dt

import pytest

from session_svc.domain.session import LedgerPosition, PlayerReference, token_digest
from session_svc.domain.states import State
from tests.unit.session_svc.values import NOON, order, session


def test_a_session_is_over_at_the_moment_its_time_is_over_swept_or_not() -> None:
    one = session(expires_at=NOON)
    before = NOON - dt.timedelta(microseconds=1)
    assert one.shown_state(before) is State.ACTIVE
    assert one.shown_end(before) is None
    assert one.shown_state(NOON) is State.EXPIRED
    assert one.shown_end(NOON) == NOON


def test_a_closed_session_stays_closed_after_its_time() -> None:
    one = session(state=State.CLOSED, ended_at=NOON, expires_at=NOON + dt.timedelta(hours=1))
    later = NOON + dt.timedelta(days=1)
    assert one.shown_state(later) is State.CLOSED
    assert one.shown_end(later) == NOON


@pytest.mark.parametrize("state", [State.OPENING, State.FAILING, State.FAILED])
def test_a_session_that_never_got_an_address_was_not_launched(state: State) -> None:
    assert not session(state=state).was_launched


def test_orders_are_the_same_only_if_every_part_is() -> None:
    assert order() == order()
    assert order() != order(lobby_url="https://lobby.example")
    assert order() != order(device="mobile")


def test_a_player_reference_is_split_at_its_first_dot() -> None:
    assert PlayerReference.parse("aurora.pl.7001") == PlayerReference(licensee="aurora", player_id="pl.7001")
    assert str(PlayerReference(licensee="aurora", player_id="pl.7001")) == "aurora.pl.7001"


@pytest.mark.parametrize("text", ["", "aurora", "aurora.", ".pl-1", "Aurora.pl-1", "aurora.pl 1", "a.b", "aurora.\n"])
def test_what_cannot_be_a_player_reference_is_none(text: str) -> None:
    assert PlayerReference.parse(text) is None


def test_a_position_in_the_ledger_is_read_from_its_name() -> None:
    assert LedgerPosition.parse("3-1042") == LedgerPosition(shard=3, sequence=1042)


@pytest.mark.parametrize("text", ["", "3", "3-", "-1", "a-1", "3-x"])
def test_what_is_not_a_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="position"):
        LedgerPosition.parse(text)


def test_a_token_digest_does_not_show_the_token() -> None:
    assert len(token_digest("secret")) == 32
    assert b"secret" not in token_digest("secret")
    assert token_digest("secret") != token_digest("secrets")


def test_a_session_does_not_show_its_token_when_printed() -> None:
    from session_svc.ports import KnownSession, Launch  # noqa: PLC0415

    assert "hush" not in repr(KnownSession(session=session(), token="hush"))
    assert "hush" not in repr(Launch(token="hush", url="https://game.example/?t=hush"))
