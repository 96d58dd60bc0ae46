"""One process of the race: its job comes in on stdin, it says `ready`, waits for `go`, and writes every answer it got."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from mesh.channels import call_metadata, channel
from mesh.settings import ProcessSettings
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, ledger_service_pb2_grpc
from tests.race.plan import GAME, LICENSEE, PROVIDER

_IN_FLIGHT = 16
_TIMEOUT_S, _PATIENCE_S, _PAUSE_S = 10.0, 120.0, 0.05
_UNKNOWN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)
"""Nobody knows what happened: the same key is sent again until there is an answer."""


def text(amount: int) -> str:
    """Hundredths as a decimal."""
    return f"{amount // 100}.{amount % 100:02}"


class Client:
    """Sends tasks to both wallets, some at a time."""

    def __init__(self, targets: list[str], settings: ProcessSettings) -> None:
        self._channels = [channel(target, settings) for target in targets]
        self._stubs = [ledger_service_pb2_grpc.LedgerServiceStub(one) for one in self._channels]
        self._free = asyncio.Semaphore(_IN_FLIGHT)

    async def run(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Every task, with both of its answers."""
        return list(await asyncio.gather(*[self._task(task) for task in tasks]))

    async def close(self) -> None:
        """Hang up."""
        for one in self._channels:
            await one.close()

    async def _task(self, task: dict[str, Any]) -> dict[str, Any]:
        first, second = task["nodes"]
        async with self._free:
            if task["together"]:
                answers = list(await asyncio.gather(self._send(task, first), self._send(task, second)))
            else:
                answers = [await self._send(task, first), await self._send(task, second)]
        return {"player": task["player"], "what": task["what"], "key": task["key"], "answers": answers}

    async def _send(self, task: dict[str, Any], node: int) -> dict[str, Any]:
        """Until there is an answer: the other wallet is asked when one of them gives none."""
        request = ledger_service_pb2.ExecuteRequest(action=_action(task))
        metadata = call_metadata(LICENSEE, source="platform" if task["what"] == "exclude" else PROVIDER)
        give_up = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                response = await self._stubs[node].Execute(request, metadata=metadata, timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _UNKNOWN or asyncio.get_running_loop().time() > give_up:
                    raise
                node = 1 - node
                await asyncio.sleep(_PAUSE_S)
            else:
                return _answer(response.result)


def _action(task: dict[str, Any]) -> action_pb2.Action:
    if task["what"] == "exclude":
        action = action_pb2.Action(exclude=action_pb2.Exclude(term=task["term"]))
    else:
        money = Money(currency_code=task["currency"], amount=text(task["amount"]))
        session = f"s-{task['player']}"
        bet = action_pb2.Bet(round_id=task["key"], amount=money, game_id=GAME, session_id=session)
        action = action_pb2.Action(bet=bet)
    action.player_id, action.transaction_key = task["player"], task["key"]
    return action


def _answer(result: action_pb2.Result) -> dict[str, Any]:
    return {
        "outcome": outcome_pb2.Outcome.Name(result.outcome).removeprefix("OUTCOME_"),
        "transaction": result.transaction_id,
        "replayed": result.replayed,
        "reasons": list(result.decision.reasons),
    }


async def _main() -> None:
    job = json.loads(await asyncio.to_thread(sys.stdin.readline))
    client = Client(job["targets"], ProcessSettings(listen="127.0.0.1:0", tls_dir=Path(job["tls"])))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    answers = await client.run(job["tasks"])
    await client.close()
    print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
