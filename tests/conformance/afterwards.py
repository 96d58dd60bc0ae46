"""After the play: what each side has written down is compared, a provider goes and comes back, the log is checked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import grpc
import psycopg

from mesh.channels import call_metadata
from mesh.dev.stack import Stack
from mesh.verify.audit_log import AuditTrust
from mesh.verify.auditing import audit
from mesh.verify.cosignatures import WitnessKey
from mesh.verify.notes import Key
from mesh.verify.report import verify
from pitboss.session.v1 import catalog_service_pb2, session_service_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import history_service_pb2 as history
from pitboss.wallet.v1 import ledger_service_pb2
from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from provider_adapters._kit.references import PlayerReference
from tests.conformance.comparing import differences
from tests.conformance.office import CountingOffice
from tests.conformance.run import Verdict
from tests.conformance.stage import FailedError
from tests.integration.provider_adapters.office import LICENSEE

FEED: Final = "L08"
CATALOG: Final = "K06"
LOG: Final = "L04"
AUDIT: Final = "L11"
TITLES: Final[Mapping[str, str]] = {
    FEED: "the provider's own record and the ledger are compared line by line, and a spoiled record differs",
    CATALOG: "the catalog's stream tells that a provider went and that it came back",
    LOG: "a row of the ledger that was edited by hand is found and named",
    AUDIT: "the audit log is whole, and has each decision and each event of a round of the ledger once",
}
_KINDS: Final = {"bet": TransactionKind.TRANSACTION_KIND_BET, "win": TransactionKind.TRANSACTION_KIND_WIN}
_CHAIN_INTACT: Final = "chain intact"
_CENT: Final = Decimal("0.01")
_WITHIN_S: Final = 30
_Line = dict[str, Any]


async def play_afterwards(
    office: CountingOffice,
    names: Sequence[str],
    *,
    since: float,
    told: Callable[[Verdict], None] = lambda _: None,
) -> list[Verdict]:
    """What can be judged only when the studios have played. `since`: when their play began, seconds since the epoch."""
    verdicts = []
    for name in names:
        verdicts.append(await _judged(FEED, name, compare(office, name, since)))
        told(verdicts[-1])
    for name in names:
        verdicts.append(await _judged(CATALOG, name, watch(office, name)))
        told(verdicts[-1])
    for number, subject, judging in ((AUDIT, "audit log", check_audit), (LOG, "ledger", edit)):
        verdicts.append(await _judged(number, subject, asyncio.to_thread(judging, office.stack)))
        told(verdicts[-1])
    return verdicts


async def _judged(number: str, subject: str, judging: Awaitable[None]) -> Verdict:
    problem = ""
    try:
        await judging
    except (FailedError, TimeoutError) as error:
        problem = str(error) or type(error).__name__
    return Verdict(id=number, title=TITLES[number], kind="chain", subject=subject, ok=not problem, detail=problem)


# -- the record of the provider


async def compare(office: CountingOffice, name: str, since: float) -> None:
    """The record without a difference; then without one line, and with one cent too much."""
    record = await _record(office, name)
    accepted = [line for line in record if line["belief"] == "accepted"]
    if len(accepted) < 2:
        raise FailedError("the record has nothing to compare")
    undone = await _undone(office, name, record)
    desk = _Desk(office, name, since)
    found = await desk.differences(accepted)
    if found != undone:
        raise FailedError(f"{sorted(found)} instead of {sorted(undone)}")
    left_out, changed, *rest = accepted
    more = {**changed, "amount": str(Decimal(changed["amount"]) + _CENT)}
    spoiled = {(left_out["transaction_key"], "MISSING_THERE"), (changed["transaction_key"], "AMOUNT_DIFFERS")}
    found = await desk.differences([more, *rest])
    if found != undone | spoiled:
        raise FailedError(f"spoiled: {sorted(found)} instead of {sorted(undone | spoiled)}")


async def _record(office: CountingOffice, name: str) -> list[_Line]:
    """Bets and wins as the studio has them, when it has nothing left to settle."""
    await office.control(name, "POST", "stop")
    async with asyncio.timeout(_WITHIN_S):
        while (summary := await office.control(name, "GET", "record"))["settling"] or summary["unresolved"]:
            await asyncio.sleep(0.05)
    told = await office.control(name, "GET", "messages")
    return [line for line in told["messages"] if line["kind"] in _KINDS]


async def _undone(office: CountingOffice, name: str, record: Sequence[_Line]) -> set[tuple[str, str]]:
    """Bets that the studio cancelled, and the ledger took and gave back: it still has them, and they count for nothing."""
    found = set()
    for line in record:
        if line["belief"] == "cancelled":
            stored = await _stored(office, name, line)
            if stored.state == TransactionState.TRANSACTION_STATE_APPLIED:
                if not stored.rolled_back:
                    raise FailedError(f"{line['transaction_key']} was cancelled, and the ledger kept the stake")
                found.add((line["transaction_key"], "MISSING_THERE"))
    return found


async def _stored(office: CountingOffice, name: str, line: _Line) -> Transaction:
    request = ledger_service_pb2.GetTransactionRequest(
        player_id=_player(line), kind=_KINDS[line["kind"]], transaction_key=line["transaction_key"], source=name
    )
    reply = await office.ledger.GetTransaction(request, timeout=10, metadata=call_metadata(licensee=LICENSEE))
    return reply.transaction


def _player(line: _Line) -> str:
    player = PlayerReference.parse(line["user"])
    if player is None:
        raise FailedError(f"{line['user']} is no player of ours")
    return player.player_id


@dataclass(frozen=True, slots=True)
class _Desk:
    """Compares lists of one provider with what the ledger recorded since the studios began to play."""

    office: CountingOffice
    name: str
    since: float

    async def differences(self, lines: Sequence[_Line]) -> set[tuple[str, str]]:
        """Key and kind of each difference."""
        stub = HistoryServiceStub(self.office.channel("platform", self.office.stack.around.ports.wallets[0]))
        scope = history.ComparedScope(source=self.name, currency_code="EUR", kinds=list(_KINDS.values()))
        scope.start_time.FromMicroseconds(int(self.since * 1e6))
        scope.end_time.FromMicroseconds(int(time.time() * 1e6) + 1)
        return await differences(stub, LICENSEE, scope, [_compared(line) for line in lines])


def _compared(line: _Line) -> history.ComparedLine:
    return history.ComparedLine(
        transaction_key=line["transaction_key"],
        kind=_KINDS[line["kind"]],
        amount=Money(currency_code=line["currency_code"], amount=line["amount"]),
        state=TransactionState.TRANSACTION_STATE_APPLIED,
        player_id=_player(line),
    )


# -- the catalog


async def watch(office: CountingOffice, name: str) -> None:
    """Its games leave the list and come back, each told in the stream; none can be launched in between."""
    game_id = min(await office.offered(name))
    player = await office.player()
    metadata = call_metadata(licensee=LICENSEE)
    stream = office.catalog.WatchCatalog(catalog_service_pb2.WatchCatalogRequest(), metadata=metadata)
    try:
        await _until_told(stream, name, game_id, "")
        await asyncio.to_thread(office.stack.kill, f"studio-{name}")
        try:
            await _until_told(stream, name, game_id, "provider_down")
            if await office.offered(name):
                raise FailedError("games of a provider that is down are offered")
            await _not_launched(office, name, game_id, player)
        finally:
            await asyncio.to_thread(office.stack.restart, f"studio-{name}")
        await _until_told(stream, name, game_id, "")
        await office.launch(name, game_id, player)
    finally:
        stream.cancel()


async def _until_told(stream: Any, name: str, game_id: str, reason: str) -> None:
    """Read on until the game is as is said: available, or not for this reason."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            game = (await stream.read()).game
            if (game.provider, game.game_id) != (name, game_id):
                continue
            if game.available == (not reason) and game.unavailable_reason == reason:
                return


async def _not_launched(office: CountingOffice, name: str, game_id: str, player: str) -> None:
    order = session_service_pb2.CreateSessionRequest(
        client_key=f"down-{name}"[:32],
        player_id=player,
        provider=name,
        game_id=game_id,
        currency_code="EUR",
        country="DE",
    )
    try:
        await office.sessions.CreateSession(order, timeout=10, metadata=call_metadata(licensee=LICENSEE))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise FailedError(f"{error.code().name} instead of FAILED_PRECONDITION") from error
        return
    raise FailedError("a game of a provider that is down was launched")


# -- the audit log


def check_audit(stack: Stack) -> None:
    """Everything that somebody checks who trusts nobody: with a role that reads, public keys, and no code of the service."""
    databases = stack.mesh["postgres"]["databases"]
    trust = AuditTrust(
        keys=[Key.parse(stack.mesh["internal"]["audit_key"])],
        witnesses=[WitnessKey.parse(stack.mesh["internal"]["witness_key"])],
        kept=[],
    )
    ledger = databases["wallet_svc"]["reader_url"]
    # Each case has waited until the log had read its money; only what nobody judged may still be on its way.
    for check in audit(databases["audit_svc"]["reader_url"], trust, ledger_url=ledger, growing=True):
        if not check.ok:
            raise FailedError(f"{check.name}: {check.problems[0]}")


# -- the log

_A_WIN: Final = (
    "SELECT shard, sequence FROM transfer WHERE kind = 2 AND moved IS NOT NULL ORDER BY recorded_us DESC LIMIT 1"
)
_MOVE: Final = "UPDATE transfer SET moved = moved + %s WHERE shard = %s AND sequence = %s"


def edit(stack: Stack) -> None:
    """The chain is whole, then broken where one row was edited, then whole again."""
    if problems := _problems(stack)[_CHAIN_INTACT]:
        raise FailedError(f"before anybody touched it: {problems[0]}")
    with _edited(stack) as (shard, sequence):
        found = _problems(stack)
    if not any(problem.startswith(f"{shard}-") for problem in found[_CHAIN_INTACT]):
        raise FailedError(f"the chain does not show that {shard}-{sequence} was edited")
    if not any(f"{shard}-{sequence}" in problem for problems in found.values() for problem in problems):
        raise FailedError(f"nobody names {shard}-{sequence}")
    if problems := _problems(stack)[_CHAIN_INTACT]:
        raise FailedError(f"after the row was put back: {problems[0]}")


def _problems(stack: Stack) -> dict[str, tuple[str, ...]]:
    """What is wrong, by check. The cases leave rounds open, as a mesh does that is still playing."""
    report = verify(stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"], still_playing=True)
    return {check.name: check.problems for check in report.checks}


@contextlib.contextmanager
def _edited(stack: Stack) -> Iterator[tuple[int, int]]:
    """One row changed by somebody whom no trigger and no privilege stops, and changed back at the end."""
    owner = psycopg.conninfo.conninfo_to_dict(stack.mesh["postgres"]["admin_url"])
    database = psycopg.conninfo.conninfo_to_dict(stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"])
    target = {**owner, "dbname": database["dbname"], "autocommit": True}
    with psycopg.connect(**target) as connection:  # type: ignore[arg-type]
        connection.execute("SET session_replication_role = replica")
        row = connection.execute(_A_WIN).fetchone()
        if row is None:
            raise FailedError("there is no win to edit")
        connection.execute(_MOVE, (1, *row))
        try:
            yield row
        finally:
            connection.execute(_MOVE, (-1, *row))
