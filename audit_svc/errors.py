"""Every way a call to the audit service can fail."""

from mesh.errors import Kind, MeshError


class EntryNotFoundError(MeshError):
    """The log has no such entry."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_ENTRY_NOT_FOUND"


class SizesInvalidError(MeshError):
    """The sizes do not describe a tree of this log and its beginning."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_SIZES_INVALID"


class KeyConflictError(MeshError):
    """The same key was used before for another event."""

    kind = Kind.ALREADY_EXISTS
    reason = "ERROR_REASON_IDEMPOTENCY_CONFLICT"


class RetentionRunningError(MeshError):
    """The player's records must still be kept."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_RETENTION_RUNNING"


class LegalHoldError(MeshError):
    """A legal hold keeps the records."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_LEGAL_HOLD"


class HoldNotFoundError(MeshError):
    """The log has no hold with this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_HOLD_NOT_FOUND"


class PayloadBrokenError(MeshError):
    """The payload is not what was written: its seal is broken."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PAYLOAD_BROKEN"


class RoundNotFoundError(MeshError):
    """The log has no such round."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_ROUND_NOT_FOUND"
