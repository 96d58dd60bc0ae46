"""The door of a server: turns a peer certificate and headers into a `Caller`, or refuses.

It runs for every call, so what can be remembered is: workloads by certificate name, and who was let in with which
headers. Only the request id and the deadline are new each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

import uuid_utils

from mesh.errors import CallerForbiddenError, CallerUnknownError, LicenseeMissingError, ScopeMissingError
from mesh.identity import (
    GATEWAY,
    LICENSEE_HEADER,
    LICENSEE_PATTERN,
    PLATFORM,
    REQUEST_ID_HEADER,
    SCOPES_HEADER,
    SOURCE_HEADER,
    TRUST_DOMAIN,
    WORKLOAD_HEADER,
    Caller,
    Rule,
    source_of,
)

Metadata = Iterable[tuple[str, str | bytes]]

_HEADERS = frozenset({LICENSEE_HEADER, REQUEST_ID_HEADER, SOURCE_HEADER, SCOPES_HEADER, WORKLOAD_HEADER})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_SAN_KEY = "x509_subject_alternative_name"
_PREFIX = TRUST_DOMAIN.encode()
_REMEMBERED = 1_024


class Peer(Protocol):
    """What the gate reads from a call's context."""

    def peer_identities(self) -> Iterable[bytes] | None: ...
    def peer_identity_key(self) -> str | None: ...
    def time_remaining(self) -> float | None: ...


class Gate:
    """Admits calls. `insecure` believes a header instead of a certificate: tests on a loopback only."""

    def __init__(self, *, insecure: bool = False) -> None:
        self._insecure = insecure
        self._workloads: dict[bytes, str | None] = {}
        self._visitors: dict[tuple[Rule, str, str | None, str | None, str], tuple[str | None, str, frozenset[str]]] = {}

    def admit(self, rule: Rule, metadata: Metadata, peer: Peer) -> Caller:
        """The caller, if it may call a method with this rule."""
        headers = read_headers(metadata)
        workload = headers.get(WORKLOAD_HEADER) if self._insecure else self._workload(peer)
        if workload is None:
            raise CallerUnknownError
        get = headers.get
        known = (rule, workload, get(LICENSEE_HEADER), get(SOURCE_HEADER), get(SCOPES_HEADER, ""))
        visitor = self._visitors.get(known) or self._check(*known)
        licensee, source, scopes = visitor
        return Caller(workload, licensee, source, scopes, request_id(get(REQUEST_ID_HEADER)), peer.time_remaining())

    def _check(
        self, rule: Rule, workload: str, licensee: str | None, source: str | None, scopes: str
    ) -> tuple[str | None, str, frozenset[str]]:
        """Licensee, source and scopes of a visitor who may come in. The next one like it is not looked at again."""
        if not rule.admits(workload):
            raise CallerForbiddenError(workload=workload)
        tenant = _licensee(licensee)
        granted = frozenset(scopes.split()) if workload == GATEWAY else frozenset[str]()
        if workload == GATEWAY:
            _check_tenant(rule, tenant, granted)
        visitor = tenant, source_of(workload, _source(workload, source)), granted
        if len(self._visitors) >= _REMEMBERED:
            self._visitors.clear()
        self._visitors[rule, workload, licensee, source, scopes] = visitor
        return visitor

    def _workload(self, peer: Peer) -> str | None:
        if peer.peer_identity_key() != _SAN_KEY:
            return None
        for identity in peer.peer_identities() or ():
            if (workload := self._workloads.get(identity)) is not None:
                return workload
            if identity.startswith(_PREFIX):
                return self._remember(identity)
        return None

    def _remember(self, identity: bytes) -> str:
        if len(self._workloads) >= _REMEMBERED:
            self._workloads.clear()
        workload = identity.removeprefix(_PREFIX).decode("ascii", "replace")
        self._workloads[identity] = workload
        return workload


def read_headers(metadata: Metadata) -> dict[str, str]:
    """Our headers among all metadata. One that comes twice is an attempt to smuggle, and refused."""
    headers: dict[str, str] = {}
    for key, value in metadata:
        if key in _HEADERS and isinstance(value, str):
            if key in headers:
                raise CallerForbiddenError(header=key)
            headers[key] = value
    return headers


def request_id(given: str | None) -> str:
    """The caller's request id if it is fit for logs, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid4())


def find_request_id(caller: Caller | None, metadata: Metadata) -> str:
    """The request id of a call, also of one that was refused before its caller was known."""
    if caller is not None:
        return caller.request_id
    given = (value for key, value in metadata if key == REQUEST_ID_HEADER and isinstance(value, str))
    return request_id(next(given, None))


def _licensee(given: str | None) -> str | None:
    if given is None:
        return None
    if LICENSEE_PATTERN.fullmatch(given) is None:
        raise LicenseeMissingError
    return given


def _source(workload: str, given: str | None) -> str | None:
    claimed = given if workload == PLATFORM else None
    if claimed is not None and _SOURCE.fullmatch(claimed) is None:
        raise CallerForbiddenError(header=SOURCE_HEADER)
    return claimed


def _check_tenant(rule: Rule, licensee: str | None, scopes: frozenset[str]) -> None:
    if licensee is None and rule.needs_licensee:
        raise LicenseeMissingError
    if rule.scope and rule.scope not in scopes:
        raise ScopeMissingError(scope=rule.scope)
