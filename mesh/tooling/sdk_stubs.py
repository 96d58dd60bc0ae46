"""The SDK's private stubs: made by an older generator, independent of everybody else's.

Old generated code runs on newer protobuf and grpcio; new code does not run on old ones, and an
operator's process has its own versions. So these stubs come from the generator that is locked in
requirements/stubs.txt. An operator may also have our contracts, or another copy of the validation
rules, loaded in the same process, and protobuf refuses two different files of one name. So the stubs
carry names of their own: `pitboss.wallet.v1.Money` is `pitboss_sdk.pitboss.wallet.v1.Money` there.
Names are not on the wire, except in method paths (kept as they are) and in the type URLs of
error details (compare those with the public name).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2 as descriptor

from mesh.tooling.contracts import make_packages, run_tool

GENERATOR = Path(sys.prefix) / "stubs" / "bin" / "python"
"""The interpreter with the old generator; `make generate` installs it."""

FOLDER = "pitboss_sdk/_stubs/"
PACKAGE = "pitboss_sdk."

INTERNAL = (
    "pitboss/compliance/v1/pack_release_service.proto",
    "pitboss/provider/",
    "pitboss/session/v1/session_directory_service.proto",
    "pitboss/type/v1/pack_signature.proto",
    "pitboss/wallet/v1/ledger_service.proto",
    "pitboss/wallet/v1/registry_service.proto",
)
"""Contracts between our own processes; operators cannot reach them."""

BORROWED = ("google/rpc/status.proto", "google/rpc/error_details.proto")
"""How errors explain themselves; our own copy saves operators a dependency."""

SERVER_SIDE = ("buf/validate/", "google/api/")
"""Imports that only carry options for servers and proxies."""


def is_public(name: str) -> bool:
    """Whether an operator needs this contract."""
    return name in BORROWED or (name.startswith("pitboss/") and not name.startswith(INTERNAL))


def without_server_options(file: descriptor.FileDescriptorProto) -> descriptor.FileDescriptorProto:
    """Drop the imports and options that only servers read."""
    bare = descriptor.FileDescriptorProto()
    bare.CopyFrom(file)
    # The rules are extensions that this program does not import, so to it they are unknown fields.
    bare.DiscardUnknownFields()
    del bare.dependency[:]
    bare.dependency.extend(name for name in file.dependency if not name.startswith(SERVER_SIDE))
    return bare


def move(file: descriptor.FileDescriptorProto, ours: set[str]) -> None:
    """Put the file, and what it imports of ours, below the SDK's folder."""
    file.name = FOLDER + file.name
    file.dependency[:] = [FOLDER + name if name in ours else name for name in file.dependency]


def rename(file: descriptor.FileDescriptorProto, packages: tuple[str, ...]) -> None:
    """Give every type of the file its private name."""
    file.package = PACKAGE + file.package
    for field in all_fields(file.message_type):
        if field.type_name:
            field.type_name = private_name(field.type_name, packages)
    for service in file.service:
        for method in service.method:
            method.input_type = private_name(method.input_type, packages)
            method.output_type = private_name(method.output_type, packages)


def private_name(name: str, packages: tuple[str, ...]) -> str:
    """`.pitboss.type.v1.Money` as the SDK calls it; other people's names stay."""
    return f".{PACKAGE}{name[1:]}" if name.startswith(packages) else name


def all_fields(messages: Iterable[descriptor.DescriptorProto]) -> Iterator[descriptor.FieldDescriptorProto]:
    """Every field of the messages and of those nested in them."""
    for message in messages:
        yield from message.field
        yield from all_fields(message.nested_type)


def private_set(image: descriptor.FileDescriptorSet, *, renamed: bool) -> descriptor.FileDescriptorSet:
    """The SDK's contracts: moved, and with private type names if asked."""
    files = [without_server_options(file) for file in image.file if is_public(file.name)]
    ours = {file.name for file in files}
    packages = tuple({f".{file.package}." for file in files})
    for file in files:
        move(file, ours)
        if renamed:
            rename(file, packages)
    others = [file for file in image.file if file.name.startswith("google/protobuf/")]
    return descriptor.FileDescriptorSet(file=[*others, *files])


def write_sdk_stubs(root: Path, out: Path) -> None:
    """Write `sdk/pitboss_sdk/_stubs` below `out`."""
    if not GENERATOR.exists():
        raise SystemExit("The SDK's generator is not installed: use `make generate`.")
    (out / "sdk").mkdir()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.binpb"
        run_tool("buf", "build", "--as-file-descriptor-set", "--output", whole, cwd=root)
        image = descriptor.FileDescriptorSet.FromString(whole.read_bytes())
        messages, services = Path(folder) / "messages.binpb", Path(folder) / "services.binpb"
        messages.write_bytes(private_set(image, renamed=True).SerializeToString())
        # Method paths are on the wire, so the code of services is made from the public names.
        services.write_bytes(private_set(image, renamed=False).SerializeToString())
        compile_stubs(messages, services, root, out / "sdk")
    make_packages(out / "sdk" / FOLDER)


def compile_stubs(messages: Path, services: Path, root: Path, out: Path) -> None:
    """Run the generators: code from the old one, type stubs from the present one."""
    image = descriptor.FileDescriptorSet.FromString(services.read_bytes())
    names = [file.name for file in image.file if file.name.startswith(FOLDER)]
    with_services = [file.name for file in image.file if file.service]
    for python, source, option, wanted in (
        (GENERATOR, messages, "--python_out=", names),
        (GENERATOR, services, "--grpc_python_out=", with_services),
        (sys.executable, messages, "--mypy_out=quiet:", names),
        (sys.executable, services, "--mypy_grpc_out=quiet:", with_services),
    ):
        run_tool(
            python, "-m", "grpc_tools.protoc", f"--descriptor_set_in={source}", f"{option}{out}", *wanted, cwd=root
        )  # fmt: skip
