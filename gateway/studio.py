"""The listener studios call back on: one path for each provider, and nothing else."""

from __future__ import annotations

from gateway import tls
from gateway.config import Settings
from gateway.connection import body_limit, connection_manager, local_rate_limit, override
from gateway.licensee import RETRY_NEVER_REACHED
from gateway.shapes import Config, bucket, full, seconds, socket
from gateway.upstream import callback_cluster

_LIMITER = "envoy.filters.http.local_ratelimit"


def listener(settings: Settings) -> Config:
    """Size, rate and route. Who signed the request is the adapter's question."""
    manager = connection_manager(
        settings,
        name="studio",
        filters=[local_rate_limit(stat_prefix="studio"), body_limit(settings)],
        routes=_routes(settings),
        log={"provider": "%ROUTE_NAME%"},
        stream_idle_timeout=seconds(settings.deadlines.callback_s + 2),
        path_with_escaped_slashes_action="REJECT_REQUEST",
    )
    chain: Config = {"filters": [manager]}
    if settings.studio_tls:
        chain["transport_socket"] = tls.downstream(settings.files)
    return {
        "name": "studio",
        "address": socket(settings.studio_listener),
        "per_connection_buffer_limit_bytes": 4 * settings.limits.request_bytes,
        "filter_chains": [chain],
    }


def _routes(settings: Settings) -> Config:
    routes = [_route(settings, provider) for provider in settings.callbacks]
    host = {"name": "studio", "domains": ["*"], "routes": [*routes, _not_found()]}
    return {"name": "studio", "virtual_hosts": [host]}


def _route(settings: Settings, provider: str) -> Config:
    limit = seconds(settings.deadlines.callback_s)
    return {
        "name": provider,
        "match": {"prefix": f"/{provider}/"},
        "route": {
            "cluster": callback_cluster(provider),
            "prefix_rewrite": "/",
            "timeout": limit,
            # The studio repeats what got no answer; a second copy from here would only race with its own.
            "retry_policy": {"retry_on": RETRY_NEVER_REACHED, "num_retries": 1},
        },
        "typed_per_filter_config": {_LIMITER: _rate(settings, provider)},
    }


def _rate(settings: Settings, provider: str) -> Config:
    return override(
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=f"studio_{provider}",
        token_bucket=bucket(settings.limits.provider_rates.get(provider, settings.limits.provider)),
        filter_enabled=full(),
        filter_enforced=full(),
    )


def _not_found() -> Config:
    return {
        "name": "unknown",
        "match": {"prefix": "/"},
        "direct_response": {"status": 404, "body": {"inline_string": "no such provider"}},
    }
