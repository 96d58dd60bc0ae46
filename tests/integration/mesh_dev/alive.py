"""Which of these processes live."""

from __future__ import annotations

from collections.abc import Iterable

from mesh.dev.running import is_alive


def alive(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if is_alive(pid)]
