"""Child processes that never outlive this one, and neither do their children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mesh.dev.accounts import Account

HERE = Path(__file__).parent
# Handed on to every child, so that what starts us can find all that is left of us (`mesh.tooling.leftovers`).
RUN_MARK = "PITBOSS_RUN_MARK"
BARE_PYTHON = (sys.executable, "-I", "-S")

# The kernel ties the death signal to the thread that made the child, so every child
# is made by one thread that lives as long as the process.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-spawner")


class _Guard:
    """The pipe to the process that cleans up after us (see `guard.py`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = -1
        # A bare descriptor: the end of this process closes it, which is what the guard waits for.
        self._pipe = -1

    def tell(self, sign: str, group: int) -> None:
        """Announce (`+`) or take back (`-`) a process group."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            os.write(self._open(), f"{sign}{group}\n".encode())

    def _open(self) -> int:
        if self._pipe < 0 or self._owner != os.getpid():
            guard = subprocess.Popen(
                [*BARE_PYTHON, str(HERE / "guard.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=_mark(),
            )
            # It ends with us, never before: nobody is to wait for it.
            guard.returncode = 0
            assert guard.stdin is not None
            if self._pipe >= 0:
                # We were forked: the guard of our parent waits for our parent alone.
                os.close(self._pipe)
            self._pipe, self._owner = os.dup(guard.stdin.fileno()), os.getpid()
            guard.stdin.close()
        return self._pipe


_GUARD = _Guard()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and as whom."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    directory: Path
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGKILL
    """What the program gets when this process dies; PostgreSQL stops its own children on SIGQUIT."""


class Child:
    """A running program, the leader of its own process group."""

    def __init__(self, command: Command, process: subprocess.Popen[bytes]) -> None:
        self.command = command
        self.started_at = time.time()
        self._process = process

    @property
    def name(self) -> str:
        """The name it was started under."""
        return self.command.name

    @property
    def pid(self) -> int:
        """Its process id, which is its group's id too."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the negative signal number if a signal ended it."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False if it still runs after the timeout."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._forget()
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self._process.send_signal(number)

    def freeze(self) -> None:
        """Stop it where it is: its connections stay open and nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the program and all its group at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(10)

    def stop(self, *, grace_s: float = 8.0, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and insist when the grace period is over."""
        if self.exit_code is None:
            self.send(number)
        if self.exit_code is not None or self.wait(grace_s):
            self._forget()
        else:
            self.kill()

    def _forget(self) -> None:
        # A program that ended well may have left helpers behind in its group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        _GUARD.tell("-", self.pid)

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, for error messages."""
        with contextlib.suppress(OSError):
            return "\n".join(self.command.log.read_text(errors="replace").splitlines()[-count:])
        return ""


def spawn(command: Command) -> Child:
    """Start a program whose life ends with ours, whatever ends ours."""
    child = _SPAWNER.submit(_spawn, command).result()
    _GUARD.tell("+", child.pid)
    return child


def _spawn(command: Command) -> Child:
    user = command.account
    ids = (user.uid, user.gid) if user else (-1, -1)
    launcher = [*BARE_PYTHON, str(HERE / "launch.py"), str(os.getpid()), str(int(command.death_signal)), *map(str, ids)]
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        process = subprocess.Popen(
            [*launcher, *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=command.directory,
            env={**_mark(), **command.environment},
            start_new_session=True,
        )
    return Child(command, process)


def _mark() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name == RUN_MARK}
