"""Kill the process groups of a parent that is gone.

The kernel's death signal reaches children only. This process, one for each
parent, reads `+group` and `-group` lines from its input and, when the input ends
because the parent died, kills every group that is left: children's children too.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def remaining(lines: Iterable[str]) -> set[int]:
    """The groups that were announced and not taken back."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def main() -> None:
    """Wait for the parent's end, then clean up after it."""
    for group in remaining(sys.stdin):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
