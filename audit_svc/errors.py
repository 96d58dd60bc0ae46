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


class MarketUnknownError(MeshError):
    """There is no schema of extracts for this market."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_MARKET_UNKNOWN"


class PeriodInvalidError(MeshError):
    """The period is none of this market."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_PERIOD_INVALID"


class PeriodOpenError(MeshError):
    """The period is not over, or was over only a moment ago."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PERIOD_OPEN"


class LogBehindError(MeshError):
    """The log has not read all of the period yet. Try again in a moment."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_LOG_BEHIND"


class ExtractNotFoundError(MeshError):
    """The log has no such extract, or the extract no such file."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_EXTRACT_NOT_FOUND"


class ExtractsNotSetUpError(MeshError):
    """A setting that this market's extracts need is missing."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_EXTRACTS_NOT_SET_UP"


class RecordsGoneError(MeshError):
    """Records of the period were erased, or their retention is over: the extract would be short."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_RECORDS_GONE"


class LicenseeUnknownError(MeshError):
    """There is no licensee with this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_LICENSEE_UNKNOWN"
