"""Errors of the development stack. Their text says what to look at or do next."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot do what was asked."""


class AlreadyUpError(StackError):
    """A mesh of this checkout is up already. `pitboss status` shows it, `pitboss down` stops it."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class NotUpError(StackError):
    """No mesh of this checkout is up. Start one with `pitboss up --detach`."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)
