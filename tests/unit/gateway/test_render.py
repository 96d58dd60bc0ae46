"""The configuration as a function of the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from gateway.config import Address, Limits, Rate
from gateway.contracts import API_CLASSES
from gateway.render import as_json, as_yaml, documents, render
from tests.unit.gateway.settings import METHODS, settings


def listener(name: str, **changes: object) -> Any:
    listeners = render(settings(**changes))["static_resources"]["listeners"]  # type: ignore[index]
    return next(each for each in listeners if each["name"] == name)


def manager(name: str, **changes: object) -> Any:
    return listener(name, **changes)["filter_chains"][0]["filters"][0]["typed_config"]


def routes(name: str, **changes: object) -> list[Any]:
    return list(manager(name, **changes)["route_config"]["virtual_hosts"][0]["routes"])


def http_filter(listener_name: str, filter_name: str, **changes: object) -> Any:
    found = manager(listener_name, **changes)["http_filters"]
    return next(each["typed_config"] for each in found if each["name"].endswith(filter_name))


def cluster(name: str, **changes: object) -> Any:
    found = render(settings(**changes))["static_resources"]["clusters"]  # type: ignore[index]
    return next(each for each in found if each["name"] == name)


def walk(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_the_same_settings_give_the_same_configuration() -> None:
    assert render(settings()) == render(settings())


def test_every_public_method_has_exactly_one_route_by_its_full_path() -> None:
    paths = [route["match"]["path"] for route in routes("licensee")[:-1]]
    assert paths == [method.path for method in METHODS]


def test_what_has_no_route_is_answered_with_not_found() -> None:
    for name in ("licensee", "studio"):
        last = routes(name)[-1]
        assert last["match"] == {"prefix": "/"}
        assert last["direct_response"]["status"] == 404


def test_internal_services_belong_to_no_class() -> None:
    public = {service for api in API_CLASSES for service in api.services}
    internal = {
        "pitboss.wallet.v1.LedgerService",
        "pitboss.wallet.v1.RegistryService",
        "pitboss.provider.v1.ProviderAdapterService",
        "pitboss.session.v1.SessionDirectoryService",
    }
    assert not public & internal


def test_a_money_request_is_sent_again_only_if_it_never_reached_a_server() -> None:
    deposit = next(route for route in routes("licensee") if route["name"].endswith("/Deposit"))
    assert set(deposit["route"]["retry_policy"]["retry_on"].split(",")) == {"reset-before-request", "connect-failure"}
    assert deposit["route"]["retry_policy"]["num_retries"] == 1


def test_a_read_is_repeated_when_a_replica_is_unavailable() -> None:
    balance = next(route for route in routes("licensee") if route["name"].endswith("/GetBalance"))
    assert "unavailable" in balance["route"]["retry_policy"]["retry_on"].split(",")


def test_a_stream_is_never_repeated_and_has_no_short_deadline() -> None:
    watch = next(route for route in routes("licensee") if route["name"].endswith("/WatchSessions"))
    assert "unavailable" not in watch["route"]["retry_policy"]["retry_on"]
    assert watch["route"]["timeout"] == "0s"


def test_callbacks_are_sent_again_only_if_they_never_reached_the_adapter() -> None:
    for route in routes("studio")[:-1]:
        assert set(route["route"]["retry_policy"]["retry_on"].split(",")) == {"reset-before-request", "connect-failure"}


def test_every_method_has_a_deadline_even_if_the_caller_states_none() -> None:
    for route in routes("licensee")[:-1]:
        added = route["request_headers_to_add"][0]
        assert added["header"]["key"] == "grpc-timeout"
        assert added["append_action"] == "ADD_IF_ABSENT"


def test_every_service_must_prove_its_own_identity() -> None:
    for name in ("wallet_svc", "session_svc", "compliance_svc"):
        context = cluster(name)["transport_socket"]["typed_config"]["common_tls_context"]
        names = context["combined_validation_context"]["default_validation_context"]["match_typed_subject_alt_names"]
        assert names == [{"san_type": "URI", "matcher": {"exact": f"spiffe://pitboss/{name}"}}]


def test_each_provider_has_its_own_path_and_its_own_cluster() -> None:
    found = {route["match"]["prefix"]: route["route"]["cluster"] for route in routes("studio")[:-1]}
    assert found == {"/hub88_style/": "callbacks_hub88_style", "/pragmatic_style/": "callbacks_pragmatic_style"}


def test_headers_that_only_we_may_set_are_removed_on_both_listeners() -> None:
    for name in ("licensee", "studio"):
        mutations = manager(name)["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
        matchers = [each["remove_on_match"]["key_matcher"] for each in mutations]
        assert {"prefix": "x-pitboss-"} in matchers
        assert {"exact": "x-forwarded-for"} in matchers


def test_an_address_header_is_kept_only_behind_a_trusted_balancer() -> None:
    configuration = manager("licensee", trusted_hops=1)
    mutations = configuration["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
    assert {"exact": "x-forwarded-for"} not in [each["remove_on_match"]["key_matcher"] for each in mutations]
    assert configuration["xff_num_trusted_hops"] == 1


def test_the_token_is_not_passed_on_and_must_expire() -> None:
    provider = http_filter("licensee", "jwt_authn")["providers"]["licensee"]
    assert provider["forward"] is False
    assert provider["require_expiration"] is True
    assert provider["from_headers"] == [{"name": "authorization", "value_prefix": "Bearer "}]


def test_no_path_escapes_the_token_check() -> None:
    rules = http_filter("licensee", "jwt_authn")["rules"]
    assert rules == [{"match": {"prefix": "/"}, "requires": {"provider_name": "licensee"}}]


def test_far_more_licensees_are_remembered_than_the_twenty_of_the_default() -> None:
    assert http_filter("licensee", "local_ratelimit")["max_dynamic_descriptors"] == Limits().remembered_licensees
    assert Limits().remembered_licensees >= 10_000


def test_a_licensee_with_its_own_rate_has_its_own_bucket_before_the_common_one() -> None:
    limits = Limits(own_rates={"aurora": Rate(per_second=5, burst=7)})
    first, second = http_filter("licensee", "local_ratelimit", limits=limits)["descriptors"]
    assert first["entries"] == [{"key": "licensee", "value": "aurora"}]
    assert first["token_bucket"]["max_tokens"] == 7
    assert second["entries"] == [{"key": "licensee"}]


def test_a_provider_with_its_own_rate_has_it_on_its_route() -> None:
    one, *others = sorted(route["name"] for route in routes("studio")[:-1])
    limits = Limits(provider_rates={one: Rate(per_second=5, burst=7)})
    found = {
        route["name"]: route["typed_per_filter_config"]["envoy.filters.http.local_ratelimit"]["token_bucket"][
            "max_tokens"
        ]
        for route in routes("studio", limits=limits)[:-1]
    }
    assert found == {one: 7} | dict.fromkeys(others, Limits().provider.burst)


def test_the_access_log_tells_no_query_and_no_token() -> None:
    for name in ("licensee", "studio"):
        text = json.dumps(manager(name)["access_log"]).lower()
        assert "authorization" not in text
        assert "%req(:path)%" not in text
        assert "(wq" not in text


def test_the_licensee_listener_always_speaks_tls() -> None:
    assert "transport_socket" in listener("licensee")["filter_chains"][0]


def test_the_studio_listener_speaks_tls_when_asked_to() -> None:
    assert "transport_socket" not in listener("studio")["filter_chains"][0]
    assert "transport_socket" in listener("studio", studio_tls=True)["filter_chains"][0]


def test_the_operations_listener_offers_readiness_and_metrics_alone() -> None:
    assert [route["match"] for route in routes("operations", operations_listener=Address(host="0.0.0.0", port=9))] == [  # noqa: S104
        {"path": "/ready"},
        {"path": "/stats/prometheus"},
    ]


def test_the_yaml_says_the_same_as_the_json_and_has_no_anchors() -> None:
    configuration = render(settings())
    text = as_yaml(configuration)
    assert yaml.safe_load(text) == json.loads(as_json(configuration))
    assert "<<" not in text
    assert "&id0" not in text


def test_secrets_are_referred_to_by_file_and_never_written_into_the_configuration() -> None:
    text = as_json(render(settings())) + "".join(documents(settings()).values())
    assert 'inline_string": "-----BEGIN' not in text
    assert "private_key_provider" not in text
    assert {path.name for path in documents(settings())} == {
        "edge_certificate.json", "gateway_certificate.json", "mesh_authority.json"
    }  # fmt: skip


def test_cross_origin_calls_are_allowed_only_for_named_origins() -> None:
    assert "allow_origin_string_match" not in as_json(render(settings()))
    configured = render(settings(web_origins=("https://play.example",)))
    origins = [value for key, value in walk(configured) if key == "allow_origin_string_match"]
    assert origins == [[{"exact": "https://play.example"}]]


def test_traces_are_exported_only_when_there_is_somewhere_to_send_them() -> None:
    assert "tracing" not in manager("licensee")
    assert "tracing" in manager("licensee", traces=Address(host="collector", port=4317))
