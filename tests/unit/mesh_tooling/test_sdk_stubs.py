"""The SDK's contracts are the public ones, under names of their own."""

from __future__ import annotations

from google.protobuf import descriptor_pb2 as descriptor

from mesh.tooling.sdk_stubs import private_set

FIELD = descriptor.FieldDescriptorProto


def image() -> descriptor.FileDescriptorSet:
    rules = b"\xd2\x3e\x02\x08\x01"  # an option that only a server's validator knows
    money = descriptor.FileDescriptorProto(
        name="pitboss/type/v1/money.proto",
        package="pitboss.type.v1",
        dependency=["buf/validate/validate.proto", "google/protobuf/timestamp.proto"],
        message_type=[
            descriptor.DescriptorProto(
                name="Money",
                field=[
                    FIELD(
                        name="amount",
                        number=1,
                        type=FIELD.TYPE_STRING,
                        options=descriptor.FieldOptions.FromString(rules),
                    ),
                    FIELD(name="at", number=2, type=FIELD.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp"),
                ],
            )
        ],
    )
    wallet = descriptor.FileDescriptorProto(
        name="pitboss/wallet/v1/wallet_service.proto",
        package="pitboss.wallet.v1",
        dependency=["pitboss/type/v1/money.proto", "google/api/annotations.proto"],
        service=[
            descriptor.ServiceDescriptorProto(
                name="WalletService",
                method=[
                    descriptor.MethodDescriptorProto(
                        name="Echo", input_type=".pitboss.type.v1.Money", output_type=".pitboss.type.v1.Money"
                    )
                ],
            )
        ],
    )
    ledger = descriptor.FileDescriptorProto(name="pitboss/wallet/v1/ledger_service.proto", package="pitboss.wallet.v1")
    return descriptor.FileDescriptorSet(file=[money, wallet, ledger])


def test_internal_contracts_are_left_out() -> None:
    names = [file.name for file in private_set(image(), renamed=True).file]
    assert names == [
        "pitboss_sdk/_stubs/pitboss/type/v1/money.proto",
        "pitboss_sdk/_stubs/pitboss/wallet/v1/wallet_service.proto",
    ]


def test_rules_for_servers_and_their_imports_are_dropped() -> None:
    money, wallet = private_set(image(), renamed=True).file
    assert list(money.dependency) == ["google/protobuf/timestamp.proto"]
    assert list(wallet.dependency) == ["pitboss_sdk/_stubs/pitboss/type/v1/money.proto"]
    assert money.message_type[0].field[0].options.SerializeToString() == b""


def test_our_types_are_renamed_and_those_of_others_are_not() -> None:
    money, wallet = private_set(image(), renamed=True).file
    assert money.package == "pitboss_sdk.pitboss.type.v1"
    assert [field.type_name for field in money.message_type[0].field] == ["", ".google.protobuf.Timestamp"]
    assert wallet.service[0].method[0].input_type == ".pitboss_sdk.pitboss.type.v1.Money"


def test_the_set_that_services_are_made_from_keeps_the_public_names() -> None:
    _, wallet = private_set(image(), renamed=False).file
    assert wallet.package == "pitboss.wallet.v1"
    assert wallet.name.startswith("pitboss_sdk/_stubs/")
