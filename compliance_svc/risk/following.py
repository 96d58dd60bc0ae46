"""Follows the ledger's log with cursors of its own, and has the wallets do what was decided. Never on the way of a bet.

Histories, cases and the cursors that they are of are stored together: killed anywhere, or running twice, each thing is found once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import grpc.aio

from compliance_svc.kernel import Pack, PackLibrary
from compliance_svc.ports import Law
from compliance_svc.risk.cases import Action, Case, Order, concluded, expire, opened
from compliance_svc.risk.history import Entry, History
from compliance_svc.risk.ports import Cases, CursorMovedError, Histories, Ledger, Owner, Taken
from compliance_svc.risk.reading import KINDS, entry_of
from compliance_svc.risk.typologies import advance, reach_us
from mesh import logs, metrics
from mesh.clock import Clock
from mesh.errors import MeshError
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2

log = logs.get(__name__)

_OUTAGES: Final = (MeshError, grpc.aio.AioRpcError, CursorMovedError)
_MOST_ORDERS: Final = 100
_LONGEST_PAUSE_S: Final = 10.0
_EVIDENCE: Final = "risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The packs of one round."""

    library: PackLibrary
    everything: Mapping[str, Pack]

    def of(self, entry: Entry, history: History) -> Pack | None:
        """The law that decided last; for one that nobody knows any more, what holds under its name."""
        known = entry if entry.pack_digest else history.totals
        found = self.everything.get(known.pack_digest)
        if found is None and known.pack:
            found = self.library.at(known.pack.partition("@")[0], entry.at_us, entry.licensee)
        return found


class RiskFollower:
    """Reads, finds, stores."""

    def __init__(
        self, ledger: Ledger, histories: Histories, law: Law, clock: Clock, *, interval_s: float = 2.0
    ) -> None:
        self._ledger = ledger
        self._histories = histories
        self._law = law
        self._clock = clock
        self._interval_s = interval_s
        self._found = metrics.registry.counter("compliance.risk.findings")

    async def run(self) -> None:
        """Follow every shard until cancelled."""
        await _again_and_again(self.round, self._interval_s)

    async def round(self) -> None:
        """Read what is new. Errors: as the wallets and the database; what was stored until then stays.

        Pages of all shards are taken in together: a round costs the same for many shards as for one.
        """
        cursors = await self._histories.cursors()
        moved = {
            shard: cursors.get(shard, 0)
            for shard, head in (await self._ledger.heads()).items()
            if head > cursors.get(shard, 0)
        }
        if not moved:
            return
        books = Books(library=await self._law.library(), everything=await self._law.everything())
        async for pages in self._pages(moved):
            await self._histories.keep(await self._take(moved, pages, books))
            moved |= {shard: page.position for shard, page in pages.items()}

    async def _pages(self, after: Mapping[int, int]) -> AsyncIterator[dict[int, ledger_service_pb2.ReadFeedResponse]]:
        """The next page of every shard that has one, until none has."""
        readers = {shard: self._ledger.pages(shard, position, KINDS) for shard, position in after.items()}
        while readers:
            found = dict(
                zip(readers, await asyncio.gather(*[anext(one, None) for one in readers.values()]), strict=True)
            )
            pages = {shard: page for shard, page in found.items() if page is not None}
            readers = {shard: readers[shard] for shard in pages}
            if pages:
                yield pages

    async def _take(
        self, after: Mapping[int, int], pages: Mapping[int, ledger_service_pb2.ReadFeedResponse], books: Books
    ) -> Taken:
        told = (one for page in pages.values() for one in page.entries)
        entries = [found for one in told if (found := entry_of(one)) is not None]
        owners = sorted({entry.owner for entry in entries})
        since_us = min((entry.at_us for entry in entries), default=0) - reach_us(books.everything.values())
        before = await self._histories.histories(owners, since_us) if owners else {}
        now, cases = take(before, entries, books)
        for case in cases:
            self._found.add()
            log.security("risk monitoring has found something", case=case.id, rule=case.rule)
        return Taken(
            moved={shard: (after[shard], page.position) for shard, page in pages.items()},
            before=before,
            now=now,
            entries=entries,
            cases=cases,
            recorded_us=self._clock.now_us(),
        )


def take(
    before: Mapping[Owner, History], entries: list[Entry], books: Books
) -> tuple[dict[Owner, History], list[Case]]:
    """Histories after entries, and the cases that open."""
    now, cases = dict(before), list[Case]()
    for entry in entries:
        history = now.get(entry.owner, History())
        now[entry.owner], findings = advance(history, entry, books.of(entry, history))
        cases += map(opened, findings)
    return now, cases


class RiskOrders:
    """Has the wallets do what was decided, under the order's key; and ends proposals that nobody decided on."""

    def __init__(self, ledger: Ledger, cases: Cases, clock: Clock, *, keep_us: int, interval_s: float = 1.0) -> None:
        self._ledger = ledger
        self._cases = cases
        self._clock = clock
        self._keep_us = keep_us
        self._interval_s = interval_s

    async def run(self) -> None:
        """Until cancelled."""
        await _again_and_again(self.round, self._interval_s)

    async def round(self) -> None:
        """Everything that waits. Errors: as the wallets and the database; what is done stays done."""
        for case_id in await self._cases.overdue(self._clock.now_us() - self._keep_us):
            await self._cases.decide(case_id, lambda case, _held: expire(case, self._clock.now_us(), self._keep_us))
        for order in await self._cases.orders(_MOST_ORDERS):
            result = await self._ledger.execute(order.licensee, action_of(order))
            refusal = "" if result.outcome == outcome_pb2.OUTCOME_OK else outcome_pb2.Outcome.Name(result.outcome)
            if refusal:
                log.security("the wallets refuse what two people decided", case=order.case_id, outcome=refusal)
            await self._cases.conclude(order, concluded(order, self._clock.now_us(), refusal))


def action_of(order: Order) -> action_pb2.Action:
    """An order in the words of the ledger."""
    action = action_pb2.Action(player_id=order.player, transaction_key=order.key)
    if order.action is Action.FREEZE:
        action.freeze_account.currency_code = order.currency
        action.freeze_account.direction = action_pb2.FREEZE_DIRECTION_OUT
        action.freeze_account.reason = order.case_id
    elif order.action is Action.UNFREEZE:
        action.unfreeze_account.currency_code = order.currency
        action.unfreeze_account.direction = action_pb2.FREEZE_DIRECTION_OUT
        action.unfreeze_account.reason = order.case_id
    else:
        finding = protection_pb2.RiskFinding(flag=order.case_id, diligence=order.action is Action.ASK_DILIGENCE)
        finding.expire_time.FromMicroseconds(0 if order.action is Action.DISMISS else order.until_us)
        action.record_finding.risk.CopyFrom(finding)
        action.record_finding.evidence.source = _EVIDENCE
        action.record_finding.evidence.reference = order.case_id
    return action


async def _again_and_again(work: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        began = time.monotonic()
        try:
            await work()
        except _OUTAGES as error:
            log.debug("interrupted", error_kind=type(error).__name__)
        # At work for a tenth of the time at most: where processors are short, bets come first.
        await asyncio.sleep(max(every_s, min(_LONGEST_PAUSE_S, 9 * (time.monotonic() - began))))
