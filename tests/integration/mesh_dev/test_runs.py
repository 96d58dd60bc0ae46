"""Run folders: what runs that ended badly left is tidied away, by any number of starts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mesh.dev.runs import KEPT, tidy

_NOBODY = "4194304999"
"""A process that cannot be."""


def left_behind(runs: Path, count: int) -> None:
    for number in range(count):
        folder = runs / f"ended-{number}"
        (folder / "data" / "base").mkdir(parents=True)
        (folder / "data" / "base" / "file").write_text("bytes")
        (folder / "owner").write_text(_NOBODY)


def test_starts_at_once_tidy_away_what_others_left(tmp_path: Path) -> None:
    for _ in range(5):
        left_behind(tmp_path, 60)
        with ThreadPoolExecutor(8) as starts:
            for each in [starts.submit(tidy, tmp_path) for _ in range(8)]:
                each.result()
        kept = [folder for folder in tmp_path.iterdir() if folder.is_dir()]
        assert len(kept) == KEPT
        assert not [folder for folder in kept if (folder / "data").exists()]


def test_what_belongs_to_a_running_process_stays(tmp_path: Path) -> None:
    left_behind(tmp_path, 1)
    (tmp_path / "ended-0" / "owner").write_text("1")
    tidy(tmp_path)
    assert (tmp_path / "ended-0" / "data" / "base" / "file").exists()
