"""Proofs checked with nothing but themselves and a public key. Written from RFC 6962, 2.1, and C2SP `tlog-proof`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from mesh.verify.lines import transfer_of
from mesh.verify.notes import Checkpoint, Key, NoteError, open_checkpoint
from mesh.verify.tables import Transfer

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


class ProofError(ValueError):
    """The proof does not show what it is meant to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What a proof has shown."""

    entry: bytes
    transfer: Transfer
    checkpoint: Checkpoint


def write(*, entry: bytes, index: int, path: Iterable[bytes], checkpoint: str) -> str:
    """A proof as text: the entry itself is its extra data."""
    hashes = [base64.b64encode(step).decode() for step in path]
    lines = [FIRST_LINE, f"extra {base64.b64encode(entry).decode()}", f"index {index}", *hashes]
    return "\n".join(lines) + "\n\n" + checkpoint


def check(text: str, keys: Sequence[Key]) -> Proved:
    """Check a proof of inclusion. Raises ProofError if anything about it is wrong."""
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != FIRST_LINE or not _starts(lines, "extra ", "index "):
        raise ProofError(f"this is no proof: it does not begin with {FIRST_LINE}, extra and index")
    entry, path = _decoded(lines[1].removeprefix("extra ")), [_decoded(line) for line in lines[3:]]
    index = lines[2].removeprefix("index ")
    try:
        checkpoint = open_checkpoint(note, keys)
        shard = int(checkpoint.origin.rpartition("/")[2])
        transfer = transfer_of(shard, entry)
    except NoteError as error:
        raise ProofError(str(error)) from error
    except ValueError as error:
        raise ProofError("the proof's entry is none of a ledger") from error
    if index != str(transfer.sequence - 1):
        raise ProofError(f"the proof is of leaf {index}, and its entry is the one of sequence {transfer.sequence}")
    if (
        inclusion_root(sha256(b"\x00" + entry).digest(), transfer.sequence - 1, checkpoint.size, path)
        != checkpoint.root
    ):
        raise ProofError(f"{shard}-{transfer.sequence}: this entry is not in the tree that was signed")
    return Proved(entry=entry, transfer=transfer, checkpoint=checkpoint)


def _starts(lines: Sequence[str], *starts: str) -> bool:
    return all(line.startswith(start) for line, start in zip(lines[1:], starts, strict=False)) and len(lines) > len(
        starts
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError("a line of the proof is no base64") from None


def inclusion_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that PATH(index, D[size]) leads to from a leaf. Raises ProofError if the path has another length."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    if size == 1:
        if path:
            raise ProofError("the proof has too many hashes")
        return leaf
    if not path:
        raise ProofError("the proof has too few hashes")
    half = _split(size)
    *lower, beside = path
    if index < half:
        return _node(inclusion_root(leaf, index, half, lower), beside)
    return _node(beside, inclusion_root(leaf, index - half, size - half, lower))


def check_consistency(old: Checkpoint, new: Checkpoint, path: Sequence[bytes]) -> None:
    """Raises ProofError unless the proof shows that the log of `new` continues the log of `old`."""
    if old.origin != new.origin:
        raise ProofError(f"{old.origin} and {new.origin} are two logs")
    if not 0 < old.size <= new.size:
        raise ProofError(f"a log of {new.size} entries cannot continue one of {old.size}")
    if _subproof_roots(old.size, new.size, path, old.root) != (old.root, new.root):
        raise ProofError(f"{new.origin}: the log of {new.size} entries does not continue the one of {old.size}")


def _subproof_roots(old: int, new: int, path: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """Roots of both trees by SUBPROOF(old, D[new]); `known` is the old root while its subtree is the old tree itself."""
    if old == new:
        if known is not None:
            return (known, known) if not path else (b"", b"")
        return (path[0], path[0]) if len(path) == 1 else (b"", b"")
    if not path:
        return b"", b""
    half = _split(new)
    *lower, beside = path
    if old <= half:
        left_old, left_new = _subproof_roots(old, half, lower, known)
        return left_old, _node(left_new, beside)
    right_old, right_new = _subproof_roots(old - half, new - half, lower, None)
    return _node(beside, right_old), _node(beside, right_new)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1
