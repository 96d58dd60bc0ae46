"""Hypothesis draws stories in many threads at once; one loop plays them, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.provider_fuzz.playing import Room
from tests.provider_fuzz.story import STORIES, Story
from tests.provider_fuzz.worlds import MismatchError

AT_ONCE: Final = 32
_TOLD_EVERY_S: Final = 2.0


@dataclass(slots=True)
class Finding:
    """What one thread found: the smallest story that failed."""

    story: Story | None = None
    why: str = ""
    failures: int = 0

    def note(self, story: Story, why: str) -> None:
        """A story failed. Hypothesis ends with the smallest."""
        self.story, self.why = story, why
        self.failures += 1

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {"why": self.why, "failures": self.failures, "story": self.story.lines() if self.story else []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run found with one provider."""

    provider: str
    seed: int
    sequences: int
    messages: dict[str, int]
    mismatches: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For build/provider_fuzz.json."""
        return {
            "ok": not self.mismatches,
            "provider": self.provider,
            "seed": self.seed,
            "sequences": self.sequences,
            "messages": sum(self.messages.values()),
            "messages_by_kind": self.messages,
            "mismatches": [each.as_json() for each in self.mismatches],
        }


async def fuzz(
    room: Room,
    *,
    sequences: int,
    seed_: int,
    told: Callable[[int], None] = lambda _: None,
    at_once: int = AT_ONCE,
    shrinks: bool = True,
) -> Result:
    """Play so many sequences. `told` hears how many were played, now and then. `shrinks`: look for the smallest failure."""
    loop = asyncio.get_running_loop()
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    with ThreadPoolExecutor(at_once) as pool:
        shares = enumerate(_shares(sequences, at_once))
        work = [
            loop.run_in_executor(pool, _search, _play_in(loop, room), share, seed_ * at_once + number, phases)
            for number, share in shares
        ]
        telling = asyncio.create_task(_tell(room, told))
        # All of them, though one crashes: the others wait for this loop.
        ended = await asyncio.gather(*work, return_exceptions=True)
        telling.cancel()
    if crashes := [each for each in ended if isinstance(each, BaseException)]:
        raise crashes[0]
    findings = [each for each in ended if isinstance(each, Finding)]
    return Result(
        provider=room.provider.name,
        seed=seed_,
        sequences=room.sequences,
        messages=dict(room.messages),
        mismatches=[finding for finding in findings if finding.failures],
    )


def _shares(whole: int, parts: int) -> Iterator[int]:
    """The whole in parts that differ by one at most; no empty ones."""
    yield from (share for number in range(parts) if (share := whole // parts + (number < whole % parts)))


def _play_in(loop: asyncio.AbstractEventLoop, room: Room) -> Callable[[Story], None]:
    def play(story: Story) -> None:
        played: Future[None] = asyncio.run_coroutine_threadsafe(room.play(story), loop)
        played.result()

    return play


def _search(play: Callable[[Story], None], sequences: int, seed_: int, phases: Sequence[Phase]) -> Finding:
    """Draw and play stories until one fails; then look for the smallest that does."""
    finding = Finding()

    @seed(seed_)
    @settings(
        max_examples=sequences,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(story=STORIES)
    def agrees(story: Story) -> None:
        try:
            play(story)
        except MismatchError as error:
            finding.note(story, str(error))
            raise

    try:
        agrees()
    except Exception:
        # Hypothesis may say that a failure is not to be had again: it was one. Anything else is a fault of ours.
        if not finding.failures:
            raise
    return finding


async def _tell(room: Room, told: Callable[[int], None]) -> None:
    while True:
        await asyncio.sleep(_TOLD_EVERY_S)
        told(room.sequences)
