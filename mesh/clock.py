"""Where processes get the time from. The sandbox can move it; tests set it by hand."""

from __future__ import annotations

import datetime as dt
import mmap
import struct
import time
from pathlib import Path
from typing import Protocol

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_OFFSET = struct.Struct("<q")
_STANDS = b"stands"
"""After the number: it is the moment itself."""


class Clock(Protocol):
    """The present moment, always UTC."""

    def now(self) -> dt.datetime:
        """The moment as a datetime in UTC."""
        ...

    def now_us(self) -> int:
        """The moment in microseconds since 1970."""
        ...


def from_us(moment_us: int) -> dt.datetime:
    """The datetime of a moment in microseconds since 1970, exact."""
    return _EPOCH + dt.timedelta(microseconds=moment_us)


def to_us(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exact."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


class SystemClock:
    """The computer's clock."""

    def now(self) -> dt.datetime:
        """The moment as a datetime in UTC."""
        return from_us(self.now_us())

    def now_us(self) -> int:
        """The moment in microseconds since 1970."""
        return time.time_ns() // 1000


class SandboxClock:
    """The computer's clock plus an offset that every process of a sandbox reads from one small file.

    A file of `write_standstill` makes it stand at one moment instead, until it is moved to the next.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._offset = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._stands = len(self._offset) > _OFFSET.size

    def now(self) -> dt.datetime:
        """The moment as a datetime in UTC."""
        return from_us(self.now_us())

    def now_us(self) -> int:
        """The moment in microseconds since 1970."""
        offset: int = _OFFSET.unpack_from(self._offset)[0]
        if self._stands:
            return offset
        return time.time_ns() // 1000 + offset


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: dt.datetime | int = 0) -> None:
        self._now_us = start if isinstance(start, int) else to_us(start)

    def now(self) -> dt.datetime:
        """The moment as a datetime in UTC."""
        return from_us(self._now_us)

    def now_us(self) -> int:
        """The moment in microseconds since 1970."""
        return self._now_us

    def advance(self, **span: float) -> None:
        """Move by a span given as for `timedelta`, such as `advance(hours=1)`."""
        self._now_us += dt.timedelta(**span) // dt.timedelta(microseconds=1)

    def set(self, moment: dt.datetime | int) -> None:
        """Jump to a moment."""
        self._now_us = moment if isinstance(moment, int) else to_us(moment)


def open_clock(file: Path | None) -> Clock:
    """The sandbox's clock if there is a file for it, else the computer's."""
    return SandboxClock(file) if file else SystemClock()


def write_offset(file: Path, offset_us: int) -> None:
    """Set a sandbox's offset; creates the file. Running processes see it at once."""
    _show(file, _OFFSET.pack(offset_us))


def write_standstill(file: Path, moment_us: int) -> None:
    """Let a sandbox's clock stand at a moment. The file is one of its own: processes see each moment at once."""
    _show(file, _OFFSET.pack(moment_us) + _STANDS)


def read_offset(file: Path) -> int:
    """A sandbox's offset in microseconds."""
    offset: int = _OFFSET.unpack_from(file.read_bytes())[0]
    return offset


def _show(file: Path, record: bytes) -> None:
    """Write what others have mapped into their memory: in place, once the file is there."""
    if not file.exists():
        file.write_bytes(record)
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), len(record)) as view:
        view[:] = record
