"""How far a computer's clock is from its reference, as whoever measures that says in one small file.

The file is JSON, `{"offset_us", "error_us", "measured_us", "source"}`, and is replaced whole with each measurement.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

_MOST_BYTES: Final = 4096
_NUMBERS: Final = ("offset_us", "error_us", "measured_us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One measurement of a clock."""

    offset_us: int
    """How far the clock was ahead of its reference; negative: behind."""
    error_us: int = 0
    """The true offset is no further than this from the measured one."""
    measured_us: int
    """When that was, on the clock itself."""
    source: str = ""
    """What it was compared with, such as `ntp/time.example:123`."""

    def is_fresh(self, now_us: int, *, tolerance_us: int, max_age_us: int) -> bool:
        """Whether it still says something. The age is half-open: at `max_age_us` it is over.

        A report from further ahead than the tolerance says that the clock was set back since.
        """
        return -tolerance_us <= now_us - self.measured_us < max_age_us

    def is_off(self, tolerance_us: int) -> bool:
        """Whether the clock may have been further from its reference than the tolerance."""
        return abs(self.offset_us) + self.error_us > tolerance_us


class ClockReport:
    """The file, as those who rely on the clock read it. A report that is stale is none, and no report is never "in time"."""

    def __init__(self, file: Path, *, tolerance_us: int, max_age_us: int) -> None:
        """Take where it is, and what is asked of it. It may be missing: somebody has still to write it."""
        self._file = file
        self._tolerance_us, self._max_age_us = tolerance_us, max_age_us

    def read(self) -> Report | None:
        """What was measured last; None if there is nothing that can be read."""
        return read_report(self._file)

    def is_off(self, report: Report | None, now_us: int) -> bool:
        """Whether times of this clock are no evidence now."""
        if report is None or not report.is_fresh(now_us, tolerance_us=self._tolerance_us, max_age_us=self._max_age_us):
            return True
        return report.is_off(self._tolerance_us)


def write_report(file: Path, report: Report) -> None:
    """Say how far the clock is from its reference. Killed at any point, the file has the last report or this one."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(asdict(report)))
    fresh.replace(file)


def read_report(file: Path) -> Report | None:
    """The last report; None if the file is missing or is no report."""
    try:
        with file.open("rb") as opened:
            found: Any = json.loads(opened.read(_MOST_BYTES))
        numbers = {name: found[name] for name in _NUMBERS}
        report = Report(**numbers, source=str(found["source"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_sound = all(type(number) is int for number in numbers.values()) and report.error_us >= 0
    return report if is_sound else None
