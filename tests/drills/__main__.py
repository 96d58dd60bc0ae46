"""`python -m tests.drills`: break things, and compare the decisions in the log with the failure table (build/drills.json)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

from mesh.dev.paths import BUILD
from mesh.dev.stack import DEMO_LICENSEES, DemoLicensee, Options, Stack
from tests.drills.list import (
    ACTIVITY_FILE_DRILLS,
    CLOCK_REPORT_VALID_S,
    DRILLS,
    LIMIT_FILE_DRILLS,
    LOCATION_DRILLS,
    LOCATION_VALID_S,
    OPEN,
    Row,
)
from tests.drills.stage import PROVIDER, Stage
from tests.integration.provider_adapters.patience import patient

PLACED = DemoLicensee(id="meridian", pack="us-nj", currency="USD")
"""A licensee whose law asks where the player is at every wager."""

LIMITED = DemoLicensee(id="rhenania", pack="de", currency="EUR")
"""A licensee whose law asks a cross-operator limit file at every deposit, and an activity file at every opening."""

_ASKERS = ("register", "limit_file", "activity_file")
_ANSWER_MS = "2300"
"""For an answer that comes; those who ask the processes wait for 2.5 s. What is slow on purpose takes 20 s."""


def main() -> int:
    """0: the failure table holds where it was tried. 1: not."""
    parser = argparse.ArgumentParser(prog="make drills", description=__doc__)
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    options = parser.parse_args()
    rows = []
    for row in run():
        rows.append(row)
        if not options.json:
            sys.stdout.write(f"{'ok   ' if row.ok else 'WRONG'} {row.source:28} {row.row:28} {row.seen}\n")
            sys.stdout.flush()
    ok = all(row.ok for row in rows)
    result = {"ok": ok, "rows": [asdict(row) for row in rows], "open": list(OPEN)}
    BUILD.mkdir(exist_ok=True)
    (BUILD / "drills.json").write_text(json.dumps(result, indent=2) + "\n")
    if options.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"open  {each}\n" for each in OPEN)
        sys.stdout.write(f"{sum(row.ok for row in rows)} of {len(rows)} rows hold\n")
    return 0 if ok else 1


def run() -> Iterator[Row]:
    """Every row as it is seen."""
    options = Options(
        kind="drills",
        audit=True,
        register=True,
        clock=True,
        geolocation=True,
        sanctions=True,
        limit_file=True,
        activity_file=True,
        licensees=(*DEMO_LICENSEES, PLACED, LIMITED),
        environment={
            **patient([PROVIDER]),
            **{name: {f"PITBOSS_{name.upper()}_TIMEOUT_MS": _ANSWER_MS} for name in _ASKERS},
            "geolocation-simulator": {"PITBOSS_GEOLOCATION_VALID_S": str(LOCATION_VALID_S)},
            **{
                name: {"PITBOSS_CLOCK_REPORT_MAX_AGE_S": str(CLOCK_REPORT_VALID_S)}
                for name in ("wallet_svc-1", "wallet_svc-2")
            },
        },
    )
    with Stack(options) as stack:
        each = (
            (DEMO_LICENSEES[0], DRILLS),
            (PLACED, LOCATION_DRILLS),
            (LIMITED, (*LIMIT_FILE_DRILLS, *ACTIVITY_FILE_DRILLS)),
        )
        for licensee, drills in each:
            with closing(Stage(stack, licensee)) as stage:
                for drill in drills:
                    yield from drill(stage)


if __name__ == "__main__":
    raise SystemExit(main())
