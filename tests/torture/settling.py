"""Before and after the storm: the players are made, and in the end every open key is looked up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from mesh.channels import call_metadata
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, transaction_pb2
from pitboss.wallet.v1 import registry_service_pb2 as registry
from tests.torture.driver import Office
from tests.torture.model.answer import Step
from tests.torture.script import CASHIER, LOOSE, STRICT, Operation
from tests.torture.wire import CURRENCY, EXPONENT, GAME, LICENSEE, SHUTTLES, licensee_of, outcome_name, session_of

LATE_WINS_S = 2
OPENING = "500.00"
LIMITS = {"stake": "5.00", "loss": "100.00"}
_PATIENCE_S = 60.0
_AT_ONCE = 64


async def prepare(office: Office, players: list[str]) -> None:
    """Register the house and open every player, some with limits."""
    await register(office, late_wins_s=LATE_WINS_S)
    await asyncio.gather(*[_open(office, number, player) for number, player in enumerate(players)])


async def register(office: Office, *, late_wins_s: int) -> None:
    """Both licensees, with their currency and two providers with a game each."""
    put = office.registries[0]
    game_wallets = registry.Wallet(mode=registry.WALLET_MODE_TRANSFER)
    for name, wallet in ((LICENSEE, None), (SHUTTLES, game_wallets)):
        tenant = registry.Licensee(licensee_id=name, default_jurisdiction="sandbox", wallet=wallet)
        await _insist(put.PutLicensee, registry.PutLicenseeRequest(licensee=tenant))
        asset = registry.PutAssetRequest(licensee_id=name, currency_code=CURRENCY, exponent=EXPONENT)
        await _insist(put.PutAsset, asset)
        await _register_providers(put, name, late_wins_s)


async def _register_providers(put: Any, licensee: str, late_wins_s: int) -> None:
    for provider in (STRICT, LOOSE):
        loose = provider == LOOSE
        account = registry.PutProviderRequest(
            licensee_id=licensee,
            provider=provider,
            win_without_bet=loose,
            one_credit_per_bet=loose,
            late_win_window=Duration(seconds=late_wins_s),
        )
        await _insist(put.PutProvider, account)
        game = registry.Game(game_id=GAME, category=registry.GAME_CATEGORY_LIVE, enabled=True)
        await _insist(put.PutGames, registry.PutGamesRequest(licensee_id=licensee, provider=provider, games=[game]))


async def _open(office: Office, number: int, player: str) -> None:
    await _must(office, player, "open", open_account=action_pb2.OpenAccount(currency_code=CURRENCY))
    for provider in (STRICT, LOOSE):
        play = action_pb2.OpenPlay(session_id=session_of(player, provider), provider=provider, currency_code=CURRENCY)
        await _must(office, player, f"play {provider}", open_play=play)
    into = "transfer_in" if licensee_of(player) == SHUTTLES else "deposit"
    steps: list[Step] = [{"do": into, "by": CASHIER, "key": "opening", "amount": OPENING}]
    limit = {0: "stake", 1: "loss"}.get(number % 4)
    if limit is not None:
        steps.append({"do": "set_limit", "by": CASHIER, "key": "limit", "limit": limit, "amount": LIMITS[limit]})
    for step in steps:
        operation = Operation(player, (step,))
        numbered = [(office.begin(operation), operation)]
        while not await office.send(0, numbered, timeout_s=10):
            await asyncio.sleep(0.1)


async def _must(office: Office, player: str, key: str, **kind: Any) -> None:
    action = action_pb2.Action(player_id=player, transaction_key=key, **kind)
    answer = await _insist(
        office.ledgers[0].Execute,
        ledger_service_pb2.ExecuteRequest(action=action),
        call_metadata(licensee_of(player), source=CASHIER),
    )
    if answer.result.outcome != 1:
        raise RuntimeError(f"{player} cannot be made: {answer.result}")


async def _insist(method: Any, request: Any, metadata: Any = ()) -> Any:
    """Call until it is answered; every call here can be repeated."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return await method(request, timeout=10, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def resolve(office: Office) -> int:
    """Ask for every key of an operation that was never answered. Returns how many operations were resolved."""
    unanswered = dict(office.open)
    few = asyncio.Semaphore(_AT_ONCE)

    async def resolve_one(number: int, operation: Operation) -> None:
        async with few:
            found = [await _look_up(office, operation.player, step) for step in operation.steps if step["key"]]
        if found:
            office.history.add("resolved", time.monotonic_ns(), number, found)
            office.open.pop(number)
            office.given_up.add(number)

    await asyncio.gather(*[resolve_one(*item) for item in unanswered.items()])
    return len(unanswered) - len(office.open)


async def _look_up(office: Office, player: str, step: Step) -> tuple[str, str, str]:
    kind = transaction_pb2.TransactionKind.Value(f"TRANSACTION_KIND_{step['do'].upper()}")
    request = ledger_service_pb2.GetTransactionRequest(
        player_id=player, kind=kind, transaction_key=step["key"], source=step["by"]
    )
    metadata = call_metadata(licensee_of(player), source=step["by"])
    try:
        found = (await _insist(office.ledgers[0].GetTransaction, request, metadata)).transaction
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        return "UNKNOWN", "", ""
    state = transaction_pb2.TransactionState.Name(found.state).removeprefix("TRANSACTION_STATE_")
    outcome = outcome_name(found.outcome).removeprefix("UNSPECIFIED")
    return state, outcome, found.transaction_id
