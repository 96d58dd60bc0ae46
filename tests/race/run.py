"""A race on two wallets and PostgreSQL: prepare, start all processes at once, read the log, judge, replay."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mesh.dev.paths import PYTHON_PATH, ROOT
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2, transaction_pb2
from tests.corpus_runner.client import Client
from tests.corpus_runner.service import Service
from tests.race import plan as planning
from tests.race.client import text
from tests.race.judge import ACCEPTED, Logged, judge
from tests.race.plan import GAME, LICENSEE, PROVIDER, Plan, Seat
from tests.race.replaying import differing, sample

_WHAT = {
    transaction_pb2.TRANSACTION_KIND_BET: "bet",
    transaction_pb2.TRANSACTION_KIND_EXCLUDE: "exclude",
}
_MOST_REPLAYED = 50_000
_SHOWN = 20


def race(service: Service, seed: int, *, players: int, processes: int, bets: int) -> dict[str, Any]:
    """Run one race, and say how it went."""
    began = time.monotonic()
    plan = planning.make(seed, players=players, processes=processes, bets=bets)
    asyncio.run(_prepare(service, plan))
    started = time.monotonic()
    answers = _start(service, plan)
    raced = time.monotonic() - started
    log, records = asyncio.run(_read(service, plan))
    problems = judge(plan, answers, log)
    chosen = sample(records, _MOST_REPLAYED, seed)
    different = differing(chosen)
    return {
        "ok": not problems and not different,
        "seed": seed,
        "players": players,
        "processes": processes,
        "bets_each": bets,
        "seconds": round(time.monotonic() - began, 1),
        "seconds_of_the_race": round(raced, 1),
        "requests": 2 * len(answers),
        "replayed_answers": sum(one["replayed"] for answer in answers for one in answer["answers"]),
        "outcomes": dict(sorted(Counter(f"{one.what} {one.outcome}" for one in log).items())),
        "exact": sum(_is_exact(seat, log) for seat in plan.seats if not seat.excluded),
        "not_excluded": sum(not seat.excluded for seat in plan.seats),
        "excluded": sum(seat.excluded for seat in plan.seats),
        "decisions_stored": len(records),
        "decisions_replayed": len(chosen),
        "decisions_different": len(different),
        "problems": problems[:_SHOWN] + different[:_SHOWN],
    }


def _is_exact(seat: Seat, log: Sequence[Logged]) -> bool:
    accepted = [one for one in log if one.player == seat.player and one.what == "bet" and one.outcome == ACCEPTED]
    return len(accepted) == seat.room


# -- before


async def _prepare(service: Service, plan: Plan) -> None:
    client = Client(service.targets, service.settings)
    try:
        await _register(client, sorted({seat.currency for seat in plan.seats}))
        await asyncio.gather(*[_open(client, seat) for seat in plan.seats])
    finally:
        await client.close()


async def _register(client: Client, currencies: Sequence[str]) -> None:
    licensee = registry_service_pb2.Licensee(licensee_id=LICENSEE, default_jurisdiction="base")
    await client.registry("PutLicensee", registry_service_pb2.PutLicenseeRequest(licensee=licensee))
    for code in currencies:
        asset = registry_service_pb2.PutAssetRequest(licensee_id=LICENSEE, currency_code=code, exponent=2)
        await client.registry("PutAsset", asset)
    provider = registry_service_pb2.PutProviderRequest(licensee_id=LICENSEE, provider=PROVIDER)
    await client.registry("PutProvider", provider)
    # Live games have neither speed nor cap: nothing but limits and exclusions refuses a bet.
    game = registry_service_pb2.Game(game_id=GAME, category=registry_service_pb2.GAME_CATEGORY_LIVE, enabled=True)
    games = registry_service_pb2.PutGamesRequest(licensee_id=LICENSEE, provider=PROVIDER, games=[game])
    await client.registry("PutGames", games)


async def _open(client: Client, seat: Seat) -> None:
    """A player with money that counts in no limit, the limit, and a session."""
    money = Money(currency_code=seat.currency, amount=text(seat.stake * (seat.bets + 1)))
    limit = action_pb2.SetLimit(
        limit_kind=action_pb2.LimitKind.Value(f"LIMIT_KIND_{seat.kind.upper()}"),
        window=seat.window,
        amount=Money(currency_code=seat.currency, amount=text(seat.limit)),
    )
    account = action_pb2.OpenAccount(currency_code=seat.currency, jurisdiction=seat.pack, born_on="1986-01-15")
    promo = action_pb2.Promo(amount=money, reason=action_pb2.PROMO_REASON_OTHER, to=action_pb2.CREDIT_TARGET_CASH)
    play = action_pb2.OpenPlay(
        session_id=f"s-{seat.player}", provider=PROVIDER, currency_code=seat.currency, game_id=GAME
    )
    actions = [
        action_pb2.Action(transaction_key="open", open_account=account),
        action_pb2.Action(transaction_key="money", promo=promo),
        action_pb2.Action(transaction_key="limit", set_limit=limit),
        action_pb2.Action(transaction_key="play", open_play=play),
    ]
    for action in actions:
        action.player_id = seat.player
    request = ledger_service_pb2.ExecuteBatchRequest(actions=actions)
    response = await client.ledger("ExecuteBatch", request, LICENSEE, "platform")
    if any(result.outcome != outcome_pb2.OUTCOME_OK for result in response.results):
        raise RuntimeError(f"{seat.player} cannot be made: {response.results}")


# -- the race


def _start(service: Service, plan: Plan) -> list[dict[str, Any]]:
    """Every process ready, then all at once."""
    argv, environment = [sys.executable, "-m", "tests.race.client"], os.environ | {"PYTHONPATH": PYTHON_PATH}
    started = [
        subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in plan.tasks
    ]
    try:
        for process, tasks in zip(started, plan.tasks, strict=True):
            job = {"targets": service.targets, "tls": str(service.settings.tls_dir), "tasks": tasks}
            _tell(process, json.dumps(job))
        for process in started:
            if _line(process) != "ready\n":
                raise RuntimeError("a process of the race did not begin")
        for process in started:
            _tell(process, "go")
        return [answer for process in started for answer in json.loads(_line(process))]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the race ended early: its answers are missing")
    return line


# -- after


async def _read(service: Service, plan: Plan) -> tuple[list[Logged], list[str]]:
    """Bets and exclusions in the order of the log, and the record of every decision."""
    client = Client(service.targets, service.settings)
    try:
        entries = await client.entries(dict.fromkeys(await client.heads(), 0))
    finally:
        await client.close()
    players = {seat.player for seat in plan.seats}
    ours = [entry for entry in entries if entry.transaction.player_id in players]
    log = [_logged(entry) for entry in ours if entry.transaction.kind in _WHAT]
    return log, [entry.decision_json for entry in ours if entry.decision_json]


def _logged(entry: transaction_pb2.Entry) -> Logged:
    transaction = entry.transaction
    return Logged(
        player=transaction.player_id,
        what=_WHAT[transaction.kind],
        key=transaction.transaction_key,
        outcome=outcome_pb2.Outcome.Name(transaction.outcome).removeprefix("OUTCOME_"),
        transaction=f"{entry.shard}-{entry.sequence}",
        sequence=entry.sequence,
    )
