"""What is kept of messages that nobody believed: digests of their values, and no more than there is room for."""

from __future__ import annotations

import json
from typing import Any, cast

import grpc
import grpc.aio
import pytest

from mesh.name_digests import name_digest
from pitboss.wallet.v1.ledger_service_pb2 import NoteRefusedMessagesRequest, NoteRefusedMessagesResponse
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.refused import RefusedNotes, names_of

KEY = "bet-0001"


class Ledger:
    """Takes notes, or answers with an error."""

    def __init__(self, *, error: grpc.StatusCode | None = None) -> None:
        self.error = error
        self.taken: list[NoteRefusedMessagesRequest] = []

    async def NoteRefusedMessages(  # noqa: N802 - the name in the contract
        self, request: NoteRefusedMessagesRequest, **_: object
    ) -> NoteRefusedMessagesResponse:
        if self.error is not None:
            raise grpc.aio.AioRpcError(self.error, grpc.aio.Metadata(), grpc.aio.Metadata())
        self.taken.append(request)
        return NoteRefusedMessagesResponse(noted=len(request.messages))


class Watch:
    """A clock that stands still until it is told."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def message(body: bytes = b"", *, query: bytes = b"", path: str = "/bet") -> HttpRequest:
    return HttpRequest(method="POST", path=path, query=query, body=body, request_id="req-1")


def notes(*ledgers: Ledger, now: Watch | None = None) -> RefusedNotes:
    return RefusedNotes(cast("Any", ledgers), now=now or Watch())


@pytest.mark.parametrize(
    "request_",
    [
        message(json.dumps({"a": [{"transaction": {"id": KEY}}, 1]}).encode()),
        message(json.dumps([{"id": KEY}]).encode()),
        message(f"<bet><transactionId> {KEY} </transactionId></bet>".encode()),
        message(f'<bet transactionId="{KEY}"/>'.encode()),
        message(f"action=bet&reference={KEY}".encode()),
        message(query=f"reference={KEY}&hash=1".encode()),
    ],
)
def test_a_key_is_found_in_every_format(request_: HttpRequest) -> None:
    assert name_digest(KEY) in names_of(request_)


def test_numbers_are_names_as_they_are_written() -> None:
    assert names_of(message(b'{"id": 12345678901234567890, "round": 1234.50}')) == (
        name_digest("12345678901234567890"),
        name_digest("1234.50"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b'{"id":',
        b"[" * 5_000,
        b"<a" * 5_000,
        b"a=" * 5_000,
        b'{"id": "bet-0001"' + b" " * 70_000 + b"}",
        b'{"id": "short"}',
        b'{"id": "' + b"x" * 129 + b'"}',
    ],
)
def test_what_has_no_names_has_none(body: bytes) -> None:
    assert names_of(message(body)) == ()


def test_of_many_values_the_first_are_kept() -> None:
    body = json.dumps([f"value-{number}" for number in range(1_000)]).encode()
    assert names_of(message(body)) == tuple(name_digest(f"value-{number}") for number in range(64))


async def test_notes_have_digests_and_nothing_of_the_message() -> None:
    ledger, watch = Ledger(), Watch()
    kept = notes(ledger, now=watch)
    kept.note("signature_invalid", message(b'{"token": "secret-token"}', path="/b\u00e9t\n"))
    watch.now_s += 2
    await kept.hand_over()
    (told,) = ledger.taken[0].messages
    assert (told.event, told.path, told.request_id, told.body_bytes) == ("signature_invalid", "/b?t?", "req-1", 25)
    assert (told.age.ToMilliseconds(), list(told.names)) == (2_000, [name_digest("secret-token")])
    assert b"secret" not in ledger.taken[0].SerializeToString()


async def test_the_next_replica_takes_what_the_first_does_not_and_nothing_is_told_twice() -> None:
    away, there = Ledger(error=grpc.StatusCode.UNAVAILABLE), Ledger()
    kept = notes(away, there)
    kept.note("signature_invalid", message())
    await kept.hand_over()
    await kept.hand_over()
    assert [len(one.messages) for one in there.taken] == [1]


async def test_what_nobody_takes_waits_and_is_forgotten_when_it_is_old() -> None:
    ledger, watch = Ledger(error=grpc.StatusCode.UNAVAILABLE), Watch()
    kept = notes(ledger, now=watch)
    kept.note("old", message())
    await kept.hand_over()
    watch.now_s += 3_590
    kept.note("young", message())
    ledger.error = None
    await kept.hand_over()
    assert [one.event for request in ledger.taken for one in request.messages] == ["young"]


async def test_what_the_ledger_refuses_keeps_nothing_after_it_waiting() -> None:
    ledger = Ledger(error=grpc.StatusCode.INVALID_ARGUMENT)
    kept = notes(ledger)
    kept.note("bad", message())
    await kept.hand_over()
    ledger.error = None
    kept.note("good", message())
    await kept.hand_over()
    assert [one.event for request in ledger.taken for one in request.messages] == ["good"]


async def test_a_flood_is_left_out_and_there_is_room_again_later() -> None:
    ledger, watch = Ledger(), Watch()
    kept = notes(ledger, now=watch)
    for _ in range(1_000):
        kept.note("signature_invalid", message())
    await kept.hand_over()
    assert [len(one.messages) for one in ledger.taken] == [50] * 4
    watch.now_s += 3_600
    for _ in range(10_000):
        kept.note("signature_invalid", message())
    await kept.hand_over()
    assert sum(len(one.messages) for one in ledger.taken) == 400
