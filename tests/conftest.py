"""What holds for every test: nothing leaves this computer, and nothing is judged by how long one example took."""

from __future__ import annotations

import ipaddress
import sys

from hypothesis import HealthCheck, settings


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
