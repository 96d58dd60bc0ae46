"""A JSON body says nothing that the contract does not know, and nothing twice."""

from __future__ import annotations

import json

import httpx
import pytest

from pitboss.wallet.v1 import wallet_service_pb2
from tests.integration.gateway.conftest import Edge

GOOD = '{"transactionKey": "k-1", "amount": {"currencyCode": "EUR", "amount": "12.50"}}'


def deposit(edge: Edge, body: str) -> httpx.Response:
    with edge.json() as client:
        return client.post("/v1/players/pl-1/deposits", content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"transactionKey": "k", "ammount": {}}', "ammount"),
        ('{"transactionKey": "k", "amount": {"currencyCode": "EUR", "amount": "1", "unit": "cent"}}', "amount.unit"),
        ('{"transactionKey": "k", "transactionKey": "l"}', "transactionKey"),
        ('{"transactionKey": "k", "transaction_key": "l"}', "transaction_key"),
        ('{"transactionKey": "a \\" }, {", "more": [1, {"x": null}]}', "more"),
        ('{"\\u0061mount": {}}', "\\u0061mount"),
        ('\n {\t"=transactionKey" : 1 }', "=transactionKey"),
    ],
)
def test_a_field_that_is_not_known_or_comes_twice_is_refused_by_name(edge: Edge, body: str, field: str) -> None:
    answer = deposit(edge, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["message"].endswith(f": {field}")
    assert edge.wallet_calls() == []


@pytest.mark.parametrize("body", [GOOD, GOOD.replace("Key", "_key").replace("cyCode", "cy_code"), f" {GOOD}\n"])
def test_both_spellings_of_the_contract_are_known(edge: Edge, body: str) -> None:
    deposit(edge, body).raise_for_status()
    (call,) = edge.wallet_calls()
    request = wallet_service_pb2.DepositRequest.FromString(call.request)
    assert (request.transaction_key, request.amount.currency_code, request.amount.amount) == ("k-1", "EUR", "12.50")


def test_a_body_that_is_nested_without_end_is_refused(edge: Edge) -> None:
    answer = deposit(edge, '{"amount": ' + '{"amount": ' * 50_000)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert deposit(edge, GOOD).status_code == 200


def test_a_method_with_a_verb_after_the_id_is_guarded_too(edge: Edge) -> None:
    with edge.json() as client:
        path = "/v1/players/pl-1/withdrawals/w%2F1:capture?"
        answer = client.post(path, content=json.dumps({"amonut": {}}))
        assert (answer.status_code, answer.json()["code"]) == (400, 3)
        assert client.post(path, content="{}").status_code == 200
    assert len(edge.wallet_calls()) == 1


def test_a_grpc_request_is_not_looked_into(edge: Edge) -> None:
    request = wallet_service_pb2.DepositRequest(player_id='{"x": 1}', transaction_key="k")
    edge.call("/pitboss.wallet.v1.WalletService/Deposit", request.SerializeToString())
    assert len(edge.wallet_calls()) == 1
