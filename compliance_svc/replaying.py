"""A sample of each day's decisions, decided again: the record must come out the same to the byte."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any, Protocol

from compliance_svc.domain import StoredDecision
from compliance_svc.kernel import Pack, decide_again
from compliance_svc.kernel.version import KERNEL_VERSION
from compliance_svc.ports import Law
from mesh import logs, metrics
from mesh.clock import Clock
from mesh.failures import understand

log = logs.get(__name__)

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_LOOK_EVERY_S = 60.0
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The decisions of a shard from which a sample is drawn: those after one sequence, up to and with another."""

    shard: int
    after: int
    until: int

    @property
    def entries(self) -> int:
        """How many positions there are; not each of them is a decision."""
        return max(0, self.until - self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unequal:
    """A decision that does not come out the same, and how."""

    shard: int
    sequence: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What one sample has shown."""

    reaches: Sequence[Reach]
    counts: Mapping[int, int]
    other_kernel: Mapping[int, int]
    unequal: Sequence[Unequal]


class Replays(Protocol):
    """What was sampled, and the decisions to sample."""

    async def last_us(self) -> int | None:
        """When a sample was taken last; None if none ever was."""
        ...

    async def reaches(self) -> list[Reach]:
        """What was stored of each shard since the last sample."""
        ...

    async def at(self, positions: Sequence[tuple[int, int, int]]) -> list[StoredDecision]:
        """For each (shard, sequence, until) the first decision from there on, up to and with the last position."""
        ...

    async def keep(self, sampled: Sampled, looked_us: int) -> None:
        """Store what a sample has shown, in one transaction."""
        ...


class NightlyReplay:
    """Once a day, after an hour of the night, decides a sample of what was decided since the last one again.

    Nothing is stored before the whole sample is done: a process that ends in the midst of it begins again. Two
    processes that begin at once both do it, which costs time and harms nothing.
    """

    def __init__(self, replays: Replays, law: Law, clock: Clock, *, hour: int, most: int) -> None:
        """`hour`: of the day in UTC. `most`: how many decisions a sample has; with fewer there, all of them."""
        self._replays = replays
        self._law = law
        self._clock = clock
        self._hour = hour
        self._most = most
        self._random = SystemRandom()
        self._unequal = metrics.counter("compliance.replay_differences")

    async def run(self) -> None:
        """Look once a minute whether a sample is due."""
        begun_us, done_us = self._clock.now_us(), 0
        while True:
            try:
                now_us, last_us = self._clock.now_us(), await self._replays.last_us()
                # Where no sample was ever taken, the first one is that of the first night.
                if due(max(begun_us if last_us is None else last_us, done_us), now_us, self._hour):
                    await self.once()
                    done_us = now_us
            except Exception as error:  # noqa: BLE001 - told, then tried again
                log.warning("decisions cannot be replayed now", cause=repr(understand(error)))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def once(self) -> Sampled:
        """Take a sample now. Errors: DependencyDownError."""
        looked_us, reaches = self._clock.now_us(), await self._replays.reaches()
        positions = list(drawn(reaches, self._most, self._random))
        packs = await self._law.everything()
        found: dict[tuple[int, int], StoredDecision] = {}
        for at in range(0, len(positions), _PAGE):
            page = await self._replays.at(positions[at : at + _PAGE])
            found |= {(one.shard, one.sequence): one for one in page}
        # In a thread: others are served meanwhile.
        sampled = await asyncio.to_thread(judged, reaches, list(found.values()), packs)
        await self._replays.keep(sampled, looked_us)
        self._tell(sampled, len(found))
        return sampled

    def _tell(self, sampled: Sampled, count: int) -> None:
        for one in sampled.unequal:
            self._unequal.add()
            log.security(
                "a decision does not come out the same again",
                decision_id=f"{one.shard}-{one.sequence}",
                problem=one.problem,
            )
        others = sum(sampled.other_kernel.values())
        log.info("decisions replayed", decisions=count, other_kernel=others, different=len(sampled.unequal))


def due(last_us: int, now_us: int, hour: int) -> bool:
    """Whether an hour of the day, in UTC, has begun since the last time."""
    return (now_us - hour * _HOUR_US) // _DAY_US > (last_us - hour * _HOUR_US) // _DAY_US


def drawn(reaches: Sequence[Reach], most: int, random: SystemRandom) -> Iterator[tuple[int, int, int]]:
    """Positions of a sample over all shards, each as likely as the other; all of them if there are no more than `most`."""
    total = sum(reach.entries for reach in reaches)
    chosen = range(total) if total <= most else sorted(random.sample(range(total), most))
    numbers, first = iter(chosen), 0
    number = next(numbers, None)
    for reach in reaches:
        while number is not None and number < first + reach.entries:
            yield reach.shard, reach.after + 1 + number - first, reach.until
            number = next(numbers, None)
        first += reach.entries


def judged(reaches: Sequence[Reach], decisions: Sequence[StoredDecision], packs: Mapping[str, Pack]) -> Sampled:
    """Decide each again, and compare."""
    counts = Counter(one.shard for one in decisions)
    others: Counter[int] = Counter()
    unequal = []
    for one in decisions:
        try:
            record: dict[str, Any] = json.loads(one.record)
            if record["kernel"] != KERNEL_VERSION:
                others[one.shard] += 1
                continue
            problem = problem_of(one.record, record, packs)
        except (ValueError, KeyError, TypeError) as error:
            problem = f"the record cannot be read: {error!r}"
        if problem:
            unequal.append(Unequal(shard=one.shard, sequence=one.sequence, problem=problem))
    return Sampled(reaches=reaches, counts=counts, other_kernel=others, unequal=unequal)


def problem_of(text: str, record: Mapping[str, Any], packs: Mapping[str, Pack]) -> str:
    """In what a record differs from the decision that its own facts lead to; empty if in nothing.

    Raises ValueError, KeyError or TypeError if the record is none.
    """
    digest = record["pack_digest"]
    if digest and digest not in packs:
        return f"the pack {record['pack']} is not known by its digest"
    again = decide_again(packs[digest] if digest else None, record).record()
    if again == text:
        return ""
    other = json.loads(again)
    names = [name for name in sorted({*record, *other}) if record.get(name) != other.get(name)]
    return f"other values of {', '.join(names)}" if names else "the same values in other bytes"
