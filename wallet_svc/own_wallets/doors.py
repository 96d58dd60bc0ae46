"""The two doors of a licensee's own wallet: gRPC, and the same messages as JSON. Bytes in, bytes out, bounded in time and size."""

import asyncio
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import grpc
import grpc.aio
import httpx
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from mesh.request_signature import HEADER, Signer

SERVICE = "pitboss.licensee.v1.LicenseeWalletService"
_MOST_BYTES = 256 * 1024
_OPTIONS = (
    ("grpc.max_receive_message_length", _MOST_BYTES),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # For one attempt with its handshakes: three times the way to the licensee and back.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.service_config_disable_resolution", 1),
)
_OK = 200
T = TypeVar("T", bound=Message)


class NoAnswerError(Exception):
    """The wallet gave no answer: what it did is not known. The text says what came instead, without anything it sent."""


class Door(Protocol):
    """One way to call."""

    async def call(
        self, method: str, request: Message, reply: type[T], signer: Signer, now_s: int, timeout_s: float
    ) -> T:
        """One signed call. Errors: NoAnswerError."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


def open_door(address: str) -> Door:
    """The door behind an address; its scheme is the protocol."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https"):
        return JsonDoor(address.rstrip("/"))
    return GrpcDoor(parts.netloc, secure=parts.scheme == "grpcs")


class GrpcDoor:
    """gRPC. The bytes that are signed are the bytes that are sent."""

    def __init__(self, target: str, *, secure: bool) -> None:
        self._channel = (
            grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), _OPTIONS)
            if secure
            else grpc.aio.insecure_channel(target, _OPTIONS)
        )

    async def call(
        self, method: str, request: Message, reply: type[T], signer: Signer, now_s: int, timeout_s: float
    ) -> T:
        """One signed call. Errors: NoAnswerError."""
        path, body = f"/{SERVICE}/{method}", request.SerializeToString()
        unary = self._channel.unary_unary(path, request_serializer=_same, response_deserializer=_same)
        try:
            answer = await unary(body, timeout=timeout_s, metadata=((HEADER, signer.header(path, body, now_s)),))
            return reply.FromString(answer)
        except grpc.aio.AioRpcError as error:
            raise NoAnswerError(error.code().name) from None
        except DecodeError:
            raise NoAnswerError("not a message of the contract") from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._channel.close()


def _same(body: bytes) -> bytes:
    return body


class JsonDoor:
    """JSON over HTTP."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)

    async def call(
        self, method: str, request: Message, reply: type[T], signer: Signer, now_s: int, timeout_s: float
    ) -> T:
        """One signed call. Errors: NoAnswerError."""
        body = json_format.MessageToJson(request, indent=None).encode()
        headers = {HEADER: signer.header(f"/{SERVICE}/{method}", body, now_s), "content-type": "application/json"}
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(f"{self._base}/v1/{method}", body, headers, reply)
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswerError(type(error).__name__) from None

    async def _exchange(self, url: str, body: bytes, headers: dict[str, str], reply: type[T]) -> T:
        async with self._client.stream("POST", url, content=body, headers=headers, timeout=None) as answer:
            if answer.status_code != _OK:
                raise NoAnswerError(f"HTTP {answer.status_code}")
            found = bytearray()
            async for chunk in answer.aiter_bytes():
                found += chunk
                if len(found) > _MOST_BYTES:
                    raise NoAnswerError("too large")
        try:
            return json_format.Parse(bytes(found), reply(), ignore_unknown_fields=True)
        except (json_format.ParseError, UnicodeDecodeError, RecursionError):
            raise NoAnswerError("not a message of the contract") from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
