from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from pitboss.type.v1.outcome_pb2 import Outcome, OutcomeClass
from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Result, Win
from pitboss.wallet.v1.ledger_service_pb2 import ExecuteResponse, GetBalanceResponse
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.wallet import LedgerWallet

PLAYER = PlayerReference(licensee="aurora", player_id="pl-1")


def failed(code: grpc.StatusCode, reason: str = "") -> grpc.aio.AioRpcError:
    details = any_pb2.Any()
    details.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="pitboss"))
    status = status_pb2.Status(code=code.value[0], details=[details])
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing)


ANSWER_S = 0.05


class Time:
    """Passes only while a replica is asked, however busy this machine is."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


clock = Time()


class Replica:
    """A wallet whose answers are written down beforehand. An answer is a Result, an error, or "silence"."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.seen: list[Any] = []

    async def Execute(self, request: Any, *, timeout: float, metadata: Any) -> ExecuteResponse:  # noqa: N802, ASYNC109
        self.seen.append((request, dict(metadata)))
        return ExecuteResponse(result=await self._next(timeout))

    async def GetBalance(self, request: Any, *, timeout: float, metadata: Any) -> GetBalanceResponse:  # noqa: N802, ASYNC109
        self.seen.append((request, dict(metadata)))
        return GetBalanceResponse(balances=await self._next(timeout))

    async def _next(self, timeout: float) -> Any:  # noqa: ASYNC109
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        clock.now += timeout if answer == "silence" else min(ANSWER_S, timeout)
        if answer == "silence":
            raise failed(grpc.StatusCode.DEADLINE_EXCEEDED)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Replicas:
    def __init__(self, *replicas: Replica) -> None:
        self._replicas = replicas

    def order(self, licensee: str, player: str) -> list[Replica]:
        return list(self._replicas)


def wallet(*replicas: Replica, may_stake: Callable[[], bool] = lambda: True) -> LedgerWallet:
    return LedgerWallet(Replicas(*replicas), may_stake=may_stake)  # type: ignore[arg-type]


def result(outcome: Outcome.ValueType) -> Result:
    return Result(outcome=outcome, transaction_id="1-1")


OK = result(Outcome.OUTCOME_OK)
DOWN = failed(grpc.StatusCode.UNAVAILABLE)


async def bet(asked: LedgerWallet, seconds: float = 20) -> Result:
    action = Action(transaction_key="b1", bet=Bet(round_id="r1"))
    return await asked.execute(PLAYER, action, Budget.of(seconds, clock))


async def test_an_answer_is_passed_on_with_licensee_and_player() -> None:
    replica = Replica(OK)
    assert await bet(wallet(replica)) == OK
    request, metadata = replica.seen[0]
    assert request.action.player_id == "pl-1"
    assert metadata["x-pitboss-licensee"] == "aurora"


async def test_a_dead_replica_costs_nothing_but_the_next_one_is_asked_with_the_same_key() -> None:
    dead, alive = Replica(DOWN), Replica(OK)
    assert (await bet(wallet(dead, alive))).outcome == Outcome.OUTCOME_OK
    assert dead.seen[0][0] == alive.seen[0][0]


async def test_a_silent_replica_leaves_time_to_ask_the_other_one() -> None:
    silent, alive = Replica("silence"), Replica(OK)
    assert (await bet(wallet(silent, alive), 1)).outcome == Outcome.OUTCOME_OK


@pytest.mark.parametrize(
    "answer", [DOWN, "silence", failed(grpc.StatusCode.INTERNAL), failed(grpc.StatusCode.CANCELLED)]
)
async def test_when_nobody_answers_in_time_the_outcome_is_unknown(answer: Any) -> None:
    began = clock.now
    found = await bet(wallet(Replica(answer), Replica(answer)), 0.15)
    assert found.outcome == Outcome.OUTCOME_UNKNOWN
    assert found.outcome_class == OutcomeClass.OUTCOME_CLASS_UNCERTAIN
    assert clock.now - began <= 0.15


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.PERMISSION_DENIED])
async def test_what_is_refused_before_anything_is_decided_is_certainly_not_done(code: grpc.StatusCode) -> None:
    found = await bet(wallet(Replica(failed(code)), Replica(failed(code))), 0.5)
    assert found.outcome == Outcome.OUTCOME_UNAVAILABLE
    assert found.outcome_class == OutcomeClass.OUTCOME_CLASS_RETRY


async def test_after_a_lost_reply_a_later_refusal_to_answer_does_not_make_it_certain() -> None:
    replica = Replica(DOWN, failed(grpc.StatusCode.RESOURCE_EXHAUSTED))
    assert (await bet(wallet(replica), 0.5)).outcome == Outcome.OUTCOME_UNKNOWN


async def test_outcomes_that_say_ask_again_are_asked_again() -> None:
    replica = Replica(result(Outcome.OUTCOME_IN_PROGRESS), result(Outcome.OUTCOME_UNKNOWN), OK)
    assert (await bet(wallet(replica))).outcome == Outcome.OUTCOME_OK
    assert len(replica.seen) == 3


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (failed(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"), Outcome.OUTCOME_REQUEST_INVALID),
        (failed(grpc.StatusCode.NOT_FOUND, "ERROR_REASON_PLAYER_NOT_FOUND"), Outcome.OUTCOME_PLAYER_NOT_FOUND),
        (failed(grpc.StatusCode.NOT_FOUND, "ERROR_REASON_LICENSEE_NOT_FOUND"), Outcome.OUTCOME_PLAYER_NOT_FOUND),
        (
            failed(grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_LICENSEE_SUSPENDED"),
            Outcome.OUTCOME_PLAYER_BLOCKED,
        ),
    ],
)
async def test_failures_that_are_answers_are_not_repeated(error: Exception, outcome: Outcome.ValueType) -> None:
    replica = Replica(error)
    assert (await bet(wallet(replica))).outcome == outcome
    assert len(replica.seen) == 1


async def test_while_the_provider_is_down_bets_are_refused_without_a_call_and_wins_pass() -> None:
    replica = Replica(OK)
    asked = wallet(replica, may_stake=lambda: False)
    assert (await bet(asked)).outcome == Outcome.OUTCOME_UNAVAILABLE
    assert replica.seen == []
    win = Action(transaction_key="w1", win=Win(round_id="r1", bet_key="b1"))
    assert (await asked.execute(PLAYER, win, Budget.of(0.5, clock))).outcome == Outcome.OUTCOME_OK


async def test_a_balance_is_balances_or_the_outcome_of_not_having_one() -> None:
    balances = Balances()
    balances.available.amount = "5"
    assert await wallet(Replica(balances)).balance(PLAYER, "EUR", Budget.of(0.5, clock)) == balances
    unknown = Replica(failed(grpc.StatusCode.NOT_FOUND, "ERROR_REASON_PLAYER_NOT_FOUND"))
    found = await wallet(unknown).balance(PLAYER, "EUR", Budget.of(0.5, clock))
    assert isinstance(found, Result)
    assert found.outcome == Outcome.OUTCOME_PLAYER_NOT_FOUND
