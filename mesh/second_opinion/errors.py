"""Every way a call to the second opinion can fail."""

from __future__ import annotations

from mesh.errors import Kind, MeshError


class ShardNotFoundError(MeshError):
    """The ledger has no such shard."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_SHARD_NOT_FOUND"


class NotCheckedYetError(MeshError):
    """The shard has not as many entries, or not all of them are checked yet."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_NOT_CHECKED_YET"


class SizesInvalidError(MeshError):
    """The sizes do not describe a tree and its beginning."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_SIZES_INVALID"


class NoSigningKeyError(MeshError):
    """The process has no key to sign with."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_NO_SIGNING_KEY"


class LedgerDisputedError(MeshError):
    """What was recomputed is not what the ledger says, so nothing is signed until people have looked at it."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_LEDGER_DISPUTED"
