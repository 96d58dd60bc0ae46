"""Providers that wait longer than theirs do: for tests of what is answered, not of how soon, on any machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

PATIENCE_S = 8.0
WAITS_MS = int(PATIENCE_S * 1000)
_PROBE_MS = "4000"


def patient(names: Iterable[str], waits_s: float = PATIENCE_S) -> Mapping[str, Mapping[str, str]]:
    """The environment of the adapters and the studios of these providers."""
    waits_ms = f"{waits_s * 1000:.0f}"
    found: dict[str, Mapping[str, str]] = {}
    for name in names:
        found[name] = {"PITBOSS_PROVIDER_TIMEOUT_MS": waits_ms, "PITBOSS_PROBE_TIMEOUT_MS": _PROBE_MS}
        found[f"studio-{name}"] = {"PITBOSS_STUDIO_TIMEOUT_MS": waits_ms}
    return found
