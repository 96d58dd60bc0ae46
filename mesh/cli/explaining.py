"""Signatures, as the platform team asks an adapter about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesh.cli.output import CommandError
from mesh.cli.platform import adapter_channel, call
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub


def signature(
    provider: str, *, method: str, address: str, headers: Sequence[str], body: bytes, believed: bytes
) -> dict[str, Any]:
    """What an adapter says of a message's signature. What is signed is shown as text, with escapes where it is none."""
    path, _, query = address.partition("?")
    request = pb.ExplainSignatureRequest(
        method=method, path=path, query=query, headers=dict(map(_header, headers)), body=body, believed=believed
    )
    with adapter_channel(provider) as channel:
        found = call(ProviderAdapterServiceStub(channel).ExplainSignature, request)
    return {
        "algorithm": found.algorithm,
        "signed": found.canonical.decode(errors="backslashreplace"),
        "expected": found.expected,
        "given": found.given,
        "valid": found.valid,
        "first_difference": found.first_difference,
    }


def _header(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not separator:
        message = f'{text!r} is no header; write "Name: value"'
        raise CommandError(message)
    return name.strip(), value.strip()
