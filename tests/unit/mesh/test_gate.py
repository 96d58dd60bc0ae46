from __future__ import annotations

from collections.abc import Iterable

import pytest

from mesh.errors import CallerForbiddenError, CallerUnknownError, LicenseeMissingError
from mesh.gate import Gate, find_request_id
from mesh.identity import Caller, Rule

ANYBODY = Rule(workloads=frozenset({"gateway", "platform"}), scope="", needs_licensee=True)


class Peer:
    """A connection whose certificate has these names."""

    def __init__(self, *names: bytes, key: str | None = "x509_subject_alternative_name") -> None:
        self._names, self._key = names, key

    def peer_identities(self) -> Iterable[bytes] | None:
        return self._names

    def peer_identity_key(self) -> str | None:
        return self._key

    def time_remaining(self) -> float | None:
        return 2.5


def test_the_workload_is_found_among_the_names_of_the_certificate() -> None:
    peer = Peer(b"localhost", b"spiffe://pitboss/platform", b"127.0.0.1")
    caller = Gate().admit(ANYBODY, [("x-pitboss-licensee", "aurora"), ("x-request-id", "r1")], peer)
    assert caller == Caller("platform", "aurora", "platform", frozenset(), "r1", 2.5)


def test_a_common_name_is_not_believed() -> None:
    with pytest.raises(CallerUnknownError):
        Gate().admit(ANYBODY, [], Peer(b"spiffe://pitboss/platform", key="x509_common_name"))


@pytest.mark.parametrize("name", [b"spiffe://pitbos/platform", b"platform", b"spiffe://pitboss", b""])
def test_names_outside_of_the_trust_domain_are_nobody(name: bytes) -> None:
    with pytest.raises(CallerUnknownError):
        Gate().admit(ANYBODY, [], Peer(name))


def test_what_the_gate_remembers_is_bounded() -> None:
    gate, everyone = Gate(), Rule(workloads=frozenset({"provider_adapters/*"}), scope="", needs_licensee=False)
    for number in range(3000):
        workload = f"provider_adapters/n{number}"
        assert gate.admit(everyone, [], Peer(f"spiffe://pitboss/{workload}".encode())).workload == workload
    for number in range(3000):
        gate.admit(
            ANYBODY,
            [("x-pitboss-licensee", "aurora"), ("x-pitboss-scopes", f"s{number}")],
            Peer(b"spiffe://pitboss/gateway"),
        )
    assert len(gate._workloads) <= 1024
    assert len(gate._visitors) <= 1024


def test_only_the_platform_may_name_a_source_and_only_a_sane_one() -> None:
    peer = Peer(b"spiffe://pitboss/platform")
    assert Gate().admit(ANYBODY, [("x-pitboss-source", "hub88_style")], peer).source == "hub88_style"
    with pytest.raises(CallerForbiddenError):
        Gate().admit(ANYBODY, [("x-pitboss-source", "Hub 88")], peer)


@pytest.mark.parametrize("licensee", ["", "A", "a", "-a", "a" * 33, "aurora\n", "aürora", "a.b", "a/b"])
def test_a_licensee_id_that_is_none_is_refused(licensee: str) -> None:
    with pytest.raises(LicenseeMissingError):
        Gate().admit(ANYBODY, [("x-pitboss-licensee", licensee)], Peer(b"spiffe://pitboss/platform"))


def test_a_refused_call_keeps_its_request_id() -> None:
    assert find_request_id(None, [("a", "b"), ("x-request-id", "r1")]) == "r1"
    assert find_request_id(Caller("platform", request_id="r2"), [("x-request-id", "r1")]) == "r2"
    assert find_request_id(None, [("x-request-id", "no good")]) not in {"", "no good"}
    assert find_request_id(None, []) != find_request_id(None, [])
