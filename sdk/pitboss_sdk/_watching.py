"""Streams that go on: what is asked for, what comes, and when a broken one begins again."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from pitboss_sdk._conversation import Method, may_repeat, pauses
from pitboss_sdk._keys import new_request_id
from pitboss_sdk._refusals import call_error
from pitboss_sdk.failure import Failure

Item = TypeVar("Item")


class Watch(abc.ABC, Generic[Item]):
    """One logical stream over as many real ones as it takes."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.request_id = new_request_id()
        self._pauses: Iterator[float] = pauses()

    @abc.abstractmethod
    def request(self) -> Message:
        """What the next stream asks for."""

    @abc.abstractmethod
    def read(self, response: Any) -> Item:  # noqa: ANN401 - each watch has its own message
        """One message."""

    def heard(self, response: Any) -> Item:  # noqa: ANN401 - each watch has its own message
        """One message, and the stream is fine."""
        self._pauses = pauses()
        return self.read(response)

    def pause_after(self, failure: Failure | None) -> float:
        """Seconds until the next stream. None: the old one ended well. Raises when there is no use in another."""
        if failure is None or failure.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            # Servers end long streams on purpose.
            return next(self._pauses)
        if not may_repeat(failure):
            raise call_error(failure, request_id=self.request_id)
        return max(next(self._pauses), failure.retry_after_s or 0.0)
