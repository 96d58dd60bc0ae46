"""Time zones, and by which data a process knows them: the rules of a zone change, and what was decided names those it was decided by."""

from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

from compliance_svc.kernel.values import value

_DIGITS: Final = 16


@value()
class Zone:
    """A zone as this process has loaded it, once."""

    times: ZoneInfo
    data: str
    """First 16 hexadecimal digits of SHA-256 of its TZif data."""


@cache
def load_zone(name: str) -> Zone:
    """Load a zone. What a process has loaded stays as it is until its end. ValueError, or an error of zoneinfo, for a name that is none."""
    return Zone(ZoneInfo(name), sha256(_data(name)).hexdigest()[:_DIGITS])


def _data(name: str) -> bytes:
    for folder in TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
