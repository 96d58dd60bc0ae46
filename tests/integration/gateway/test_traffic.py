"""JSON, deadlines, retries, limits and logs."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import uuid

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2

from mesh.dev.ports import free_port
from pitboss.wallet.v1 import wallet_service_pb2
from tests.integration.gateway.conftest import Edge, running_edge, write_edge_certificate

DEPOSIT = "/pitboss.wallet.v1.WalletService/Deposit"
BALANCE = "/pitboss.wallet.v1.WalletService/GetBalance"
DEPOSIT_JSON = {"transactionKey": "k-1", "amount": {"currencyCode": "EUR", "amount": "12.50"}}


def invalid(context: grpc.ServicerContext) -> bytes:
    detail = status_pb2.Status(code=3, message="the request is not valid")
    violation = error_details_pb2.BadRequest.FieldViolation(field="amount", description="must be positive")
    detail.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    context.set_trailing_metadata((("grpc-status-details-bin", detail.SerializeToString()),))
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is not valid")
    raise AssertionError


def unavailable(context: grpc.ServicerContext) -> bytes:
    context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
    raise AssertionError


# -- JSON and gRPC-Web


def test_json_becomes_the_message_of_the_contract(edge: Edge) -> None:
    with edge.json() as client:
        client.post("/v1/players/pl-7001/deposits", json=DEPOSIT_JSON).raise_for_status()
    (call,) = edge.wallet_calls()
    request = wallet_service_pb2.DepositRequest.FromString(call.request)
    assert (request.player_id, request.amount.amount) == ("pl-7001", "12.50")


@pytest.mark.parametrize("player", ["a/b", "a:b", "a@b.example", "100%", "a+b", "a?b", "~!*'()", "..;x"])
def test_a_player_id_of_any_printable_characters_fits_into_a_path(edge: Edge, player: str) -> None:
    quoted = httpx.QueryParams({"": player}).__str__()[1:].replace("+", "%20")
    with edge.json() as client:
        client.get(f"/v1/players/{quoted}/balance").raise_for_status()
    (call,) = edge.wallet_calls()
    assert wallet_service_pb2.WalletServiceGetBalanceRequest.FromString(call.request).player_id == player


def test_error_details_of_a_service_are_readable_json(edge: Edge) -> None:
    for wallet in edge.wallets:
        wallet.behave[DEPOSIT] = invalid
    with edge.json() as client:
        answer = client.post("/v1/players/pl-1/deposits", json=DEPOSIT_JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert (
        answer.json()["details"][0]["fieldViolations"]
        == [{"field": "amount", "description": "must be positive", "reason": "", "localizedMessage": None}]
        or answer.json()["details"][0]["fieldViolations"][0]["field"] == "amount"
    )


@pytest.mark.parametrize("body", ['{"amount": 12.5}', "{", "[1]", '"x"'])
def test_json_that_does_not_fit_the_contract_is_refused_as_json(edge: Edge, body: str) -> None:
    with edge.json() as client:
        answer = client.post("/v1/players/pl-1/deposits", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert edge.wallet_calls() == []


def test_a_query_parameter_nobody_knows_is_refused(edge: Edge) -> None:
    with edge.json() as client:
        answer = client.get("/v1/players/pl-1/balance", params={"nonsense": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)


def test_a_stream_is_one_json_document_a_line(edge: Edge) -> None:
    with edge.json() as client, client.stream("GET", "/v1/sessions:watch") as answer:
        lines = list(answer.iter_lines())
    assert len(lines) == 3


def test_grpc_web_is_understood(edge: Edge) -> None:
    with edge.json() as client:
        answer = client.post(BALANCE, content=b"\0\0\0\0\0", headers={"content-type": "application/grpc-web+proto"})
    assert answer.headers["content-type"].startswith("application/grpc-web")
    assert b"grpc-status:0" in answer.content.replace(b" ", b"")


# -- size


def test_a_json_request_that_is_too_large_is_refused(edge: Edge) -> None:
    with edge.json() as client:
        answer = client.post("/v1/players/pl-1/deposits", json={**DEPOSIT_JSON, "transactionKey": "k" * 300_000})
    assert (answer.status_code, answer.json()["code"]) == (413, 8)
    assert edge.wallet_calls() == []


def test_a_grpc_request_that_is_too_large_is_refused(edge: Edge) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        edge.call(DEPOSIT, b"x" * 300_000)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert edge.wallet_calls() == []


def test_headers_that_are_too_many_or_too_large_are_refused(edge: Edge) -> None:
    with edge.json() as client:
        assert client.get("/v1/players/pl-1/balance", headers={"x-large": "x" * 20_000}).status_code == 431
        many = {f"x-{number}": "x" for number in range(100)}
        assert client.get("/v1/players/pl-1/balance", headers=many).status_code == 431
    assert edge.wallet_calls() == []


# -- deadlines


@pytest.mark.parametrize(("asked_s", "least_s", "most_s"), [(2.5, 0.3, 2.5), (60, 2, 5), (None, 2, 5)])
def test_a_deadline_is_kept_when_short_and_cut_when_long(
    edge: Edge, asked_s: float | None, least_s: float, most_s: float
) -> None:
    edge.call(DEPOSIT, timeout=asked_s)
    (call,) = edge.wallet_calls()
    assert least_s < call.remaining_s <= most_s


def test_a_json_call_has_a_deadline_though_it_states_none(edge: Edge) -> None:
    with edge.json() as client:
        client.get("/v1/players/pl-1/balance").raise_for_status()
    (call,) = edge.wallet_calls()
    assert 1 < call.remaining_s <= 3


def test_a_service_that_does_not_answer_in_time_is_a_deadline_exceeded(edge: Edge) -> None:
    def slow(_: grpc.ServicerContext) -> bytes:
        time.sleep(0.6)
        return b""

    for wallet in edge.wallets:
        wallet.behave[DEPOSIT] = slow
    with pytest.raises(grpc.RpcError) as raised:
        edge.call(DEPOSIT, timeout=0.3)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


# -- retries


def test_a_money_request_that_reached_a_server_is_not_sent_again(edge: Edge) -> None:
    for wallet in edge.wallets:
        wallet.behave[DEPOSIT] = unavailable
    with pytest.raises(grpc.RpcError) as raised:
        edge.call(DEPOSIT)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert len(edge.wallet_calls()) == 1


def test_a_licensee_cannot_ask_for_more_retries(edge: Edge) -> None:
    for wallet in edge.wallets:
        wallet.behave[DEPOSIT] = unavailable
    asked = (("x-envoy-retry-grpc-on", "unavailable"), ("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "5"))
    with pytest.raises(grpc.RpcError):
        edge.call(DEPOSIT, headers=asked)
    assert len(edge.wallet_calls()) == 1


def test_a_read_is_sent_to_another_replica_when_one_is_unavailable(edge: Edge) -> None:
    edge.wallets[0].behave[BALANCE] = unavailable
    for _ in range(4):
        edge.call(BALANCE)
    assert edge.wallets[1].calls


# -- names of requests, and the log


def test_a_request_id_of_the_caller_goes_through_and_comes_back(edge: Edge) -> None:
    mine = str(uuid.uuid4())
    _, headers = edge.call(BALANCE, headers=(("x-request-id", mine),))
    assert headers["x-request-id"] == mine
    assert edge.wallet_calls()[0].metadata["x-request-id"] == mine


def test_a_request_id_carries_no_mark_of_a_sampled_trace(tmp_path_factory: pytest.TempPathFactory) -> None:
    collector = f"127.0.0.1:{free_port()}"
    with running_edge(tmp_path_factory.mktemp("traced"), PITBOSS_OTLP_ENDPOINT=collector) as edge:
        names = [str(uuid.uuid4()) for _ in range(40)]
        with edge.json() as client:
            for name in names:
                answer = client.get("/v1/players/pl-1/balance", headers={"x-request-id": name})
                assert answer.headers["x-request-id"] == name
        assert {call.metadata["x-request-id"] for call in edge.wallet_calls()} == set(names)


def test_a_request_without_an_id_is_given_one(edge: Edge) -> None:
    _, headers = edge.call(BALANCE)
    assert uuid.UUID(headers["x-request-id"]).version == 4
    assert edge.wallet_calls()[0].metadata["x-request-id"] == headers["x-request-id"]


def test_the_access_log_says_who_called_what_and_keeps_queries_and_tokens_out(edge: Edge) -> None:
    token, mine = edge.token("borealis"), str(uuid.uuid4())
    with edge.json(token) as client:
        client.get("/v1/players/pl-1/transactions", params={"page_token": "sesame"}, headers={"x-request-id": mine})
    line = next(line for line in _settled_log(edge, mine) if line["request_id"] == mine)
    assert line["licensee"] == "borealis"
    assert line["rpc"] == "/pitboss.wallet.v1.WalletService/ListTransactions"
    assert line["grpc_status"] == "OK"
    whole = edge.envoy.command.log.read_text()
    assert "sesame" not in whole
    assert token not in whole


def _settled_log(edge: Edge, request_id: str) -> list[dict[str, object]]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        lines = edge.access_log("licensee")
        if any(line["request_id"] == request_id for line in lines):
            return lines
        time.sleep(0.1)
    return pytest.fail("no such line in the access log")


def test_the_gateway_does_not_tell_what_it_is_made_of(edge: Edge) -> None:
    with edge.json() as client:
        headers = client.get("/v1/players/pl-1/balance").headers
    assert headers["server"] == "pitboss"
    assert not [name for name in headers if name.startswith("x-envoy")]


# -- operations


def test_readiness_and_metrics_are_offered_to_the_platform_and_nothing_else(edge: Edge) -> None:
    assert httpx.get(f"{edge.operations_url}/ready").text.strip() == "LIVE"
    assert "envoy_cluster_" in httpx.get(f"{edge.operations_url}/stats/prometheus").text
    for path in ("/config_dump", "/quitquitquit", "/stats", "/"):
        assert httpx.post(f"{edge.operations_url}{path}").status_code == 404


def test_healthz_needs_no_token(edge: Edge) -> None:
    with edge.json("") as client:
        assert client.get("/healthz").status_code == 200


def test_a_renewed_certificate_is_shown_without_a_restart(edge: Edge) -> None:
    before = _serial(edge)
    write_edge_certificate(edge.folder, edge.edge_authority)
    end = time.monotonic() + 30
    while _serial(edge) == before and time.monotonic() < end:
        time.sleep(0.05)
    assert _serial(edge) != before


def _serial(edge: Edge) -> str:
    trust = ssl.create_default_context(cadata=edge.edge_authority.pem)
    with (
        socket.create_connection(("127.0.0.1", edge.licensee_port)) as raw,
        trust.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        certificate = secured.getpeercert()
    assert certificate is not None
    return str(certificate["serialNumber"])


# -- replicas, identity of services, limits: each with a gateway of its own


def test_a_dead_replica_costs_no_request(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_edge(tmp_path_factory.mktemp("dead")) as edge:
        edge.call(DEPOSIT)
        edge.wallets[0].stop()
        for _ in range(10):
            edge.call(DEPOSIT)


def test_a_replica_that_answers_but_fails_gets_no_requests_for_a_while(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_edge(tmp_path_factory.mktemp("sick")) as edge:
        sick, _ = edge.wallets
        sick.behave[DEPOSIT] = unavailable
        end = time.monotonic() + 60
        while not _ejected(edge) and time.monotonic() < end:
            with contextlib.suppress(grpc.RpcError):
                edge.call(DEPOSIT)
        assert _ejected(edge)
        before = len(sick.calls)
        # Its probe is green all the time, and does not bring it back.
        for _ in range(8):
            edge.call(DEPOSIT)
        assert (len(sick.calls), _ejected(edge)) == (before, True)
        sick.behave.clear()
        while len(sick.calls) == before and time.monotonic() < end:
            edge.call(DEPOSIT)
        assert len(sick.calls) > before


def _ejected(edge: Edge) -> bool:
    stats = httpx.get(f"{edge.admin_url}/stats", params={"filter": "wallet_svc.outlier_detection.ejections_active"})
    return stats.text.strip().endswith(": 1")


def test_a_service_with_another_identity_is_not_talked_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_edge(tmp_path_factory.mktemp("impostor"), session_identity="wallet_svc") as edge:
        with pytest.raises(grpc.RpcError) as raised:
            edge.call("/pitboss.session.v1.SessionService/GetSession")
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        with edge.json() as client:
            answer = client.get("/v1/sessions/x")
        assert (answer.status_code, answer.json()["code"]) == (503, 14)
        assert edge.session.calls == []


LICENSEES = 30
RATE, BURST = 1, 2


def test_no_licensee_is_forgotten_by_the_limiter_however_many_there_are(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_edge(tmp_path_factory.mktemp("limits"), PITBOSS_GATEWAY_LICENSEE_RATE=str(RATE)) as edge:
        swift = 0
        for crowd in range(20):
            for answers, took_s in _ask_all(edge, crowd):
                codes = [answer.status_code for answer in answers]
                assert codes[:BURST] == [200] * BURST
                assert codes.count(200) <= BURST + took_s * RATE
                assert all(answer.json()["code"] == 8 for answer in answers if answer.status_code == 429)
                # A forgotten one has the burst in hand again: so soon, that is more than the rate allows.
                swift += took_s < BURST / RATE
            if swift >= LICENSEES // 2:
                break
        assert swift >= LICENSEES // 2
        token = edge.token("somebody-else")
        with pytest.raises(grpc.RpcError) as raised:
            _ = [edge.call(BALANCE, token=token) for _ in range(20)]
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def _ask_all(edge: Edge, crowd: int) -> list[tuple[list[httpx.Response], float]]:
    """What each licensee of a new crowd was answered, asking three times and later again, and in how long a time."""
    tokens = [edge.token(f"licensee-{crowd}-{number}") for number in range(LICENSEES)]
    answers: dict[str, list[httpx.Response]] = {token: [] for token in tokens}
    began: dict[str, float] = {}
    took_s: dict[str, float] = {}
    with edge.json("") as client:
        for _ in range(2):
            for token in tokens:
                began.setdefault(token, time.monotonic())
                answers[token] += [_ask(client, token) for _ in range(3)]
                took_s[token] = time.monotonic() - began[token]
    return [(answers[token], took_s[token]) for token in tokens]


def _ask(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/v1/players/pl-1/balance", headers={"authorization": f"Bearer {token}"})
