"""Every way a call to the compliance service can fail. A verdict is an answer, not an error."""

from mesh.errors import Kind, MeshError


class PlayerNotFoundError(MeshError):
    """The licensee has no such player."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


class DecisionNotFoundError(MeshError):
    """No decision has this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_DECISION_NOT_FOUND"


class PackNotFoundError(MeshError):
    """No pack has this name."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PACK_NOT_FOUND"


class KeyConflictError(MeshError):
    """The key was used with other content."""

    kind = Kind.ALREADY_EXISTS
    reason = "ERROR_REASON_KEY_CONFLICT"


class PackRejectedError(MeshError):
    """The pack does not become law: the metadata say why."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PACK_REFUSED"


class CaseNotFoundError(MeshError):
    """No case has this id."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_CASE_NOT_FOUND"


class CaseRefusedError(MeshError):
    """The step is not for this case, this person or this time: the metadata say why."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_CASE_REFUSED"
