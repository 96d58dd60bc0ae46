"""`pitboss extract`: what a regulator is given of the mesh that is up, written, checked and compared with the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json
from mesh.verify.findings import Check

Market = Annotated[str, typer.Argument(help="dk, nl or de.")]
Licensee = Annotated[str, typer.Argument(help="Whose rounds.")]
From = Annotated[str, typer.Option("--from", help="A day of the market, or a moment of its clocks as in RFC 3339.")]
To = Annotated[str, typer.Option("--to", help="The first day or moment that is not part of it.")]
Folder = Annotated[Path, typer.Option("--folder", help="Where the files go. Only you may read them.")]


def extract(
    market: Market, licensee: Licensee, *, first: From, last: To, folder: Folder = Path("extracts"), json: Json = False
) -> None:
    """Make the extract of a closed period, or fetch it again, and compare it with the ledger. Exit code 1 if they differ."""
    from mesh.cli import fetching  # noqa: PLC0415 - imports the contracts, which takes long

    made = fetching.extract(market, licensee, first, last, folder)
    if json:
        write_json(made.content)
    else:
        _show(made.content)
    raise typer.Exit(0 if made.ok else 1)


def _show(found: dict[str, Any]) -> None:
    what = f"correction {found['number']}" if found["number"] else "first extract"
    seen = "as it was made before" if found["replayed"] else "made now"
    console.print(
        f"{found['schema']}: {what} of {found['from']} to {found['to']}, batch {found['sequence']},"
        f" {found['rounds']} rounds, {seen}",
        markup=False,
        soft_wrap=True,
    )
    for each in found["files"]:
        console.print(f"      {each}", markup=False, soft_wrap=True)
    for check in found["checks"]:
        console.print(Check(**check).line, markup=False, soft_wrap=True)
    for each in found["differences"]:
        console.print(
            f"      {each['kind']}: {each['id']}: extract {each['extract'] or '-'}, ledger {each['ledger'] or '-'}",
            markup=False,
            soft_wrap=True,
        )
