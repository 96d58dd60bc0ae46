from __future__ import annotations

import json

import pytest

from provider_adapters._kit import json_rpc
from provider_adapters._kit.json_rpc import RpcError, parse_call


def test_a_call_has_an_id_a_method_and_params() -> None:
    call = parse_call(b'{"jsonrpc":"2.0","id":"q-1","method":"wallet.balance","params":{"userId":"a"}}')
    assert (call.call_id, call.method, call.params) == ("q-1", "wallet.balance", {"userId": "a"})


@pytest.mark.parametrize(
    ("body", "code", "call_id"),
    [
        (b"", -32700, None),
        (b"{", -32700, None),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"m","params":{}}', -32700, None),
        (b'{"jsonrpc":"2.0","id":"\xff","method":"m","params":{}}', -32700, None),
        (b"[" * 9000, -32600, None),
        (b' [{"jsonrpc":"2.0","id":1,"method":"m","params":{}}]', -32600, None),
        (b'{"jsonrpc":"2.0","method":"m","params":{}}', -32600, None),
        (b'{"jsonrpc":"2.0","id":null,"method":"m","params":{}}', -32600, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"m","params":{}}', -32600, None),
        (b'{"jsonrpc":"1.0","id":1,"method":"m","params":{}}', -32600, None),
        (b'{"jsonrpc":"2.0","id":1,"method":5,"params":{}}', -32600, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":[]}', -32602, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"m"}', -32602, 1),
    ],
)
def test_what_is_no_call_gets_a_code_of_the_standard(body: bytes, code: int, call_id: object) -> None:
    with pytest.raises(RpcError) as raised:
        parse_call(body)
    assert (raised.value.code, raised.value.call_id) == (code, call_id)


def test_answers_repeat_the_id() -> None:
    assert json.loads(json_rpc.result("q", {"a": "1"})) == {"jsonrpc": "2.0", "id": "q", "result": {"a": "1"}}
    told = json.loads(json_rpc.error(7, json_rpc.SERVER_ERROR, {"code": 14001}))
    assert (told["id"], told["error"]["code"], told["error"]["data"]) == (7, -32000, {"code": 14001})
    assert "data" not in json.loads(json_rpc.error(None, json_rpc.PARSE_ERROR))["error"]
