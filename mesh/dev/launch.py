"""Become another program that dies with its parent.

Run as a script by `mesh.dev.child`, with nothing imported that is not needed: it
costs about ten milliseconds, and unlike a `preexec_fn` it is safe in a process
that has threads.

    launch.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT...]
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Drop privileges when asked to, tie our life to the parent's, and run the command."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, because changing credentials clears the death signal.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:5]]
    main(numbers[0], numbers[1], numbers[2], numbers[3], sys.argv[5:])
