"""`pitboss export`: the whole log of the mesh that is up, in one file that anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.output import Json, console, write_json
from mesh.dev import running

To = Annotated[Path, typer.Option("--to", help="Where to; replaced if it is there. Only you may read it.")]


def export(*, to: To, json: Json = False) -> None:
    """Write every entry, balance and batch into one file, signed. `pitboss verify FILE` checks it without the mesh."""
    from mesh.export.__main__ import export as write  # noqa: PLC0415 - imports the database driver

    mesh = running.read_mesh()
    url = mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    entries = write(url, to, _signed if mesh["internal"]["second_opinion"] else None)
    if json:
        write_json({"file": str(to), "entries": entries})
    else:
        console.print(f"{entries} entries written to {to}", soft_wrap=True)


def _signed(shard: int, size: int) -> str:
    from mesh.cli.proving import checkpoint  # noqa: PLC0415 - imports the contracts, which takes long

    return checkpoint(shard, size).checkpoint
