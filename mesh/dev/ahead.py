"""What the next start needs, made before it is asked for: the databases with their tables, and a copy to begin with.

`python -m mesh.dev.ahead` is part of the set-up. A start that finds nothing makes it itself, and takes longer.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from mesh.dev import schema
from mesh.dev.accounts import unprivileged
from mesh.dev.errors import StackError
from mesh.dev.paths import RUNS
from mesh.dev.postgres_template import make_spare

_LOG = RUNS / "ahead"
_TROUBLE = (OSError, RuntimeError, StackError, TimeoutError)


def prepare() -> None:
    """Make the template and its spare copy, unless they are there."""
    _LOG.mkdir(parents=True, exist_ok=True)
    make_spare(unprivileged(), schema.preparation(_LOG, lambda _name, _state: None))


@contextlib.contextmanager
def preparing() -> Iterator[None]:
    """Prepare the next start beside what is done here. What fails now is told by that start."""

    def work() -> None:
        with contextlib.suppress(*_TROUBLE):
            prepare()

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # Its copying is a process of its own, which is to end before we do.
        thread.join(30)


def main() -> int:
    """Always 0: the first start can do without, and tells what is wrong."""
    try:
        prepare()
    except _TROUBLE as error:
        sys.stderr.write(f"The databases are prepared at the first start instead: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
