"""Each provider's own record against the ledger: the last minutes again and again, and each whole day once more."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from mesh import logs, metrics
from mesh.clock import Clock
from session_svc.app.upkeep import persistently
from session_svc.domain import reconciling as rules
from session_svc.domain.reconciling import Case, Key, Line, Own, Span
from session_svc.errors import NoRecordError, ProviderNotFoundError
from session_svc.ports import CaseBook, Findings, GivenGrants, KnownCase, LedgerHistory, ProviderRecords, Run

_log = logs.get("session_svc.reconciling")

_SLICE = dt.timedelta(hours=1)
"""Longer spans are cut: a slice of a provider's record is kept in memory."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take before they are differences."""

    settle: dt.timedelta
    """A message is compared only when it was sent this long ago: it may still be on its way."""
    margin: dt.timedelta
    """How much later than the provider sent it the ledger may have recorded a message."""
    overlap: dt.timedelta
    """So much of what was compared before is compared again, to see what has healed."""
    stuck: dt.timedelta
    """A round without an end is stuck after this time."""


class Reconciler:
    """Compares, and writes down what differs."""

    def __init__(
        self,
        *,
        records: ProviderRecords,
        ledger: LedgerHistory,
        grants: GivenGrants,
        book: CaseBook,
        clock: Clock,
        patience: Patience,
        every_s: float,
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._grants = grants
        self._book = book
        self._clock = clock
        self._patience = patience
        self._every_s = every_s

    # -- in the background

    async def run(self) -> None:
        """Go on until cancelled, each provider on its own: one that hangs delays no other."""
        providers = sorted(self._records.names)
        async with asyncio.TaskGroup() as tasks:
            for position, provider in enumerate(providers):
                tasks.create_task(self._follow(provider, first_after_s=self._every_s * (position + 1) / len(providers)))

    async def _follow(self, provider: str, *, first_after_s: float) -> None:
        # Not all at once, and not in the first moments of a process.
        await asyncio.sleep(first_after_s)
        await persistently(f"record of {provider}", partial(self.go_on, provider), pause_s=self._every_s)

    async def go_on(self, provider: str) -> None:
        """The minutes since the last comparison, and yesterday if it has not been compared as a whole."""
        begun = await self._book.first_session(provider)
        if begun is None:
            return
        try:
            await self._minutes(provider, begun)
            await self._yesterday(provider, begun)
        except NoRecordError:
            _log.debug("not compared", provider=provider)

    async def _minutes(self, provider: str, begun: dt.datetime) -> None:
        until = self._clock.now() - self._patience.settle
        last = await self._book.compared_until(provider)
        # The first time: today. What was before is compared as a day.
        today = until.replace(hour=0, minute=0, second=0, microsecond=0)
        for part in Span(start=last or max(begun, today), end=until).slices(_SLICE):
            span = replace(part, start=part.start - self._patience.overlap)
            found = await self._compared(provider, span, span.earlier(self._patience.stuck))
            if not await self._write(found, span=part, day=None, after=last):
                return
            last = part.end

    async def _yesterday(self, provider: str, begun: dt.datetime) -> None:
        settled = self._clock.now() - self._patience.settle - self._patience.margin
        day = settled.date() - _DAY
        last = await self._book.last_day(provider)
        if begun.date() <= day and (last is None or last < day):
            midnight = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
            span = Span(start=midnight, end=midnight + _DAY)
            await self._write(await self._in_slices(provider, span), span=span, day=day, after=None)

    async def _write(self, found: Findings, *, span: Span, day: dt.date | None, after: dt.datetime | None) -> bool:
        run = Run(
            provider=found.provider,
            day=day,
            span=span,
            run_at=found.as_of,
            messages=found.messages,
            cases=len(found.cases),
        )
        self._tell(found)
        return await self._book.write(found, run=run, after=after)

    def _tell(self, found: Findings) -> None:
        counted = Counter(case.case_class for case in found.cases)
        for case_class, count in counted.items():
            labels = {"provider": found.provider, "difference": case_class.value}
            metrics.counter("reconciliation_differences", **labels).add(count)
        if counted:
            _log.warning("the sides differ", provider=found.provider, **{one.value: counted[one] for one in counted})

    # -- on demand

    async def compare_now(self, provider: str, span: Span) -> Findings:
        """Compare a span, whatever was compared before. ProviderNotFoundError for one that is not connected."""
        if provider not in self._records.names:
            raise ProviderNotFoundError(provider=provider)
        found = await self._in_slices(provider, span)
        await self._book.write(found, run=None, after=None)
        return found

    async def cases(self, *, provider: str, licensee: str, resolved: bool, limit: int) -> list[KnownCase]:
        """The newest cases."""
        return await self._book.cases(provider=provider, licensee=licensee, resolved=resolved, limit=limit)

    async def runs(self) -> list[Run]:
        """The last runs of all providers."""
        return await self._book.runs()

    # -- the comparison

    async def _in_slices(self, provider: str, span: Span) -> Findings:
        """All of a span, and the stuck rounds of what of it is old enough."""
        as_of = self._clock.now()
        old = span.before(as_of - self._patience.stuck)
        parts = [await self._compared(provider, part, part.before(old.end)) for part in span.slices(_SLICE)]
        return Findings(
            provider=provider,
            as_of=as_of,
            compared=span,
            looked_for_stuck=old,
            messages=sum(part.messages for part in parts),
            cases=[case for part in parts for case in part.cases],
        )

    async def _compared(self, provider: str, span: Span, old: Span) -> Findings:
        as_of = self._clock.now()
        wide = await self._records.record(provider, span.wider(self._patience.margin))
        narrow = [line for line in wide if line.sent_at in span]
        cases = [
            *await self._differing(provider, span, narrow, wide),
            *await self._differing_grants(provider, span),
            *await self._stuck(provider, old),
        ]
        return Findings(
            provider=provider,
            as_of=as_of,
            compared=span,
            looked_for_stuck=old,
            messages=len(narrow),
            cases=cases,
        )

    async def _differing(self, provider: str, span: Span, narrow: Sequence[Line], wide: Sequence[Line]) -> list[Case]:
        """See `domain.reconciling` for why each direction looks further on the other side."""
        suspects = {line.key: None for line in rules.lonely_wins(narrow, wide)}
        for licensee, currency in rules.scopes(wide, await self._book.scopes(provider)):
            ask = partial(self._ledger.suspects, provider, licensee, currency)
            differing, _ = await ask(span.wider(self._patience.margin), rules.uploaded(narrow, licensee, currency))
            _, unmatched = await ask(span, rules.uploaded(wide, licensee, currency))
            suspects |= dict.fromkeys([*differing, *unmatched])
        known, cases = rules.by_key(wide), []
        for key in suspects:
            there, here = known.get(key), await self._ledger.own(provider, key)
            if case_class := rules.judge(there, here):
                cases.append(rules.case_of(provider, case_class, key, there, here))
        return cases

    async def _differing_grants(self, provider: str, span: Span) -> list[Case]:
        """An order may be given long after it was made, so the provider's list is read from the span until now."""
        now, cases = self._clock.now(), []
        until_now = Span(start=span.start - self._patience.margin, end=now + self._patience.margin)
        try:
            known = rules.by_key(await self._records.grants(provider, until_now))
        except NoRecordError:
            return []
        named = [key for key, line in known.items() if line.sent_at in span]
        given = map(rules.name_of, await self._grants.given(provider, span.start, span.end))
        for key in dict.fromkeys([*named, *(key for key in given if key not in known)]):
            there, here = known.get(key), await self._own_grant(provider, key, now)
            if case_class := rules.judge_grant(there, here):
                cases.append(rules.case_of(provider, case_class, key, there, here))
        return cases

    async def _own_grant(self, provider: str, key: Key, now: dt.datetime) -> Own:
        grant = await self._grants.find(key.licensee, key.transaction_key)
        ours = grant is not None and (grant.order.provider, rules.name_of(grant)) == (provider, key)
        return rules.own_grant(grant if ours else None, now)

    async def _stuck(self, provider: str, old: Span) -> list[Case]:
        if old.start >= old.end:
            return []
        wide = await self._records.record(provider, old.wider(self._patience.margin))
        cases = []
        for there in rules.endless([line for line in wide if line.sent_at in old], wide):
            here = await self._ledger.own(provider, there.key)
            if here.round_id:
                here = replace(here, round_state=await self._ledger.round_state(provider, there.key, here.round_id))
            if case_class := rules.stuck(there, here):
                cases.append(rules.case_of(provider, case_class, there.key, there, here))
        return cases
