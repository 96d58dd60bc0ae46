"""Hypothesis draws stories in many threads at once; one loop plays them, side by side."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.provider_fuzz.playing import Room
from tests.provider_fuzz.story import STORIES, Story
from tests.provider_fuzz.tally import Tally
from tests.provider_fuzz.worlds import MismatchError

AT_ONCE: Final = 32
LARGEST_PART: Final = 200
"""Hypothesis remembers all that it drew in a part, and forgets it with the part."""
MOST_SHRUNK, MOST_FOUND, MOST_CRASHES = 3, 20, 3
"""Failures whose smallest story is looked for, and after which a run ends: more of them teach little, and take long."""
_TOLD_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Stories that Hypothesis draws in one go. Its number and the seed decide them."""

    number: int
    sequences: int


@dataclass(slots=True, kw_only=True)
class Finding:
    """What one part found: the first story that failed, and the smallest."""

    part: int | None = None
    """None: after all stories."""
    story: Story | None = None
    why: str = ""
    first: Story | None = None
    failures: int = 0

    def note(self, story: Story, why: str) -> None:
        """A story failed. Hypothesis ends with the smallest."""
        self.first = self.first or story
        self.story, self.why = story, why
        self.failures += 1

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        story, first = (each.lines() if each else [] for each in (self.story, self.first))
        return {"why": self.why, "part": self.part, "failures": self.failures, "story": story, "first_story": first}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """What ended a part before its time, and is no disagreement."""

    part: int
    story: Story | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {"why": self.why, "part": self.part, "story": self.story.lines() if self.story else []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run found with one provider."""

    provider: str
    seed: int
    asked: int
    """Sequences that were to be played."""
    sequences: int
    """That were played, those of the search for the smallest too."""
    messages: dict[str, int]
    players: int = 0
    """Compared once more after the last sequence."""
    mismatches: list[Finding] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    complete: bool = False
    """Every part was played to its end, or to a mismatch."""

    def as_json(self) -> dict[str, Any]:
        """For build/provider_fuzz.json."""
        return {
            "ok": self.complete and not self.mismatches,
            "complete": self.complete,
            "provider": self.provider,
            "seed": self.seed,
            "asked": self.asked,
            "sequences": self.sequences,
            "messages": sum(self.messages.values()),
            "messages_by_kind": self.messages,
            "players": self.players,
            "mismatches": [each.as_json() for each in self.mismatches],
            "crashes": [each.as_json() for each in self.crashes],
        }


async def fuzz(
    room: Room,
    *,
    sequences: int,
    seed_: int,
    told: Callable[[Result], None] = lambda _: None,
    at_once: int = AT_ONCE,
    shrinks: bool = True,
    only: Collection[int] = (),
    stop: threading.Event | None = None,
) -> Result:
    """Play so many sequences, or these parts of them, and at last compare every player's books once more.

    `told` hears how far it is, now and then. `shrinks`: look for the smallest failure. `stop`: end after the stories that are on.
    """
    parts = [part for part in parts_of(sequences, at_once) if not only or part.number in only]
    search = Search(parts, room.tally, seed_=seed_, shrinks=shrinks, stop=stop or threading.Event())
    loop = asyncio.get_running_loop()
    play = _play_in(loop, room)
    with ThreadPoolExecutor(at_once) as pool:
        work = [loop.run_in_executor(pool, search.work, play) for _ in range(at_once)]
        telling = asyncio.create_task(_tell(lambda: told(search.result())))
        try:
            await asyncio.gather(*work)
        finally:
            telling.cancel()
    for why in await room.contradictions():
        search.findings.append(Finding(why=why, failures=1))
    return search.result(ended=True)


def parts_of(sequences: int, at_once: int) -> Iterator[Part]:
    """Equal parts but for one sequence, at least one for each thread if there are enough sequences."""
    count = max(-(-sequences // LARGEST_PART), min(sequences, at_once))
    for number in range(count):
        yield Part(number=number, sequences=sequences // count + (number < sequences % count))


class Search:
    """Parts that are to be played, and what was found so far. Threads share it."""

    def __init__(
        self, parts: Sequence[Part], tally: Tally, *, seed_: int, shrinks: bool, stop: threading.Event
    ) -> None:
        self._waiting, self._tally = iter(parts), tally
        self._asked, self._seed, self._shrinks, self._stop = sum(each.sequences for each in parts), seed_, shrinks, stop
        self._lock = threading.Lock()
        self._parts, self._ended = len(parts), 0
        self.findings: list[Finding] = []
        self.crashes: list[Crash] = []

    def work(self, play: Callable[[Story], None]) -> None:
        """Play one part after the other, until there are no more or enough was found."""
        while not self._is_over() and (part := self._next()) is not None:
            shrinks = self._shrinks and len(self.findings) < MOST_SHRUNK
            finding = Finding(part=part.number)
            try:
                _search(self._until_stopped(play), part, f"{self._seed}/{part.number}", finding, shrinks=shrinks)
                whole = True
            except StoppedError:
                whole = False
            except CrashError as error:
                whole = False
                self.crashes.append(Crash(part=part.number, story=error.story, why=error.why))
            except Exception:  # noqa: BLE001 - whatever it is, it belongs into the report
                whole = False
                self.crashes.append(Crash(part=part.number, story=None, why=traceback.format_exc()))
            with self._lock:
                self._ended += whole
                if finding.failures:
                    self.findings.append(finding)

    def result(self, *, ended: bool = False) -> Result:
        """What was found until now. `ended`: and nothing comes any more."""
        return Result(
            provider=self._tally.provider,
            seed=self._seed,
            asked=self._asked,
            sequences=self._tally.sequences,
            messages=dict(self._tally.messages),
            players=self._tally.players,
            mismatches=list(self.findings),
            crashes=list(self.crashes),
            complete=ended and self._ended == self._parts and not self.crashes,
        )

    def _next(self) -> Part | None:
        with self._lock:
            return next(self._waiting, None)

    def _is_over(self) -> bool:
        return self._stop.is_set() or len(self.findings) >= MOST_FOUND or len(self.crashes) >= MOST_CRASHES

    def _until_stopped(self, play: Callable[[Story], None]) -> Callable[[Story], None]:
        def played(story: Story) -> None:
            if self._stop.is_set():
                raise StoppedError
            play(story)

        return played


# Hypothesis lets these two through at once. After any other exception it would look for a smaller story.


class StoppedError(BaseException):
    """The run is to end."""


class CrashError(BaseException):
    """A story could not be played."""

    def __init__(self, story: Story, why: str) -> None:
        super().__init__(why)
        self.story, self.why = story, why


def _play_in(loop: asyncio.AbstractEventLoop, room: Room) -> Callable[[Story], None]:
    def play(story: Story) -> None:
        played: Future[None] = asyncio.run_coroutine_threadsafe(room.play(story), loop)
        played.result()

    return play


def _search(play: Callable[[Story], None], part: Part, seed_: str, finding: Finding, *, shrinks: bool) -> None:
    """Draw and play stories until one fails; then look for the smallest that does."""

    @seed(seed_)
    @settings(
        max_examples=part.sequences,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
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
        except Exception:  # noqa: BLE001 - whatever it is, it belongs into the report
            raise CrashError(story, traceback.format_exc()) from None

    try:
        agrees()
    except Exception:
        # Hypothesis may say that a failure is not to be had again: it was one. Anything else is a fault of ours.
        if not finding.failures:
            raise


async def _tell(told: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_TOLD_EVERY_S)
        told()
