"""The unprivileged user that runs PostgreSQL when we are root, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An operating-system user."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The user to become, or None when we are not root and need no other."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=found.pw_name, uid=found.pw_uid, gid=found.pw_gid)
    message = "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as"
    raise RuntimeError(message)


def can_traverse(path: Path, account: Account | None) -> bool:
    """Whether the account may pass through every folder above (and including) the nearest existing one."""
    if account is None:
        return True
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    # The path as it is written and the one its links lead to: the kernel walks both.
    way = {existing, *existing.absolute().parents, *existing.resolve().parents}
    return all(_may_enter(folder, account) for folder in way if folder.is_dir())


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def reachable(preferred: Path, account: Account | None, *, otherwise: str = "") -> Path:
    """The preferred folder, or one below the temporary folder when the account cannot get there.

    `otherwise` is that one's name; by default it is made from the preferred path.
    """
    if can_traverse(preferred, account):
        preferred.mkdir(parents=True, exist_ok=True)
        return preferred
    folder = _shared_root() / (otherwise or _flat(preferred))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _flat(path: Path) -> str:
    return "-".join(path.parts[1:])[-120:]


def _shared_root() -> Path:
    """A folder of ours in the temporary folder that others can enter but not change."""
    root = Path(tempfile.gettempdir()) / f"pitboss-{os.geteuid()}"
    root.mkdir(mode=0o711, exist_ok=True)
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        message = f"{root} belongs to somebody else; remove it and try again"
        raise RuntimeError(message)
    root.chmod(0o711)
    return root
