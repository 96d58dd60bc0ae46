"""Who is calling, and whether they may. The peer's certificate says who; headers count only from our own workloads."""

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

    @property
    def adapter(self) -> str | None:
        """The provider adapter's name, if the caller is one."""
        is_adapter = self.workload.startswith(ADAPTER_PREFIX)
        return self.workload.removeprefix(ADAPTER_PREFIX) if is_adapter else None


_caller: ContextVar[Caller] = ContextVar("pitboss_caller")


def current_caller() -> Caller:
    """The caller of the RPC being served."""
    caller = _caller.get(None)
    if caller is None:
        raise CallerUnknownError
    return caller


def set_current_caller(caller: Caller) -> None:
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


@dataclass(frozen=True, slots=True)
class Policy:
    """Which workloads may call which gRPC service (or single method, "/service/Method"). Nobody else may."""

    callers: Mapping[str, Iterable[str]]
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Scope that the gateway's callers need, by service or method."""
    tenantless: Iterable[str] = ()
    """Services or methods the gateway may call without a licensee."""
