"""Rounds that nobody ends: after the time of the provider's account the ledger ends them, and a late win is still paid."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import grpc
import grpc.aio
import httpx
import psycopg

from mesh.dev.providers import Provider as Account
from mesh.dev.registration import put_provider
from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.wallet.v1 import action_pb2
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from provider_adapters._kit.studio.line import NoAnswerError
from provider_adapters._kit.studio.ports import Act
from tests.conformance.audited import AuditReader, Trail
from tests.conformance.office import CountingOffice
from tests.conformance.provider import provider
from tests.conformance.run import Verdict, confirmed
from tests.conformance.stage import FailedError, Player, Stage

NUMBER: Final = "G04"
TITLE: Final = (
    "a round that is left alone for the time of the provider's account is ended by the ledger, as a case; it takes no more "
    "bets, and its win is still paid"
)
_IDLE_S: Final = 8
_WITHIN_S: Final = 40
_LATE: Final = {"late_win_window": "172800s"}
"""Where rounds end by themselves, their wins have to come late."""
_TRIES: Final = 5
_CASES: Final = (
    "SELECT count(*) FROM transfer JOIN player ON player.id = player_id"
    " WHERE player.name = %s AND kind = 4 AND opened_case = 5 AND round = %s"
)
_ERRORS: Final = (FailedError, NoAnswerError, TimeoutError, httpx.HTTPError, grpc.aio.AioRpcError)


async def play_idle(
    office: CountingOffice,
    names: Sequence[str],
    *,
    seed: int,
    run_id: str,
    told: Callable[[Verdict], None] = lambda _: None,
) -> list[Verdict]:
    """Every provider, with accounts whose rounds end soon. Nobody else may play meanwhile."""
    accounts = [one for one in office.stack.provider_list if one.name in names]
    soon = [replace(one, account={**_LATE, **one.account, "auto_close_after": f"{_IDLE_S}s"}) for one in accounts]
    await asyncio.to_thread(_put, office.stack, office.licensee, soon)
    try:
        judged = await asyncio.gather(*(_judged(office, name, seed=seed, run_id=run_id) for name in names))
    finally:
        await asyncio.to_thread(_put, office.stack, office.licensee, accounts)
    for verdict, _ in judged:
        told(verdict)
    return await confirmed(AuditReader(office), judged, told)


def _put(stack: Stack, licensee: str, accounts: Sequence[Account]) -> None:
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.wallets[0]}", credentials) as channel:
        stub = RegistryServiceStub(channel)
        for account in accounts:
            put_provider(stub, licensee, account)


async def _judged(office: CountingOffice, name: str, *, seed: int, run_id: str) -> tuple[Verdict, Trail]:
    dice = random.Random(f"{seed}/{NUMBER}")
    stage = Stage(office, provider(office.stack, name), dice=dice, prefix=f"{run_id}/{name}/{NUMBER}")
    problem = ""
    try:
        await _left_alone(stage)
        await stage.once_more()
    except _ERRORS as error:
        problem = str(error) or type(error).__name__
    verdict = Verdict(id=NUMBER, title=TITLE, kind="chain", subject=name, ok=not problem, detail=problem)
    return verdict, stage.trail


async def _left_alone(stage: Stage) -> None:
    who = await stage.player()
    bet = await _ended(stage, who)
    again = replace(stage.bet(who, stage.amount(), "again"), round_id=bet.round_id)
    await stage.say(who, again, "ROUND_CLOSED")
    prize = stage.amount()
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)


async def _ended(stage: Stage, who: Player) -> Act:
    """A bet whose round has ended by itself. The first ones may come before both wallets have heard of the time."""
    for number in range(_TRIES):
        stake: Decimal = stage.amount()
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        await stage.say(who, bet, "OK", moved=-stake)
        if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_OPEN:
            raise FailedError("the round is not open after its bet")
        try:
            async with asyncio.timeout(_WITHIN_S):
                while not await _is_case(stage, who, bet):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            continue
        if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_CLOSED:
            raise FailedError("the round has its case, and is not closed")
        return bet
    raise FailedError("no round was ended")


async def _is_case(stage: Stage, who: Player, bet: Act) -> bool:
    url = stage.office.stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    stored = await stage.transaction(who, bet)

    def asked() -> bool:
        with psycopg.connect(url) as connection:
            found = connection.execute(_CASES, (who.launched.player, stored.round_id)).fetchone()
        return found == (1,)

    return await asyncio.to_thread(asked)
