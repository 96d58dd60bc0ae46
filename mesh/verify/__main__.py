"""`python -m mesh.verify`: check a ledger, and the studios' records against it."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from mesh.verify.notes import keys_of
from mesh.verify.report import Report, Trust, verify, verify_export

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything holds. 1: something does not. 2: it could not be looked at."""
    options = _parser().parse_args(arguments)
    try:
        report = _report(options)
    except (psycopg.Error, sqlite3.Error, OSError, KeyError, ValueError) as error:
        sys.stderr.write(f"verify: {error}\n")
        return 2
    sys.stdout.write(f"{json.dumps(report.as_json(), indent=2) if options.json else report.as_text()}\n")
    return 0 if report.ok else 1


def _report(options: argparse.Namespace) -> Report:
    notes = [path.read_text() for path in options.checkpoint]
    trust = Trust(notes=notes, keys=[key for path in options.key for key in keys_of(path.read_text())])
    if options.export:
        return verify_export(options.export, dict(options.studio), still_playing=options.still_playing, trust=trust)
    url, studios = (options.postgres, {}) if options.postgres else _running_mesh()
    return verify(url, {**studios, **dict(options.studio)}, still_playing=options.still_playing, trust=trust)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mesh.verify", description="Check a ledger independently of the services."
    )
    parser.add_argument(
        "export", nargs="?", type=Path, metavar="FILE", help="an export; without it, and without --postgres, that mesh"
    )
    parser.add_argument(
        "--postgres", metavar="URL", help="the wallet's database; without it, that of the mesh that is up"
    )
    parser.add_argument("--studio", metavar="NAME=FILE", type=_studio, action="append", default=[],
                        help="a studio's own record, to compare with the ledger; repeatable")  # fmt: skip
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, action="append", default=[],
                        help="a checkpoint that was kept elsewhere, which the log must continue; repeatable")  # fmt: skip
    parser.add_argument("--key", metavar="FILE", type=Path, action="append", default=[],
                        help="public keys of checkpoints, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--still-playing", action="store_true", help="rounds with live stakes are no mistake")
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    return parser


def _studio(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        message = f"{text!r} is not NAME=FILE"
        raise argparse.ArgumentTypeError(message)
    return name, Path(path)


def _running_mesh() -> tuple[str, Mapping[str, Path]]:
    """Database and records of the mesh that `pitboss up` keeps up."""
    file = Path(os.environ.get("PITBOSS_BUILD_DIR") or _ROOT / "build") / "mesh.json"
    if not file.exists():
        message = "no mesh of this checkout is up; name a database with --postgres"
        raise ValueError(message)
    mesh = json.loads(file.read_text())
    records = sorted((Path(mesh["run_directory"]) / "studios").glob("*.record"))
    return mesh["postgres"]["databases"]["wallet_svc"]["reader_url"], {path.stem: path for path in records}


if __name__ == "__main__":
    raise SystemExit(main())
