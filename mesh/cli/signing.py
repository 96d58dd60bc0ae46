"""`pitboss explain-signature`: why a message's signature is not the right one. In a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.output import Json, console, write_json

Provider = Annotated[str, typer.Argument(help="Whose message it is.")]
Body = Annotated[Path | None, typer.Option(help="File with the body, byte for byte.", exists=True, dir_okay=False)]
Address = Annotated[str, typer.Option(help="Path below the callback address, and the query: /bet?a=b.")]
Method = Annotated[str, typer.Option(help="Method.")]
Header = Annotated[list[str] | None, typer.Option(help='A header, "Name: value". As often as there are headers.')]
Believed = Annotated[
    Path | None, typer.Option(help="File with what you believe is signed.", exists=True, dir_okay=False)
]


def explain_signature(
    provider: Provider,
    *,
    body: Body = None,
    address: Address = "/",
    method: Method = "POST",
    header: Header = None,
    believed: Believed = None,
    json: Json = False,
) -> None:
    """What is signed in a message, what its signature must be, and the first byte that differs."""
    from mesh.cli import explaining  # noqa: PLC0415 - imports the contracts, which takes long

    found = explaining.signature(
        provider,
        method=method,
        address=address,
        headers=header or [],
        body=body.read_bytes() if body else b"",
        believed=believed.read_bytes() if believed else b"",
    )
    if json:
        write_json(found)
        return
    for name in ("algorithm", "signed", "expected", "given"):
        console.print(f"[bold]{name}[/bold]", end="  ")
        console.print(found[name], markup=False, soft_wrap=True)
    console.print("The signature is right." if found["valid"] else "The signature is wrong.")
    if found["first_difference"] >= 0:
        console.print(f"The first byte that differs is number {found['first_difference']}, counted from 0.")
