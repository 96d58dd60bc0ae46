"""Free loopback ports.

Each process that asks takes its ports from a slice of its own, one after the other. So two stacks that start at the
same time never choose the same port, and a port chosen now is still free when its server starts a moment later.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Below the range the kernel gives to outgoing connections.
_FIRST, _LAST = 20_000, 32_000
_SLICE = 240
_DICE = random.SystemRandom()
_ASKING = threading.Lock()
_HELD: list[int] = []
"""The descriptor with the lock of this process's slice. It is closed by the end of the process, and by nothing else."""


def free_ports(count: int) -> list[int]:
    """Different ports nobody listens on now."""
    with _ASKING, contextlib.ExitStack() as held:
        return [_hold(held) for _ in range(count)]


def free_port() -> int:
    """One port nobody listens on now."""
    return free_ports(1)[0]


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


def _hold(held: contextlib.ExitStack) -> int:
    for port in _numbers(os.getpid()):
        trial = socket.socket()
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            trial.close()
            continue
        held.callback(trial.close)
        return port
    raise AssertionError("there is always another port")


@cache
def _numbers(process: int) -> Iterator[int]:
    """Every port of the slice, again and again; a forked child takes a slice of its own."""
    first = _take_slice(process)

    def numbers() -> Iterator[int]:
        while True:
            yield from range(first, first + _SLICE)

    return numbers()


def _take_slice(process: int) -> int:
    folder = Path(tempfile.gettempdir()) / f"pitboss-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    slices = list(range(_FIRST, _LAST, _SLICE))
    _DICE.shuffle(slices)
    for first in slices:
        lock = os.open(folder / str(first), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        os.ftruncate(lock, 0)
        os.write(lock, str(process).encode())
        _HELD.append(lock)
        return first
    # More processes than slices: as good as can be had.
    return slices[0]
