"""Connections and servers that die: nobody is told a guess, nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from mesh.dev.postgres import Postgres
from mesh.errors import DeadlineExceededError, MeshError
from tests.integration.mesh.waiting import eventually
from tests.integration.wallet_svc.ledger import Ledger, Wallet, bet, win
from tests.integration.wallet_svc.line import CutLog, Moment, line_to
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.engine import Answer
from wallet_svc.store.log import PostgresLog


@pytest.mark.parametrize("moment", ["before", "during", "after"])
async def test_a_commit_whose_connection_is_lost_has_one_effect_and_the_right_answer(
    ledger: Ledger, moment: Moment
) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet = await ledger.wallet(log)
        await wallet.player()
        log.moments = [moment]
        answer = await wallet.do("alice", "b1", bet("10.00", "r1"))
        assert (line.cuts, answer.entry.outcome, answer.available) == (1, Outcome.OK, 90_00)
        assert answer.replayed is False or moment == "during"
        assert ledger.stored(Kind.BET, "b1") == [(Outcome.OK, 10_00)]
        again = await wallet.do("alice", "b1", bet("10.00", "r1"))
        assert (again.replayed, again.entry.sequence) == (True, answer.entry.sequence)


async def test_many_lost_connections_lose_no_action_and_do_none_twice(ledger: Ledger) -> None:
    moments: list[Moment] = ["before", "after", "during", "after", "before", "during"] * 3
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet, other = await ledger.wallet(log), await ledger.wallet()
        await asyncio.gather(*[wallet.player(f"p{number}") for number in range(6)])
        for moment in moments:
            log.moments = [moment]
            number = line.cuts
            calls = [wallet.do(f"p{n}", f"b{number}", bet("1.00", f"r{number}")) for n in range(6)]
            answers = await asyncio.gather(*calls, other.do("p0", f"x{number}", bet("0", "rx")))
            assert {answer.entry.outcome for answer in answers} == {Outcome.OK}
        assert line.cuts == len(moments)
    assert {ledger.cash(f"p{number}") for number in range(6)} == {100_00 - len(moments) * 100}


async def test_a_commit_that_lands_after_it_was_given_up_is_not_done_again(ledger: Ledger) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet = await ledger.wallet(log)
        await wallet.player()
        async with await psycopg.AsyncConnection.connect(ledger.database.owner_url) as blocker:
            await blocker.execute("SELECT 1 FROM shard FOR NO KEY UPDATE")
            log.moments = ["during"]
            call = asyncio.create_task(wallet.do("alice", "b1", bet("10.00", "r1")))
            while line.cuts == 0:
                await asyncio.sleep(0.01)
            # Long enough for the engine to ask, to be told that nothing is there, and to try again.
            await asyncio.sleep(0.3)
            assert not call.done()
        answer = await call
    assert answer.entry.outcome is Outcome.OK
    assert ledger.stored(Kind.BET, "b1") == [(Outcome.OK, 10_00)]
    assert ledger.cash() == 90_00


async def test_an_answer_waits_until_the_database_can_be_asked(ledger: Ledger) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet = await ledger.wallet(log)
        await wallet.player()
        log.moments = ["after"]
        line.refusing = True
        call = asyncio.create_task(wallet.do("alice", "b1", bet("10.00", "r1")))
        while line.cuts == 0:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert not call.done()
        line.refusing = False
        answer = await call
    assert (answer.entry.outcome, answer.replayed) == (Outcome.OK, False)


async def test_sessions_that_are_terminated_lose_nothing(ledger: Ledger, server: Postgres) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    stop = asyncio.Event()

    async def terminate() -> None:
        async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
            killed_at = -4
            while not stop.is_set():
                # Between two kills something is answered, however slow everything is.
                if len(answers) >= killed_at + 4:
                    killed_at = len(answers)
                    await admin.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wallet-1'"
                    )
                await asyncio.sleep(0.01)

    answers: list[Answer] = []
    killer = asyncio.create_task(terminate())
    while len(answers) < 90:
        answers.append(await wallet.do("alice", f"b{len(answers)}", bet("1.00", f"r{len(answers)}")))
        await asyncio.sleep(0.01)
    stop.set()
    await killer
    assert {answer.entry.outcome for answer in answers} == {Outcome.OK}
    assert ledger.cash() == 10_00


async def test_a_deadline_is_kept_while_the_database_is_away(ledger: Ledger) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        wallet = await ledger.wallet(url=url)
        await wallet.player()
        line.refusing, line.cut_next = True, "before"
        with pytest.raises(DeadlineExceededError):
            await wallet.do("alice", "b1", bet("1.00", "r1"), timeout_s=2)
        line.refusing = False
        assert (await wallet.do("alice", "b2", bet("1.00", "r1"))).entry.outcome is Outcome.OK


async def play(wallet: Wallet, player: str, stop: asyncio.Event, accepted: list[str]) -> None:
    """Bets until told to stop, each sent again with its key until there is an answer. Notes the accepted keys."""
    while not stop.is_set():
        key = f"b{len(accepted)}"
        try:
            answer = await wallet.do(player, key, bet("0.10", f"r{key}"), timeout_s=0.5)
        except MeshError:
            # A refusal at once must not keep the one thread from doing what is waited for.
            await asyncio.sleep(0.01)
            continue
        assert answer.entry.outcome is Outcome.OK
        accepted.append(key)


async def all_play_on(accepted: dict[str, list[str]]) -> None:
    """Until everybody has had three more bets accepted."""
    wanted = {name: len(keys) + 3 for name, keys in accepted.items()}
    await eventually(lambda: all(len(keys) >= wanted[name] for name, keys in accepted.items()), timeout_s=60)


@pytest.mark.parametrize("power_cut", [False, True], ids=["stop", "kill"])
async def test_a_server_that_stops_and_starts_again_loses_nothing_that_was_answered(
    ledger: Ledger, server: Postgres, power_cut: bool
) -> None:
    wallets = [await ledger.wallet(), await ledger.wallet()]
    names = ["alice", "bob", "carl", "dora"]
    for name in names:
        await wallets[0].player(name, cash="10000.00")
    stop = asyncio.Event()
    accepted: dict[str, list[str]] = {name: [] for name in names}
    players = [
        asyncio.create_task(play(wallets[n % 2], name, stop, keys)) for n, (name, keys) in enumerate(accepted.items())
    ]
    await all_play_on(accepted)
    await asyncio.to_thread(server.kill if power_cut else server.stop)
    await asyncio.sleep(0.2)
    await asyncio.to_thread(server.start)
    await all_play_on(accepted)
    stop.set()
    await asyncio.gather(*players)
    for name, keys in accepted.items():
        stored = Counter(
            key
            for (key,) in ledger.rows(
                "SELECT key FROM transfer JOIN player ON player.id = player_id WHERE kind = 1 AND name = %s", name
            )
        )
        assert set(keys) <= set(stored)
        assert set(stored.values()) == {1}
        assert ledger.cash(name) == 1_000_000 - 10 * len(stored)


async def test_an_outage_between_commit_and_answer_gives_the_stored_answer(ledger: Ledger) -> None:
    """The commit is durable, and the connection dies on the next look at a shard that was only read."""
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet = await ledger.wallet(log)
        names = ["alice", "bob", "carl", "dora", "emil", "fred"]
        for name in names:
            await wallet.player(name)
            await wallet.must(name, "b1", bet("1.00", "r1"))
        reader = next(name for name in names if ledger.shard(name) != ledger.shard("alice"))
        original = log.open_books

        async def lose(shards: object) -> object:
            log.open_books = original  # type: ignore[method-assign]
            line.cut_next = "before"
            return await original(shards)  # type: ignore[arg-type]

        log.open_books = lose  # type: ignore[method-assign, assignment]
        new, known = await asyncio.gather(
            wallet.do("alice", "w1", win("5.00", "r1")), wallet.do(reader, "b1", bet("1.00", "r1"))
        )
    assert (new.entry.outcome, known.entry.outcome, known.replayed) == (Outcome.OK, Outcome.OK, True)
    assert (line.cuts, ledger.cash("alice")) == (1, 104_00)


async def test_a_server_that_stands_still_is_left_for_a_new_connection(ledger: Ledger) -> None:
    log = PostgresLog(ledger.database.service_url, writer="still", statement_timeout_ms=500)
    wallet = await ledger.wallet(log)
    await wallet.player()
    with frozen(ledger, "still"):
        answer = await wallet.do("alice", "b1", bet("10.00", "r1"))
    await wallet.must("alice", "w1", win("1.00", "r1"))
    # The server that wakes up finds the old request, and another head.
    await asyncio.sleep(0.2)
    assert (answer.entry.outcome, answer.replayed) == (Outcome.OK, False)
    assert ledger.stored(Kind.BET, "b1") == [(Outcome.OK, 10_00)]


@contextlib.contextmanager
def frozen(ledger: Ledger, application: str) -> Iterator[None]:
    """The server's processes behind a name do nothing."""
    with psycopg.connect(ledger.database.owner_url) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", (application,))
        pids = [pid for (pid,) in found]
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_closing_a_round_survives_a_lost_answer(ledger: Ledger) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        log = CutLog(url, line)
        wallet = await ledger.wallet(log)
        await wallet.player()
        await wallet.must("alice", "b1", bet("1.00", "r1"))
        log.moments = ["after"]
        answer: Answer = await wallet.do("alice", "", c.CloseRound(round="r1"))
        assert (answer.entry.outcome, answer.replayed) == (Outcome.OK, False)
    assert ledger.value("SELECT count(*) FROM transfer WHERE kind = 4") == 1
