"""gRPC ignores an option that it does not know: each of ours is one that it knows."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from mesh import channels, server

KNOWN = Path(str(importlib.import_module("grpc._cython.cygrpc").__file__)).read_bytes()


@pytest.mark.parametrize("name", sorted({name for name, _ in (*channels._OPTIONS, *server._CONNECTION_OPTIONS)}))
def test_the_library_knows_the_option(name: str) -> None:
    assert name.encode() in KNOWN


def test_an_option_that_nobody_knows_would_be_noticed() -> None:
    assert b"grpc.http2.no_such_option" not in KNOWN
