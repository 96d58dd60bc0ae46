"""Plays cases one after another. Seeded: the same seed gives the same ids, amounts and order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pitboss_certify.case import Case
from pitboss_certify.signing import Signer
from pitboss_certify.stage import FailedError, Stage, Subject
from pitboss_certify.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One case at one door. `detail` says what was wrong, or why it was left out."""

    id: str
    title: str
    door: str
    ok: bool
    skipped: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played against what."""

    cases: Sequence[Case]
    doors: Sequence[Transport]
    signer: Signer
    subject: Subject
    seed: int
    run_id: str
    """Makes the ids of this run different from those of every other run against the same wallet."""


def play(plan: Plan, *, told: Callable[[Verdict], None] = lambda _: None) -> list[Verdict]:
    """Every case at every door; `told` hears of each as it ends."""
    verdicts = []
    for case, door in _in_order(plan):
        verdicts.append(_play(plan, case, door))
        told(verdicts[-1])
    return sorted(verdicts, key=lambda each: (each.door, each.id))


def _in_order(plan: Plan) -> Iterator[tuple[Case, Transport]]:
    for door in plan.doors:
        order = list(plan.cases)
        random.Random(f"{plan.seed}/{door.name}").shuffle(order)  # noqa: S311 - a seed is wanted
        yield from ((case, door) for case in order)


def _play(plan: Plan, case: Case, door: Transport) -> Verdict:
    if why := case.skipped_because(plan.subject, door):
        return Verdict(id=case.id, title=case.title, door=door.name, ok=False, skipped=True, detail=why)
    stage = Stage(
        transport=door,
        signer=plan.signer,
        subject=plan.subject,
        random=random.Random(f"{plan.seed}/{case.id}"),  # noqa: S311 - as above
        prefix=f"{plan.run_id}-{door.name}-{case.id}",
    )
    try:
        case.play(stage)
        stage.once_more()
    except FailedError as error:
        return Verdict(id=case.id, title=case.title, door=door.name, ok=False, detail=str(error))
    return Verdict(id=case.id, title=case.title, door=door.name, ok=True)
