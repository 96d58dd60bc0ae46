"""Engines on the same shards: one chain, one effect for each key, one answer for each caller."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import psycopg
import pytest

from mesh.errors import InternalError, MeshError, OverloadedError
from tests.integration.mesh.waiting import eventually
from tests.integration.wallet_svc.ledger import (
    CASHIER,
    PLATFORM,
    Ledger,
    bet,
    deposit,
    money,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Kind, Outcome, RoundState
from wallet_svc.engine import Answer
from wallet_svc.memory import size


async def test_two_engines_write_the_same_shards_and_everybody_is_answered_once(ledger: Ledger) -> None:
    wallets = [await ledger.wallet(), await ledger.wallet()]
    players = [f"p{number}" for number in range(12)]
    await asyncio.gather(*[wallets[number % 2].player(name) for number, name in enumerate(players)])
    chance = random.Random(7)
    wanted: list[tuple[str, str, c.Action]] = []
    for number in range(400):
        player, key = chance.choice(players), f"k{number}"
        wanted.append((player, key, bet(f"{chance.randint(0, 300) / 100:.2f}", f"r{number // 3}")))
        if number % 2:
            wanted.append((player, key, win("1.50", f"r{number // 3}", bet_key=f"k{number - 1}")))
        if number % 5 == 0:
            wanted.append((player, key, c.Cancel(bet_key=f"k{chance.randint(0, number)}")))
    answers = await asyncio.gather(*[chance.choice(wallets).do(*one) for one in wanted])
    again = await asyncio.gather(*[chance.choice(wallets).do(*one) for one in wanted])
    assert all(answer.replayed for answer in again)
    assert [answer.entry.outcome for answer in again] == [answer.entry.outcome for answer in answers]
    assert {wallet.engine.redone > 0 for wallet in wallets} == {True}


async def test_one_key_sent_to_two_engines_at_once_has_one_effect(ledger: Ledger) -> None:
    one, two = await ledger.wallet(), await ledger.wallet()
    await one.player()
    for number in range(20):
        both = await asyncio.gather(
            *[wallet.do("alice", f"b{number}", bet("1.00", "r1")) for wallet in (one, two, one)]
        )
        assert Counter(answer.replayed for answer in both) == {False: 1, True: 2}
        assert {answer.entry.sequence for answer in both} == {both[0].entry.sequence}
    assert ledger.cash() == 80_00


async def test_two_engines_never_spend_the_same_money(ledger: Ledger) -> None:
    wallets = [await ledger.wallet() for _ in range(3)]
    await wallets[0].player(cash="10.00")
    answers = await asyncio.gather(*[wallets[n % 3].do("alice", f"b{n}", bet("1.00", f"r{n}")) for n in range(30)])
    outcomes = Counter(answer.entry.outcome for answer in answers)
    assert outcomes == {Outcome.OK: 10, Outcome.INSUFFICIENT_FUNDS: 20}
    assert ledger.cash() == 0


async def test_what_waits_together_is_committed_together(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await asyncio.gather(*[wallet.player(f"p{number}") for number in range(8)])
    flights = wallet.engine.flights
    await asyncio.gather(*[wallet.do(f"p{n % 8}", f"b{n}", bet("0.10", "r1")) for n in range(64)])
    assert wallet.engine.flights - flights <= 3


# -- a cold engine, which takes keys and rounds for new


async def test_a_cold_engine_replays_what_another_one_wrote(ledger: Ledger) -> None:
    warm = await ledger.wallet()
    await warm.player(cash="10.00")
    steps: list[tuple[str, c.Action, str]] = [
        ("b1", bet("10.00", "r1"), "acme"),
        ("b2", bet("1.00", "r2"), "acme"),
        ("w1", win("7.00", "r1"), "acme"),
        ("c1", c.Cancel(bet_key="b1"), "acme"),
        ("c9", c.Cancel(bet_key="b9"), "acme"),
        ("b9", bet("1.00", "r9"), "acme"),
        ("h1", c.Hold(money=money("4.00")), CASHIER),
        ("k1", c.Capture(hold_key="h1", money=money("1.00")), CASHIER),
        ("l1", c.Release(hold_key="h1"), CASHIER),
        ("k2", c.Capture(hold_key="h1"), CASHIER),
        ("limit", c.SetLimit(limit="stake", window="", money=money("9.00")), PLATFORM),
        ("open", c.OpenAccount(currency="EUR", born_on="1990-01-01"), CASHIER),
        ("play", c.OpenPlay(session="s", provider="acme", currency="EUR"), PLATFORM),
    ]
    first = [await warm.do("alice", key, action, source=source) for key, action, source in steps]
    for (key, action, source), before in zip(steps, first, strict=True):
        cold = await ledger.wallet()
        after = await cold.do("alice", key, action, source=source)
        assert (key, after.replayed, after.entry.outcome) == (key, True, before.entry.outcome)
        assert after.entry.available == before.entry.available


async def test_a_cold_engine_adds_to_a_round_that_it_has_not_read(ledger: Ledger) -> None:
    warm, cold = await ledger.wallet(), await ledger.wallet()
    await warm.player()
    await warm.must("alice", "b1", bet("1.00", "r1"))
    await cold.must("alice", "b2", bet("1.00", "r1"))
    answer = await warm.must("alice", "w1", win("5.00", "r1", close=True))
    assert answer.round_state is RoundState.CLOSED
    assert ledger.value("SELECT count(*) FROM round") == 1


async def test_a_cold_engine_refuses_a_bet_of_a_closed_round_for_that_reason(ledger: Ledger) -> None:
    warm = await ledger.wallet()
    await warm.player(cash="5.00")
    await warm.must("alice", "b1", bet("1.00", "r1", close=True))
    cold = await ledger.wallet()
    answer = await cold.do("alice", "b2", bet("500.00", "r1"))
    assert answer.entry.outcome is Outcome.ROUND_CLOSED


async def test_a_cold_engine_does_not_take_the_second_bet_of_a_round_for_a_new_game_cycle(ledger: Ledger) -> None:
    await ledger.register("albion", "gb")
    warm, cold = await ledger.wallet(), await ledger.wallet()
    warm.licensee = cold.licensee = "albion"
    await warm.must("ann", "open", c.OpenAccount(currency="GBP", born_on="1990-01-01"), source=CASHIER)
    await warm.must("ann", "d1", c.Deposit(money=money("50.00", "GBP")), source=CASHIER)
    await warm.must("ann", "play", c.OpenPlay(session="s", provider="acme", currency="GBP"), source=PLATFORM)
    stake = {"game": "slot", "money": money("1.00", "GBP")}
    await warm.must("ann", "b1", bet("", "r1", **stake))
    ledger.clock.advance(seconds=1)
    assert (await cold.do("ann", "b2", bet("", "r1", **stake))).entry.outcome is Outcome.OK
    later = await ledger.wallet()
    later.licensee = "albion"
    assert (await later.do("ann", "b3", bet("", "r2", **stake))).entry.outcome is Outcome.COMPLIANCE_DENIED


async def test_what_is_refused_on_a_look_keeps_the_order_of_a_players_actions(ledger: Ledger) -> None:
    warm = await ledger.wallet()
    await warm.player(cash="5.00")
    cold = await ledger.wallet()
    commands = [
        c.Command("borealis", "acme", "alice", "b1", bet("9.00", "r1")),
        c.Command("borealis", CASHIER, "alice", "d1", deposit("10.00")),
        c.Command("borealis", "acme", "alice", "b2", bet("9.00", "r2")),
    ]
    answers = await cold.engine.execute_each(commands, 10)
    assert [answer.entry.outcome.name for answer in answers] == ["INSUFFICIENT_FUNDS", "OK", "OK"]
    assert answers[0].entry.sequence < answers[1].entry.sequence < answers[2].entry.sequence


async def test_a_loss_limit_holds_in_an_engine_that_has_to_read_what_was_lost(ledger: Ledger) -> None:
    warm = await ledger.wallet()
    await warm.player()
    limit = c.SetLimit(limit="loss", window="24h", money=money("20.00"))
    await warm.must("alice", "limit", limit, source=PLATFORM)
    await warm.must("alice", "b1", bet("15.00", "r1"))
    await warm.must("alice", "b2", bet("5.00", "r2"))
    await warm.must("alice", "c2", c.Cancel(bet_key="b2"))
    await warm.must("alice", "w1", win("2.00", "r1"))
    refused = await (await ledger.wallet()).do("alice", "b3", bet("7.01", "r3"))
    assert (refused.entry.outcome, refused.entry.limit) == (Outcome.LIMIT_EXCEEDED, "loss")
    await (await ledger.wallet()).must("alice", "b4", bet("7.00", "r4"))


# -- messages


async def test_a_message_that_names_a_key_twice_disturbs_nobody(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player("bob")
    await wallet.player()
    twice = [c.Command("borealis", "acme", "alice", "b1", bet("500.00", "r1")) for _ in range(2)]
    others = [wallet.do("bob", f"b{number}", bet("1.00", f"r{number}")) for number in range(10)]
    together, *rest = await asyncio.gather(wallet.engine.execute_together(twice, 10), *others)
    assert isinstance(together, list)
    assert [answer.entry.outcome for answer in together] == [Outcome.INSUFFICIENT_FUNDS] * 2
    assert ledger.stored(Kind.BET, "b1")[0][0] is not None
    assert {one.entry.outcome for one in rest if isinstance(one, Answer)} == {Outcome.OK}
    assert wallet.engine.redone < 5


async def test_a_batch_has_one_answer_for_each_action(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    both = c.BetAndWin(bet=bet("2.00", "r1"), win_key="w1", win_money=money("5.00"))
    commands = [
        c.Command("borealis", "acme", "alice", "b1", both),
        c.Command("borealis", "acme", "alice", "b2", bet("1.00", "r2")),
    ]
    answers = await wallet.engine.execute_together(commands, 10)
    assert [len(answer.parts) for answer in answers] == [2, 0]
    assert ledger.cash() == 102_00


async def test_a_poisoned_request_fails_alone(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    for name in ("alice", "bob", "carl"):
        await wallet.player(name)
    poison = [wallet.do("alice", "b\x00d", bet("1.00", "r1")), wallet.do("bob", "b1", bet("1.00", "r\x001"))]
    healthy = [wallet.do(f"{name}", f"b{n}", bet("1.00", f"r{n}")) for n in range(2, 12) for name in ("alice", "carl")]
    answers = await asyncio.gather(*poison, *healthy, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [InternalError, InternalError]
    assert {answer.entry.outcome for answer in answers[2:] if isinstance(answer, Answer)} == {Outcome.OK}
    assert [answer for answer in answers[2:] if not isinstance(answer, Answer)] == []
    assert (ledger.cash("alice"), ledger.cash("carl")) == (90_00, 90_00)


# -- asking without doing


async def test_a_dry_run_stores_nothing(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    before = ledger.value("SELECT count(*) FROM transfer")
    both = c.BetAndWin(bet=bet("2.00", "r1"), win_key="w1", win_money=money("5.00"))
    for action in (bet("10.00", "r1"), bet("500.00", "r1"), both, c.Exclude(term="indefinite"), deposit("1.00")):
        answer = await wallet.do("alice", "k", action, dry=True)
        assert answer.entry.sequence == 0
        assert all(part.entry.sequence == 0 for part in answer.parts)
    assert ledger.value("SELECT count(*) FROM transfer") == before
    assert (await wallet.must("alice", "k", bet("10.00", "r1"))).available == 90_00


async def test_a_dry_run_of_a_known_key_shows_its_answer(ledger: Ledger) -> None:
    warm, cold = await ledger.wallet(), await ledger.wallet()
    await warm.player()
    await warm.must("alice", "b1", bet("100.00", "r1"))
    for wallet in (warm, cold):
        answer = await wallet.do("alice", "b1", bet("100.00", "r1"), dry=True)
        assert (answer.replayed, answer.entry.outcome) == (True, Outcome.OK)


# -- limits of the queue


async def test_more_than_may_wait_is_refused_at_once(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    wallet.engine._most_waiting = 5
    calls = [wallet.do("alice", f"b{number}", bet("1.00", "r1")) for number in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert Counter(type(answer) for answer in answers) == {Answer: 5, OverloadedError: 15}


async def test_what_cannot_be_done_in_time_is_refused_at_once_and_did_not_happen(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    with psycopg.connect(ledger.database.owner_url) as other:
        # Nobody can advance a head meanwhile, so the flight of the first bet does not end.
        other.execute("LOCK TABLE shard")
        first = asyncio.create_task(wallet.do("alice", "b1", bet("1.00", "r1"), timeout_s=20))
        await eventually(lambda: wallet.engine._pace.expected_s(1, time.monotonic()) > 0.2)
        # Later it would be a deadline that passed, and nobody would know whether it happened.
        with pytest.raises(OverloadedError) as refused:
            await wallet.do("alice", "b2", bet("1.00", "r1"), timeout_s=0.2)
        patient = asyncio.create_task(wallet.do("alice", "b3", bet("1.00", "r1"), timeout_s=20))
        await asyncio.sleep(0.1)
    assert refused.value.retry_after is not None
    assert refused.value.retry_after >= 0.2
    assert {(await call).entry.outcome for call in (first, patient)} == {Outcome.OK}
    assert ledger.stored(Kind.BET, "b2") == []
    assert (await wallet.do("alice", "b2", bet("1.00", "r1"), timeout_s=20)).entry.outcome is Outcome.OK


async def test_who_gives_up_waiting_finds_the_answer_under_the_key(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    call = asyncio.create_task(wallet.do("alice", "b1", bet("1.00", "r1")))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert (await wallet.do("alice", "b1", bet("1.00", "r1"))).entry.outcome is Outcome.OK
    assert ledger.cash() == 99_00


async def test_who_is_not_registered_is_told(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    for licensee, source in (("nobody", "acme"), ("borealis", "unheard_of")):
        wallet.licensee = licensee
        with pytest.raises(MeshError, match="not") as told:
            await wallet.do("alice", "b1", bet("1.00", "r1"), source=source)
        assert told.value.kind.name == "NOT_FOUND"
    wallet.licensee = "borealis"
    unknown = await wallet.do("nobody", "b1", bet("1.00", "r1"))
    assert (unknown.entry.outcome, unknown.entry.sequence) == (Outcome.PLAYER_NOT_FOUND, 0)
    assert (await wallet.do("alice", "b1", bet("1.00", "r1"))).entry.outcome is Outcome.OK


async def test_a_book_that_is_full_forgets_players_and_reads_them_again(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    wallet.engine._most_players = 2
    names = [f"p{number}" for number in range(16)]
    for name in names:
        await wallet.player(name)
        await wallet.must(name, "b1", bet("1.00", "r1"))
    for name in names:
        assert (await wallet.do(name, "b1", bet("1.00", "r1"))).replayed
        await wallet.must(name, "w1", win("2.00", "r1", bet_key="b1"))
    assert {ledger.cash(name) for name in names} == {101_00}


async def test_a_player_with_a_long_history_keeps_only_its_latest_keys_in_memory(ledger: Ledger) -> None:
    wallet = await ledger.wallet(most_in_flight=256)
    await wallet.player(cash="1000.00")
    for start in range(0, 900, 100):
        await asyncio.gather(*[wallet.must("alice", f"b{n}", bet("0.01", f"r{n}")) for n in range(start, start + 100)])
    (player,) = [one for book in wallet.engine._books.values() for one in book.players.values()]
    assert len(player.keys) <= 512
    assert (await wallet.do("alice", "b0", bet("0.01", "r0"))).replayed
    await wallet.must("alice", "w0", win("5.00", "r0", bet_key="b0"))
    assert (await wallet.do("alice", "b1", bet("9.99", "r1"))).entry.outcome is Outcome.IDEMPOTENCY_CONFLICT
    assert ledger.cash() == 1000_00 - 900 + 500


async def test_all_players_together_are_kept_in_bounded_memory_and_nothing_is_taken_for_new_that_is_not(
    ledger: Ledger,
) -> None:
    wallet = await ledger.wallet(most_in_flight=256)
    wallet.engine._most_known = 60
    names = [f"p{number}" for number in range(20)]
    for name in names:
        await wallet.player(name)
    for number in range(40):
        await asyncio.gather(*[wallet.must(name, f"b{number}", bet("0.01", f"r{number}")) for name in names])
    # One look in sixteen flights, and twenty keys and rounds a flight between them.
    known = sum(size(player) for book in wallet.engine._books.values() for player in book.players.values())
    assert known <= 60 + 2 * 20 * 16
    assert known < 20 * 40
    for name in names:
        assert (await wallet.do(name, "b0", bet("0.01", "r0"))).replayed
        assert (await wallet.do(name, "b1", bet("9.99", "r1"))).entry.outcome is Outcome.IDEMPOTENCY_CONFLICT
        await wallet.must(name, "w2", win("1.00", "r2", bet_key="b2"))
    assert {ledger.cash(name) for name in names} == {100_00 - 40 + 100}


async def test_a_player_with_many_cancels_is_forgotten_and_read_again(ledger: Ledger) -> None:
    wallet = await ledger.wallet(most_in_flight=256)
    await wallet.player(cash="1000.00")
    for start in range(0, 600, 100):
        numbers = range(start, start + 100)
        await asyncio.gather(*[wallet.must("alice", f"b{n}", bet("0.01", f"r{n}")) for n in numbers])
        await asyncio.gather(*[wallet.must("alice", f"c{n}", c.Cancel(bet_key=f"b{n}")) for n in numbers])
    known = [one for book in wallet.engine._books.values() for one in book.players.values()]
    assert sum(len(player.undone) for player in known) <= 512
    assert (await wallet.do("alice", "c0", c.Cancel(bet_key="b0"))).replayed
    assert (await wallet.do("alice", "again", c.Cancel(bet_key="b1"))).replayed
    assert ledger.cash() == 1000_00


async def test_a_win_that_comes_with_a_refused_bet_still_finds_its_round(ledger: Ledger) -> None:
    await ledger.put_provider(win_without_bet=True, late_win_window_us=0)
    first = await ledger.wallet()
    await first.player()
    await first.must("alice", "b1", bet("1.00", "r1"))
    await first.must("alice", "w1", win("1.00", "r1", close=True))
    cold = await ledger.wallet()
    refused, late = await asyncio.gather(
        cold.do("alice", "b2", bet("1.00", "r1", session="unheard of")),
        cold.do("alice", "w2", win("1.00", "r1", bet_key="b2")),
    )
    assert refused.entry.outcome is Outcome.SESSION_INVALID
    assert late.entry.outcome is Outcome.ROUND_CLOSED
    assert ledger.cash() == 100_00


async def test_ids_of_any_characters_are_kept_as_they_are(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    odd = [
        "q\"u\\o'te",
        "{a,b}",
        "NULL",
        "ünïcödé 🎰",
        "tab\tnew\nline",
        "\x01\x1f\x7f\u2028",
        "\ufeff",
        " lead",
        "%s $1 --",
    ]
    for text in odd:
        await wallet.must("alice", text, bet("1.00", text, game="g1"))
        await wallet.must("alice", text, win("1.00", text, bet_key=text))
    cold = await ledger.wallet()
    for text in odd:
        assert (await cold.do("alice", text, bet("1.00", text))).replayed
        assert (await cold.do("alice", text, win("1.00", text, bet_key=text))).replayed
    assert {row[0] for row in ledger.rows("SELECT name FROM round")} == set(odd)
