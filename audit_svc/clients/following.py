"""The logs of the neighbours as sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import grpc.aio

from audit_svc.app.recording import RoundRecords
from audit_svc.clients import events
from audit_svc.domain import Draft, RecordClass, Span
from audit_svc.domain.rounds import Facts
from audit_svc.ports import RoundLog, Source
from mesh.channels import call_metadata
from mesh.clock import Clock
from mesh.notes import Signer
from mesh.placement import teller
from pitboss.compliance.v1 import pack_release_service_pb2, policy_service_pb2, risk_case_service_pb2
from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceStub
from pitboss.compliance.v1.policy_service_pb2_grpc import PolicyServiceStub
from pitboss.compliance.v1.risk_case_service_pb2_grpc import RiskCaseServiceStub
from pitboss.session.v1 import session_service_pb2
from pitboss.session.v1.session_service_pb2_grpc import SessionServiceStub
from pitboss.wallet.v1 import ledger_service_pb2 as ledger_pb
from pitboss.wallet.v1 import registry_service_pb2 as registry_pb
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

if TYPE_CHECKING:
    from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceAsyncStub
    from pitboss.compliance.v1.policy_service_pb2_grpc import PolicyServiceAsyncStub
    from pitboss.compliance.v1.risk_case_service_pb2_grpc import RiskCaseServiceAsyncStub
    from pitboss.session.v1.session_service_pb2_grpc import SessionServiceAsyncStub
    from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceAsyncStub

Known = Callable[[str, Sequence[str]], Awaitable[set[str]]]
Ask = Callable[[int], Awaitable[Any]]
"""Gives a message with the `events` after a position."""

_TIMEOUT_S = 5.0
_HEADS_EVERY_S = 1.0
_PACKS_EVERY_S = 5.0
_RELEASES_EVERY_S = 2.0
_CASES_EVERY_S = 1.0


class OwnLog(RoundLog, Protocol):
    """The log as its own source."""

    async def known(self, source: str, keys: Sequence[str]) -> set[str]: ...


class LedgerFeed:
    """One shard's log."""

    def __init__(self, stub: LedgerServiceAsyncStub, shard: int) -> None:
        self._stub = stub
        self._shard = shard
        self.name = events.ledger_source(shard)

    async def spans(self, after: int) -> AsyncIterator[Span]:
        request = ledger_pb.ReadFeedRequest(shard=self._shard, after_sequence=after, follow=True)
        call = self._stub.ReadFeed(request, metadata=call_metadata())
        try:
            async for page in call:
                drafts = events.page_drafts(self._shard, after, page.position, page.entries)
                yield Span(source=self.name, after=after, position=page.position, drafts=drafts)
                after = page.position
        finally:
            call.cancel()


class LedgerHeads:
    """How far one shard's chain is, asked now and then: what lies between two answers is proved by the chain itself."""

    def __init__(self, stub: LedgerServiceAsyncStub, shard: int, clock: Clock) -> None:
        self._stub = stub
        self._shard = shard
        self._clock = clock
        self.name = events.heads_source(shard)

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while True:
            answer = await self._stub.ListHeads(
                ledger_pb.ListHeadsRequest(), timeout=_TIMEOUT_S, metadata=call_metadata()
            )
            for head in answer.heads:
                if head.shard == self._shard and head.sequence > after:
                    draft = events.head_draft(head, self._clock.now_us())
                    yield Span(source=self.name, after=after, position=head.sequence, drafts=[draft])
                    after = head.sequence
            await asyncio.sleep(_HEADS_EVERY_S)


class SessionChanges:
    """One licensee's sessions."""

    def __init__(self, stub: SessionServiceAsyncStub, licensee: str, clock: Clock) -> None:
        self._stub = stub
        self._licensee = licensee
        self._clock = clock
        self.name = events.sessions_source(licensee)

    async def spans(self, after: int) -> AsyncIterator[Span]:
        request = session_service_pb2.WatchSessionsRequest(after_cursor=after)
        call = self._stub.WatchSessions(request, metadata=call_metadata(self._licensee))
        try:
            async for change in call:
                draft = events.session_draft(self._licensee, change, self._clock.now_us())
                yield Span(source=self.name, after=after, position=change.cursor, drafts=[draft])
                after = change.cursor
        finally:
            call.cancel()


class LoadedPacks:
    """The law packs that the compliance service has loaded. They have no order, but each its digest."""

    name = events.PACKS

    def __init__(self, stub: PolicyServiceAsyncStub, clock: Clock, known: Known) -> None:
        self._stub = stub
        self._clock = clock
        self._known = known

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while True:
            answer = await self._stub.ListPacks(
                policy_service_pb2.ListPacksRequest(), timeout=_TIMEOUT_S, metadata=call_metadata()
            )
            drafts = [events.pack_draft(pack, self._clock.now_us()) for pack in answer.packs]
            known = await self._known(self.name, [draft.key for draft in drafts])
            if new := [draft for draft in drafts if draft.key not in known]:
                yield Span(source=self.name, after=after, position=after, drafts=new)
            await asyncio.sleep(_PACKS_EVERY_S)


class StaffEvents:
    """What people did that a service lists by positions without gaps."""

    def __init__(self, name: str, ask: Ask, draft: Callable[[Any], Draft], every_s: float) -> None:
        self.name = name
        self._ask = ask
        self._draft = draft
        self._every_s = every_s

    async def spans(self, after: int) -> AsyncIterator[Span]:
        while True:
            found = (await self._ask(after)).events
            if found:
                position = found[-1].position
                yield Span(source=self.name, after=after, position=position, drafts=list(map(self._draft, found)))
                after = position
            else:
                await asyncio.sleep(self._every_s)


def release_events(stub: PackReleaseServiceAsyncStub) -> StaffEvents:
    """What is done about law packs and the keys that sign them."""

    async def ask(after: int) -> pack_release_service_pb2.ListReleaseEventsResponse:
        request = pack_release_service_pb2.ListReleaseEventsRequest(after=after)
        return await stub.ListReleaseEvents(request, timeout=_TIMEOUT_S, metadata=call_metadata())

    return StaffEvents(events.RELEASES, ask, events.release_draft, _RELEASES_EVERY_S)


def case_events(stub: RiskCaseServiceAsyncStub) -> StaffEvents:
    """What was done about cases of risk monitoring."""

    async def ask(after: int) -> risk_case_service_pb2.ListCaseEventsResponse:
        request = risk_case_service_pb2.ListCaseEventsRequest(after=after)
        return await stub.ListCaseEvents(request, timeout=_TIMEOUT_S, metadata=call_metadata())

    return StaffEvents(events.CASES, ask, events.case_draft, _CASES_EVERY_S)


class SigningKey:
    """The key that signs the log now. It is in the log before the first checkpoint that only it has signed matters."""

    name = "keys"

    def __init__(self, signer: Signer, former: Signer | None, clock: Clock, known: Known) -> None:
        self._signer = signer
        self._former = former
        self._clock = clock
        self._known = known

    async def spans(self, after: int) -> AsyncIterator[Span]:
        key = self._signer.verifier_key
        if not await self._known(self.name, [key]):
            yield Span(source=self.name, after=after, position=after, drafts=[self._draft(key)])
        await asyncio.Event().wait()

    def _draft(self, key: str) -> Draft:
        content = {"log": self._signer.name, "verifier_key": key}
        if self._former is not None:
            text = f"{self._signer.name}\nkey {key}\nfollows {self._former.verifier_key}\n"
            content |= {"signed_by_new": self._signer.sign(text), "signed_by_former": self._former.sign(text)}
        return Draft(
            record_class=RecordClass.KEY, source=self.name, key=key, recorded_us=self._clock.now_us(), content=content
        )


class Neighbours:
    """All sources that there are now."""

    def __init__(
        self,
        wallets: Sequence[grpc.aio.Channel],
        sessions: grpc.aio.Channel,
        compliance: grpc.aio.Channel,
        clock: Clock,
        log: OwnLog,
    ) -> None:
        self._ledgers = [LedgerServiceStub(channel) for channel in wallets]
        self._registries = [RegistryServiceStub(channel) for channel in wallets]
        self._sessions = SessionServiceStub(sessions)
        self._policies = PolicyServiceStub(compliance)
        self._releases = PackReleaseServiceStub(compliance)
        self._cases = RiskCaseServiceStub(compliance)
        self._clock = clock
        self._log = log
        self._turn = 0

    async def sources(self) -> list[Source]:
        """Errors: as the wallet's; the next question is for the next replica."""
        self._turn += 1
        shards, licensees = await self._heads(), await self._licensees()
        return [
            *[LedgerFeed(self._ledger_of(shard), shard) for shard in shards],
            *[LedgerHeads(self._ledger_of(shard), shard, self._clock) for shard in shards],
            *[SessionChanges(self._sessions, each, self._clock) for each in sorted(licensees)],
            LoadedPacks(self._policies, self._clock, self._log.known),
            release_events(self._releases),
            case_events(self._cases),
            *[RoundRecords(self._log, self.facts, shard) for shard in shards],
        ]

    async def heads(self) -> dict[int, int]:
        """The last position of each shard now. Errors: as the wallet's; the next question is for the next replica."""
        self._turn += 1
        return await self._heads()

    async def licensees(self) -> set[str]:
        """Ids of all licensees. Errors: as the wallet's."""
        self._turn += 1
        return await self._licensees()

    async def _heads(self) -> dict[int, int]:
        ledger = self._ledgers[self._turn % len(self._ledgers)]
        answer = await ledger.ListHeads(ledger_pb.ListHeadsRequest(), timeout=_TIMEOUT_S, metadata=call_metadata())
        return {head.shard: head.sequence for head in answer.heads}

    async def _licensees(self) -> set[str]:
        registry = self._registries[self._turn % len(self._registries)]
        answer = await registry.ListLicensees(
            registry_pb.ListLicenseesRequest(), timeout=_TIMEOUT_S, metadata=call_metadata()
        )
        return {each.licensee_id for each in answer.licensees}

    async def facts(self) -> Facts:
        """What papers of games were shown until now, and how far rounds of providers can be reproduced."""
        self._turn += 1
        registry = self._registries[self._turn % len(self._registries)]
        shown: list[registry_pb.ShownPapers] = []
        while True:
            request = registry_pb.ListGamePapersRequest(after_change=shown[-1].change if shown else 0)
            page = await registry.ListGamePapers(request, timeout=_TIMEOUT_S, metadata=call_metadata())
            if not page.papers:
                break
            shown += page.papers
        accounts = await registry.ListProviders(
            registry_pb.ListProvidersRequest(), timeout=_TIMEOUT_S, metadata=call_metadata()
        )
        levels = {(each.licensee_id, each.provider): events.level_name(each) for each in accounts.accounts}
        return Facts([events.papers_of(each) for each in shown], levels)

    def _ledger_of(self, shard: int) -> LedgerServiceAsyncStub:
        return self._ledgers[teller(shard, self._turn, len(self._ledgers))]
