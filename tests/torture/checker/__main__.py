"""`python -m tests.torture.checker --history FILE --postgres URL`: the verdict on a run as JSON on the terminal."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.torture.checker.log import read_ledger
from tests.torture.checker.order import check_order, check_reads
from tests.torture.checker.promises import check_promises
from tests.torture.checker.replaying import Replay
from tests.torture.checker.told import Told, read_history
from tests.torture.model import Flags

_SHOWN = 40


def main() -> None:
    """Read, check, print."""
    options = _parser().parse_args()
    flags = {name: Flags(**fields) for name, fields in json.loads(options.flags).items()}
    with options.history.open("rb") as file:
        told = read_history(file)
    print(json.dumps(check(told, options.postgres, flags)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture.checker", description="Check a run of the clients.")
    parser.add_argument("--history", type=Path, required=True, help="what the clients wrote down")
    parser.add_argument("--postgres", required=True, metavar="URL", help="the ledger's database")
    parser.add_argument("--flags", required=True, metavar="JSON", help="what each source is known to do")
    return parser


def check(told: Told, url: str, flags: dict[str, Flags]) -> dict[str, Any]:
    """All checks."""
    ledger = read_ledger(url)
    violations = [*check_promises(told, ledger.rows), *check_order(told, ledger.rows), *check_reads(told, ledger.rows)]
    violations += Replay(told, flags).check(ledger)
    operations = told.operations.values()
    answered = [operation for operation in operations if operation.answers]
    return {
        "ok": not violations,
        "operations": sum(1 for one in operations if one.answers or one.resolved is not None),
        "acknowledged": len(answered),
        "unknown_resolved": sum(1 for one in operations if not one.answers and one.resolved is not None),
        "asked_again": sum(one.sends - 1 for one in operations if one.sends > 1),
        "outcomes": dict(Counter(answer.outcome for one in answered for answer in one.answers[0])),
        "reads": len(told.reads),
        "entries": len(ledger.rows),
        "unanswered_calls": dict(told.codes),
        "violations_by_kind": dict(Counter(text.partition(":")[0] for text in violations)),
        "violations": violations[:_SHOWN],
    }


if __name__ == "__main__":
    main()
