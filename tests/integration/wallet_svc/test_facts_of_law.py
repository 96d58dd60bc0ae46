"""Facts beside the log on a real database: what one process reads anew, and what two processes agree about."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.errors import DependencyDownError
from tests.integration.wallet_svc.ledger import (
    CASHIER,
    LICENSEE,
    PLATFORM,
    PROVIDER,
    Ledger,
    Wallet,
    bet,
    deposit,
    money,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.asserting import signed_text
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Assertions, Entry, ExchangeRate
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState, Scope
from wallet_svc.engine import Answer
from wallet_svc.store.registry import Papers, Switch, Terms

HUMAN = "cd" * 16


def reasons(answer: Answer | Decided) -> list[str]:
    record = json.loads(answer.entry.decision_json or "{}")
    return [reason["code"] for reason in record.get("reasons", [])]


async def british(wallet: Wallet, name: str, *, person: str = "") -> None:
    opened = c.OpenAccount(currency="GBP", jurisdiction="gb", born_on="1986-01-15", person=person)
    await wallet.must(name, "open", opened, source=CASHIER)
    pounds = c.Deposit(money=money("100.00", "GBP"))
    await wallet.must(name, "opening", pounds, source=CASHIER)


async def open_play(wallet: Wallet, name: str, session: str, game: str = "slot") -> Entry:
    play = c.OpenPlay(session=session, provider=PROVIDER, currency="GBP", game=game)
    return (await wallet.do(name, f"play {session}", play, source=PLATFORM)).entry


def pounds(key: str, session: str = "p") -> c.Bet:
    return bet("1.00", key, money=money("1.00", "GBP"), session=session, game="slot")


async def test_a_process_that_never_saw_the_other_session_refuses_a_second_slot(ledger: Ledger) -> None:
    await british(await ledger.wallet(), "alice")
    assert (await open_play(await ledger.wallet(), "alice", "p")).outcome is Outcome.OK
    other = await ledger.wallet()
    assert (await open_play(other, "alice", "q")).outcome is Outcome.COMPLIANCE_DENIED
    await other.must("alice", "end", c.EndPlay(session="p", end=PlayState.CLOSED), source=PLATFORM)
    assert (await open_play(await ledger.wallet(), "alice", "r")).outcome is Outcome.OK


async def test_a_switch_holds_in_every_process_and_its_sessions_stay_over(ledger: Ledger) -> None:
    wallets = [await ledger.wallet(), await ledger.wallet()]
    await british(wallets[0], "alice")
    await open_play(wallets[0], "alice", "p")
    switch = Switch(scope=Scope.PROVIDER, licensee=LICENSEE, provider=PROVIDER)
    await ledger.registry.put_suspension(switch, suspended=True, now_us=ledger.clock.now_us())
    for number, wallet in enumerate(wallets):
        assert reasons(await wallet.do("alice", f"b{number}", pounds(f"b{number}"))) == ["SYS.SUSPENDED", "SES.ENDED"]
    await ledger.registry.put_suspension(switch, suspended=False, now_us=ledger.clock.now_us())
    ledger.clock.advance(seconds=10)
    assert reasons(await wallets[1].do("alice", "b3", pounds("b3"))) == ["SES.ENDED"]
    assert (await open_play(wallets[1], "alice", "q")).outcome is Outcome.OK
    await wallets[0].must("alice", "b4", pounds("b4", "q"))


async def test_papers_of_a_game_stay_when_its_catalogue_is_sent_again(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    papers = Papers(build="b2", certified_builds=("b1",), progressive=False)
    await ledger.registry.put_games(LICENSEE, PROVIDER, [("slot", "slot", True)], [("slot", papers)])
    await ledger.registry.put_games(LICENSEE, PROVIDER, [("slot", "slot", True)])
    assert (await open_play(wallet, "alice", "p")).outcome is Outcome.COMPLIANCE_DENIED


async def test_what_a_game_returns_is_read_from_its_last_papers(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    shown = Papers(build="b1", certified_builds=("b1",), progressive=False, return_ppm=749_999)
    for number, papers in enumerate((shown, replace(shown, return_ppm=750_000))):
        await ledger.registry.put_games(LICENSEE, PROVIDER, [("slot", "slot", True)], [("slot", papers)], now_us=number)
        opened = (await open_play(wallet, "alice", f"p{number}")).outcome
        assert opened is (Outcome.OK if number else Outcome.COMPLIANCE_DENIED)


async def test_what_a_game_can_do_is_read_from_its_last_papers(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    shown = Papers(build="b1", certified_builds=("b1",), progressive=False, features=("turbo", "slam_stop"))
    for number, papers in enumerate((shown, replace(shown, features=()))):
        await ledger.registry.put_games(LICENSEE, PROVIDER, [("slot", "slot", True)], [("slot", papers)], now_us=number)
        opened = await open_play(wallet, "alice", f"p{number}")
        assert opened.outcome is (Outcome.OK if number else Outcome.COMPLIANCE_DENIED)


async def test_a_reminder_is_known_to_a_process_that_reads_the_player(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    await wallet.must(
        "alice", "l", c.SetLimit(limit="deposit", window="7d", money=money("500.00", "GBP")), source=PLATFORM
    )
    ledger.clock.advance(seconds=200 * 86_400)
    told = [
        json.loads(
            (
                await (await ledger.wallet()).do("alice", key, c.Enter(purpose="login"), source=PLATFORM)
            ).entry.decision_json
            or "{}"
        )
        for key in ("in", "again")
    ]
    assert [one.get("obligations", []) for one in told] == [["REVIEW_LIMITS"], []]


async def test_what_the_register_said_is_known_to_a_process_that_reads_the_player(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    await open_play(wallet, "alice", "p")
    silent = c.Answers(exclusion_register="SILENT")
    await wallet.do("alice", "d1", c.Deposit(money=money("1.00", "GBP"), answers=silent), source=CASHIER)
    told = await (await ledger.wallet()).do("alice", "b1", pounds("b1"), dry=True)
    assert json.loads(told.entry.decision_json or "{}")["guardrail"] == "G3"


async def test_what_counted_at_an_old_rate_is_read_back_as_it_counted(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    opened = c.OpenAccount(currency="GBP", jurisdiction="gb", born_on="1986-01-15")
    await wallet.must("alice", "open", opened, source=CASHIER)
    await wallet.must("alice", "eur", c.OpenAccount(currency="EUR"), source=CASHIER)
    limit = c.SetLimit(limit="deposit", window="24h", money=money("100.00", "GBP"))
    await wallet.must("alice", "limit", limit, source=PLATFORM)
    rate = ExchangeRate(value=86, decimals=2, observed_us=ledger.clock.now_us(), max_age_us=86_400_000_000)
    await ledger.registry.put_rate(LICENSEE, "EUR", "GBP", rate)
    await wallet.must("alice", "d1", deposit("50.00"), source=CASHIER)
    dearer = ExchangeRate(value=99, decimals=2, observed_us=ledger.clock.now_us(), max_age_us=86_400_000_000)
    await ledger.registry.put_rate(LICENSEE, "EUR", "GBP", dearer)
    other = await ledger.wallet()
    refused = await other.do("alice", "d2", c.Deposit(money=money("57.01", "GBP")), source=CASHIER)
    assert refused.entry.outcome is Outcome.LIMIT_EXCEEDED
    await other.must("alice", "d3", c.Deposit(money=money("57.00", "GBP")), source=CASHIER)


async def test_an_exclusion_is_found_by_the_human_in_whatever_shard_and_not_at_another_licensee(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await ledger.register("aurora")
    aurora = Wallet(wallet.engine, wallet.log, "aurora")
    names = [f"account-{number}" for number in range(6)]
    for name in names:
        await british(wallet, name, person=HUMAN)
    await british(aurora, "elsewhere", person=HUMAN)
    await wallet.must(names[0], "out", c.Exclude(term="6mo"), source=PLATFORM)
    for name in names:
        assert reasons(await wallet.do(name, "in", c.Enter(purpose="login"), source=PLATFORM)) == ["SEX.SELF"]
    registering = c.OpenAccount(
        currency="GBP", jurisdiction="gb", born_on="1986-01-15", person=HUMAN, answers=c.Answers()
    )
    refused = await (await ledger.wallet()).do("new", "register", registering, source=CASHIER)
    assert reasons(refused) == ["SEX.SELF"]
    await aurora.must("elsewhere", "in", c.Enter(purpose="login"), source=PLATFORM)


async def test_a_word_is_used_once_over_all_processes(ledger: Ledger) -> None:
    key = Ed25519PrivateKey.generate()
    wallets = [await ledger.wallet(), await ledger.wallet()]
    await wallets[0].player()
    word = Assertions(public_key=key.public_key().public_bytes_raw(), max_age_us=60_000_000)
    await ledger.registry.put_licensee(
        name=LICENSEE, default_pack="sandbox", stake_order=1, shortfall=1, suspended=False, thresholds=[],
        terms=Terms(assertions=word),
    )  # fmt: skip
    now_us = ledger.clock.now_us()
    text = signed_text(LICENSEE, "alice", "bet", now_us, "n1")
    given = c.Assertion(issued_us=now_us, nonce="n1", signature=key.sign(text))
    await wallets[0].must("alice", "b1", bet("1.00", "b1", assertion=given))
    told = await wallets[1].do("alice", "b2", bet("1.00", "b2", assertion=given))
    assert reasons(told) == ["SYS.ASSERTION_REPLAY"]


async def test_without_durable_evidence_debits_are_refused_and_their_keys_stay_free(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    await wallet.must("alice", "b1", bet("1.00", "r1"))
    owner = ledger.database.owner_url
    role = ledger.database.name + "_service"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"REVOKE INSERT ON transfer FROM {role}".encode())
        try:
            told = await wallet.do("alice", "b2", bet("2.00", "r2"))
            assert (reasons(told), told.entry.sequence) == (["SYS.AUDIT_UNAVAILABLE"], 0)
            assert (await wallet.do("alice", "b1", bet("1.00", "r1"))).replayed
            with pytest.raises(DependencyDownError):
                await wallet.do("alice", "w1", win("5.00", "r1"))
        finally:
            connection.execute(f"GRANT INSERT ON transfer TO {role}".encode())
    assert ledger.stored(Kind.BET, "b2") == []
    await wallet.must("alice", "b2", bet("2.00", "r2"))
    await wallet.must("alice", "w1", win("5.00", "r1"))


async def test_a_process_that_reads_the_player_counts_the_same_time(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await british(wallet, "alice")
    limit = c.SetLimit(limit="time", window="24h", seconds=100)
    await wallet.must("alice", "limit", limit, source=PLATFORM)
    await open_play(wallet, "alice", "p")
    ledger.clock.advance(seconds=99)
    other = await ledger.wallet()
    await other.must("alice", "b1", pounds("b1"))
    ledger.clock.advance(seconds=1)
    for number, one in enumerate((wallet, other, await ledger.wallet())):
        assert reasons(await one.do("alice", f"b2{number}", pounds(f"b2{number}"))) == ["LIM.TIME", "GAM.TOO_FAST"]


@pytest.mark.parametrize("together", [False, True])
async def test_a_threshold_looks_back_as_far_as_it_must_whatever_was_read_for_a_limit(
    ledger: Ledger, together: bool
) -> None:
    await british(await ledger.wallet(), "alice")
    limit = c.SetLimit(limit="loss", window="24h", money=money("500.00", "GBP"))
    await (await ledger.wallet()).must("alice", "limit", limit, source=PLATFORM)
    ledger.clock.advance(seconds=3 * 86_400)
    # A process that knows nothing of the player is asked for something that the limit of a day counts, and then for a deposit.
    fresh = await ledger.wallet()
    withdrawal = c.Hold(money=money("1.00", "GBP"))
    fifty_two = c.Deposit(money=money("52.00", "GBP"))
    if together:
        _, paid = await asyncio.gather(
            fresh.do("alice", "hold", withdrawal, source=CASHIER), fresh.do("alice", "more", fifty_two, source=CASHIER)
        )
    else:
        await fresh.do("alice", "hold", withdrawal, source=CASHIER)
        paid = await fresh.do("alice", "more", fifty_two, source=CASHIER)
    record = json.loads(paid.entry.decision_json or "{}")
    assert (paid.entry.outcome, record["obligations"]) == (Outcome.OK, ["RUN_FVC"])
