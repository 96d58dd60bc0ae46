"""The life of a session: every state, every step that is allowed, and what the world is shown."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a session stands."""

    OPENING = "opening"
    """Written down; the law and the provider have not both said yes."""
    ACTIVE = "active"
    CLOSING = "closing"
    """To be closed; the ledger does not know it yet."""
    REPLACING = "replacing"
    """To be replaced; the ledger does not know it yet."""
    FAILING = "failing"
    """The launch failed; the ledger does not know it yet."""
    CLOSED = "closed"
    EXPIRED = "expired"
    REPLACED = "replaced"
    ENDED = "ended"
    """By the law."""
    FAILED = "failed"


class PlayEnd(StrEnum):
    """What the ledger is told when a session ends before its time."""

    REPLACED = "replaced"
    CLOSED = "closed"


# The ledger is told between the two halves of an end: a crash leaves the first half to be finished,
# and whoever reads the second half knows that the session stakes no more.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OPENING: frozenset({State.ACTIVE, State.FAILING, State.FAILED}),
    State.ACTIVE: frozenset({State.CLOSING, State.REPLACING, State.EXPIRED, State.ENDED}),
    State.CLOSING: frozenset({State.CLOSED}),
    State.REPLACING: frozenset({State.REPLACED}),
    State.FAILING: frozenset({State.FAILED}),
    State.CLOSED: frozenset(),
    State.EXPIRED: frozenset(),
    State.REPLACED: frozenset(),
    State.ENDED: frozenset(),
    State.FAILED: frozenset(),
}

HALF_ENDED: Mapping[State, tuple[PlayEnd, State]] = {
    State.CLOSING: (PlayEnd.CLOSED, State.CLOSED),
    State.REPLACING: (PlayEnd.REPLACED, State.REPLACED),
    State.FAILING: (PlayEnd.CLOSED, State.FAILED),
}
"""What the ledger has yet to be told, and the state after that."""

NEVER_LAUNCHED = frozenset({State.OPENING, State.FAILING, State.FAILED})
"""Nobody but us has heard of a session in one of these."""

ATTEMPT_FAILED = frozenset({State.FAILING, State.FAILED})
"""The same client key may try again, as a new session."""

_SHOWN: Mapping[State, State] = {
    State.OPENING: State.ACTIVE,
    State.CLOSING: State.ACTIVE,
    State.REPLACING: State.ACTIVE,
    State.FAILING: State.CLOSED,
    State.FAILED: State.CLOSED,
}


def before(state: State) -> frozenset[State]:
    """The states from which one step leads to `state`."""
    return frozenset(earlier for earlier, later in TRANSITIONS.items() if state in later)


def is_final(state: State) -> bool:
    """True if nothing comes after the state."""
    return not TRANSITIONS[state]


def shown(state: State) -> State:
    """The state as others see it: our own half steps are nobody's business."""
    return _SHOWN.get(state, state)


def is_visible(state: State) -> bool:
    """True if reaching the state is news for the licensee."""
    return state not in _SHOWN
