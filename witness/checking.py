"""What a witness checks before it signs. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from mesh.verify.notes import Checkpoint, Key, NoteError, open_checkpoint, parse_checkpoint
from mesh.verify.proofs import ProofError, check_consistency


class Refusal(enum.Enum):
    """Why a witness does not sign. All but `STALE`, `MALFORMED` and `UNKNOWN` are security events."""

    MALFORMED = "malformed"
    """The request is not one."""
    UNKNOWN = "unknown_log"
    """The log is none that this witness knows."""
    UNSIGNED = "bad_signature"
    """The log's own key has not signed the checkpoint."""
    STALE = "stale"
    """The proof does not begin at what was seen last, which is no harm yet: the answer says where it must begin."""
    ROLLED_BACK = "rolled_back"
    """The log is shorter than it was."""
    SPLIT = "split_view"
    """The log is not the one that was seen: it shows different people different histories."""


SECURITY = frozenset({Refusal.UNSIGNED, Refusal.ROLLED_BACK, Refusal.SPLIT})


class RefusedError(Exception):
    """The witness does not sign."""

    def __init__(self, refusal: Refusal, why: str, *, seen: int = 0) -> None:
        super().__init__(why)
        self.refusal = refusal
        self.seen = seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question: the size that the proof begins at, the proof, and the signed checkpoint."""

    old: int
    path: Sequence[bytes]
    note: str


def read_note(request: Request, keys: Sequence[Key]) -> Checkpoint:
    """The checkpoint of a request, if a known log has signed it. Raises RefusedError."""
    try:
        claimed = parse_checkpoint(request.note)
    except NoteError as error:
        raise RefusedError(Refusal.MALFORMED, str(error)) from error
    if all(key.name != claimed.origin for key in keys):
        raise RefusedError(Refusal.UNKNOWN, f"{claimed.origin} is no log that is witnessed here")
    try:
        return open_checkpoint(request.note, keys)
    except NoteError as error:
        raise RefusedError(Refusal.UNSIGNED, str(error)) from error


def check(request: Request, new: Checkpoint, last: Checkpoint | None) -> None:
    """Raises RefusedError unless the checkpoint continues the last one that was cosigned."""
    if last is None or last.size == 0:
        if request.old:
            raise RefusedError(Refusal.STALE, "nothing of this log was seen yet", seen=0)
        return
    if new.size < last.size:
        raise RefusedError(
            Refusal.ROLLED_BACK, f"the log had {last.size} entries and now has {new.size}", seen=last.size
        )
    if new.size == last.size and new.root != last.root:
        raise RefusedError(Refusal.SPLIT, f"two different logs of {new.size} entries are signed", seen=last.size)
    if request.old != last.size:
        raise RefusedError(Refusal.STALE, f"the proof must begin at {last.size}", seen=last.size)
    try:
        check_consistency(last, new, request.path)
    except ProofError as error:
        raise RefusedError(Refusal.SPLIT, str(error), seen=last.size) from error
