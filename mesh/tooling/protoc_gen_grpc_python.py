"""A protoc plugin for buf that runs the grpc_python generator compiled into grpcio-tools."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc


def generate(request: plugin_pb2.CodeGeneratorRequest, folder: Path) -> plugin_pb2.CodeGeneratorResponse:
    """Answer buf's request with what grpc_python writes into `folder`."""
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL,
    )
    image, out = folder / "image.binpb", folder / "out"
    out.mkdir()
    image.write_bytes(descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString())
    code = protoc.main(
        ["protoc", f"--descriptor_set_in={image}", f"--grpc_python_out={out}", *request.file_to_generate]
    )
    if code:
        response.error = f"grpc_python exited with {code}"
    for path in sorted(out.rglob("*.py")):
        response.file.add(name=path.relative_to(out).as_posix(), content=path.read_text())
    return response


def main() -> None:
    """Speak the plugin protocol on stdin and stdout."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.buffer.write(generate(request, Path(folder)).SerializeToString())


if __name__ == "__main__":
    main()
