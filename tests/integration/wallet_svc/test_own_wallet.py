"""A licensee with a wallet of its own, a process beside ours, that fails in the ways of real wallets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mesh.dev.postgres import Database
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import (
    action_pb2,
    history_service_pb2,
    registry_service_pb2,
    transaction_pb2,
    wallet_service_pb2,
)
from tests.integration.sdk_wallet.wallet import Maker, Running
from tests.integration.wallet_svc.served import PROVIDER, Caller, Served, bet, money, serving, win

OWN = "aurora"
DEADLINE_S = 1.5

Asked = tuple[str, str, str]
"""Method of a call to the licensee's wallet, its word and ours."""


@dataclass
class Table:
    """Two wallet processes of ours, the licensee's wallet, and its players."""

    served: list[Served]
    wallet: Running
    database: Database

    def adapter(self, number: int = 0) -> Caller:
        return self.served[number].caller(f"provider_adapters/{PROVIDER}", OWN)

    async def player(self, cash: str = "100.00") -> str:
        name = f"p-{secrets.token_hex(4)}"
        self.wallet.control("players", id=name, currency="EUR", cash=cash)
        return await self.served[0].player(name, "0", OWN)

    async def bet(
        self, player: str, key: str, amount: str = "10.00", number: int = 0, **more: Any
    ) -> action_pb2.Result:
        given = {"round_id": f"r-{key}", **more}
        return await self.adapter(number).do(player, key, bet=bet(amount, **given))

    async def win(
        self, player: str, key: str, bet_key: str, amount: str = "25.00", number: int = 0
    ) -> action_pb2.Result:
        return await self.adapter(number).do(player, key, win=win(amount, f"r-{bet_key}", bet_key=bet_key))

    async def cancel(self, player: str, key: str, bet_key: str, number: int = 0) -> action_pb2.Result:
        return await self.adapter(number).do(player, key, cancel=action_pb2.Cancel(bet_key=bet_key))

    async def rollback(self, player: str, key: str, *named: str, number: int = 0) -> action_pb2.Result:
        """Bets and wins by key: "b1", "w1"."""
        kinds = {"b": transaction_pb2.TRANSACTION_KIND_BET, "w": transaction_pb2.TRANSACTION_KIND_WIN}
        items = [action_pb2.RollbackItem(kind=kinds[one[0]], transaction_key=one) for one in named]
        return await self.adapter(number).do(player, key, rollback_list=action_pb2.RollbackList(items=items))

    def ended(self, player: str) -> list[str]:
        """Rounds of a player whose end the licensee's wallet has heard of."""
        return [one["round"] for one in self.wallet.control("rounds")["ended"] if one["player"] == player]

    def fault(self, mode: str, **said: Any) -> None:
        self.wallet.control("fault", mode=mode, **said)

    def record(self, player: str) -> list[tuple[str, str, int]]:
        """Method, outcome and cents moved of everything that the licensee's wallet answered for a player."""
        answers = self.wallet.control("record")["answers"]
        return [(one["method"], one["outcome"], one["moved_minor"]) for one in answers if one["player"] == player]

    def moved(self, player: str) -> int:
        return sum(moved for _, _, moved in self.record(player))

    def outside(self, player: str) -> int:
        """What went to the licensee's wallet less what came from it, in cents, by our ledger."""
        asked = (
            "SELECT coalesce(sum(CASE kind WHEN 65 THEN moved ELSE -moved END), 0) / 10000 FROM transfer"
            " JOIN player ON player.id = player_id WHERE player.name = %s AND kind IN (64, 65)"
        )
        return int(self.rows(asked, player)[0][0])

    def rows(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.database.reader_url) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def pending(self, player: str) -> int:
        asked = "SELECT count(*) FROM pending_call JOIN player ON player.id = player_id WHERE name = %s AND NOT stuck"
        return int(self.rows(asked, player)[0][0])

    async def pending_calls(self, player: str) -> list[history_service_pb2.PendingCall]:
        """What the licensee's wallet has yet to hear, as the licensee sees it."""
        asked = history_service_pb2.ListPendingCallsRequest(player_id=player)
        return list((await self.served[0].caller("gateway", OWN).history.ListPendingCalls(asked)).calls)

    async def explained(self, player: str, key: str, kind: int = 1) -> history_service_pb2.ExplainTransactionResponse:
        """A transaction, as the licensee sees it."""
        asked = history_service_pb2.ExplainTransactionRequest(
            player_id=player,
            kind=kind,  # type: ignore[arg-type]
            transaction_key=key,
            source=PROVIDER,
        )
        told: history_service_pb2.ExplainTransactionResponse = await (
            self.served[0].caller("gateway", OWN).history.ExplainTransaction(asked)
        )
        return told

    async def calls(
        self,
        player: str,
        key: str,
        kind: int = 1,
        *,
        least: int = 1,
        last: Asked | None = None,
        among: Asked | None = None,
    ) -> list[Asked]:
        """The calls about a transaction, once there are notes of so many of them, and of those that are said.

        Each process writes its notes behind its answers, and how often a wallet that is down is asked is a matter of time.
        """
        async with asyncio.timeout(30):
            while True:
                told = (await self.explained(player, key, kind)).upstream_attempts
                found = [(one.method, one.answer.removeprefix("OUTCOME_"), name(one)) for one in told]
                if len(found) >= least and last in (None, *found[-1:]) and among in (None, *found):
                    return found
                await asyncio.sleep(0.05)

    async def settled(self, player: str) -> None:
        """Everything was told, and both sides agree."""
        await until(lambda: self.pending(player) == 0)
        assert self.outside(player) == self.moved(player)


async def until(condition: Callable[[], bool], patience_s: float = 30) -> None:
    end = asyncio.get_running_loop().time() + patience_s
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it did not come to that"
        await asyncio.sleep(0.05)


def name(result: Any) -> str:
    return outcome_pb2.Outcome.Name(result.outcome).removeprefix("OUTCOME_")


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def wallet(maker: Maker) -> Iterator[Running]:
    with maker.running() as running:
        yield running


def keys(maker: Maker) -> Path:
    folder = maker.folder / "keys"
    folder.mkdir(exist_ok=True)
    (folder / maker.signer.key_id).write_text(base64.b64encode(maker.signer.key.private_bytes_raw()).decode())
    return folder


async def register(served: Served, maker: Maker, address: str) -> None:
    await served.register(OWN)
    own = registry_service_pb2.Wallet(
        mode=registry_service_pb2.WALLET_MODE_SEAMLESS, address=address, signing_key=maker.signer.key_id
    )
    own.deadline.FromMilliseconds(int(DEADLINE_S * 1000))
    tenant = registry_service_pb2.Licensee(licensee_id=OWN, default_jurisdiction="sandbox", wallet=own)
    await served.caller().registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant))


@pytest.fixture
def scheme() -> str:
    return "grpc"


over_both = pytest.mark.parametrize("scheme", ["grpc", "http"])


@contextlib.asynccontextmanager
async def tables(
    database: Database, maker: Maker, wallet: Running, scheme: str, **settings: Any
) -> AsyncIterator[Table]:
    """Two wallet processes' worth of servers that work on the same calls, and the licensee's wallet."""
    door = wallet.doors["grpc" if scheme == "grpc" else "json"]
    wallet.control("fault", mode="none")
    settings["licensee_keys"] = keys(maker)
    async with contextlib.AsyncExitStack() as stack:
        served = [
            await stack.enter_async_context(serving(database.service_url, replica=f"w{n}", **settings))
            for n in range(2)
        ]
        await register(served[0], maker, f"{scheme}://127.0.0.1:{door}")
        yield Table(served, wallet, database)
        wallet.control("fault", mode="none")


@pytest.fixture
async def table(database: Database, maker: Maker, wallet: Running, scheme: str) -> AsyncIterator[Table]:
    async with tables(database, maker, wallet, scheme) as made:
        yield made


@pytest.fixture
async def impatient(database: Database, maker: Maker, wallet: Running) -> AsyncIterator[Table]:
    """The same, where every process gives ends of rounds up after the first attempt: any of them may take a call."""
    async with tables(database, maker, wallet, "grpc", round_end_give_up_s=0) as made:
        yield made


@over_both
async def test_a_bet_is_taken_there_and_mirrored_and_a_win_is_told(table: Table) -> None:
    player = await table.player()
    first = await table.bet(player, "b1")
    assert (name(first), first.balance_now.available.amount, first.replayed) == ("OK", "90.00", False)
    won = await table.win(player, "w1", "b1")
    assert (name(won), won.balance_now.available.amount) == ("OK", "115.00")
    again = await table.bet(player, "b1", number=1)
    assert (name(again), again.replayed, again.balance_at_commit.amount) == ("OK", True, "90.00")
    await table.settled(player)
    assert table.record(player) == [("debit", "OK", -1000), ("credit", "OK", 2500)]


@over_both
async def test_a_refusal_there_is_the_answer_for_ever(table: Table) -> None:
    player = await table.player("5.00")
    assert name(await table.bet(player, "b1")) == "INSUFFICIENT_FUNDS"
    table.wallet.control("players", id=player, currency="EUR", cash="5.00")
    again = await table.bet(player, "b1", number=1)
    assert (name(again), again.replayed, again.balance_now.available.amount) == ("INSUFFICIENT_FUNDS", True, "5.00")
    table.wallet.control("block", id=player, blocked=True)
    assert name(await table.bet(player, "b2", "1.00")) == "PLAYER_BLOCKED"
    await table.settled(player)


@over_both
async def test_what_the_wallet_was_asked_and_said_stands_in_the_explanation(table: Table) -> None:
    player = await table.player("20.00")
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1")
    await table.bet(player, "b2", "900.00")
    assert await table.calls(player, "b1", least=1) == [("Debit", "OK", "OK")]
    assert await table.calls(player, "b2", least=1) == [("Debit", "INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS")]
    assert await table.calls(player, "w1", 2, least=1) == [("Credit", "OK", "OK")]
    told = await table.explained(player, "w1", 2)
    (call,) = told.upstream_attempts
    assert call.call_key == told.transaction.transaction_id
    assert 0 < call.latency.ToMicroseconds() < DEADLINE_S * 1_000_000
    assert call.time.ToMicroseconds() >= told.transaction.record_time.ToMicroseconds()
    assert [one.proof for one in told.attempts] == [history_service_pb2.ATTEMPT_PROOF_SIGNATURE]
    assert not told.pending_calls


async def test_what_a_wallet_that_is_down_is_told_next_and_when_stands_in_the_explanation(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    table.fault("before")
    await table.win(player, "w1", "b1")
    calls = await table.calls(player, "w1", 2, least=2)
    assert {method for method, _, _ in calls} == {"Credit"}
    assert all(answer and outcome == "UNSPECIFIED" for _, answer, outcome in calls)
    (waiting,) = (await table.explained(player, "w1", 2)).pending_calls
    assert waiting.attempts >= 2
    assert waiting.last_error
    assert waiting.next_attempt_time.seconds
    table.fault("none")
    await table.settled(player)
    await table.calls(player, "w1", 2, least=len(calls) + 1, last=("Credit", "OK", "OK"))
    assert not (await table.explained(player, "w1", 2)).pending_calls


async def test_a_stake_that_nobody_knows_of_is_explained_with_how_it_was_undone(table: Table) -> None:
    player = await table.player()
    table.fault("before")
    assert name(await table.bet(player, "b1")) in ("UNKNOWN", "UNAVAILABLE")
    told = await table.explained(player, "b1")
    assert (told.upstream_attempts[:1] or told.pending_calls) != []
    table.fault("none")
    await table.settled(player)
    looked_up = ("GetTransaction", "KNOWN_STATE_UNKNOWN", "NOT_APPLIED")
    calls = await table.calls(player, "b1", last=("Cancel", "TOMBSTONED", "OK"), among=looked_up)
    assert calls[0][0] == "Debit"


async def test_a_cancel_is_told_under_the_key_of_its_debit(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    cancelled = await table.cancel(player, "c1", "b1")
    assert (name(cancelled), cancelled.balance_now.available.amount) == ("OK", "100.00")
    await table.settled(player)
    assert (table.moved(player), table.record(player)[-1]) == (0, ("cancel", "OK", 1000))


@over_both
@pytest.mark.parametrize("mode", ["before", "after", "garbage", "reset"])
async def test_a_lost_reply_is_looked_up_and_never_guessed(table: Table, mode: str) -> None:
    player = await table.player()
    table.fault(mode, count=1)
    answer = await table.bet(player, "b1")
    assert name(answer) in ("OK", "NOT_APPLIED")
    again = await table.bet(player, "b1", number=1)
    assert (name(again), again.replayed) == (name(answer), True)
    await table.settled(player)
    assert table.moved(player) == (-1000 if name(answer) == "OK" else 0)


async def test_a_wallet_that_answers_too_late_has_its_debit_undone_or_kept_but_never_both(table: Table) -> None:
    player = await table.player()
    table.fault("slow", count=1, delay_s=DEADLINE_S * 2)
    answer = await table.bet(player, "b1")
    await until(lambda: table.pending(player) == 0)
    again = await table.bet(player, "b1", number=1)
    assert name(again) == name(answer)
    await table.settled(player)


async def test_the_round_of_an_answer_is_read_again_when_another_process_wrote_meanwhile(table: Table) -> None:
    player = await table.player()
    assert name(await table.bet(player, "b1", round_id="r-b1")) == "OK"
    table.fault("slow", count=1, delay_s=DEADLINE_S / 2)
    second = asyncio.create_task(table.bet(player, "b2", round_id="r-b1", number=1))
    await until(lambda: table.pending(player) == 1)
    # Moves the head under which the other process decided.
    other = action_pb2.OpenPlay(session_id="s2", provider=PROVIDER, currency_code="EUR")
    await table.served[0].caller("platform", OWN).do(player, "s2", open_play=other)
    assert name(await second) == "OK"
    assert name(await table.win(player, "w1", "b1")) == "OK"
    await table.settled(player)
    assert table.moved(player) == 500


async def test_ten_bets_at_once_with_money_for_five(table: Table) -> None:
    player = await table.player("50.00")
    answers = await asyncio.gather(*(table.bet(player, f"b{n}", number=n % 2) for n in range(10)))
    names = sorted(map(name, answers))
    assert names == ["INSUFFICIENT_FUNDS"] * 5 + ["OK"] * 5
    await table.settled(player)


async def test_ten_times_the_same_bet_at_once_takes_money_once(table: Table) -> None:
    player = await table.player()
    answers = await asyncio.gather(*(table.bet(player, "b1", number=n % 2) for n in range(10)))
    assert set(map(name, answers)) == {"OK"}
    await table.settled(player)
    assert table.moved(player) == -1000


async def test_a_win_is_spent_at_once(table: Table) -> None:
    player = await table.player("10.00")
    for number in range(5):
        assert name(await table.bet(player, f"b{number}", "10.00", number % 2)) == "OK"
        assert name(await table.win(player, f"w{number}", f"b{number}", "10.00", 1 - number % 2)) == "OK"
    await table.settled(player)
    assert table.moved(player) == 0


async def test_bet_and_win_in_one_message(table: Table) -> None:
    player = await table.player("10.00")
    both = action_pb2.BetAndWin(bet=bet("10.00"), win_key="w1", win_amount=money("30.00"))
    answer = await table.adapter().do(player, "b1", bet_and_win=both)
    assert [name(part) for part in answer.parts] == ["OK", "OK"]
    poor = action_pb2.BetAndWin(bet=bet("99.00", "r2"), win_key="w2", win_amount=money("30.00"))
    refused = await table.adapter().do(player, "b2", bet_and_win=poor)
    assert (name(refused), [name(part) for part in refused.parts]) == (
        "INSUFFICIENT_FUNDS",
        ["INSUFFICIENT_FUNDS", "NOT_APPLIED"],
    )
    await table.settled(player)
    assert table.moved(player) == 2000


async def test_down_for_long_wins_wait_in_order_and_bets_are_refused(table: Table) -> None:
    player = await table.player()
    keys_ = [f"b{n}" for n in range(4)]
    for key in keys_:
        assert name(await table.bet(player, key, "1.00")) == "OK"
    table.fault("before")
    for number, key in enumerate(keys_):
        assert name(await table.win(player, f"w{number}", key, f"{number + 1}.00", number % 2)) == "OK"
    refused = await table.bet(player, "late")
    assert name(refused) in ("UNKNOWN", "IN_PROGRESS", "UNAVAILABLE")
    listed = (
        await table.served[0]
        .caller("gateway", OWN)
        .history.ListPendingCalls(history_service_pb2.ListPendingCallsRequest(player_id=player))
    )
    assert [call.amount.amount for call in listed.calls] == ["1.00", "2.00", "3.00", "4.00"]
    await until(lambda: bool(table.rows("SELECT FROM pending_call WHERE attempts > 1 AND last_error <> ''")))
    table.fault("none")
    await table.settled(player)
    assert [moved for method, _, moved in table.record(player) if method == "credit"] == [100, 200, 300, 400]
    assert name(await table.bet(player, "late")) == "OK"
    await table.settled(player)


async def test_a_credit_that_is_refused_for_good_is_listed_and_never_dropped(table: Table) -> None:
    stranger = await table.served[0].player("", "0", OWN)
    gift = action_pb2.Promo(amount=money("3.00"), reason=action_pb2.PROMO_REASON_CASHBACK)
    assert name(await table.adapter().do(stranger, "g1", promo=gift)) == "OK"
    asked = history_service_pb2.ListPendingCallsRequest(player_id=stranger, stuck_only=True)
    history = table.served[0].caller("gateway", OWN).history
    await until(lambda: bool(table.rows("SELECT FROM pending_call WHERE stuck")))
    (call,) = (await history.ListPendingCalls(asked)).calls
    assert (call.stuck, call.amount.amount) == (True, "3.00")
    table.wallet.control("players", id=stranger, currency="EUR", cash="0")
    await history.RetryPendingCall(history_service_pb2.RetryPendingCallRequest(call_id=call.call_id))
    await table.settled(stranger)
    assert (table.moved(stranger), len((await history.ListPendingCalls(asked)).calls)) == (300, 0)


@over_both
async def test_a_list_takes_wins_back_with_their_stakes_in_one_call(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1")
    undone = await table.rollback(player, "l1", "b1", "w1")
    assert (name(undone), [name(part) for part in undone.parts]) == ("OK", ["OK", "OK"])
    assert undone.balance_now.available.amount == "100.00"
    again = await table.rollback(player, "l1", "w1", "b1", number=1)
    assert (name(again), again.replayed) == ("OK", True)
    await table.settled(player)
    assert table.record(player)[2:] == [("debit", "OK", -1500)]


async def test_a_list_of_stakes_is_told_stake_by_stake(table: Table) -> None:
    player = await table.player()
    for key in ("b1", "b2", "b3"):
        await table.bet(player, key)
    assert name(await table.rollback(player, "l1", "b1", "b3", "b-never")) == "OK"
    await table.settled(player)
    assert (table.moved(player), name(await table.bet(player, "b-never"))) == (-1000, "ALREADY_ROLLED_BACK")
    assert [one for one in table.record(player) if one[0] == "cancel"] == [("cancel", "OK", 1000)] * 2


async def test_a_list_that_gives_more_than_it_takes_is_told_as_one_credit_also_after_an_outage(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1", "4.00")
    table.fault("before")
    assert name(await table.rollback(player, "l1", "b1", "w1")) == "OK"
    listed = await table.pending_calls(player)
    assert [call.amount.amount for call in listed] in (["6.00"], ["4.00", "6.00"])
    table.fault("none")
    await table.settled(player)
    assert [moved for _, _, moved in table.record(player)] == [-1000, 400, 600]


async def test_a_list_for_which_the_money_is_gone_is_refused_whole(table: Table) -> None:
    player = await table.player("10.00")
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1")
    assert name(await table.bet(player, "b2", "20.00")) == "OK"
    refused = await table.rollback(player, "l1", "b1", "w1")
    assert (name(refused), [name(part) for part in refused.parts]) == ("INSUFFICIENT_FUNDS", ["NOT_APPLIED"] * 2)
    assert refused.opened_case == transaction_pb2.CASE_REVERSAL_SHORTFALL
    assert (await table.rollback(player, "l1", "b1", "w1", number=1)).replayed
    await table.settled(player)
    assert table.moved(player) == -1000 + 2500 - 2000


@over_both
@pytest.mark.parametrize("mode", ["before", "after", "garbage", "reset"])
async def test_the_lost_reply_to_a_list_is_looked_up_and_never_guessed(table: Table, mode: str) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1")
    await until(lambda: table.pending(player) == 0)
    table.fault(mode, count=1)
    answer = await table.rollback(player, "l1", "b1", "w1")
    again = await table.rollback(player, "l1", "b1", "w1", number=1)
    assert (name(answer), name(again), again.replayed) == (name(again), name(answer), True)
    assert name(answer) in ("OK", "NOT_APPLIED")
    await table.settled(player)
    assert table.moved(player) == (0 if name(answer) == "OK" else 1500)


async def test_the_same_list_many_times_at_once_and_cancels_beside_it_move_money_once(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    await table.win(player, "w1", "b1")
    said = [table.rollback(player, "l1", "b1", "w1", number=n % 2) for n in range(6)]
    said += [table.cancel(player, f"c{n}", "b1", number=n % 2) for n in range(4)]
    answers = await asyncio.gather(*said)
    assert {name(answer) for answer in answers[:6]} == {"OK"}
    assert {name(answer) for answer in answers[6:]} <= {"OK", "ALREADY_SETTLED"}
    await table.settled(player)
    assert table.moved(player) == 0


async def approve(
    table: Table, player: str, key: str, proposal: action_pb2.Result, number: int = 0
) -> action_pb2.Result:
    said = action_pb2.ApproveAdjustment(proposal_key="p1", payload_hash=proposal.payload_hash, approved_by="grace")
    request = wallet_service_pb2.ApproveAdjustmentRequest(player_id=player, transaction_key=key, approval=said)
    reply: wallet_service_pb2.ApproveAdjustmentResponse
    reply = await table.served[number].caller("gateway", OWN).wallet.ApproveAdjustment(request)
    return reply.result


async def test_a_correction_that_two_people_agreed_to_is_taken_there(table: Table) -> None:
    player = await table.player("30.00")
    await table.bet(player, "b1")
    correction = action_pb2.Adjust(
        ref_kind=transaction_pb2.TRANSACTION_KIND_BET, ref_key="b1", amount=money("-4.00"), ref_source=PROVIDER
    )
    wanted = action_pb2.ProposeAdjustment(adjustment=correction, proposed_by="ada")
    asked = wallet_service_pb2.ProposeAdjustmentRequest(player_id=player, transaction_key="p1", proposal=wanted)
    proposal = (await table.served[0].caller("gateway", OWN).wallet.ProposeAdjustment(asked)).result
    table.fault("after", count=1)
    assert name(await approve(table, player, "y1", proposal)) == "OK"
    again = await approve(table, player, "y1", proposal, number=1)
    assert (name(again), again.replayed) == ("OK", True)
    assert name(await approve(table, player, "y2", proposal)) == "OK"
    await table.settled(player)
    assert table.record(player) == [("debit", "OK", -1000), ("debit", "OK", -400)]


@over_both
async def test_the_end_of_a_round_is_told_by_whatever_ends_it(table: Table) -> None:
    player = await table.player()
    for key in ("b1", "b2", "b3"):
        await table.bet(player, key)
    await table.adapter().do(player, "w1", win=win("25.00", "r-b1", bet_key="b1", close=True))
    await table.adapter().do(player, "w2", win=win("0.00", "r-b2", bet_key="b2", close=True))
    for number in (0, 1):
        close = action_pb2.CloseRound(round_id="r-b3")
        assert name(await table.adapter(number).do(player, "", close_round=close)) == "OK"
    await table.settled(player)
    assert sorted(table.ended(player)) == ["r-b1", "r-b2", "r-b3"]
    assert table.moved(player) == -3000 + 2500


async def test_the_end_of_a_round_that_is_not_heard_holds_up_no_stake_and_is_told_later(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    table.fault("before", count=2)
    await table.adapter().do(player, "", close_round=action_pb2.CloseRound(round_id="r-b1"))
    await until(lambda: bool(table.rows("SELECT FROM pending_call WHERE kind = 4 AND last_error <> ''")))
    assert name(await table.bet(player, "b2")) in ("OK", "NOT_APPLIED")
    await table.settled(player)
    assert table.ended(player) == ["r-b1"]


async def test_the_end_of_a_round_that_is_never_taken_becomes_a_case_and_stops_no_stakes(impatient: Table) -> None:
    table = impatient
    player = await table.player()
    table.fault("before", method="CloseRound")
    for number in range(6):
        assert name(await table.bet(player, f"b{number}")) == "OK"
        await table.adapter().do(player, "", close_round=action_pb2.CloseRound(round_id=f"r-b{number}"))
    history = table.served[0].caller("gateway", OWN).history
    stuck = history_service_pb2.ListPendingCallsRequest(player_id=player, stuck_only=True)
    await until(lambda: table.pending(player) == 0)
    calls = list((await history.ListPendingCalls(stuck)).calls)
    assert [(call.stuck, bool(call.last_error)) for call in calls] == [(True, True)] * 6
    cases = "SELECT count(*) FROM transfer JOIN player ON player.id = player_id WHERE name = %s AND transfer.opened_case = 6"
    assert table.rows(cases, player) == [(6,)]
    retry = history_service_pb2.RetryPendingCallRequest(call_id=calls[0].call_id)
    await history.RetryPendingCall(retry)
    await until(lambda: table.pending(player) == 0)
    assert (table.ended(player), table.rows(cases, player)) == ([], [(6,)])
    table.fault("none")
    await history.RetryPendingCall(retry)
    await until(lambda: table.ended(player) == ["r-b0"])
    await until(lambda: len(table.rows("SELECT FROM pending_call WHERE stuck")) == 5)
    assert table.outside(player) == table.moved(player) == -6000


async def test_a_balance_is_asked_there_and_marked_when_it_is_the_last_known(table: Table) -> None:
    player = await table.player()
    await table.bet(player, "b1")
    asked = wallet_service_pb2.WalletServiceGetBalanceRequest(player_id=player)
    cashier = table.served[0].caller("gateway", OWN)
    now = (await cashier.wallet.GetBalance(asked)).balances
    assert (now.available.amount, now.HasField("known_since")) == ("90.00", False)
    table.fault("before")
    then = (await cashier.wallet.GetBalance(asked)).balances
    assert (then.available.amount, then.HasField("known_since")) == ("90.00", True)


async def test_who_keeps_the_money_is_fixed_with_the_first_player(table: Table) -> None:
    await table.player()
    hosted = registry_service_pb2.Wallet(mode=registry_service_pb2.WALLET_MODE_HOSTED)
    tenant = registry_service_pb2.Licensee(licensee_id=OWN, default_jurisdiction="sandbox", wallet=hosted)
    with pytest.raises(Exception, match="cannot change"):
        await table.served[0].caller().registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant))
    told = await table.served[0].caller().registry.ListLicensees(registry_service_pb2.ListLicenseesRequest())
    modes = {one.licensee_id: one.wallet.mode for one in told.licensees}
    assert modes[OWN] == registry_service_pb2.WALLET_MODE_SEAMLESS
    assert json.dumps(sorted(modes.values())) == "[1, 2]"


async def test_bets_and_their_cancels_that_come_together_leave_nothing_behind(table: Table) -> None:
    players = [await table.player() for _ in range(12)]
    said = [table.bet(player, "b1") for player in players] + [table.cancel(player, "c1", "b1") for player in players]
    results = await asyncio.gather(*said)
    assert {name(result) for result in results[len(players) :]} <= {"OK", "TOMBSTONED"}
    for player in players:
        await table.settled(player)
        assert table.moved(player) == 0
        assert name(await table.bet(player, "b2")) == "OK"
