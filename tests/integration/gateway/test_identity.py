"""Who a licensee is, and what it may reach."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import grpc
import pytest

from mesh.dev.secrets import TokenSigner
from tests.integration.gateway.conftest import Edge

DEPOSIT = "/pitboss.wallet.v1.WalletService/Deposit"
BALANCE = "/pitboss.wallet.v1.WalletService/GetBalance"
SESSION = "/pitboss.session.v1.SessionService/GetSession"


def refused(edge: Edge, path: str = BALANCE, **options: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        edge.call(path, **options)  # type: ignore[arg-type]
    return raised.value


def unsigned(edge: Edge) -> str:
    _, body, _ = edge.token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    return f"{head}.{body}."


def forged(edge: Edge) -> str:
    stranger = TokenSigner.create()
    stranger.key_id = edge.signer.key_id
    return stranger.token("aurora")


BAD_TOKENS: dict[str, Callable[[Edge], str]] = {
    "none at all": lambda _: "",
    "not a token": lambda _: "x.y.z",
    "expired": lambda edge: edge.token(expires_s=-60),
    "without an end": lambda edge: edge.token(changes={"exp": None}),
    "from another issuer": lambda edge: edge.token(changes={"iss": "https://id.example"}),
    "not valid yet": lambda edge: edge.token(changes={"nbf": 4_000_000_000}),
    "signed by a stranger with our key id": forged,
    "unsigned": unsigned,
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused_as_unauthenticated_over_grpc(edge: Edge, kind: str) -> None:
    assert refused(edge, token=BAD_TOKENS[kind](edge)).code() is grpc.StatusCode.UNAUTHENTICATED
    assert edge.wallet_calls() == []


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused_as_a_status_over_json(edge: Edge, kind: str) -> None:
    with edge.json(BAD_TOKENS[kind](edge)) as client:
        answer = client.get("/v1/players/pl-1/balance")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["code"] == 16
    assert answer.json()["message"]
    assert edge.wallet_calls() == []


def test_a_token_made_for_another_audience_is_refused(edge: Edge) -> None:
    assert refused(edge, token=edge.token(changes={"aud": "another"})).code() is grpc.StatusCode.PERMISSION_DENIED
    assert edge.wallet_calls() == []


def test_a_token_in_the_query_does_not_count(edge: Edge) -> None:
    with edge.json("") as client:
        assert client.get("/v1/players/pl-1/balance", params={"access_token": edge.token()}).status_code == 401


def test_a_good_token_reaches_the_service_of_its_scope(edge: Edge) -> None:
    edge.call(BALANCE, token=edge.token(scopes=["wallet"]))
    edge.call(SESSION, token=edge.token(scopes=["play"]))
    assert [call.path for call in edge.wallet_calls()] == [BALANCE]
    assert [call.path for call in edge.session.calls] == [SESSION]


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        (BALANCE, ["play", "admin"]),
        (DEPOSIT, ["play"]),
        (SESSION, ["wallet", "admin"]),
        ("/pitboss.compliance.v1.PolicyService/ListPacks", ["wallet"]),
        (BALANCE, []),
        (BALANCE, ["wallets", "xwallet", "wallet,play"]),
    ],
)
def test_a_token_without_the_scope_is_refused_as_forbidden(edge: Edge, path: str, scopes: list[str]) -> None:
    assert refused(edge, path, token=edge.token(scopes=scopes)).code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_missing_scope_is_a_readable_answer_over_json(edge: Edge) -> None:
    with edge.json(edge.token(scopes=["play"])) as client:
        answer = client.get("/v1/players/pl-1/balance")
    assert (answer.status_code, answer.json()["code"]) == (403, 7)


@pytest.mark.parametrize(
    "licensee", ["", "Aurora", "a", "aurora borealis", "x" * 33, "aurora\nborealis", 7, None, ["aurora"]]
)
def test_a_token_without_a_proper_licensee_is_forbidden_everything(edge: Edge, licensee: object) -> None:
    assert refused(edge, token=edge.token(changes={"licensee": licensee})).code() is grpc.StatusCode.PERMISSION_DENIED
    assert edge.wallet_calls() == []


def test_the_service_learns_the_licensee_and_scopes_from_the_token(edge: Edge) -> None:
    edge.call(BALANCE, token=edge.token("borealis", scopes=["play", "wallet"]))
    (call,) = edge.wallet_calls()
    assert call.metadata["x-pitboss-licensee"] == "borealis"
    assert call.metadata["x-pitboss-scopes"] == "play wallet"


SPOOFED = (
    ("x-pitboss-licensee", "borealis"),
    ("x-pitboss-scopes", "admin"),
    ("x-pitboss-source", "hub88_style"),
    ("x-pitboss-workload", "platform"),
    ("x-forwarded-client-cert", "URI=spiffe://pitboss/platform"),
    ("x-forwarded-for", "10.0.0.1"),
    ("x-real-ip", "10.0.0.1"),
    ("x-envoy-retry-on", "5xx"),
    ("x-envoy-max-retries", "9"),
    ("x-envoy-upstream-rq-timeout-ms", "900000"),
)


def test_headers_that_only_the_gateway_may_set_are_lost_when_a_licensee_sends_them(edge: Edge) -> None:
    edge.call(BALANCE, headers=SPOOFED)
    (call,) = edge.wallet_calls()
    assert call.metadata["x-pitboss-licensee"] == "aurora"
    assert call.metadata["x-pitboss-scopes"] == "play wallet admin"
    for name in ("x-pitboss-source", "x-pitboss-workload", "x-real-ip", "x-envoy-retry-on", "x-envoy-max-retries"):
        assert name not in call.metadata
    assert "platform" not in call.metadata.get("x-forwarded-client-cert", "")
    assert "10.0.0.1" not in str(call.metadata)


def test_spoofed_headers_are_lost_over_json_too(edge: Edge) -> None:
    with edge.json() as client:
        client.get("/v1/players/pl-1/balance", headers=dict(SPOOFED)).raise_for_status()
    (call,) = edge.wallet_calls()
    assert call.metadata["x-pitboss-licensee"] == "aurora"
    assert "x-pitboss-source" not in call.metadata


def test_the_token_stays_at_the_gateway(edge: Edge) -> None:
    edge.call(BALANCE)
    (call,) = edge.wallet_calls()
    assert "authorization" not in call.metadata


@pytest.mark.parametrize(
    "path",
    [
        "/pitboss.wallet.v1.LedgerService/Execute",
        "/pitboss.wallet.v1.RegistryService/PutLicensee",
        "/pitboss.provider.v1.ProviderAdapterService/CreateLaunch",
        "/pitboss.session.v1.SessionDirectoryService/ResolveSession",
        "/pitboss.compliance.v1.ComplianceService/OpenPlay",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ],
)
def test_internal_methods_do_not_exist_from_outside(edge: Edge, path: str) -> None:
    assert refused(edge, path).code() is grpc.StatusCode.UNIMPLEMENTED
    assert edge.wallet_calls() + edge.session.calls + edge.compliance.calls == []


def test_a_path_outside_the_contracts_is_not_found(edge: Edge) -> None:
    with edge.json() as client:
        for path in ("/", "/v1/nothing", "/admin", "/stats", "/pitboss.wallet.v1.LedgerService/Execute"):
            answer = client.post(path, json={})
            assert (answer.status_code, answer.json()["code"]) == (404, 5), path


def test_without_a_token_nobody_learns_which_paths_exist(edge: Edge) -> None:
    with edge.json("") as client:
        assert {client.get(path).status_code for path in ("/v1/nothing", "/v1/players/pl-1/balance")} == {401}
