"""docs/errors.md: every reason a service can send, from the comments of the contracts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2 as descriptor

from mesh.tooling.contracts import run_tool

ENUMS_OF_FILE = 5
VALUES_OF_ENUM = 2
"""Field numbers by which comments are addressed."""

HEAD = """<!-- Generated from proto/ by `make generate`. -->
# Error reasons

A failed call carries a `google.rpc.ErrorInfo` with the domain `pitboss`, one of these reasons, and metadata that
names what it is about (`request_id` is always there). A refusal of a money action is not here: it is an answer,
with an outcome, inside an OK response.
"""


def write_reasons(root: Path, out: Path) -> None:
    """Write docs/errors.md below `out`."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        run_tool(
            "buf", "build", "--as-file-descriptor-set", "--path", "proto/pitboss", "--output", image, cwd=root
        )  # fmt: skip
        files = descriptor.FileDescriptorSet.FromString(image.read_bytes()).file
    (out / "docs").mkdir(exist_ok=True)
    (out / "docs" / "errors.md").write_text("\n".join([HEAD, *page(files)]))


def page(files: Iterable[descriptor.FileDescriptorProto]) -> Iterator[str]:
    """The lines below the head: one section for each package."""
    for file in sorted(files, key=lambda each: each.package):
        for index, enum in enumerate(file.enum_type):
            if enum.name == "ErrorReason":
                yield from section(file, index)


def section(file: descriptor.FileDescriptorProto, index: int) -> Iterator[str]:
    """One package: its comment, then each reason."""
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    yield f"## {file.package}\n"
    yield paragraph(comments[ENUMS_OF_FILE, index])
    for number, value in enumerate(file.enum_type[index].value):
        if value.number:
            yield f"### `{value.name}`\n"
            yield paragraph(comments[ENUMS_OF_FILE, index, VALUES_OF_ENUM, number])


def paragraph(comment: str) -> str:
    """A comment as text, with its example as code."""
    text = "\n".join(line.strip() for line in comment.strip().splitlines())
    before, mark, example = text.partition("Example metadata: ")
    return f"{before}{mark}`{example.strip()}`\n" if mark else f"{before}\n"
