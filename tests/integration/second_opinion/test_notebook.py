"""The notebook: a page wholly or not at all, and keys that were there before."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.second_opinion.notebook import Alarm, Notebook, Position

POSITION = Position(shard=3, size=7, digest=b"d" * 32, peaks=b"p" * 96, disputed=False)


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with contextlib.closing(Notebook(tmp_path / "notebook.sqlite")) as opened:
        yield opened


def test_a_key_that_was_there_is_named_by_its_place_and_all_others_are_kept(notebook: Notebook) -> None:
    with notebook.page():
        assert notebook.add_keys([5, -3, 9]) == []
        assert notebook.add_keys([7, 9, 8, 7]) == [1, 3]
    with notebook.page():
        assert notebook.add_keys([8, 7, 5, 6, -3]) == [0, 1, 2, 4]


def test_a_page_that_fails_leaves_nothing(notebook: Notebook) -> None:
    def fail() -> None:
        with notebook.page():
            notebook.put_position(POSITION)
            notebook.put_accounts([(1, [2, 3, 0])])
            notebook.add_keys([4])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (notebook.positions(), notebook.accounts()) == ({}, {})
    with notebook.page():
        assert notebook.add_keys([4]) == []


def test_what_was_written_is_there_after_it_was_opened_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with contextlib.closing(Notebook(tmp_path / "notebook.sqlite")) as opened:
            if name == "one":
                with opened.page():
                    opened.put_position(POSITION)
                    opened.put_accounts([(1, [2**70, 3, 1])])
                    opened.put_hold((1, 2, "h"), (7, 10, 3, 0, 0))
            assert opened.positions() == {3: POSITION}
            assert opened.accounts() == {1: [2**70, 3, 1]}
            assert opened.hold((1, 2, "h")) == (7, 10, 3, 0, 0)
            assert opened.hold((1, 2, "other")) is None


def test_hashes_are_found_over_the_edges_of_tiles(notebook: Notebook) -> None:
    leaves = [number.to_bytes(32) for number in range(600)]
    with notebook.page():
        notebook.put_tiles((0, 0, at, b"".join(leaves[256 * at : 256 * at + 256])) for at in range(3))
    for first, end in [(0, 1), (255, 257), (0, 600), (512, 600), (511, 513), (590, 700)]:
        assert notebook.hashes(0, 0, first, end) == b"".join(leaves[first:end])


def test_an_alarm_is_news_once(notebook: Notebook) -> None:
    alarm = Alarm(place="3-5", problem="changed", seen_us=1)
    with notebook.page():
        assert notebook.add_alarm(alarm)
        assert not notebook.add_alarm(Alarm(place="3-5", problem="changed", seen_us=2))
    assert notebook.alarms(5) == [alarm]


def test_a_file_of_another_version_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "notebook.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE shard (x)")
        other.execute("PRAGMA user_version = 99")
    with contextlib.closing(Notebook(file)) as opened:
        assert opened.positions() == {}
