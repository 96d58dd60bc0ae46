"""Free loopback ports."""

from __future__ import annotations

import contextlib
import random
import socket

# Below the range the kernel gives to outgoing connections, so that a port chosen now is still free when
# its server starts a moment later.
_FIRST, _LAST = 20_000, 32_000
_DICE = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Different ports nobody listens on now."""
    with contextlib.ExitStack() as held:
        return [_hold(held) for _ in range(count)]


def free_port() -> int:
    """One port nobody listens on now."""
    return free_ports(1)[0]


def _hold(held: contextlib.ExitStack) -> int:
    while True:
        port = _DICE.randrange(_FIRST, _LAST)
        trial = socket.socket()
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            trial.close()
            continue
        held.callback(trial.close)
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens on the port now."""
    with socket.socket() as trial:
        # A port whose last connections are still winding down is free for a server.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
