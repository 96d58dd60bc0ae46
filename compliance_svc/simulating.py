"""What another pack would have decided: of the past, and beside the law while it decides."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from compliance_svc.comparing import Changed, Difference, RuleChange, Span, changed_by, differences, is_about
from compliance_svc.domain import StoredDecision
from compliance_svc.errors import PackNotFoundError, PackRejectedError
from compliance_svc.kernel import Pack, PackError
from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.release import PackRefusedError, Refusal
from compliance_svc.kernel.statute import Statute, with_own_rules
from compliance_svc.releases import Docket, Proposal
from compliance_svc.releasing import Releases
from mesh import logs
from mesh.clock import Clock

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A pack that is known, by digest or label, or a text."""

    known: str = ""
    content: str = ""


class PastDecisions(Protocol):
    """Decisions as they were read from the feed, and what shadow packs made of them."""

    async def in_span(self, span: Span, after: tuple[int, int], limit: int) -> list[StoredDecision]: ...

    async def shadow_differences(self, digest: str, after: int, limit: int) -> list[tuple[int, Changed]]: ...


class Simulating:
    """Compares packs, by their rules and by what they decide."""

    def __init__(self, releases: Releases, decisions: PastDecisions, statute: Statute, clock: Clock) -> None:
        self._releases = releases
        self._decisions = decisions
        self._statute = statute
        self._clock = clock

    async def diff(self, one: Source, two: Source) -> list[RuleChange]:
        """The rules in which two packs differ. Errors: PackNotFoundError, PackRejectedError."""
        known = await self._releases.docket()
        return list(differences(self._document(one, known), self._document(two, known)))

    async def simulate(
        self, source: Source, span: Span, after: tuple[int, int], limit: int
    ) -> tuple[int, list[Changed], tuple[int, int] | None]:
        """Decide a part of the past again. How many were compared, what changes, and where to go on.

        Errors: PackNotFoundError, PackRejectedError.
        """
        document = self._document(source, await self._releases.docket())
        pack = _compiled(document)
        found = await self._decisions.in_span(span, after, limit)
        about = [one for one in found if is_about(one, document.name)]
        # In a thread: others are served meanwhile.
        changes = await asyncio.to_thread(lambda: [one for each in about if (one := changed_by(each, pack))])
        last = (found[-1].shard, found[-1].sequence) if len(found) == limit else None
        return len(about), changes, last

    async def shadow_differences(self, digest: str, after: int, limit: int) -> list[tuple[int, Changed]]:
        """What a shadow pack would have decided otherwise."""
        return await self._decisions.shadow_differences(digest, after, limit)

    async def beside(self, decisions: Sequence[StoredDecision]) -> list[Difference]:
        """What the shadow packs make of decisions that were just made."""
        known = await self._releases.docket()
        found: list[Difference] = []
        for one in known.shadows():
            try:
                pack = self._shadow_pack(one, known)
                about = [
                    each for each in decisions if is_about(each, pack.name) and one.licensee in ("", each.licensee)
                ]
                changes = [changed for each in about if (changed := changed_by(each, pack))]
            except Exception as problem:  # noqa: BLE001 - a shadow pack must not stop what follows the ledger
                log.warning(
                    "a shadow pack cannot decide", digest=one.document.digest, error_kind=type(problem).__name__
                )
                continue
            found += [Difference(digest=one.document.digest, changed=changed) for changed in changes]
        return found

    def _shadow_pack(self, one: Proposal, known: Docket) -> Pack:
        return self._whole(one, known).compile()

    def _document(self, source: Source, known: Docket) -> PackDocument:
        if source.content:
            try:
                return self._statute.read(source.content, "", known.releases)
            except PackRefusedError as why:
                raise PackRejectedError(refusal=why.refusal.value, detail=why.detail) from why
        for proposal in known.proposals.values():
            if source.known == proposal.document.digest:
                return self._whole(proposal, known)
        for document in self._statute.documents(known.releases):
            if source.known in (document.digest, f"{document.name}@{document.version}"):
                return document
        raise PackNotFoundError(pack=source.known)

    def _whole(self, one: Proposal, known: Docket) -> PackDocument:
        """A pack that can decide: a licensee's own rules do so with those of the market."""
        if not one.licensee:
            return one.document
        markets = [each for each in self._statute.documents(known.releases) if each.name == one.document.name]
        now_us = self._clock.now_us()
        in_force = [each for each in markets if start_us(each.effective_from) <= now_us]
        return with_own_rules(max(in_force or markets, key=lambda each: start_us(each.effective_from)), one.document)


def _compiled(document: PackDocument) -> Pack:
    try:
        return document.compile()
    except PackError as problem:
        raise PackRejectedError(refusal=Refusal.INVALID.value, detail=str(problem)) from problem
