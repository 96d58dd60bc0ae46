"""`python -m mesh.program`: the digest of the program that is installed here, and with `--files` that of each file.

A process that is told the digest of the program that was released (`PITBOSS_PROGRAM_DIGEST`) does not start as another one, and
looks again as often as it is told: what is changed on the disk under it is a security event that names the files.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mesh import logs

_log = logs.get(__name__)

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = (
    "audit_svc",
    "compliance_svc",
    "fact_sources",
    "gateway",
    "gen",
    "mesh",
    "provider_adapters",
    "session_svc",
    "wallet_svc",
    "witness",
)
"""What processes are made of. An image that leaves one out has another digest."""
_MOST_NAMED = 20


def files(root: Path = ROOT) -> dict[str, str]:
    """SHA-256 of every file of every component, in hexadecimal, by its path below the root. What Python compiles is left out."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for component in COMPONENTS
        for path in sorted((root / component).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def digest_of(found: Mapping[str, str]) -> str:
    """SHA-256 of lines `digest path`, in the order of the paths."""
    lines = "".join(f"{found[path]} {path}\n" for path in sorted(found))
    return hashlib.sha256(lines.encode()).hexdigest()


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Paths that came, went, or have other content."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


class ProgramWatch:
    """Compares the program on the disk with the one that was released."""

    def __init__(self, released: str, *, every_s: float, root: Path = ROOT) -> None:
        """Read the program as it is now. `is_released` says whether it is the one of the digest."""
        self._released = released
        self._every_s = every_s
        self._root = root
        self._first = files(root)

    @property
    def is_released(self) -> bool:
        """Whether the process was started from the program that was released."""
        return digest_of(self._first) == self._released

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()

    async def look(self) -> bool:
        """Look once; False, and a security event, if it is another program. Reading it does not stop the process's work."""
        now = await asyncio.to_thread(files, self._root)
        if digest_of(now) == self._released:
            return True
        names = changed(self._first, now)
        _log.security(
            "the program is not the one that was released",
            files=names[:_MOST_NAMED],
            count=len(names),
            digest=digest_of(now),
            released=self._released,
        )
        return False


def _lines(found: Mapping[str, str], arguments: Sequence[str]) -> Iterator[str]:
    if "--files" in arguments:
        yield from (f"{found[path]} {path}" for path in sorted(found))
    else:
        yield digest_of(found)


def main(arguments: Sequence[str]) -> int:
    """Print the digest."""
    if set(arguments) - {"--files"}:
        sys.stderr.write("usage: python -m mesh.program [--files]\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in _lines(files(), arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
