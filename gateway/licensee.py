"""The listener licensees use: who they are, what they may reach, how often."""

from __future__ import annotations

from gateway import tls
from gateway.config import KeyServer, Settings
from gateway.connection import body_limit, connection_manager, local_rate_limit
from gateway.contracts import API_CLASSES, ApiClass, Method
from gateway.shapes import Config, bucket, seconds, socket, typed
from gateway.strict_json import strict_json
from gateway.upstream import KEYS

JWT = "envoy.filters.http.jwt_authn"
CLAIMS = "claims"
LICENSEE_PATTERN = "^[a-z][a-z0-9-]{1,31}$"

# A money request goes out a second time only if the first never reached a server. A read may simply be repeated.
RETRY_NEVER_REACHED = "reset-before-request,connect-failure"
RETRY_READ = "unavailable,reset-before-request,connect-failure"


def listener(settings: Settings) -> Config:
    """TLS, then token, rate, JSON to gRPC, scope and route."""
    manager = connection_manager(
        settings,
        name="licensee",
        filters=_filters(settings),
        routes=_routes(settings),
        log={"licensee": _claim_text("licensee"), "token_id": _claim_text("jti"), "rpc": "%PATH(NQ:PATH)%",
             "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%"},
        # Licensees name their requests; the name comes back in the answer and in every log on the way.
        preserve_external_request_id=True,
        stream_idle_timeout=seconds(settings.deadlines.stream_idle_s),
        # A player id may contain a slash, and no path here has a meaning of its own beyond a method's name.
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
    )  # fmt: skip
    return {
        "name": "licensee",
        "address": socket(settings.licensee_listener),
        "per_connection_buffer_limit_bytes": 4 * settings.limits.request_bytes,
        "filter_chains": [{"transport_socket": tls.downstream(settings.files), "filters": [manager]}],
    }


def _filters(settings: Settings) -> list[Config]:
    # Nothing looks at a request before its token is known to be good. Scopes come after the transcoder, because
    # they are about methods and a JSON path becomes a method only there; and after the body, because a refusal that
    # overtakes the body of a JSON request ends its HTTP/2 stream without an answer.
    chain = [_health(), *([_cors()] if settings.web_origins else []), _tokens(settings), _rates(settings)]
    return [
        *chain,
        strict_json(settings.body_tables),
        _grpc_web(),
        _transcoder(settings),
        body_limit(settings),
        _scopes(),
        _statistics(),
    ]


def _health() -> Config:
    """`/healthz` for balancers: 200 unless the gateway drains."""
    return typed(
        "envoy.filters.http.health_check",
        "filters.http.health_check.v3.HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": "/healthz"}}],
    )


def _cors() -> Config:
    return typed("envoy.filters.http.cors", "filters.http.cors.v3.Cors")


def _grpc_web() -> Config:
    return typed("envoy.filters.http.grpc_web", "filters.http.grpc_web.v3.GrpcWeb")


def _transcoder(settings: Settings) -> Config:
    services = sorted({method.service for method in settings.methods})
    return typed(
        "envoy.filters.http.grpc_json_transcoder",
        "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=str(settings.files.descriptors),
        services=services,
        convert_grpc_status=True,
        print_options={"always_print_primitive_fields": True, "stream_newline_delimited": True},
        request_validation_options={
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        url_unescape_spec="ALL_CHARACTERS",
        max_request_body_size=settings.limits.request_bytes,
    )


def _tokens(settings: Settings) -> Config:
    provider: Config = {
        "issuer": settings.tokens.issuer,
        "audiences": [settings.tokens.audience],
        **_keys(settings),
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "forward": False,
        "require_expiration": True,
        "clock_skew_seconds": 10,
        "jwt_cache_config": {"jwt_cache_size": 1000},
        "payload_in_metadata": CLAIMS,
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
        "claim_to_headers": [
            {"header_name": "x-pitboss-licensee", "claim_name": "licensee"},
            {"header_name": "x-pitboss-scopes", "claim_name": "scope"},
        ],
    }  # fmt: skip
    return typed(
        JWT,
        "filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"licensee": provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "licensee"}}],
        # Browsers ask about cross-origin calls without a token.
        bypass_cors_preflight=True,
    )


def _keys(settings: Settings) -> Config:
    keys = settings.files.jwks
    if not isinstance(keys, KeyServer):
        return {"local_jwks": {"filename": str(keys)}}
    # Fetched before the listener opens and again in the background, so that no request waits for it.
    fetch = {"uri": keys.url, "cluster": KEYS, "timeout": "2s"}
    return {
        "remote_jwks": {
            "http_uri": fetch,
            "cache_duration": seconds(keys.refresh_s),
            "async_fetch": {"failed_refetch_duration": "1s"},
            "retry_policy": {"num_retries": 2},
        }
    }


def _scopes() -> Config:
    """A class of methods needs its scope; a path without a class passes on, to be answered with "not found"."""
    policies = {api.name: _policy(_paths(api), _holds(api.scope)) for api in API_CLASSES}
    everything = {"or_rules": {"rules": [_paths(api) for api in API_CLASSES]}}
    policies["no such path"] = {"permissions": [{"not_rule": everything}], "principals": [{"any": True}]}
    return typed(
        "envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": policies}
    )


def _policy(permission: Config, principal: Config) -> Config:
    return {"permissions": [permission], "principals": [{"and_ids": {"ids": [principal, _has_licensee()]}}]}


def _paths(api: ApiClass) -> Config:
    rules = [{"url_path": {"path": {"prefix": f"/{service}/"}}} for service in api.services]
    return {"or_rules": {"rules": rules}}


def _holds(scope: str) -> Config:
    return _claim("scope", {"list_match": {"one_of": {"string_match": {"exact": scope}}}})


def _has_licensee() -> Config:
    return _claim("licensee", {"string_match": {"safe_regex": {"regex": LICENSEE_PATTERN}}})


def _claim(name: str, value: Config) -> Config:
    matcher = {"filter": JWT, "path": [{"key": CLAIMS}, {"key": name}], "value": value}
    return {"sourced_metadata": {"metadata_source": "DYNAMIC", "metadata_matcher": matcher}}


def _claim_text(name: str) -> str:
    return f"%DYNAMIC_METADATA({JWT}:{CLAIMS}:{name})%"


def _rates(settings: Settings) -> Config:
    limits = settings.limits
    own = [_rate({"key": "licensee", "value": name}, bucket(rate)) for name, rate in sorted(limits.own_rates.items())]
    return local_rate_limit(
        stat_prefix="licensee",
        max_dynamic_descriptors=limits.remembered_licensees,
        token_bucket=bucket(limits.whole),
        # The blank value makes a bucket of its own for each licensee that is seen.
        descriptors=[*own, _rate({"key": "licensee"}, bucket(limits.licensee))],
        rate_limits=[{"actions": [{"metadata": {
            "descriptor_key": "licensee",
            "source": "DYNAMIC",
            "metadata_key": {"key": JWT, "path": [{"key": CLAIMS}, {"key": "licensee"}]},
        }}]}],
    )  # fmt: skip


def _rate(entry: Config, tokens: Config) -> Config:
    return {"entries": [entry], "token_bucket": tokens}


def _statistics() -> Config:
    return typed(
        "envoy.filters.http.grpc_stats",
        "filters.http.grpc_stats.v3.FilterConfig",
        emit_filter_state=True,
        enable_upstream_stats=True,
        stats_for_all_methods=True,
    )


def _routes(settings: Settings) -> Config:
    upstream_of = {service: api.upstream for api in API_CLASSES for service in api.services}
    routes = [_route(settings, method, upstream_of[method.service]) for method in settings.methods]
    host: Config = {"name": "licensee", "domains": ["*"], "routes": [*routes, _not_found()]}
    if settings.web_origins:
        host["typed_per_filter_config"] = {"envoy.filters.http.cors": _cors_policy(settings)}
    return {"name": "licensee", "virtual_hosts": [host]}


def _route(settings: Settings, method: Method, cluster: str) -> Config:
    action = _stream(settings) if method.streams else _unary(settings, method)
    return {
        "name": method.path[1:],
        "match": {"path": method.path},
        "route": {"cluster": cluster, **action[0]},
        **action[1],
    }


def _unary(settings: Settings, method: Method) -> tuple[Config, Config]:
    limit = settings.deadlines.read_s if method.reads_only else settings.deadlines.write_s
    route: Config = {
        "timeout": seconds(limit),
        "max_stream_duration": {
            "max_stream_duration": seconds(limit),
            "grpc_timeout_header_max": seconds(limit),
            # Our answer to a late upstream leaves before the caller gives up.
            "grpc_timeout_header_offset": "0.01s",
        },
        "retry_policy": _retry_read(limit) if method.reads_only else _retry_never_reached(),
    }
    return route, {"request_headers_to_add": [_default_deadline(limit)]}


def _stream(settings: Settings) -> tuple[Config, Config]:
    deadlines = settings.deadlines
    route: Config = {
        "timeout": "0s",
        "idle_timeout": seconds(deadlines.stream_idle_s),
        "max_stream_duration": {
            "max_stream_duration": seconds(deadlines.stream_s),
            "grpc_timeout_header_max": seconds(deadlines.stream_s),
        },
        "retry_policy": _retry_never_reached(),
    }
    return route, {"request_headers_to_add": [_default_deadline(deadlines.stream_s)]}


def _default_deadline(limit_s: float) -> Config:
    """A JSON caller states no deadline, and every call inside the mesh has one."""
    header = {"key": "grpc-timeout", "value": f"{int(limit_s * 1000)}m"}
    return {"header": header, "append_action": "ADD_IF_ABSENT"}


def _retry_read(limit_s: float) -> Config:
    return {
        "retry_on": RETRY_READ,
        "num_retries": 2,
        "per_try_timeout": seconds(limit_s),
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "retry_host_predicate": [_another_replica()],
        "host_selection_retry_max_attempts": 10,
    }


def _retry_never_reached() -> Config:
    return {
        "retry_on": RETRY_NEVER_REACHED,
        "num_retries": 1,
        "retry_host_predicate": [_another_replica()],
        "host_selection_retry_max_attempts": 10,
    }


def _another_replica() -> Config:
    return typed("envoy.retry_host_predicates.previous_hosts", "retry.host.previous_hosts.v3.PreviousHostsPredicate")


def _not_found() -> Config:
    return {"match": {"prefix": "/"}, "direct_response": {"status": 404, "body": {"inline_string": "no such method"}}}


def _cors_policy(settings: Settings) -> Config:
    return {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": origin} for origin in settings.web_origins],
        "allow_methods": "GET, POST",
        "allow_headers": "authorization, content-type, grpc-timeout, x-grpc-web, x-request-id, x-user-agent",
        "expose_headers": "grpc-status, grpc-message, grpc-status-details-bin, x-request-id",
        "max_age": "600",
    }
