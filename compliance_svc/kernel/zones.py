"""Time zones, and by which data a process knows them: the rules of a zone change, and what was decided names those it was decided by."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

from compliance_svc.kernel.values import value

ZONE_DATA_CHANGED: Final = "ZONE_DATA_CHANGED"
"""The word for a zone that was known by other data before: the instants of its midnights may be others now."""
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
    zone = Zone(ZoneInfo(name), _digest(name))
    _LOADED[name] = zone
    return zone


def zones_now() -> Mapping[str, str]:
    """Return by name the data that every loaded zone would have if it were loaded now; empty where it cannot be read."""
    return {name: _digest_or_nothing(name) for name in _LOADED}


def changed_zones() -> frozenset[str]:
    """Return the loaded zones whose data is another one now. What was loaded is still what decisions are made by."""
    return frozenset(name for name, data in zones_now().items() if data != _LOADED[name].data)


_LOADED: Final[dict[str, Zone]] = {}


def _digest_or_nothing(name: str) -> str:
    try:
        return _digest(name)
    except (OSError, ModuleNotFoundError):
        return ""


def _digest(name: str) -> str:
    return sha256(_data(name)).hexdigest()[:_DIGITS]


def _data(name: str) -> bytes:
    for folder in TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
