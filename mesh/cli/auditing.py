"""`pitboss audit` and `pitboss dispute`: the audit log of the mesh that is up, checked and given away as evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.output import Json, console, write_json

CopyFile = Annotated[
    Path | None, typer.Option("--copy", help="An independent copy: compared, and brought up to date if all holds.")
]
Checkpoints = Annotated[list[Path] | None, typer.Option("--checkpoint", help="A checkpoint that was kept; repeatable.")]
Bundle = Annotated[Path, typer.Option("--to", help="Where the bundle goes.")]
Keys = Annotated[Path, typer.Option("--keys", help="Folder for the public keys of log and witness.")]


def audit(*, copy: CopyFile = None, checkpoint: Checkpoints = None, json: Json = False) -> None:
    """Check the audit log: nothing changed, removed or cut off, and nothing missing of the ledger. Exit code 1 if not."""
    from dataclasses import asdict  # noqa: PLC0415 - what checks is only needed now

    from mesh.cli.disputing import audit_mesh  # noqa: PLC0415 - as above

    checks = audit_mesh(copy=copy, kept=checkpoint or [])
    ok = all(check.ok for check in checks)
    if json:
        write_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            console.print(check.line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if ok else 1)


def dispute(
    licensee: str,
    player: str,
    round_id: str,
    *,
    to: Bundle = Path("dispute.json"),
    keys: Keys = Path(),
    json: Json = False,
) -> None:
    """Write everything about a round that somebody needs who trusts nobody. `pitboss verify-dispute` checks it offline."""
    from mesh.cli.disputing import bundle_of, write_bundle  # noqa: PLC0415 - imports the contracts: slow

    written = write_bundle(bundle_of(licensee, player, round_id), to, keys)
    if json:
        write_json({"bundle": str(to), "entries": written, "keys": str(keys)})
    else:
        console.print(
            f"{to} has {written} entries about round {round_id}; the public keys are in {keys}", soft_wrap=True
        )
