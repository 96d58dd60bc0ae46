"""The two doors of a wallet: gRPC, and JSON over HTTP. Bytes in, bytes out."""

from __future__ import annotations

import http.client
import urllib.parse
from dataclasses import dataclass
from typing import Protocol

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from pitboss_sdk.request_signature import HEADER

SERVICE = "pitboss.licensee.v1.LicenseeWalletService"
_UNAUTHENTICATED = 401
_BAD_REQUESTS = frozenset({400, 413, 415, 422})
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: "ok" with a body, or "unauthenticated", "malformed", "unavailable" or "nonsense"."""

    status: str
    body: bytes = b""


class Transport(Protocol):
    """One door."""

    name: str

    def encode(self, message: Message) -> bytes:
        """A request as the bytes that are signed."""
        ...

    def decode(self, body: bytes, answer: Message) -> bool:
        """Read an answer; False if it is none."""
        ...

    def send(self, method: str, body: bytes, signature: str) -> Reply:
        """Send the bytes. No signature: without the header."""
        ...


class GrpcTransport:
    """gRPC over TLS, or in plain text for a sandbox."""

    name = "grpc"

    def __init__(self, target: str, *, authorities: bytes | None, timeout_s: float) -> None:
        self._channel = (
            grpc.secure_channel(target, grpc.ssl_channel_credentials(authorities))
            if authorities
            else grpc.insecure_channel(target)
        )
        self._timeout_s = timeout_s

    def encode(self, message: Message) -> bytes:
        return message.SerializeToString()

    def decode(self, body: bytes, answer: Message) -> bool:
        try:
            answer.ParseFromString(body)
        except DecodeError:
            return False
        return True

    def send(self, method: str, body: bytes, signature: str) -> Reply:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(f"/{SERVICE}/{method}")
        metadata = ((HEADER, signature),) if signature else ()
        try:
            return Reply(status="ok", body=call(body, timeout=self._timeout_s, metadata=metadata))
        except grpc.RpcError as error:
            return Reply(status=_GRPC.get(error.code(), "nonsense"))


_GRPC = {
    grpc.StatusCode.UNAUTHENTICATED: "unauthenticated",
    grpc.StatusCode.INVALID_ARGUMENT: "malformed",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "malformed",
    grpc.StatusCode.UNAVAILABLE: "unavailable",
    grpc.StatusCode.DEADLINE_EXCEEDED: "unavailable",
}


class JsonTransport:
    """`POST <base>/v1/<Method>`."""

    name = "json"

    def __init__(self, base: str, *, timeout_s: float) -> None:
        self._url, self._timeout_s = urllib.parse.urlsplit(base), timeout_s

    def encode(self, message: Message) -> bytes:
        return json_format.MessageToJson(message, indent=None).encode()

    def decode(self, body: bytes, answer: Message) -> bool:
        try:
            json_format.Parse(body, answer, ignore_unknown_fields=True)
        except (json_format.ParseError, UnicodeDecodeError):
            return False
        return True

    def send(self, method: str, body: bytes, signature: str) -> Reply:
        headers = {"content-type": "application/json", **({HEADER: signature} if signature else {})}
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=self._timeout_s)
        try:
            connection.request("POST", f"{self._url.path.rstrip('/')}/v1/{method}", body, headers)
            answer = connection.getresponse()
            return Reply(status=_http(answer.status), body=answer.read())
        except (OSError, http.client.HTTPException):
            return Reply(status="unavailable")
        finally:
            connection.close()


def _http(status: int) -> str:
    if status == _OK:
        return "ok"
    if status == _UNAUTHENTICATED:
        return "unauthenticated"
    return "malformed" if status in _BAD_REQUESTS else "unavailable"
