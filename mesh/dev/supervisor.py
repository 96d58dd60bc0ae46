"""Keep a mesh up: start it, write `build/mesh.json`, start again what dies, stop on SIGTERM.

One mesh a checkout: the lock file belongs to the supervisor as long as it lives, so a
stale file never counts. Run as a module it is the daemon behind `pitboss up --detach`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from mesh.dev.ahead import preparing
from mesh.dev.errors import AlreadyUpError, StackError
from mesh.dev.files import write_private_json
from mesh.dev.paths import LOCK_FILE, MESH_FILE, PYTHON_PATH, ROOT, SUPERVISOR_LOG
from mesh.dev.running import is_up
from mesh.dev.stack import Options, Report, Stack

_WATCH_EVERY_S = 0.3
_LONGEST_PAUSE_S = 10.0


class Supervisor:
    """A stack and its guardian."""

    def __init__(self, options: Options, report: Report) -> None:
        self.stack = Stack(options, report=report)
        self._report = report
        self._stop = threading.Event()
        self._failures: dict[str, int] = {}
        self._again_at: dict[str, float] = {}

    def ask_to_stop(self, *_: object) -> None:
        """End `run` soon; also a signal handler."""
        self._stop.set()

    def run(self, ready: Callable[[dict[str, Any]], None]) -> None:
        """Start, call `ready` with the mesh's description, and keep it up until asked to stop."""
        with _locked(), self.stack:
            mesh = self._write()
            try:
                ready(mesh)
                with preparing():
                    while not self._stop.wait(_WATCH_EVERY_S):
                        self._revive()
            finally:
                MESH_FILE.unlink(missing_ok=True)

    def _write(self) -> dict[str, Any]:
        mesh = {**self.stack.mesh, "supervisor": os.getpid()}
        write_private_json(MESH_FILE, mesh)
        return mesh

    def _revive(self) -> None:
        """Start again what has ended, later and later if it keeps ending."""
        now = time.monotonic()
        for name in self.stack.names:
            if self.stack.is_running(name):
                continue
            if name not in self._again_at:
                self._failures[name] = self._failures.get(name, 0) + 1
                self._again_at[name] = now + min(0.1 * 2 ** self._failures[name], _LONGEST_PAUSE_S)
                self._report(name, f"ended with exit code {self.stack.child(name).exit_code}")
            elif now >= self._again_at[name]:
                del self._again_at[name]
                self._restart(name)

    def _restart(self, name: str) -> None:
        with contextlib.suppress(StackError, TimeoutError):
            self.stack.restart(name, wait=False)
        self._report(name, f"started again, {self._failures[name]} times so far")
        self._write()


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    LOCK_FILE.parent.mkdir(parents=True, exist_ok=True)
    with LOCK_FILE.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUpError from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


# -- as a daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a detached start went."""

    mesh: dict[str, Any] | None
    error: str = ""


def detach(options: Options, report: Report) -> Started:
    """Start a supervisor that outlives us, and wait until its mesh is ready."""
    if is_up():
        raise AlreadyUpError
    SUPERVISOR_LOG.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with SUPERVISOR_LOG.open("ab") as log, os.fdopen(reading) as events:
        command = [sys.executable, "-m", "mesh.dev.supervisor", str(writing), json.dumps(_plain(options))]
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=environment,
                                  pass_fds=[writing], start_new_session=True)  # fmt: skip
        os.close(writing)
        started = _follow(events, report)
    # It is to live on without us; nobody waits for it here.
    daemon.returncode = 0
    return started


def _follow(events: IO[str], report: Report) -> Started:
    for line in events:
        event = json.loads(line)
        if "mesh" in event:
            return Started(mesh=event["mesh"])
        if "error" in event:
            return Started(mesh=None, error=event["error"])
        report(event["process"], event["state"])
    return Started(mesh=None, error=f"the supervisor ended without a word; see {SUPERVISOR_LOG}")


def _plain(options: Options) -> dict[str, object]:
    plain = {name: getattr(options, name) for name in ("kind", "log_level", "otlp_endpoint", "licensee_port",
                                                       "studio_port", "ready_s", "keep_data", "second_opinion", "audit", "register", "clock", "geolocation", "sanctions", "limit_file", "activity_file")}  # fmt: skip
    return {**plain, "providers": sorted(options.providers)}


def _serve(pipe: IO[str], options: Options) -> int:
    """The daemon: tells the pipe what happens until it is ready, then keeps the mesh up."""

    def tell(**event: object) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            pipe.write(json.dumps(event) + "\n")
            pipe.flush()

    def ready(mesh: dict[str, Any]) -> None:
        tell(mesh=mesh)
        pipe.close()

    def report(name: str, state: str) -> None:
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name}: {state}\n")
        sys.stdout.flush()
        tell(process=name, state=state)

    supervisor = Supervisor(options, report)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.ask_to_stop)
    try:
        supervisor.run(ready)
    except (StackError, TimeoutError, RuntimeError, OSError) as error:
        tell(error=str(error))
        return 1
    return 0


def main() -> int:
    """`python -m mesh.dev.supervisor PIPE OPTIONS`."""
    with os.fdopen(int(sys.argv[1]), "w") as pipe:
        plain = json.loads(sys.argv[2])
        return _serve(pipe, Options(**{**plain, "providers": frozenset(plain["providers"])}))


if __name__ == "__main__":
    raise SystemExit(main())
