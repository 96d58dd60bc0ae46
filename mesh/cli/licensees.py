"""`pitboss licensee`: create, list, suspend, resume, vouch, token."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.output import CommandError, Json, console, write_json, write_table
from mesh.dev import running

app = typer.Typer(no_args_is_help=True, help="Licensees of the mesh that is up.")

ALL_SCOPES = "play,wallet,admin"
EXPIRES_S = 12 * 3600

Id = Annotated[str, typer.Argument(help="Such as aurora: a letter, then letters, digits and hyphens.")]
Pack = Annotated[str, typer.Option(help="Law pack of players that name none.")]
MODES = ("hosted", "transfer")
Mode = Annotated[
    str, typer.Option(help="Where its players' money is: hosted, or transfer (moved in and out of a game wallet).")
]
Expires = Annotated[int, typer.Option(help="Seconds until the token ends; below zero makes an expired one.")]
Scopes = Annotated[str, typer.Option(help="What the token may do, separated by commas.")]

PublicKey = Annotated[str, typer.Option(help="Its public key: 32 bytes of Ed25519 in base64.")]
MaxAge = Annotated[int, typer.Option(help="Seconds for which its word holds.", min=1, max=3_600)]
Off = Annotated[bool, typer.Option("--off", help="The ledger keeps them again.")]
_KEY_BYTES = 32


@app.command()
def create(licensee: Id, *, pack: Pack = "base", wallet: Mode = "hosted", json: Json = False) -> None:
    """Register a licensee, with an account of every provider, and print a token for it."""
    from mesh.cli import registry  # noqa: PLC0415 - imports the contracts, which takes long

    check_id(licensee)
    if wallet not in MODES:
        message = (
            f"{wallet!r} is no place for money: there are {' and '.join(MODES)}; a wallet of its own needs an address"
        )
        raise CommandError(message)
    registry.create(licensee, pack, game_wallet=wallet == "transfer")
    token = _token(licensee, expires_s=EXPIRES_S, scopes=ALL_SCOPES)
    if json:
        write_json({"id": licensee, "pack": pack, "wallet": wallet, "token": token})
    else:
        console.print(f"{licensee} is registered under the pack {pack}. Its token:\n")
        typer.echo(token)


@app.command(name="list")
def list_licensees(*, json: Json = False) -> None:
    """List all licensees."""
    from mesh.cli import registry  # noqa: PLC0415 - as above

    found = [
        (each.licensee_id, each.default_jurisdiction, registry.mode_of(each), each.suspended)
        for each in registry.all_licensees()
    ]
    if json:
        names = ("id", "pack", "wallet", "suspended")
        write_json([dict(zip(names, row, strict=True)) for row in found])
    else:
        rows = [(name, pack, wallet, "suspended" if suspended else "") for name, pack, wallet, suspended in found]
        write_table(("licensee", "pack", "wallet", ""), rows)


@app.command()
def suspend(licensee: Id, *, json: Json = False) -> None:
    """No new stakes, deposits or sessions from now on; wins, cancels and withdrawals still pass."""
    _set_suspended(licensee, suspended=True, json=json)


@app.command()
def resume(licensee: Id, *, json: Json = False) -> None:
    """End a suspension."""
    _set_suspended(licensee, suspended=False, json=json)


@app.command()
def vouch(licensee: Id, *, key: PublicKey = "", max_age: MaxAge = 60, off: Off = False, json: Json = False) -> None:
    """Let a licensee keep limits and exclusions itself and vouch for launches and stakes (mode ASSERT), or end that."""
    from mesh.cli import registry  # noqa: PLC0415 - as above

    if off == bool(key):
        raise CommandError("either --key with the licensee's public key, or --off")
    registry.set_assertions(licensee, None if off else _public_key(key), max_age_s=max_age)
    if json:
        write_json({"id": licensee, "mode": "ENFORCE" if off else "ASSERT", "max_age_s": None if off else max_age})
    elif off:
        console.print(f"The ledger keeps the limits and exclusions of {licensee}.")
    else:
        console.print(f"{licensee} keeps limits and exclusions itself; its word holds for {max_age} s.")


@app.command()
def token(licensee: Id, *, expires: Expires = EXPIRES_S, scopes: Scopes = ALL_SCOPES, json: Json = False) -> None:
    """Print a new token for a licensee."""
    check_id(licensee)
    made = _token(licensee, expires_s=expires, scopes=scopes)
    if json:
        write_json({"id": licensee, "token": made})
    else:
        # Not through the console, which would break the line.
        typer.echo(made)


def _public_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise CommandError("--key is no public key: 32 bytes of Ed25519 in base64")
    return key


def check_id(licensee: str) -> None:
    """Refuse what could not stand in a token."""
    from mesh.identity import LICENSEE_PATTERN  # noqa: PLC0415 - imports gRPC

    if not re.fullmatch(LICENSEE_PATTERN, licensee):
        message = f"{licensee!r} cannot be a licensee's id: 2 to 32 of a-z, 0-9 and -, beginning with a letter"
        raise CommandError(message)


def _token(licensee: str, *, expires_s: int, scopes: str) -> str:
    from mesh.dev.secrets import TokenSigner  # noqa: PLC0415 - cryptography takes long to import

    signer = TokenSigner.load(Path(running.read_mesh()["internal"]["signer"]))
    return signer.token(licensee, scopes=[scope for scope in scopes.split(",") if scope], expires_s=expires_s)


def _set_suspended(licensee: str, *, suspended: bool, json: bool) -> None:
    from mesh.cli import registry  # noqa: PLC0415 - as above

    registry.set_suspended(licensee, suspended=suspended)
    if json:
        write_json({"id": licensee, "suspended": suspended})
    else:
        console.print(f"{licensee} is {'suspended' if suspended else 'active'}.")
