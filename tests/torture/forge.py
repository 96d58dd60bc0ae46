"""Makes wallet processes quickly: everything is imported once, and each wallet is a fork that runs `wallet_svc` from its first line.

A line of JSON on the input asks for a process, `{"environment": {...}, "log": path}`; the answer is `{"pid": n}`. When one has ended
the line is `{"pid": n, "status": exit status, or the negative signal}`. When the input ends, everything ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any

_DIES_WITH_PARENT = 1


def main() -> None:
    """Serve until the input ends."""
    import grpc.aio  # noqa: F401, PLC0415 - this and the next lines are what a wallet's start spends its time on
    import uvloop  # noqa: F401, PLC0415

    import wallet_svc.wiring  # noqa: F401, PLC0415

    children: set[int] = set()
    known = threading.Lock()
    _tell({"ready": True})
    threading.Thread(target=_reap, args=(children, known), daemon=True).start()
    for line in sys.stdin:
        wanted = json.loads(line)
        with known:
            pid = os.fork()
            if pid == 0:
                _become_a_wallet(wanted)
            children.add(pid)
            _tell({"pid": pid})
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _tell(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _reap(children: set[int], known: threading.Lock) -> None:
    tick = threading.Event()
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            tick.wait(0.02)
            continue
        # Its start is told before its end.
        with known:
            children.discard(pid)
            _tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _become_a_wallet(wanted: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    log = os.open(Path(wanted["log"]), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    sys.argv = ["wallet_svc"]
    status: object = 1
    try:
        runpy.run_module("wallet_svc", run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    main()
