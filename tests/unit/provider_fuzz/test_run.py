"""Every sequence is accounted for: played, failed, crashed, or left out because the run was told to end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.provider_fuzz.run import LARGEST_PART, MOST_CRASHES, Search, parts_of
from tests.provider_fuzz.story import Story, Verb
from tests.provider_fuzz.tally import Tally
from tests.provider_fuzz.worlds import MismatchError

Play = Callable[[Story], None]


def search(
    play: Play, *, sequences: int = 40, at_once: int = 2, seed: int = 7, stop: threading.Event | None = None
) -> Search:
    made = Search(
        list(parts_of(sequences, at_once)),
        Tally(provider="acme"),
        seed_=seed,
        shrinks=True,
        stop=stop or threading.Event(),
    )
    made.work(play)
    return made


@pytest.mark.parametrize(("sequences", "at_once"), [(0, 4), (1, 4), (5, 4), (100_000, 32), (2001, 2)])
def test_parts_are_the_whole_and_none_is_too_large(sequences: int, at_once: int) -> None:
    sizes = [part.sequences for part in parts_of(sequences, at_once)]
    assert sum(sizes) == sequences
    assert all(0 < size <= LARGEST_PART for size in sizes)
    assert len(sizes) >= min(sequences, at_once)


def test_the_seed_decides_the_stories() -> None:
    told: dict[int, list[Story]] = {1: [], 2: [], 3: []}
    for run, seed in ((1, 7), (2, 7), (3, 8)):
        search(told[run].append, seed=seed)
    assert told[1] == told[2] != told[3]
    assert len(told[1]) == 40


def test_a_run_that_played_everything_is_complete() -> None:
    assert search(lambda _: None).result(ended=True).complete
    assert not search(lambda _: None).result().complete


def test_a_mismatch_comes_with_the_smallest_story_that_shows_it() -> None:
    def play(story: Story) -> None:
        if any(move.verb is Verb.CANCEL for moment in story.moments for move in moment):
            message = "a cancel went wrong"
            raise MismatchError(message)

    result = search(play).result(ended=True)
    assert result.mismatches
    for finding in result.mismatches:
        assert (finding.why, finding.part in {0, 1}) == ("a cancel went wrong", True)
        assert finding.story is not None
        assert finding.first is not None
        assert sum(move.verb is Verb.CANCEL for moment in finding.story.moments for move in moment) == 1
        assert len(finding.story.moments) <= len(finding.first.moments)


def test_a_crash_comes_with_its_part_and_its_story_and_the_other_parts_are_played() -> None:
    played: list[Story] = []

    def play(story: Story) -> None:
        played.append(story)
        if len(played) == 5:
            message = "no more connections"
            raise OSError(message)

    result = search(play).result(ended=True)
    assert [(crash.part, crash.story) for crash in result.crashes] == [(0, played[4])]
    assert "no more connections" in result.crashes[0].why
    assert len(played) == 5 + 20
    assert not result.complete
    assert not result.as_json()["ok"]


def test_after_some_crashes_a_run_ends() -> None:
    def play(_story: Story) -> None:
        raise OSError

    assert len(search(play, at_once=10).result(ended=True).crashes) == MOST_CRASHES


def test_told_to_stop_it_plays_no_further_story() -> None:
    stop, played = threading.Event(), []

    def play(story: Story) -> None:
        played.append(story)
        if len(played) == 3:
            stop.set()

    result = search(play, stop=stop).result(ended=True)
    assert (len(played), result.complete, result.crashes, result.mismatches) == (3, False, [], [])
