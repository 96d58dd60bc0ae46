"""The SDK's stubs run on every protobuf release the SDK promises, alone and beside other people's contracts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

RELEASES = {
    "oldest": ("sdk-protobuf-5", "5.29."),
    "middle": ("sdk-protobuf-6", "6.33."),
    "newest": (None, "7.36."),
}

EVERY_STUB = """
import importlib, pkgutil, sys
import google.protobuf, pitboss_sdk._stubs as stubs
names = [found.name for found in pkgutil.walk_packages(stubs.__path__, stubs.__name__ + ".")]
for name in names:
    importlib.import_module(name)
assert len(names) > 20, names
from pitboss_sdk._stubs.pitboss.type.v1 import money_pb2
money = money_pb2.Money.FromString(money_pb2.Money(currency_code="EUR", amount="12.50").SerializeToString())
assert money.amount == "12.50"
print(google.protobuf.__version__)
"""

NOTHING_FOREIGN = """
for name in ("google.api", "google.rpc", "buf", "protovalidate", "pitboss", "mesh"):
    assert name not in sys.modules, name
"""

BOTH = """
from pitboss.type.v1 import money_pb2 as theirs
from pitboss.wallet.v1 import wallet_service_pb2
from google.rpc import status_pb2
assert theirs.Money.FromString(money.SerializeToString()).amount == "12.50"
"""


def run(program: str, *folders: Path) -> str:
    """What a fresh interpreter prints, with these folders first on its path and warnings as errors."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(folder) for folder in folders)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("release", RELEASES)
def test_the_stubs_alone_run_on_each_promised_protobuf_release(release: str) -> None:
    target, version = RELEASES[release]
    folders = [ROOT / "sdk"] if target is None else [ROOT / ".venv" / target, ROOT / "sdk"]
    assert run(EVERY_STUB + NOTHING_FOREIGN, *folders).startswith(version)


def test_the_stubs_live_beside_the_servers_contracts_in_one_process() -> None:
    assert run(EVERY_STUB + BOTH)
    assert run(BOTH.replace("money.Serial", "theirs.Money(amount='12.50').Serial") + EVERY_STUB)


def test_methods_keep_their_public_names_on_the_wire() -> None:
    program = """
import grpc
from pitboss_sdk._stubs.pitboss.wallet.v1 import wallet_service_pb2_grpc
with grpc.insecure_channel("127.0.0.1:1") as channel:
    stub = wallet_service_pb2_grpc.WalletServiceStub(channel)
    print(stub.GetBalance._method.decode())
"""
    assert run(program) == "/pitboss.wallet.v1.WalletService/GetBalance"
