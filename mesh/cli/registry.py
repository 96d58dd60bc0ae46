"""The wallet's registry of licensees, as the platform team uses it."""

from __future__ import annotations

from mesh.cli.output import CommandError
from mesh.cli.platform import call, wallet_channel
from mesh.dev.providers import discover
from mesh.dev.registration import put_licensee, put_provider
from pitboss.wallet.v1.registry_service_pb2 import (
    WALLET_MODE_TRANSFER,
    Licensee,
    ListLicenseesRequest,
    PutLicenseeRequest,
    Wallet,
    WalletMode,
)
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub


def create(licensee: str, pack: str, *, game_wallet: bool = False) -> None:
    """Register a licensee, with an account of every provider. With `game_wallet` its players' money is moved in and out."""
    wallet = Wallet(mode=WALLET_MODE_TRANSFER) if game_wallet else None
    with wallet_channel() as channel:
        stub = RegistryServiceStub(channel)
        put_licensee(stub, licensee, pack, wallet=wallet)
        for provider in discover():
            put_provider(stub, licensee, provider)


def all_licensees() -> list[Licensee]:
    """Every licensee, by id."""
    with wallet_channel() as channel:
        return list(call(RegistryServiceStub(channel).ListLicensees, ListLicenseesRequest()).licensees)


def mode_of(licensee: Licensee) -> str:
    """Who keeps its players' money, "transfer"."""
    return WalletMode.Name(licensee.wallet.mode).removeprefix("WALLET_MODE_").lower()


def set_suspended(licensee: str, *, suspended: bool) -> None:
    """Change the flag and nothing else."""
    entry = _known(licensee)
    entry.suspended = suspended
    _put(entry)


def set_assertions(licensee: str, key: bytes | None, *, max_age_s: int) -> None:
    """Change whether the licensee keeps limits and exclusions itself, and with which key it vouches for them."""
    entry = _known(licensee)
    entry.ClearField("assertions")
    if key is not None:
        entry.assertions.public_key = key
        entry.assertions.max_age.seconds = max_age_s
    _put(entry)


def _known(licensee: str) -> Licensee:
    entry = next((each for each in all_licensees() if each.licensee_id == licensee), None)
    if entry is None:
        message = f"there is no licensee {licensee!r}; `pitboss licensee list` shows all"
        raise CommandError(message)
    return entry


def _put(entry: Licensee) -> None:
    with wallet_channel() as channel:
        call(RegistryServiceStub(channel).PutLicensee, PutLicenseeRequest(licensee=entry))
