"""`python -m mesh.verify.auditing`: check an audit log, keep an independent copy of it, and compare it with the ledger."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psycopg

from mesh.verify.audit_log import AuditTrust, check_database, compare_copy
from mesh.verify.audit_rows import AuditDatabase, Copy
from mesh.verify.completeness import check_completeness
from mesh.verify.cosignatures import WitnessKey
from mesh.verify.findings import Check
from mesh.verify.notes import keys_of, parse_checkpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything holds. 1: something does not. 2: it could not be looked at."""
    options = _parser().parse_args(arguments)
    try:
        checks = audit(
            options.postgres,
            _trust(options),
            copy=options.copy,
            ledger_url=options.ledger,
            growing=options.allow_growing,
        )
    except (psycopg.Error, OSError, ValueError) as error:
        sys.stderr.write(f"auditing: {error}\n")
        return 2
    ok = all(check.ok for check in checks)
    if options.json:
        sys.stdout.write(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, indent=2) + "\n")
    else:
        for check in checks:
            sys.stdout.write(f"{check.line}\n")
    return 0 if ok else 1


def audit(
    url: str, trust: AuditTrust, *, copy: Path | None = None, ledger_url: str = "", growing: bool = False
) -> list[Check]:
    """All checks. A copy grows only while everything holds, so that it keeps what was there before something did not."""
    kept = Copy(copy) if copy else None
    notes = [note for note in (kept.checkpoint(),) if note] if kept else []
    trust = AuditTrust(keys=trust.keys, witnesses=trust.witnesses, kept=[*trust.kept, *notes])
    with closing(AuditDatabase(url)) as database:
        checks, _, size = check_database(database, trust)
        if ledger_url:
            checks += check_completeness(database, ledger_url, still_growing=growing)
        if kept is None:
            return checks
        compared, copied = compare_copy(database, kept, trust)
        checks += compared
        if all(check.ok for check in checks):
            note = database.cosigned()
            until = parse_checkpoint(note).size if note else size
            # A checkpoint is kept with all that it is about, and never without.
            kept.append(database, copied, max(until, copied), note if until >= copied else "")
    return checks


def _trust(options: argparse.Namespace) -> AuditTrust:
    return AuditTrust(
        keys=[key for path in options.key for key in keys_of(path.read_text())],
        witnesses=[
            WitnessKey.parse(line)
            for path in options.witness_key
            for line in path.read_text().splitlines()
            if line.strip()
        ],
        kept=[path.read_text() for path in options.checkpoint],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesh.verify.auditing", description="Check an audit log.")
    parser.add_argument("--postgres", metavar="URL", required=True, help="the audit database, with a role that reads")
    parser.add_argument("--ledger", metavar="URL", default="", help="the wallet's database, to compare records with")
    parser.add_argument("--allow-growing", action="store_true", help="the log may lag behind the ledger")
    parser.add_argument(
        "--copy", metavar="FILE", type=Path, help="an independent copy: compared, then brought up to date"
    )
    parser.add_argument("--key", metavar="FILE", type=Path, action="append", required=True,
                        help="public keys of the log, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--witness-key", metavar="FILE", type=Path, action="append", default=[],
                        help="public keys of witnesses, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, action="append", default=[],
                        help="a checkpoint that was kept elsewhere; repeatable")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
