"""Plays cases one after another. Seeded: the same seed gives the same amounts and order."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import grpc.aio
import httpx

from provider_adapters._kit.studio.line import NoAnswerError
from tests.conformance.audited import AuditReader, Trail
from tests.conformance.case import Case
from tests.conformance.office import CountingOffice, NoCommandsError
from tests.conformance.provider import Provider
from tests.conformance.stage import FailedError, SkippedError, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One case with one subject."""

    id: str
    title: str
    kind: str
    """"provider", "wallet" or "chain"."""
    subject: str
    ok: bool
    skipped_because: str = ""
    detail: str = ""
    undecided: int = 0
    """Answers that were no verdict: the message was sent again."""

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "id": self.id,
            self.kind: self.subject,
            "title": self.title,
            "ok": self.ok,
            "skipped_because": self.skipped_because,
            "detail": self.detail,
            "undecided": self.undecided,
        }


async def play(
    office: CountingOffice,
    providers: Sequence[Provider],
    cases: Sequence[Case],
    *,
    seed: int,
    run_id: str,
    told: Callable[[Verdict], None] = lambda _: None,
) -> list[Verdict]:
    """Every case with every provider; `told` hears of each as it ends, and of those again that the audit log contradicts."""
    reader = AuditReader(office)

    async def with_one(provider: Provider) -> list[Verdict]:
        judged = []
        for case in in_order(cases, provider.name, seed):
            judged.append(await _play(office, provider, case, seed=seed, run_id=run_id))
            told(judged[-1][0])
        return await confirmed(reader, judged, told)

    # Providers side by side, as in life; the cases of each one after the other.
    found = await asyncio.gather(*map(with_one, providers))
    return sorted(itertools.chain.from_iterable(found), key=lambda each: (each.subject, each.id))


async def confirmed(
    reader: AuditReader, judged: Sequence[tuple[Verdict, Trail]], told: Callable[[Verdict], None] = lambda _: None
) -> list[Verdict]:
    """The verdicts, when the audit log was asked about every case that has passed."""
    passed = [trail for verdict, trail in judged if verdict.ok]
    problems = iter(await reader.missing(passed))
    found = []
    for verdict, _ in judged:
        problem = next(problems) if verdict.ok else ""
        found.append(replace(verdict, ok=False, detail=problem) if problem else verdict)
        if problem:
            told(found[-1])
    return found


def in_order(cases: Sequence[Case], name: str, seed: int) -> list[Case]:
    """The cases in the order of the seed."""
    order = list(cases)
    random.Random(f"{seed}/{name}").shuffle(order)
    return order


async def _play(
    office: CountingOffice, provider: Provider, case: Case, *, seed: int, run_id: str
) -> tuple[Verdict, Trail]:
    dice = random.Random(f"{seed}/{case.id}")
    stage = Stage(office, provider, dice=dice, prefix=f"{run_id}/{provider.name}/{case.id}")
    skipped, problem = case.skipped_because(provider.manifest), ""
    if not skipped:
        skipped, problem = await _judged(stage, case)
    verdict = Verdict(
        id=case.id,
        title=case.title,
        kind="provider",
        subject=provider.name,
        ok=not skipped and not problem,
        skipped_because=skipped,
        detail=problem,
        undecided=stage.undecided,
    )
    return verdict, stage.trail


async def _judged(stage: Stage, case: Case) -> tuple[str, str]:
    """Why the dialect cannot say it, and what was wrong; empty if nothing."""
    try:
        await case.play(stage)
        await stage.once_more()
    except (SkippedError, NoCommandsError) as skipped:
        return str(skipped), ""
    except (FailedError, NoAnswerError, TimeoutError, httpx.HTTPError) as error:
        return "", str(error) or type(error).__name__
    except grpc.aio.AioRpcError as error:
        return "", f"{error.code().name}: {error.details()}"
    return "", ""
