"""The word of a licensee that keeps limits itself: signed, fresh, for this player and action, used once."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.wallet_svc.world import LICENSEE, PLATFORM, PROVIDER, Table, bet, outcome, table, verdict
from wallet_svc.domain import commands as c
from wallet_svc.domain.asserting import signed_text
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Assertions
from wallet_svc.domain.vocabulary import Kind, Outcome

SECOND = 1_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ALLOW: tuple[str, tuple[str, ...]] = ("ALLOW", ())
STALE = ("DENY", ("SYS.ASSERTION_STALE",))


def word(made: Table, nonce: str, *, kind: str = "bet", age_s: int = 0, player: str = "alice") -> c.Assertion:
    issued_us = made.now_us - age_s * SECOND
    text = signed_text(LICENSEE, player, kind, issued_us, nonce)
    return c.Assertion(issued_us=issued_us, nonce=nonce, signature=KEY.sign(text))


def vouched() -> Table:
    made = table()
    public = KEY.public_key().public_bytes_raw()
    made.tenant(assertions=Assertions(public_key=public, max_age_us=60 * SECOND))
    return made


def stake(made: Table, key: str, given: c.Assertion | None) -> Decided:
    made.later(1)
    return made.do(key, bet("1.00", key, assertion=given))


def test_a_fresh_word_lets_a_stake_pass_and_is_noted() -> None:
    made = vouched()
    assert outcome(stake(made, "b1", word(made, "n1"))) is Outcome.OK
    assert [entry.key for entry in made.log if entry.kind is Kind.NONCE] == ["n1"]


def test_a_word_is_used_once_also_by_an_action_that_was_refused() -> None:
    made = vouched()
    stake(made, "b1", word(made, "n1"))
    assert verdict(stake(made, "b2", word(made, "n1")))[1] == ("SYS.ASSERTION_REPLAY",)
    poor = made.do("b3", bet("5000.00", "b3", assertion=word(made, "n2")))
    assert outcome(poor) is Outcome.INSUFFICIENT_FUNDS
    assert verdict(stake(made, "b4", word(made, "n2")))[1] == ("SYS.ASSERTION_REPLAY",)


def test_a_retry_gets_the_first_answer_although_its_word_is_used() -> None:
    made = vouched()
    given = word(made, "n1")
    first = stake(made, "b1", given)
    again = stake(made, "b1", given)
    assert (again.replayed, again.entry) == (True, first.entry)


def test_a_word_that_is_too_old_or_absent_is_none() -> None:
    made = vouched()
    made.later(1_000)
    assert verdict(stake(made, "b1", word(made, "n1", age_s=60))) == STALE
    assert verdict(stake(made, "b2", None)) == STALE
    assert outcome(stake(made, "b3", word(made, "n3", age_s=59))) is Outcome.OK


def test_a_word_for_somebody_or_something_else_is_none() -> None:
    made = vouched()
    assert verdict(stake(made, "b1", word(made, "n1", player="bob"))) == STALE
    assert verdict(stake(made, "b2", word(made, "n2", kind="open_play"))) == STALE
    forged = replace(word(made, "n3"), signature=bytes(64))
    assert verdict(stake(made, "b3", forged)) == STALE
    assert not [entry for entry in made.log if entry.kind is Kind.NONCE]


def test_a_clock_that_is_ahead_makes_no_word_last_longer() -> None:
    made = vouched()
    given = word(made, "n1", age_s=-3_600)
    assert outcome(stake(made, "b1", given)) is Outcome.OK
    made.later(1)
    assert verdict(stake(made, "b2", given))[1] == ("SYS.ASSERTION_REPLAY",)


def test_a_session_needs_a_word_as_well() -> None:
    made = vouched()
    play = c.OpenPlay(session="p", provider=PROVIDER, currency="EUR", game="g1")
    assert verdict(made.do("p1", play, source=PLATFORM)) == STALE
    with_word = replace(play, assertion=word(made, "n1", kind="open_play"))
    assert verdict(made.do("p2", with_word, source=PLATFORM)) == ALLOW
