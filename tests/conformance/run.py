"""Plays cases one after another. Seeded: the same seed gives the same amounts and order."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
import httpx

from provider_adapters._kit.studio.line import NoAnswerError
from tests.conformance.case import Case
from tests.conformance.office import CountingOffice
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

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "id": self.id,
            self.kind: self.subject,
            "title": self.title,
            "ok": self.ok,
            "skipped_because": self.skipped_because,
            "detail": self.detail,
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
    """Every case with every provider; `told` hears of each as it ends."""

    async def with_one(provider: Provider) -> list[Verdict]:
        verdicts = []
        for case in in_order(cases, provider.name, seed):
            verdicts.append(await _play(office, provider, case, seed=seed, run_id=run_id))
            told(verdicts[-1])
        return verdicts

    # Providers side by side, as in life; the cases of each one after the other.
    found = await asyncio.gather(*map(with_one, providers))
    return sorted(itertools.chain.from_iterable(found), key=lambda each: (each.subject, each.id))


def in_order(cases: Sequence[Case], name: str, seed: int) -> list[Case]:
    """The cases in the order of the seed."""
    order = list(cases)
    random.Random(f"{seed}/{name}").shuffle(order)
    return order


async def _play(office: CountingOffice, provider: Provider, case: Case, *, seed: int, run_id: str) -> Verdict:
    named = {"id": case.id, "title": case.title, "kind": "provider", "subject": provider.name}
    if why := case.skipped_because(provider.manifest):
        return Verdict(**named, ok=False, skipped_because=why)
    dice = random.Random(f"{seed}/{case.id}")
    stage = Stage(office, provider, dice=dice, prefix=f"{run_id}/{provider.name}/{case.id}")
    try:
        await case.play(stage)
        await stage.once_more()
    except SkippedError as skipped:
        return Verdict(**named, ok=False, skipped_because=str(skipped))
    except (FailedError, NoAnswerError, TimeoutError, httpx.HTTPError) as error:
        return Verdict(**named, ok=False, detail=str(error) or type(error).__name__)
    except grpc.aio.AioRpcError as error:
        return Verdict(**named, ok=False, detail=f"{error.code().name}: {error.details()}")
    return Verdict(**named, ok=True)
