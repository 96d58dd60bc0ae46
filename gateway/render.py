"""The whole Envoy configuration as a pure function of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from gateway import licensee, studio, tls
from gateway.config import Settings
from gateway.shapes import Config, socket, typed
from gateway.upstream import ADMIN, clusters


def render(settings: Settings) -> Config:
    """The bootstrap configuration."""
    listeners = [licensee.listener(settings), studio.listener(settings)]
    if settings.operations_listener:
        listeners.append(_operations(settings))
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": socket(settings.admin)},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _runtime()}, {"name": "admin", "admin_layer": {}}]},
        "overload_manager": _overload(settings),
        "static_resources": {"listeners": listeners, "clusters": clusters(settings)},
    }  # fmt: skip


def documents(settings: Settings) -> dict[Path, str]:
    """The secret resource files that the configuration refers to."""
    return {path: json.dumps(body, indent=2) for path, body in tls.secret_resources(settings.files).items()}


def as_json(config: Config) -> str:
    """Text for a file that ends in .json."""
    return json.dumps(config, indent=2)


def as_yaml(config: Config) -> str:
    """Text for a file that ends in .yaml."""
    return yaml.dump(config, Dumper=_Plain, sort_keys=False, width=120)


class _Plain(yaml.SafeDumper):
    """Repeats shared parts instead of writing anchors, which reviewers would have to follow."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


def _runtime() -> Config:
    return {
        "re2.max_program_size.error_level": 1000,
        # Clients that open streams only to reset them are cut off.
        "overload.premature_reset_total_stream_count": 500,
        "http.max_requests_per_io_cycle": 100,
    }


def _overload(settings: Settings) -> Config:
    heap = typed(
        "envoy.resource_monitors.fixed_heap",
        "resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes=512 * 1024 * 1024,
    )
    connections = typed(
        "envoy.resource_monitors.global_downstream_max_connections",
        "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.limits.connections,
    )
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [heap, connections],
        "actions": [_shed("envoy.overload_actions.shrink_heap", 0.9), _shed("envoy.overload_actions.stop_accepting_requests", 0.95)],
    }  # fmt: skip


def _shed(action: str, above: float) -> Config:
    return {"name": action, "triggers": [{"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": above}}]}


def _operations(settings: Settings) -> Config:
    """Readiness and metrics on a port of their own; the rest of the admin interface stays on loopback."""
    assert settings.operations_listener is not None
    routes = [{"match": {"path": path}, "route": {"cluster": ADMIN}} for path in ("/ready", "/stats/prometheus")]
    manager = typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="operations",
        http_filters=[typed("envoy.filters.http.router", "filters.http.router.v3.Router")],
        route_config={"virtual_hosts": [{"name": "operations", "domains": ["*"], "routes": routes}]},
    )
    return {
        "name": "operations",
        "address": socket(settings.operations_listener),
        "filter_chains": [{"filters": [manager]}],
    }
