"""What was refused unbelieved is noted in the ledger too, so that a person who asks about a transaction hears of it.

Only digests of the values that a message has go there, never the message; and only so many an hour, whoever sends how much.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from mesh import logs, metrics
from mesh.channels import call_metadata
from mesh.name_digests import LEAST_CHARACTERS, name_digest
from pitboss.wallet.v1.ledger_service_pb2 import NoteRefusedMessagesRequest, RefusedNote
from provider_adapters._kit.http import HttpRequest

if TYPE_CHECKING:
    # Only the stubs have it.
    from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceAsyncStub

_log = logs.get("callback_security")

_AT_ONCE: Final = 50
_BURST: Final = 200
_EACH_S: Final = 3.6
"""One more for each of these: a thousand an hour."""
_EVERY_S: Final = 0.5
_TIMEOUT_S: Final = 5.0
_LOST_S: Final = 3_000.0
"""Older than this the ledger takes none."""
_MOST_NAMES: Final = 64
_MOST_CHARACTERS: Final = 128
_MOST_BODY: Final = 64 * 1024
_MOST_PATH: Final = 200
_IN_XML: Final = re.compile(r""">([^<>]{6,200})<|=\s*"([^"<>]{6,200})"|=\s*'([^'<>]{6,200})'""")
_LATER: Final = frozenset({
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED
})  # fmt: skip
_UNPRINTABLE: Final = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True)
class _Refused:
    at_s: float
    event: str
    request: HttpRequest
    names: tuple[int, ...]


class RefusedNotes:
    """Takes notes and hands them to the ledger behind the answers. What finds no room is counted and left out."""

    def __init__(self, stubs: Sequence[LedgerServiceAsyncStub], *, now: Callable[[], float] = time.monotonic) -> None:
        self._stubs, self._now = stubs, now
        self._waiting: deque[_Refused] = deque(maxlen=_BURST)
        self._room, self._filled_s = float(_BURST), now()
        self._left_out = metrics.counter("callback_refused_left_out")

    def note(self, event: str, request: HttpRequest) -> None:
        """One message that nobody believed."""
        now_s = self._now()
        self._room = min(float(_BURST), self._room + (now_s - self._filled_s) / _EACH_S)
        self._filled_s = now_s
        # Before anything of the message is looked at: reading it is what a flood would cost.
        if self._room < 1:
            self._left_out.add()
            return
        self._room -= 1
        self._waiting.append(_Refused(now_s, event, request, names_of(request)))

    async def run(self) -> None:
        """Hand them over until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.hand_over()

    async def hand_over(self) -> None:
        """Hand over what there is, to the first replica that takes it. What none takes waits for the next time."""
        while self._waiting:
            some = [self._waiting[number] for number in range(min(_AT_ONCE, len(self._waiting)))]
            fresh = [one for one in some if self._now() - one.at_s < _LOST_S]
            if fresh and not await self._taken([self._told(one) for one in fresh]):
                return
            for _ in some:
                self._waiting.popleft()

    async def _taken(self, notes: Sequence[RefusedNote]) -> bool:
        request = NoteRefusedMessagesRequest(messages=notes)
        for stub in self._stubs:
            try:
                answer = await stub.NoteRefusedMessages(request, timeout=_TIMEOUT_S, metadata=call_metadata())
            except grpc.aio.AioRpcError as error:
                if error.code() in _LATER:
                    continue
                # It would be refused again, and keep all that come after it waiting.
                _log.warning("notes of refused messages were not taken", code=error.code().name, notes=len(notes))
                self._left_out.add(len(notes))
                return True
            self._left_out.add(len(notes) - answer.noted)
            return True
        return False

    def _told(self, one: _Refused) -> RefusedNote:
        age = Duration()
        age.FromMilliseconds(max(0, int((self._now() - one.at_s) * 1000)))
        return RefusedNote(
            age=age,
            event=one.event,
            request_id=_printable(one.request.request_id)[:_MOST_CHARACTERS],
            path=_printable(one.request.path)[:_MOST_PATH],
            body_bytes=len(one.request.body),
            names=one.names,
        )


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)


def names_of(request: HttpRequest) -> tuple[int, ...]:
    """Digests of the first values of a message, of a length that names have. It may be anything, and is not believed."""
    found: dict[int, None] = {}
    for value in _values(request):
        if LEAST_CHARACTERS <= len(value) <= _MOST_CHARACTERS:
            found[name_digest(value)] = None
            if len(found) == _MOST_NAMES:
                break
    return tuple(found)


def _values(request: HttpRequest) -> Iterator[str]:
    yield from _pairs(request.query.decode("latin-1"))
    if len(request.body) > _MOST_BODY:
        return
    body = request.body.decode("utf-8", "replace").lstrip()
    if body[:1] in ("{", "["):
        yield from _in_json(body)
    elif body[:1] == "<":
        for match in _IN_XML.finditer(body):
            yield html.unescape(next(filter(None, match.groups()))).strip()
    else:
        yield from _pairs(body)


def _pairs(text: str) -> list[str]:
    try:
        return [value for _, value in parse_qsl(text, max_num_fields=_MOST_NAMES)]
    except ValueError:
        return []


def _in_json(text: str) -> Iterator[str]:
    try:
        left: list[Any] = [json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=list)]
    except (ValueError, RecursionError):
        return
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, (list, tuple)):
            left.extend(reversed(one))
