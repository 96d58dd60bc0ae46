"""Named moments at which a process can be told to die at once, so that tests can kill it exactly there.

`PITBOSS_FAILPOINT=wallet.commit.before:3` ends the process, without any clean-up, when it comes to that
moment for the third time. Only development allows it. When nothing is armed a moment costs one look at an empty dictionary.
"""

from __future__ import annotations

import os
from typing import Final, NoReturn

EXIT_STATUS: Final = 86
"""What a process that died at a failpoint ends with."""

_left: dict[str, int] = {}


class FailpointError(ValueError):
    """The text does not name a moment, or is not allowed here."""


def arm(text: str, *, allowed: bool) -> None:
    """Arm `name` or `name:count`; an empty text arms nothing."""
    if not text:
        return
    if not allowed:
        raise FailpointError("PITBOSS_FAILPOINT exists only in development")
    name, _, count = text.partition(":")
    if not name or not (count or "1").isdecimal() or int(count or 1) < 1:
        raise FailpointError("PITBOSS_FAILPOINT must look like name or name:count")
    _left[name] = int(count or 1)


def here(name: str) -> None:
    """This is the moment `name`."""
    if _left and name in _left:
        _left[name] -= 1
        if not _left[name]:
            _die()


def _die() -> NoReturn:
    # No exception handler, no `finally`, no buffer may run: that is the point.
    os._exit(EXIT_STATUS)
