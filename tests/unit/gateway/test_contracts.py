"""Which methods are public."""

from __future__ import annotations

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

from gateway.contracts import ApiClass, Method, public_methods

WALLET = ApiClass(name="wallet", upstream="wallet_svc", scope="wallet", services=("demo.v1.WalletService",))
READ = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS


def contracts(*methods: descriptor_pb2.MethodDescriptorProto, service: str = "WalletService") -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name="demo.proto", package="demo.v1")
    file.service.add(name=service).method.extend(methods)
    return descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()


def method(name: str, *, http: str | None = "/v1/x", **fields: object) -> descriptor_pb2.MethodDescriptorProto:
    level = fields.pop("level", None)
    made = descriptor_pb2.MethodDescriptorProto(name=name, **fields)  # type: ignore[arg-type]
    if level is not None:
        made.options.idempotency_level = level  # type: ignore[assignment]
    if http is not None:
        made.options.Extensions[annotations_pb2.http].get = http
    return made


def test_a_method_with_an_http_address_is_public() -> None:
    assert public_methods(contracts(method("Deposit")), [WALLET]) == (
        Method(service="demo.v1.WalletService", name="Deposit", reads_only=False, streams=False),
    )


def test_a_method_without_an_http_address_is_for_our_own_processes() -> None:
    assert public_methods(contracts(method("OpenPlay", http=None)), [WALLET]) == ()


def test_a_service_outside_every_class_has_no_public_methods() -> None:
    assert public_methods(contracts(method("Execute"), service="LedgerService"), [WALLET]) == ()


def test_only_methods_declared_free_of_side_effects_are_reads() -> None:
    found = public_methods(contracts(method("GetBalance", level=READ), method("Deposit")), [WALLET])
    assert {each.name: each.reads_only for each in found} == {"GetBalance": True, "Deposit": False}


def test_a_stream_in_either_direction_is_a_stream() -> None:
    found = public_methods(
        contracts(method("Watch", server_streaming=True), method("Send", client_streaming=True), method("Get")),
        [WALLET],
    )
    assert {each.name: each.streams for each in found} == {"Watch": True, "Send": True, "Get": False}
