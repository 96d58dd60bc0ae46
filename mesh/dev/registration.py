"""The demo licensees and their provider accounts, put into the wallet's registry as the platform team would."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import grpc
from google.protobuf import json_format

from mesh.dev.processes import HOST, Surroundings
from mesh.dev.providers import Provider
from mesh.tls import Tls
from pitboss.wallet.v1 import registry_service_pb2 as registry
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

if TYPE_CHECKING:
    from mesh.dev.stack import DemoLicensee

DEADLINE_S = 10.0


def register(around: Surroundings, licensees: Iterable[DemoLicensee], providers: Iterable[Provider]) -> None:
    """Put every licensee, and an account of every provider for each."""
    credentials = Tls.load(around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"{HOST}:{around.ports.wallets[0]}", credentials) as channel:
        stub = RegistryServiceStub(channel)
        accounts = list(providers)
        for licensee in licensees:
            put_licensee(stub, licensee.id, licensee.pack)
            for provider in accounts:
                put_provider(stub, licensee.id, provider)


def put_licensee(
    stub: RegistryServiceStub,
    licensee: str,
    pack: str,
    *,
    suspended: bool = False,
    wallet: registry.Wallet | None = None,
) -> None:
    """Register a licensee, or change what is registered."""
    entry = registry.Licensee(licensee_id=licensee, default_jurisdiction=pack, suspended=suspended, wallet=wallet)
    _call(stub.PutLicensee, registry.PutLicenseeRequest(licensee=entry))


def own_wallet(address: str, signing_key: str) -> registry.Wallet:
    """A licensee that keeps its players' money itself."""
    return registry.Wallet(mode=registry.WALLET_MODE_SEAMLESS, address=address, signing_key=signing_key)


def put_provider(stub: RegistryServiceStub, licensee: str, provider: Provider) -> None:
    """Give a licensee an account of a provider, with the flags of the provider's `sandbox.toml`."""
    fields = {**provider.account, "licensee_id": licensee, "provider": provider.name}
    _call(stub.PutProvider, json_format.ParseDict(fields, registry.PutProviderRequest()))


def _call(method: object, request: object) -> None:
    """Call with a deadline, and again while the wallet has not settled; the calls are idempotent."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            method(request, timeout=DEADLINE_S)  # type: ignore[operator]
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
