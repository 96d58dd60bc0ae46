"""`python -m mesh.verify.proving`: check the proof of one transaction, with nothing but its file and a public key."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mesh.verify.notes import keys_of
from mesh.verify.proofs import Proved, check


def main(arguments: Sequence[str] | None = None) -> int:
    """0: proved. 1: not proved. 2: it could not be looked at."""
    options = _parser().parse_args(arguments)
    try:
        text = options.proof.read_text()
        keys = [key for path in options.key for key in keys_of(path.read_text())]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"verify-proof: {error}\n")
        return 2
    try:
        proved = check(text, keys)
    except ValueError as error:
        sys.stdout.write(f"WRONG {error}\n")
        return 1
    sys.stdout.write(json.dumps(_as_json(proved), indent=2) + "\n" if options.json else f"{_as_text(proved)}\n")
    return 0


def _as_text(proved: Proved) -> str:
    name = f"{proved.transfer.shard}-{proved.transfer.sequence}"
    signed = proved.checkpoint
    return f"ok    {name} stands in the log of {signed.size} entries that {signed.origin} has signed\n      {proved.entry.decode()}"


def _as_json(proved: Proved) -> dict[str, object]:
    signed = proved.checkpoint
    return {
        "proved": True,
        "transaction_id": f"{proved.transfer.shard}-{proved.transfer.sequence}",
        "entry": {name: value for name, value in proved.transfer._asdict().items() if value is not None},
        "log": signed.origin,
        "tree_size": signed.size,
        "root": signed.root.hex(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pitboss verify-proof", description="Check the proof of one transaction.")
    parser.add_argument("proof", type=Path, metavar="FILE", help="the proof, as `pitboss proof` writes it")
    parser.add_argument("--key", metavar="FILE", type=Path, action="append", required=True,
                        help="public keys, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
