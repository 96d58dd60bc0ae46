"""Whether a process lives. One that has ended and was not yet waited for does not."""

from __future__ import annotations

from pathlib import Path


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if is_alive(pid)]
