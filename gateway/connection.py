"""What both listeners share: connection limits, headers nobody outside may set, the access log, plain errors."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.config import Settings
from gateway.shapes import EXTENSIONS, Config, full, typed
from gateway.upstream import TRACES

# Set by us from verified facts. From outside they are lies.
OURS = ("x-pitboss-", "x-envoy-", "x-forwarded-client-cert", "x-jwt-")
CLIENT_ADDRESS = ("x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip",
                  "fastly-client-ip", "x-original-forwarded-for", "forwarded", "via")  # fmt: skip

# HTTP status of an answer made by the gateway itself, and the google.rpc code that says the same.
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 415: 3, 426: 3, 429: 8, 431: 8, 502: 14, 503: 14, 504: 4}
_INTERNAL = 13
_RESOURCE_EXHAUSTED = 8

# What a gRPC caller gets as its message.
_TEXT: Config = {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}}


def connection_manager(
    settings: Settings, *, name: str, filters: Sequence[Config], routes: Config, log: Config, **fields: object
) -> Config:
    """The HTTP connection manager of one listener."""
    limits = settings.limits
    return typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        codec_type="AUTO",
        server_name="pitboss",
        use_remote_address=True,
        xff_num_trusted_hops=settings.trusted_hops,
        # Nobody is trusted because of an address. An empty list would mean every private network.
        internal_address_config={"cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]},
        forward_client_cert_details="SANITIZE",
        early_header_mutation_extensions=[_distrust(settings)],
        normalize_path=True,
        merge_slashes=True,
        generate_request_id=True,
        # A caller's own request id comes back as it was, not with a mark of ours in it.
        request_id_extension=_request_ids(),
        always_set_request_id_in_response=True,
        request_timeout="0s",
        request_headers_timeout="5s",
        drain_timeout="10s",
        max_request_headers_kb=limits.header_kb,
        common_http_protocol_options={
            "idle_timeout": "900s",
            "max_headers_count": limits.header_count,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        http2_protocol_options=_http2(limits.streams_per_connection),
        local_reply_config=_plain_errors(),
        access_log=[_access_log(log)],
        http_filters=[*filters, _router()],
        route_config=routes,
        **(_tracing(settings) if settings.traces else {}),
        **fields,
    )


def _request_ids() -> Config:
    kind = EXTENSIONS + "request_id.uuid.v3.UuidRequestIdConfig"
    return {"typed_config": {"@type": kind, "pack_trace_reason": False}}


def _http2(streams: int) -> Config:
    return {
        "max_concurrent_streams": streams,
        "initial_stream_window_size": 65_536,
        "initial_connection_window_size": 1_048_576,
        "max_inbound_priority_frames_per_stream": 100,
        "max_consecutive_inbound_frames_with_empty_payload": 1,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    }


def _distrust(settings: Settings) -> Config:
    """Drop what only we may say, before anything reads it."""
    named = [*CLIENT_ADDRESS, *(() if settings.trusted_hops else ("x-forwarded-for",))]
    mutations = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in OURS]
    mutations += [{"remove_on_match": {"key_matcher": {"exact": header}}} for header in named]
    return typed(
        "envoy.http.early_header_mutation.header_mutation",
        "http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )


def _router() -> Config:
    return typed("envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True)


def body_limit(settings: Settings) -> Config:
    """Refuse a request that is too large before a process of ours sees it."""
    return typed(
        "envoy.filters.http.buffer", "filters.http.buffer.v3.Buffer", max_request_bytes=settings.limits.request_bytes
    )


def _plain_errors() -> Config:
    """Answers of the gateway itself have the shape of google.rpc.Status, like those of the services."""
    too_large = _mapper(_and(_is_grpc(), _has_status(413)), _TEXT, grpc_status=_RESOURCE_EXHAUSTED)
    plain = [_mapper(_has_status(status), _status_shape(code)) for status, code in CODES.items()]
    return {
        "mappers": [too_large, _mapper(_is_grpc(), _TEXT), *plain],
        "body_format": _status_shape(_INTERNAL),
    }


def _mapper(condition: Config, body: Config, *, grpc_status: int | None = None) -> Config:
    mapper: Config = {"filter": condition, "body_format_override": body}
    if grpc_status is not None:
        mapper["headers_to_add"] = [{"header": {"key": "grpc-status", "value": str(grpc_status)}}]
    return mapper


def _and(*conditions: Config) -> Config:
    return {"and_filter": {"filters": list(conditions)}}


def _is_grpc() -> Config:
    """A gRPC caller, and not a JSON caller whose request has become gRPC on its way through."""
    content = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
    became = {"name": "x-envoy-original-method", "present_match": True, "invert_match": True}
    return _and({"header_filter": {"header": content}}, {"header_filter": {"header": became}})


def _has_status(status: int) -> Config:
    value = {"default_value": status, "runtime_key": f"pitboss.local_reply_{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _status_shape(code: int) -> Config:
    return {"json_format": {"code": code, "message": "%LOCAL_REPLY_BODY%", "details": []}}


def _access_log(fields: Config) -> Config:
    common = {
        "time": "%START_TIME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "trace_id": "%TRACE_ID%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ:ORIG_OR_PATH)%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "request_bytes": "%BYTES_RECEIVED%",
        "response_bytes": "%BYTES_SENT%",
        "upstream": "%UPSTREAM_HOST%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "peer": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    }
    return typed(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": {**common, **fields}},
    )


def _tracing(settings: Settings) -> Config:
    provider = {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
            "service_name": "gateway",
            "grpc_service": {"envoy_grpc": {"cluster_name": TRACES}, "timeout": "0.25s"},
        },
    }
    tracing = {"random_sampling": {"value": settings.trace_percent}, "spawn_upstream_span": True, "provider": provider}
    return {"tracing": tracing}


def local_rate_limit(**fields: object) -> Config:
    """The limiter filter with what is the same for both listeners."""
    return typed(
        "envoy.filters.http.local_ratelimit",
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        filter_enabled=full(),
        filter_enforced=full(),
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        rate_limited_as_resource_exhausted=True,
        **fields,
    )


def override(kind: str, **fields: object) -> Config:
    """A filter's settings for one route."""
    return {"@type": EXTENSIONS + kind, **fields}
