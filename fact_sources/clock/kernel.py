"""What the kernel knows of its own clock, if a time daemon of the node disciplines it: adjtimex(2), only read."""

import ctypes
import os
from typing import Final

from mesh.clock_report import Report

SOURCE: Final = "kernel"
UNSYNCHRONISED: Final = 0x40
NANOSECONDS: Final = 0x2000
_ERROR_STATE: Final = 5


class Timex(ctypes.Structure):
    """The head of `struct timex`, with room for the rest. `modes` 0 changes nothing."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def read(state: int, told: Timex, now_us: int) -> Report | None:
    """What the kernel's answer says; None if nobody disciplines the clock, or the kernel has lost it."""
    if state in (-1, _ERROR_STATE) or told.status & UNSYNCHRONISED:
        return None
    ahead = told.offset // 1_000 if told.status & NANOSECONDS else told.offset
    # The offset is what is still to be added to the clock: who has something to add is behind.
    return Report(offset_us=-ahead, error_us=told.maxerror, measured_us=now_us, source=SOURCE)


def ask() -> tuple[int, Timex]:
    """The kernel's answer. OSError where there is no such call, or it is not allowed."""
    library = ctypes.CDLL(None, use_errno=True)
    told = Timex()
    try:
        state = int(library.adjtimex(ctypes.byref(told)))
    except AttributeError:
        raise OSError("this system has no adjtimex") from None
    if state == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return state, told
