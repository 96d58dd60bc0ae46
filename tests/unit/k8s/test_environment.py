"""A pod is told what its process asks for: no variable missing, none that nobody reads."""

from __future__ import annotations

import dataclasses
import importlib

import pytest

from gateway import environment as gateway
from mesh import settings
from tests.unit.k8s.manifests import environment
from tests.unit.k8s.test_house import SOURCES, adapters, workloads

SHARED = {
    "PITBOSS_ENVIRONMENT", "PITBOSS_LOG_LEVEL", "PITBOSS_OTLP_ENDPOINT", "PITBOSS_ADAPTERS", "PITBOSS_GATEWAY_CALLBACKS",
    "PITBOSS_WALLET_ADDRESSES", "PITBOSS_SESSION_ADDRESS", "PITBOSS_COMPLIANCE_ADDRESS",
}  # fmt: skip
"""The maps `mesh` and `adapters` are read whole, so a process may be told more of these than it needs."""


def settings_class(package: str) -> type:
    """The settings of a process: the one class in its config.py that is read from the environment."""
    module = importlib.import_module(f"{package}.config")
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__name__.endswith("Settings")
        and each.__name__ != "StudioSettings"
        and each.__module__ == module.__name__
    ]
    (only,) = found
    return only


def processes() -> list[tuple[str, str]]:
    services = [("wallet-svc", "wallet_svc"), ("session-svc", "session_svc"), ("compliance-svc", "compliance_svc")]
    services += [("second-opinion", "mesh.second_opinion"), ("audit-svc", "audit_svc"), ("witness", "witness")]
    services += [(name, identity.replace("/", ".")) for name, identity in SOURCES.items()]
    return services + [(name, "provider_adapters._kit") for name in adapters().values()]


@pytest.mark.parametrize(("name", "package"), processes())
def test_a_pod_is_told_all_that_its_process_requires(name: str, package: str) -> None:
    told = environment(workloads("production")[name], "production")
    required = {each.name for each in settings.describe(settings_class(package)) if each.required}
    assert required <= told.keys()


@pytest.mark.parametrize(("name", "package"), processes())
def test_a_pod_is_told_nothing_that_its_process_does_not_read(name: str, package: str) -> None:
    told = environment(workloads("production")[name], "production")
    known = {settings.variable(field.name) for field in dataclasses.fields(settings_class(package))}
    assert told.keys() - SHARED <= known


def test_the_gateway_is_told_all_that_it_requires() -> None:
    told = environment(workloads("production")["gateway"], "production")
    loaded = gateway.load(told)
    assert loaded.callbacks.keys() == adapters().keys()
    assert loaded.operations_listener is not None
