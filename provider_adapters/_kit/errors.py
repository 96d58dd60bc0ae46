"""Failures of calls to a provider, as every caller of the adapter sees them."""

from mesh.errors import Kind, MeshError


class BreakerOpenError(MeshError):
    """The circuit breaker is open: the provider was failing."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_BREAKER_OPEN"


class ProviderFailedError(MeshError):
    """The provider did not answer in time or answered nonsense."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_PROVIDER_FAILED"


class FreeRoundsNotOfferedError(MeshError):
    """The provider has no calls for free rounds, or not for such ones."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_FREE_ROUNDS_NOT_OFFERED"


class DemoNotOfferedError(MeshError):
    """The provider launches no games for play money."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_DEMO_NOT_OFFERED"


class ReplayNotOfferedError(MeshError):
    """The provider has no call that shows a round."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_REPLAY_NOT_OFFERED"


class ProviderRefusedError(MeshError):
    """The provider refused the call and said why in its own words."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_PROVIDER_REFUSED"


class SandboxOnlyError(MeshError):
    """Only in a sandbox."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_SANDBOX_ONLY"
