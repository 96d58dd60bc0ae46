"""What holds for every test: nothing leaves this computer, no example is judged by its time, long files begin first."""

from __future__ import annotations

import ipaddress
import sys

import pytest
from hypothesis import HealthCheck, settings

_LONG = (
    "tests/conformance/",
    "tests/integration/corpus/",
    "tests/integration/drills/",
    "tests/integration/torture/",
    "tests/integration/mesh_dev/",
    "tests/integration/docs/",
    "tests/e2e/",
    "tests/integration/",
)
"""Where the longest files are, the longest first: workers then end at nearly the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, in an order that is the same on every worker."""
    items.sort(
        key=lambda item: next((place for place, part in enumerate(_LONG) if item.nodeid.startswith(part)), len(_LONG))
    )


def refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: Python's own sockets connect to loopback and to sockets in the file system only."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            raise PermissionError(f"a test tried to reach {address[0]}")


def is_loopback(host: str) -> bool:
    """Whether an address is this computer's own."""
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


sys.addaudithook(refuse_the_outside)
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
