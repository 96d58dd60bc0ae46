"""The listener of the studios."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.gateway.conftest import Edge


def test_a_callback_reaches_its_adapter_without_the_providers_name_and_byte_for_byte(edge: Edge) -> None:
    body = b'{"amount" : 100,  "round":"r-1"}'
    answer = httpx.post(
        f"{edge.studio_url}/hub88_style/transaction/bet", content=body, headers={"x-hub88-signature": "s"}
    )
    assert answer.json() == {"status": "OK"}
    (request,) = edge.callbacks.requests
    assert (request.path, request.body, request.headers["x-hub88-signature"]) == ("/transaction/bet", body, "s")


def test_a_query_is_passed_on_as_it_is(edge: Edge) -> None:
    httpx.post(f"{edge.studio_url}/hub88_style/bet?hash=AbC%20d&x=1", content=b"")
    assert edge.callbacks.requests[0].path == "/bet?hash=AbC%20d&x=1"


@pytest.mark.parametrize(
    "path", ["/", "/nobody/bet", "/hub88_style", "/hub88_stylex/bet", "/hub88_style/../admin", "/healthz"]
)
def test_a_path_of_no_provider_is_not_found(edge: Edge, path: str) -> None:
    answer = httpx.post(f"{edge.studio_url}{path}", content=b"")
    assert (answer.status_code, answer.json()["code"]) == (404, 5)
    assert edge.callbacks.requests == []


def test_an_escaped_slash_is_refused(edge: Edge) -> None:
    assert httpx.post(f"{edge.studio_url}/hub88_style%2Fbet", content=b"").status_code == 400


def test_a_callback_that_is_too_large_is_refused(edge: Edge) -> None:
    answer = httpx.post(f"{edge.studio_url}/hub88_style/bet", content=b"x" * 300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, 8)
    assert edge.callbacks.requests == []


def test_a_studio_cannot_say_who_it_is_or_where_it_comes_from(edge: Edge) -> None:
    lies = {
        "x-pitboss-licensee": "aurora", "x-pitboss-source": "platform", "x-forwarded-client-cert": "URI=x",
        "x-forwarded-for": "10.1.1.1", "x-real-ip": "10.1.1.1", "forwarded": "for=10.1.1.1", "true-client-ip": "10.1.1.1",
        "cf-connecting-ip": "10.1.1.1", "x-envoy-original-path": "/x", "x-envoy-external-address": "10.1.1.1",
    }  # fmt: skip
    httpx.post(f"{edge.studio_url}/hub88_style/bet", content=b"", headers=lies)
    (request,) = edge.callbacks.requests
    assert "10.1.1.1" not in str(request.headers)
    assert not [name for name in request.headers if name.startswith("x-pitboss-")]


def test_a_callback_gets_a_request_id_of_ours(edge: Edge) -> None:
    answer = httpx.post(f"{edge.studio_url}/hub88_style/bet", content=b"", headers={"x-request-id": "theirs"})
    (request,) = edge.callbacks.requests
    assert request.headers["x-request-id"] == answer.headers["x-request-id"] != "theirs"


@pytest.mark.parametrize("status", [500, 503])
def test_a_callback_that_failed_is_not_repeated_by_the_gateway(edge: Edge, status: int) -> None:
    edge.callbacks.status = status
    assert httpx.post(f"{edge.studio_url}/hub88_style/bet", content=b"").status_code == status
    assert len(edge.callbacks.requests) == 1


def test_an_adapter_that_is_not_there_hides_no_other_provider(edge: Edge) -> None:
    absent = httpx.post(f"{edge.studio_url}/absent_style/bet", content=b"")
    assert (absent.status_code, absent.json()["code"]) == (503, 14)
    assert httpx.post(f"{edge.studio_url}/hub88_style/bet", content=b"").status_code == 200


def test_the_licensee_api_cannot_be_reached_from_the_studio_side(edge: Edge) -> None:
    answer = httpx.get(
        f"{edge.studio_url}/v1/players/pl-1/balance", headers={"authorization": f"Bearer {edge.token()}"}
    )
    assert answer.status_code == 404
