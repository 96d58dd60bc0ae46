"""What every request passes, over gRPC and over HTTP: signature, fault, answer."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError, Message

from pitboss_reference_wallet.faults import Faults, LostError
from pitboss_reference_wallet.service import SERVICE, Wallet
from pitboss_sdk.request_signature import SignatureError, Verifier

_log = logging.getLogger("reference_wallet")


class UnauthenticatedError(Exception):
    """Not signed by Pitboss. Nothing more is told."""


class MalformedError(Exception):
    """Not a message of the contract."""


@dataclass(slots=True, kw_only=True)
class Door:
    """Answers the bytes of one request."""

    wallet: Wallet
    verifier: Verifier
    faults: Faults = field(default_factory=Faults)
    refused: int = 0

    def verify(self, method: str, body: bytes, signature: str | None) -> None:
        """Before anything is parsed. Errors: UnauthenticatedError."""
        try:
            self.verifier.check(signature, f"/{SERVICE}/{method}", body, time.time())
        except SignatureError as error:
            self.refused += 1
            _log.warning("request refused: %s", error.reason)
            raise UnauthenticatedError from None

    def parse(self, method: str, body: bytes) -> Message:
        """Binary to message. Errors: MalformedError."""
        try:
            message: Message = self.wallet.methods[method].request.FromString(body)
        except DecodeError:
            raise MalformedError from None
        return message

    def answer(self, method: str, request: Message) -> tuple[Any, str]:
        """The answer, and the fault that the transport must still make. Errors: LostError, RequestInvalidError."""
        fault = self.faults.take(method)
        if fault == "before":
            raise LostError
        answer = self.wallet.methods[method].answer(request)
        if fault == "after":
            raise LostError
        return answer, fault
