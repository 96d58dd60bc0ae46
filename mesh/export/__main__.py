"""`python -m mesh.export`: the whole log of a ledger into one file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from mesh.export.writing import Checkpoints, write
from mesh.verify.reading import Ledger


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written. 2: it could not be."""
    options = _parser().parse_args(arguments)
    try:
        entries = export(options.postgres, options.to)
    except (psycopg.Error, OSError) as error:
        sys.stderr.write(f"export: {error}\n")
        return 2
    sys.stdout.write(f"{entries} entries written to {options.to}\n")
    return 0


def export(url: str, to: Path, checkpoints: Checkpoints | None = None) -> int:
    """Write the ledger at `url`; returns how many entries it has. The file appears when it is whole.

    The log has names of players in it, so nobody else may read the file.
    """
    draft = to.with_name(f".{to.name}.part")
    try:
        with closing(Ledger(url)) as ledger, os.fdopen(_private(draft), "wb") as out:
            entries = write(ledger, out, checkpoints)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return entries


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesh.export", description="Write the whole log into one file.")
    parser.add_argument(
        "--postgres", metavar="URL", required=True, help="the wallet's database, with any role that may read"
    )
    parser.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="where to; it is replaced if it is there"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
