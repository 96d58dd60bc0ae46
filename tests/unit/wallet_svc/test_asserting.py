"""The word of a licensee that keeps limits itself: signed, fresh, for this player and action, used once."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.wallet_svc.world import LICENSEE, PLATFORM, PROVIDER, Table, bet, outcome, table, verdict
from wallet_svc.domain import commands as c
from wallet_svc.domain.asserting import signed_text
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Assertions
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState

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


def opened(made: Table, given: c.Assertion | None, *, session: str = "p", order: str = "") -> Decided:
    play = c.OpenPlay(session=session, provider=PROVIDER, currency="EUR", game="g1", assertion=given, order=order)
    return made.do(session, play, source=PLATFORM)


def renewed(made: Table, key: str, given: c.Assertion, *, session: str = "p") -> Decided:
    return made.do(key, c.ChangePlay(session=session, what="vouch", assertion=given), source=PLATFORM)


def staked(made: Table, key: str) -> Decided:
    """As a studio stakes: without a word."""
    made.later(1)
    return made.do(key, bet("1.00", key, session="p"))


def test_stakes_rest_on_the_word_of_their_sessions_opening_until_it_is_too_old() -> None:
    made = vouched()
    opened(made, word(made, "n1", kind="play"))
    assert outcome(staked(made, "b1")) is Outcome.OK
    made.later(58)
    assert outcome(staked(made, "b2")) is Outcome.OK
    assert verdict(staked(made, "b3")) == STALE
    assert [entry.key for entry in made.log if entry.kind is Kind.NONCE] == ["n1"]


def test_a_word_for_the_opening_alone_stands_for_no_stake() -> None:
    made = vouched()
    assert verdict(opened(made, word(made, "n1", kind="open_play"))) == ALLOW
    assert verdict(staked(made, "b1")) == STALE


def test_a_newer_word_lets_stakes_pass_again() -> None:
    made = vouched()
    opened(made, word(made, "n1", kind="play"))
    made.later(100)
    assert verdict(staked(made, "b1")) == STALE
    assert verdict(renewed(made, "v1", word(made, "n2", kind="play"))) == ALLOW
    assert outcome(staked(made, "b2")) is Outcome.OK
    assert verdict(staked(made, "b1"))[0] == "DENY"


def test_a_word_that_does_not_renew_leaves_the_session_as_it_was() -> None:
    made = vouched()
    opened(made, word(made, "n1", kind="play"))
    assert verdict(renewed(made, "v1", word(made, "n1", kind="play"))) == ("DENY", ("SYS.ASSERTION_REPLAY",))
    assert verdict(renewed(made, "v2", word(made, "n2", kind="play", player="bob"))) == STALE
    assert verdict(renewed(made, "v3", word(made, "n3", kind="bet"))) == STALE
    assert verdict(renewed(made, "v4", replace(word(made, "n4", kind="play"), signature=bytes(64)))) == STALE
    assert verdict(renewed(made, "v5", word(made, "n5", kind="play", age_s=61))) == STALE
    # What the licensee did not sign for this is no word; one that came too late is used like any other.
    assert [entry.key for entry in made.log if entry.kind is Kind.NONCE] == ["n1", "n5"]
    assert outcome(staked(made, "b1")) is Outcome.OK


def test_a_renewal_sent_again_gets_its_first_answer_and_other_content_is_a_conflict() -> None:
    made = vouched()
    opened(made, word(made, "n1", kind="play"))
    given = word(made, "n2", kind="play")
    first = renewed(made, "v1", given)
    again = renewed(made, "v1", given)
    assert (again.replayed, again.entry) == (True, first.entry)
    assert outcome(renewed(made, "v1", word(made, "n3", kind="play"))) is Outcome.IDEMPOTENCY_CONFLICT


def test_words_that_overtake_each_other_leave_the_newest() -> None:
    made = vouched()
    made.later(100)
    opened(made, word(made, "n1", kind="play"))
    renewed(made, "v1", word(made, "n2", kind="play", age_s=50))
    made.later(30)
    assert outcome(staked(made, "b1")) is Outcome.OK


def test_a_session_that_is_over_cannot_be_vouched_for() -> None:
    made = vouched()
    opened(made, word(made, "n1", kind="play"))
    made.do("end", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    assert verdict(renewed(made, "v1", word(made, "n2", kind="play"))) == ("DENY", ("SES.ENDED",))
    made.do("out", c.Exclude(term="6mo"))
    assert outcome(renewed(made, "v2", word(made, "n3", kind="play"), session="q")) is Outcome.SESSION_INVALID


def test_attempts_of_one_order_may_bring_the_same_word_and_nobody_else() -> None:
    made = vouched()
    given = word(made, "n1", kind="play")
    assert verdict(opened(made, given, session="p1", order="launch")) == ALLOW
    assert verdict(opened(made, given, session="p2", order="launch")) == ALLOW
    assert verdict(opened(made, given, session="p3", order="other")) == ("DENY", ("SYS.ASSERTION_REPLAY",))
    assert verdict(opened(made, given, session="p4")) == ("DENY", ("SYS.ASSERTION_REPLAY",))
    assert [entry.key for entry in made.log if entry.kind is Kind.NONCE] == ["n1"]


def test_where_the_ledger_keeps_the_limits_there_is_nothing_to_renew() -> None:
    made = table()
    assert outcome(renewed(made, "v1", word(made, "n1", kind="play"), session="s")) is Outcome.REQUEST_INVALID
