"""Clusters: the processes behind the gateway, how they are watched and how much they are given."""

from __future__ import annotations

from gateway import tls
from gateway.config import Address, KeyServer, Settings
from gateway.shapes import EXTENSIONS, Config, socket

TRACES = "traces"
ADMIN = "admin"
KEYS = "keys"


def callback_cluster(provider: str) -> str:
    """The name of the cluster of a provider's callback server."""
    return f"callbacks_{provider}"


def clusters(settings: Settings) -> list[Config]:
    """Every cluster of the configuration."""
    found = [_service(settings, name) for name in settings.upstreams]
    found += [_callbacks(provider, address) for provider, address in settings.callbacks.items()]
    if settings.traces:
        found.append(_cluster(TRACES, [settings.traces], typed_extension_protocol_options=_http2()))
    if isinstance(settings.files.jwks, KeyServer):
        found.append(_keys(settings.files.jwks))
    if settings.operations_listener:
        found.append(_cluster(ADMIN, [settings.admin]))
    return found


def _service(settings: Settings, name: str) -> Config:
    """One of our gRPC services: mTLS, active health checks, passive ejection of a bad replica."""
    service = settings.upstreams[name]
    return _cluster(
        name,
        service.addresses,
        lb_policy="LEAST_REQUEST",
        transport_socket=tls.upstream(settings.files, service.workload),
        typed_extension_protocol_options=_http2(),
        # A change of health counts at once, not after the window in which Envoy would gather such changes.
        common_lb_config={"healthy_panic_threshold": {"value": 30}, "update_merge_window": "0s"},
        circuit_breakers=_breakers(),
        outlier_detection=_outliers(),
        health_checks=[_health_check({"grpc_health_check": {}})],
        track_cluster_stats={"request_response_sizes": True},
    )


def _callbacks(provider: str, address: Address) -> Config:
    """The HTTP server in an adapter; it is alone, so there is nothing to eject it in favour of."""
    return _cluster(
        callback_cluster(provider),
        [address],
        circuit_breakers=_breakers(),
        health_checks=[_health_check({"http_health_check": {"path": "/healthz"}})],
    )


def _keys(server: KeyServer) -> Config:
    """The identity provider, for its public keys only."""
    address = Address(host=server.host, port=server.port)
    return _cluster(
        KEYS,
        [address],
        # Whichever of its addresses answers.
        dns_lookup_family="ALL",
        transport_socket=tls.outside(server.host, server.authorities),
    )


def _cluster(name: str, addresses: list[Address] | tuple[Address, ...], **fields: object) -> Config:
    endpoints = [{"endpoint": {"address": socket(address)}} for address in addresses]
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "0.5s",
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        **fields,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _http2() -> Config:
    return {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {
                "http2_protocol_options": {
                    "max_concurrent_streams": 256,
                    "connection_keepalive": {"interval": "30s", "timeout": "5s"},
                }
            },
        }
    }


def _breakers() -> Config:
    """Queues are short: a caller that is told at once can come back, one that waits cannot."""
    return {
        "thresholds": [
            {
                "priority": "DEFAULT",
                "max_connections": 64,
                "max_pending_requests": 256,
                "max_requests": 1024,
                "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 3},
                "track_remaining": True,
            }
        ]
    }


def _outliers() -> Config:
    return {
        "consecutive_5xx": 10,
        "consecutive_gateway_failure": 5,
        "enforcing_consecutive_gateway_failure": 100,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "interval": "1s",
        "base_ejection_time": "2s",
        "max_ejection_time": "30s",
        "max_ejection_percent": 50,
        "success_rate_minimum_hosts": 5,
        # A replica whose probe is green while its answers are not stays out for its time.
        "successful_active_health_check_uneject_host": False,
    }


def _health_check(how: Config) -> Config:
    return {
        "timeout": "1s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        # A process that comes back is found quickly, in both directions.
        "unhealthy_interval": "0.25s",
        "unhealthy_edge_interval": "0.25s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "reuse_connection": True,
        **how,
    }
