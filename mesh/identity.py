"""Who is calling, and for whom. The peer's certificate says who; headers count only from our own workloads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from mesh.errors import CallerUnknownError, LicenseeMissingError, ScopeMissingError

TRUST_DOMAIN = "spiffe://pitboss/"
GATEWAY = "gateway"
PLATFORM = "platform"
ADAPTER_PREFIX = "provider_adapters/"
CASHIER = "cashier"
"""Source of what licensees ask for through the gateway."""

LICENSEE_HEADER = "x-pitboss-licensee"
REQUEST_ID_HEADER = "x-request-id"
SOURCE_HEADER = "x-pitboss-source"
SCOPES_HEADER = "x-pitboss-scopes"
WORKLOAD_HEADER = "x-pitboss-workload"

LICENSEE_PATTERN = re.compile(r"[a-z][a-z0-9-]{1,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made the call being served, and for whom."""

    workload: str
    licensee: str | None = None
    source: str = ""
    scopes: frozenset[str] = frozenset()
    request_id: str = ""
    deadline_s: float | None = None
    """Seconds that were left when the call arrived."""

    @property
    def adapter(self) -> str | None:
        """The provider adapter's name, if the caller is one."""
        is_adapter = self.workload.startswith(ADAPTER_PREFIX)
        return self.workload.removeprefix(ADAPTER_PREFIX) if is_adapter else None


_caller: ContextVar[Caller | None] = ContextVar("pitboss_caller", default=None)


def current_caller() -> Caller:
    """The caller of the RPC being served."""
    caller = _caller.get()
    if caller is None:
        raise CallerUnknownError
    return caller


def peek_caller() -> Caller | None:
    """As `current_caller`, but None outside of an RPC."""
    return _caller.get()


def set_current_caller(caller: Caller | None) -> None:
    """Make `caller` the current one in this task. For the server, and for tests of use cases."""
    _caller.set(caller)


def require_licensee() -> str:
    """The licensee the call is made for."""
    licensee = current_caller().licensee
    if licensee is None:
        raise LicenseeMissingError
    return licensee


def require_scope(scope: str) -> None:
    """Refuse a licensee's token without this scope. Other workloads have no scopes and pass."""
    caller = current_caller()
    if caller.workload == GATEWAY and scope not in caller.scopes:
        raise ScopeMissingError(scope=scope)


def source_of(workload: str, claimed: str | None) -> str:
    """Whose transaction keys a caller uses: its own, never another's. Only the platform may speak for others."""
    if workload == GATEWAY:
        return CASHIER
    if workload == PLATFORM:
        return claimed or PLATFORM
    return workload.removeprefix(ADAPTER_PREFIX)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which workloads may call which gRPC service, or single method ("service/Method"). Nobody else may.

    `provider_adapters/*` means every adapter. A rule for a method replaces the rule for its service.
    """

    callers: Mapping[str, Iterable[str]]
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Scope that a licensee's token needs, by service or method."""
    tenantless: Iterable[str] = ()
    """Services or methods the gateway may call without a licensee."""

    def rule(self, service: str, method: str) -> Rule:
        """What one method demands of its callers."""
        path = f"{service}/{method}"
        workloads = self.callers.get(path, self.callers.get(service))
        if workloads is None:
            raise ValueError(f"no policy says who may call {path}")
        return Rule(
            workloads=frozenset(workloads),
            scope=self.scopes.get(path, self.scopes.get(service, "")),
            needs_licensee=not {path, service} & set(self.tenantless),
        )

    def names(self) -> set[str]:
        """Every service and method it speaks of."""
        return {*self.callers, *self.scopes, *self.tenantless}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """What one method demands of its callers. Made once for each method, and looked up by being that one."""

    workloads: frozenset[str]
    scope: str
    needs_licensee: bool

    def admits(self, workload: str) -> bool:
        """True if this workload may call the method."""
        if workload in self.workloads:
            return True
        return workload.startswith(ADAPTER_PREFIX) and f"{ADAPTER_PREFIX}*" in self.workloads
