"""Install what the `make` targets need. Runs on a bare Python 3.11+: imports nothing but the standard library.

Everything comes from the hash-locked files in requirements/ and goes below `.venv/`. What is
installed already is left alone, so a second run costs nothing.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "requirements"

SOURCES = ("gen", "mesh", "wallet_svc", "session_svc", "compliance_svc", "provider_adapters", "gateway", "sdk", "tests")
"""Compiled ahead, so that the first start of the mesh is as fast as the second."""

NO_VENV = """This Python cannot make virtual environments: {error}
On Debian and Ubuntu: apt-get install python3-venv
Or name another interpreter: make PYTHON=/path/to/python3.11 ..."""


def main() -> None:
    """Install the wanted parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["mesh"], choices=[*PARTS, []])
    wanted = parser.parse_args().parts
    if sys.version_info < (3, 11):  # noqa: UP036 -- this file meets whatever interpreter a machine has
        raise SystemExit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    with one_at_a_time():
        for part in dict.fromkeys(["mesh", *wanted]):
            install_once(part)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two `make` runs in one checkout must not install over each other."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_once(part: str) -> None:
    """Install a part unless it is there, from the same locks, at the same place."""
    stamp = VENV / f".ready-{part}"
    state = fingerprint(part)
    if stamp.is_file() and stamp.read_text() == state:
        stamp.touch()
        return
    print(f"Setting up: {part} ...", flush=True)
    PARTS[part]()
    stamp.write_text(state)


def fingerprint(part: str) -> str:
    """What the installed part depends on: place, interpreter, locks and this program."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in ("bootstrap", LOCK_OF.get(part, part)):
        digest.update((LOCKS / f"{name}.txt").read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def install_mesh() -> None:
    """Make `.venv` with everything a laptop and CI need."""
    if not usable(PYTHON):
        make_venv()
    if not (VENV / "bin" / "uv").exists():
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir",
            "--require-hashes", "--requirement", LOCKS / "bootstrap.txt")  # fmt: skip
    uv("pip", "sync", "--require-hashes", "--compile-bytecode", "--python", PYTHON, LOCKS / "dev.txt")
    put_repository_on_the_path()
    run(PYTHON, "-m", "compileall", "-q", "-j0", *(ROOT / name for name in SOURCES if (ROOT / name).is_dir()))
    run(PYTHON, "-m", "mesh.dev.ahead")


def install_stubs() -> None:
    """Install the SDK's old generator, in an environment of its own."""
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV / "stubs")
    uv("pip", "sync", "--require-hashes", "--python", VENV / "stubs" / "bin" / "python", LOCKS / "stubs.txt")


def install_target(name: str) -> Callable[[], None]:
    """A folder with other releases of a few packages, to be put first on an interpreter's path."""

    def install() -> None:
        shutil.rmtree(VENV / name, ignore_errors=True)
        uv("pip", "install", "--require-hashes", "--python", PYTHON, "--target", VENV / name,
           "--requirement", LOCKS / f"{name}.txt")  # fmt: skip

    return install


LOCK_OF = {"mesh": "dev"}
PARTS: dict[str, Callable[[], None]] = {
    "mesh": install_mesh,
    "stubs": install_stubs,
    "sdk-protobuf-5": install_target("sdk-protobuf-5"),
    "sdk-protobuf-6": install_target("sdk-protobuf-6"),
}


def usable(python: Path) -> bool:
    """Whether the environment's interpreter still starts; after a move or an upgrade it may not."""
    if not python.exists():
        return False
    probe = "import sys; raise SystemExit(sys.version_info < (3, 11))"
    return subprocess.run([str(python), "-c", probe], capture_output=True, check=False).returncode == 0


def make_venv() -> None:
    """Make the environment, or say what is missing."""
    try:
        import ensurepip  # noqa: F401, PLC0415 -- Debian splits it off, and venv's own message is long and odd
        import venv  # noqa: F401, PLC0415
    except ImportError as error:
        raise SystemExit(NO_VENV.format(error=error)) from error
    run(sys.executable, "-m", "venv", "--clear", VENV)


def put_repository_on_the_path() -> None:
    """Let the environment import the checkout in place, from any working folder."""
    for site in (VENV / "lib").glob("python3.*/site-packages"):
        (site / "pitboss.pth").write_text("../../../../gen\n../../../..\n../../../../sdk\n")
    command = VENV / "bin" / "pitboss"
    command.write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m mesh.cli "$@"\n')
    command.chmod(0o755)


def uv(*arguments: str | Path) -> None:
    """Run the installer; its cache goes below build/ when the home folder cannot be written."""
    environment = dict(os.environ)
    cache = Path(environment.get("UV_CACHE_DIR") or environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not writable(cache):
        environment["UV_CACHE_DIR"] = str(ROOT / "build" / "cache" / "uv")
    run(VENV / "bin" / "uv", "--quiet", "--no-progress", *arguments, environment=environment)


def writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or the folder itself can be made."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(existing, os.W_OK | os.X_OK)


def run(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    """Run a command; when it fails, so does the setup."""
    done = subprocess.run([str(part) for part in command], env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"Setup failed: {' '.join(str(part) for part in command)}")


if __name__ == "__main__":
    main()
