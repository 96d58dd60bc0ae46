"""Providers that wait longer than theirs do: for tests of what is answered, not of how soon, on any machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

WAITS_MS = 8000
_PROBE_MS = "4000"


def patient(names: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """The environment of the adapters and the studios of these providers."""
    found: dict[str, Mapping[str, str]] = {}
    for name in names:
        found[name] = {"PITBOSS_PROVIDER_TIMEOUT_MS": str(WAITS_MS), "PITBOSS_PROBE_TIMEOUT_MS": _PROBE_MS}
        found[f"studio-{name}"] = {"PITBOSS_STUDIO_TIMEOUT_MS": str(WAITS_MS)}
    return found
