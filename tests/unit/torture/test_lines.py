"""Seeing a commit go by in PostgreSQL's protocol."""

from __future__ import annotations

import struct

import pytest

from tests.torture.lines import Watch


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def start() -> bytes:
    return message(b"", struct.pack("!I", 80877103)) + message(b"", struct.pack("!I", 196608) + b"user\0me\0\0")


def parse(name: bytes, text: bytes) -> bytes:
    return message(b"P", name + b"\0" + text + b"\0\0\0")


def bind(name: bytes) -> bytes:
    return message(b"B", b"\0" + name + b"\0\0\0\0\0\0\0")


COMMIT = parse(b"s1", b"WITH wanted AS (...) INSERT INTO transfer (shard) SELECT 1")
READ = parse(b"s2", b"SELECT 1")


def test_a_commit_is_seen_when_its_statement_is_bound_and_not_before() -> None:
    watch = Watch()
    assert not watch.sees_commit(start() + COMMIT + READ)
    assert not watch.sees_commit(bind(b"s2"))
    assert watch.sees_commit(bind(b"s1"))
    assert watch.sees_commit(bind(b"s2") + bind(b"s1"))


def test_a_name_that_stands_for_another_statement_now_is_no_commit() -> None:
    watch = Watch()
    watch.sees_commit(start() + COMMIT)
    assert not watch.sees_commit(parse(b"s1", b"SELECT 1") + bind(b"s1"))


def test_an_explicit_commit_is_seen() -> None:
    watch = Watch()
    assert not watch.sees_commit(start() + message(b"Q", b"BEGIN\0"))
    assert watch.sees_commit(message(b"Q", b"COMMIT\0"))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_messages_may_come_in_any_pieces(size: int) -> None:
    watch = Watch()
    data = start() + COMMIT + bind(b"s1")
    seen = [watch.sees_commit(data[at : at + size]) for at in range(0, len(data), size)]
    assert seen.count(True) == 1
    assert seen[-1]
