"""The SDK runs on the oldest libraries that it promises to run on, and brings nothing of ours along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.dev.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
RELEASES = {"sdk-protobuf-5": "5.29.", "sdk-protobuf-6": "6.33.", "": "7."}

PROGRAM = """
import asyncio, sys
from decimal import Decimal
import google.protobuf, grpc
from pitboss_sdk import AsyncClient, Client, Money, ServiceDownError
from pitboss_sdk._failures import failure_of
from pitboss_sdk._stubs.google.rpc import error_details_pb2, status_pb2

target = sys.argv[1]
with Client(target, token="t", plaintext=True, timeout_s=1) as client:
    try:
        client.deposit("pl-1", Money(Decimal("12.50"), "EUR"), transaction_key="k-1")
    except ServiceDownError as error:
        assert error.transaction_key == "k-1"

async def ask():
    async with AsyncClient(target, token="t", plaintext=True, timeout_s=1) as client:
        try:
            await client.balance("pl-1")
        except ServiceDownError:
            return True

assert asyncio.run(ask())
status = status_pb2.Status()
info = error_details_pb2.ErrorInfo(reason="ERROR_REASON_OVERLOADED", domain="pitboss")
status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString())
failure = failure_of(grpc.StatusCode.UNAVAILABLE, "", [("grpc-status-details-bin", status.SerializeToString())])
assert failure.reason == "ERROR_REASON_OVERLOADED"
for name in ("pitboss", "mesh", "google.rpc", "google.api", "protovalidate", "psycopg"):
    assert name not in sys.modules, name
print(google.protobuf.__version__)
"""


@pytest.mark.parametrize("release", RELEASES)
def test_the_sdk_runs_on_each_promised_release(release: str) -> None:
    folders = [ROOT / "sdk"] if not release else [ROOT / ".venv" / release, ROOT / "sdk"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "GRPC_VERBOSITY": "NONE"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, f"127.0.0.1:{free_port()}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(RELEASES[release])
