"""Watches what games return to players, from the records of rounds that are in the log. Never on the way of a bet.

Sums, alerts and the position that they are of are written together, so nothing is counted twice or lost, whoever is killed.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import astuple

from audit_svc.app.recording import PAGE, follow_log
from audit_svc.domain import Opened, Span
from audit_svc.domain.returns import SOURCE, Group, Looks, Sums, follow
from audit_svc.ports import ReturnLog
from mesh import logs, metrics

_log = logs.get("audit_svc.monitoring")


class Returns:
    """Implements `ports.Source`."""

    name = SOURCE

    def __init__(self, log: ReturnLog, looks: Looks) -> None:
        self._log = log
        self._looks = looks
        self._outside = metrics.registry.counter("audit.returns.outside")

    def spans(self, after: int) -> AsyncIterator[Span]:
        """Alerts of what stands in the log from an index on. Positions are indices of the log."""
        return follow_log(self._log, self.name, after, self._page, self._span)

    async def _page(self, after: int) -> list[Opened]:
        return await self._log.record_page(after, PAGE)

    async def _span(self, after: int, page: Sequence[Opened]) -> Span:
        records = [(each.entry.recorded_us, json.loads(each.payload)) for each in page if each.payload is not None]
        games = sorted({(told["provider"], told["game"]) for _, told in records if "game" in told})
        known = await self._log.sums_of(games)
        sums = dict(known)
        drafts = list(follow(sums, records, self._looks))
        for draft in drafts:
            self._outside.add()
            _log.security("a game returns something else than its papers say", **draft.content)
        changed = [(*astuple(group), *astuple(found)) for group, found in sums.items() if known.get(group) != found]
        return Span(source=self.name, after=after, position=page[-1].entry.index + 1, drafts=drafts, sums=changed)


class ReturnDesk:
    """Shows what games return."""

    def __init__(self, log: ReturnLog, looks: Looks) -> None:
        self._log = log
        self.looks = looks

    async def of(self, provider: str, game: str) -> list[tuple[Group, Sums]]:
        """Every group of a game, in order."""
        return sorted((await self._log.sums_of([(provider, game)])).items(), key=lambda each: each[0])
