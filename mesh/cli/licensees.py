"""`pitboss licensee`: create, list, suspend, resume, token."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.output import CommandError, Json, console, write_json, write_table
from mesh.dev import supervisor
from mesh.dev.secrets import SCOPES, TokenSigner
from mesh.identity import LICENSEE_PATTERN

app = typer.Typer(no_args_is_help=True, help="Licensees of the mesh that is up.")

Id = Annotated[str, typer.Argument(help="Such as aurora: a letter, then letters, digits and hyphens.")]
Pack = Annotated[str, typer.Option(help="Law pack of players that name none.")]
Expires = Annotated[int, typer.Option(help="Seconds until the token ends; below zero makes an expired one.")]
Scopes = Annotated[str, typer.Option(help="What the token may do, separated by commas.")]


@app.command()
def create(licensee: Id, *, pack: Pack = "base", json: Json = False) -> None:
    """Register a licensee, with an account of every provider, and print a token for it."""
    from mesh.cli.platform import wallet_channel  # noqa: PLC0415 - imports the contracts
    from mesh.dev.providers import discover  # noqa: PLC0415
    from mesh.dev.registration import put_licensee, put_provider  # noqa: PLC0415

    _check(licensee)
    with wallet_channel() as channel:
        stub = _registry(channel)
        put_licensee(stub, licensee, pack)
        for provider in discover():
            put_provider(stub, licensee, provider)
    _show(licensee, _token(licensee), json=json, pack=pack)


@app.command(name="list")
def list_licensees(*, json: Json = False) -> None:
    """List all licensees."""
    found = [{"id": each.licensee_id, "pack": each.default_jurisdiction, "suspended": each.suspended} for each in _all()]
    if json:
        write_json(found)
    else:
        rows = [(str(each["id"]), str(each["pack"]), "suspended" if each["suspended"] else "") for each in found]
        write_table(("licensee", "pack", ""), rows)


@app.command()
def suspend(licensee: Id, *, json: Json = False) -> None:
    """No new stakes, deposits or sessions from now on; wins, cancels and withdrawals still pass."""
    _set_suspended(licensee, suspended=True, json=json)


@app.command()
def resume(licensee: Id, *, json: Json = False) -> None:
    """End a suspension."""
    _set_suspended(licensee, suspended=False, json=json)


@app.command()
def token(licensee: Id, *, expires: Expires = 12 * 3600, scopes: Scopes = ",".join(SCOPES), json: Json = False) -> None:
    """Print a new token for a licensee."""
    _check(licensee)
    made = _token(licensee, expires=expires, scopes=scopes)
    if json:
        write_json({"id": licensee, "token": made})
    else:
        # Not through the console, which would break the line.
        typer.echo(made)


def _token(licensee: str, *, expires: int = 12 * 3600, scopes: str = ",".join(SCOPES)) -> str:
    signer = TokenSigner.load(Path(supervisor.read_mesh()["internal"]["signer"]))
    return signer.token(licensee, scopes=[scope for scope in scopes.split(",") if scope], expires_s=expires)


def _check(licensee: str) -> None:
    if not re.fullmatch(LICENSEE_PATTERN, licensee):
        message = f"{licensee!r} cannot be a licensee's id: 2 to 32 of a-z, 0-9 and -, beginning with a letter"
        raise CommandError(message)


def _registry(channel: Any) -> Any:
    from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub  # noqa: PLC0415

    return RegistryServiceStub(channel)


def _all() -> list[Any]:
    from pitboss.wallet.v1.registry_service_pb2 import ListLicenseesRequest  # noqa: PLC0415

    from mesh.cli.platform import call, wallet_channel  # noqa: PLC0415

    with wallet_channel() as channel:
        return list(call(_registry(channel).ListLicensees, ListLicenseesRequest()).licensees)


def _set_suspended(licensee: str, *, suspended: bool, json: bool) -> None:
    from pitboss.wallet.v1.registry_service_pb2 import PutLicenseeRequest  # noqa: PLC0415

    from mesh.cli.platform import call, wallet_channel  # noqa: PLC0415

    entry = next((each for each in _all() if each.licensee_id == licensee), None)
    if entry is None:
        message = f"there is no licensee {licensee!r}; `pitboss licensee list` shows all"
        raise CommandError(message)
    entry.suspended = suspended
    with wallet_channel() as channel:
        call(_registry(channel).PutLicensee, PutLicenseeRequest(licensee=entry))
    if json:
        write_json({"id": licensee, "suspended": suspended})
    else:
        console.print(f"{licensee} is {'suspended' if suspended else 'active'}.")


def _show(licensee: str, made: str, *, json: bool, pack: str) -> None:
    if json:
        write_json({"id": licensee, "pack": pack, "token": made})
    else:
        console.print(f"{licensee} is registered under the pack {pack}. Its token:\n")
        typer.echo(made)
