"""Run a module of the test tools, or say plainly that this version does not have it."""

from __future__ import annotations

import importlib.util
import os
import sys


def main() -> None:
    """`python -m mesh.tooling.available tests.bench ...` becomes `python -m tests.bench ...`."""
    module, *arguments = sys.argv[1:]
    if importlib.util.find_spec(module) is None:
        sys.stderr.write(f"Not available yet: this version has no {module}. Nothing was run.\n")
        raise SystemExit(2)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    main()
