"""Every way a call about sessions or the catalog can be refused."""

from mesh.errors import Kind, MeshError


class SessionNotFoundError(MeshError):
    """The licensee has no such session."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_SESSION_NOT_FOUND"


class SessionEndedError(MeshError):
    """The session has ended: it cannot be recovered, and no token of it is swapped."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_SESSION_ENDED"


class TokenSwappedError(MeshError):
    """The launch token was swapped already, by another message than this one."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_TOKEN_SWAPPED"


class DemoNotOfferedError(MeshError):
    """The provider launches no games for play money."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_DEMO_NOT_OFFERED"


class DemoSessionError(MeshError):
    """The token belongs to play for play money: there is no session that could stake."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_DEMO_SESSION"


class GameNotAvailableError(MeshError):
    """The game is unknown, disabled, or its provider is down; or it is not offered in this currency or country."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_GAME_NOT_AVAILABLE"


class GameNotFoundError(MeshError):
    """No game has this name."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_GAME_NOT_AVAILABLE"


class ProviderNotFoundError(MeshError):
    """The provider is not connected."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PROVIDER_NOT_FOUND"


class LaunchFailedError(MeshError):
    """The provider did not answer the launch."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_LAUNCH_FAILED"


class AdapterSilentError(LaunchFailedError):
    """The provider did not answer the launch."""

    # To callers the same as its base. To us: not the provider, the adapter itself gave no answer.


class PlayDeniedError(MeshError):
    """The law refuses to open play."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PLAY_DENIED"


class RequestConflictError(MeshError):
    """The client key was used with other content."""

    kind = Kind.ALREADY_EXISTS
    reason = "ERROR_REASON_REQUEST_CONFLICT"


class PlayerNotFoundError(MeshError):
    """The licensee has no such player."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


class GrantNotFoundError(MeshError):
    """The licensee has no such grant of free rounds."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_GRANT_NOT_FOUND"


class GrantOverError(MeshError):
    """The grant has expired or was never given: there is nothing to cancel."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_GRANT_OVER"


class GrantRefusedError(MeshError):
    """The provider refused the free rounds, or their cancel."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_GRANT_REFUSED"


class GrantUnknownError(MeshError):
    """The provider did not answer; the same call finds out what became of it."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_GRANT_UNKNOWN"


class FreeRoundsNotOfferedError(MeshError):
    """The provider has no such free rounds that others may give."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_FREE_ROUNDS_NOT_OFFERED"


class NoRecordError(MeshError):
    """The provider tells nothing of its own record."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_RECORD_NOT_TOLD"


class RoundNotFoundError(MeshError):
    """The licensee's player has no such round at this provider."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_ROUND_NOT_FOUND"


class ReplayNotOfferedError(MeshError):
    """The provider shows no rounds to others."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_REPLAY_NOT_OFFERED"


class ReplayRefusedError(MeshError):
    """The provider refused to show the round."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_REPLAY_REFUSED"
