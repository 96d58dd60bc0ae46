"""Run folders: one for each start of the stack, below `build/run`, with its logs, its secrets and its data."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from mesh.dev.accounts import reachable, unprivileged
from mesh.dev.paths import RUNS
from mesh.dev.postgres_programs import locked

KEPT = 8
_OWNER = "owner"


def new_run(kind: str) -> Path:
    """A new folder that belongs to this process; also tidies up after runs that ended badly."""
    runs = reachable(RUNS, None)
    tidy(runs)
    folder = runs / f"{kind}-{time.strftime('%H%M%S')}-{os.getpid()}-{os.urandom(2).hex()}"
    folder.mkdir(mode=0o700)
    (folder / _OWNER).write_text(str(os.getpid()))
    return folder


def remove_data(folder: Path) -> None:
    """Remove what a run stored; its logs stay."""
    for data in {folder / "data", reachable_data(folder)}:
        shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(folder / "secrets", ignore_errors=True)


def reachable_data(folder: Path) -> Path:
    """Where the data of a run is, which may be outside its folder (see `accounts.reachable`)."""
    return reachable(folder / "data", unprivileged())


def tidy(runs: Path) -> None:
    """Remove what runs left that are over, but for the logs of the newest. One process at a time."""
    with locked(runs / "tidy.lock"):
        ended = [folder for folder in runs.iterdir() if folder.is_dir() and not _is_alive(folder)]
        ended.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in ended:
            remove_data(folder)
        for folder in ended[KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return Path(f"/proc/{int((folder / _OWNER).read_text())}").exists()
    # Without an owner's name: another program's folder, or one that is being made this moment.
    return time.time() - folder.stat().st_mtime < 3600  # noqa: PLR2004 - an hour
