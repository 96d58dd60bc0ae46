"""The desk of those who look at cases: one use case per RPC. A refusal changes nothing."""

from compliance_svc.errors import CaseNotFoundError, CaseRefusedError
from compliance_svc.risk.cases import Action, Case, Event, RefusedError, approve, propose, refuse
from compliance_svc.risk.ports import Cases, Decide
from mesh import logs
from mesh.clock import Clock

log = logs.get(__name__)


class CaseDesk:
    """Cases with evidence, and actions that two people decide."""

    def __init__(self, cases: Cases, clock: Clock, *, keep_us: int) -> None:
        """`keep_us`: how long a proposal waits."""
        self._cases = cases
        self._clock = clock
        self.keep_us = keep_us

    async def newest(
        self, licensee: str, player: str, before: int, limit: int, *, with_closed: bool
    ) -> list[tuple[int, Case]]:
        """Cases with their numbers, the newest first."""
        return await self._cases.newest(licensee, player, before, limit, with_closed=with_closed)

    async def get(self, case_id: str) -> Case:
        """Errors: CaseNotFoundError."""
        found = await self._cases.get(case_id)
        if found is None:
            raise CaseNotFoundError(case_id=case_id)
        return found

    async def propose(self, case_id: str, action: Action, person: str, note: str) -> Case:
        """Errors: CaseNotFoundError, CaseRefusedError."""
        now_us = self._clock.now_us()
        return await self._decide(case_id, lambda case, _held: propose(case, action, person, note, now_us))

    async def approve(self, case_id: str, proposal: int, person: str) -> Case:
        """Errors: CaseNotFoundError, CaseRefusedError."""
        now_us = self._clock.now_us()
        return await self._decide(
            case_id,
            lambda case, held: approve(case, proposal, person, now_us, keep_us=self.keep_us, frozen_elsewhere=held),
        )

    async def refuse(self, case_id: str, proposal: int, person: str, note: str) -> Case:
        """Errors: CaseNotFoundError, CaseRefusedError."""
        now_us = self._clock.now_us()
        return await self._decide(case_id, lambda case, _held: refuse(case, proposal, person, note, now_us))

    async def events(self, after: int, limit: int) -> list[Event]:
        """What was done, the oldest first."""
        return await self._cases.events(after, limit)

    async def _decide(self, case_id: str, decide: Decide) -> Case:
        try:
            return await self._cases.decide(case_id, decide)
        except KeyError:
            raise CaseNotFoundError(case_id=case_id) from None
        except RefusedError as why:
            log.security("a step about a case was refused", case=case_id, refusal=why.refusal)
            raise CaseRefusedError(refusal=why.refusal, detail=why.detail) from why
