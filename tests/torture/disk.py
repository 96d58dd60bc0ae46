"""A disk of its own for the database: a file with ext4 in it, so that it can be filled, and cut off from its power.

Needs root, loop devices and `mkfs.ext4`; `reason_against` says what is missing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# ext4's way to stop at once: nothing that is not on the disk yet will ever get there (EXT4_IOC_SHUTDOWN).
_SHUTDOWN = 0x8004587D
_WITHOUT_FLUSHING = 2
_LEFT_OVER = 256 * 1024
_SMALL_MEGABYTES = 16


@cache
def reason_against() -> str:
    """Why there can be no disk of its own here; empty if there can. Tries it, because root may be root of a container."""
    if os.geteuid() != 0:
        return "only root can mount a disk image"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    if any(shutil.which(program) is None for program in ("mkfs.ext4", "mount", "umount")):
        return "mkfs.ext4 or mount is not installed"
    with tempfile.TemporaryDirectory() as folder:
        tried = Disk(Path(folder) / "tried.img", Path(folder) / "tried")
        try:
            tried.make(_SMALL_MEGABYTES)
            tried.cut_power()
        except (subprocess.CalledProcessError, OSError) as error:
            return f"an image cannot be mounted here: {error}"
        finally:
            tried.remove()
    return ""


class Disk:
    """A mounted image."""

    def __init__(self, image: Path, at: Path) -> None:
        self.image, self.at = image, at
        self._ballast = at / "ballast"

    def make(self, megabytes: int) -> None:
        """An empty disk, mounted."""
        with self.image.open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(self.image))
        self.at.mkdir(parents=True, exist_ok=True)
        self.mount()

    def mount(self) -> None:
        """Mount the image; after a power cut the file system recovers by itself."""
        _run("mount", "-o", "loop", str(self.image), str(self.at))

    def unmount(self) -> None:
        """Let go of the image."""
        _run("umount", str(self.at))

    def remove(self) -> None:
        """Unmount whatever is mounted and delete the image."""
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("umount", "-l", str(self.at))
        self.image.unlink(missing_ok=True)

    def fill(self) -> int:
        """Take all free space but a little; returns the bytes taken."""
        status = os.statvfs(self.at)
        size = max(0, status.f_bfree * status.f_frsize - _LEFT_OVER)
        descriptor = os.open(self._ballast, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            with contextlib.suppress(OSError):
                os.posix_fallocate(descriptor, 0, size)
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def cut_power(self) -> None:
        """From this moment on nothing reaches the disk; what was not flushed is gone."""
        descriptor = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A disk in a folder, gone at the end."""
    made = Disk(folder / "disk.img", folder / "disk")
    made.make(megabytes)
    try:
        yield made
    finally:
        made.remove()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
