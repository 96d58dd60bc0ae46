"""Refuse contract changes that break callers.

`proto/baseline.binpb` is what callers were promised. `make generate` moves it forward when the contracts
only grew; a break stays refused until someone decides it with `make accept-contracts`. The file is in the
repository, so the check means the same in a shallow clone, in CI and on a laptop.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from mesh.tooling.contracts import run_tool, tool_environment

ROOT = Path(__file__).resolve().parents[2]
BASELINE = Path("proto/baseline.binpb")

OURS = ("--path", "proto/pitboss")
"""Other people's contracts are imports, not promises."""

ADVICE = """
These changes break callers of the contracts. Add a field, a method or a new version instead.
If nobody depends on what changed: `make accept-contracts`, and a line in CHANGELOG.md."""


def breaks(root: Path) -> str:
    """What the contracts of the checkout break, one line each; empty when they only grew."""
    if not (root / BASELINE).exists():
        return ""
    with tempfile.TemporaryDirectory() as folder:
        present = Path(folder) / "present.binpb"
        run_tool("buf", "build", *OURS, "--output", present, cwd=root)
        done = subprocess.run(
            ["buf", "breaking", present, "--against", BASELINE, "--exclude-imports", "--config", "buf.yaml"],
            cwd=root,
            env=tool_environment(root),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode and not done.stdout:
        raise SystemExit(f"buf breaking failed:\n{done.stderr}")
    return done.stdout


def write_baseline(root: Path, out: Path) -> None:
    """The promise below `out`: the present contracts if they keep the old one, else the old one."""
    (out / BASELINE.parent).mkdir(exist_ok=True)
    if breaks(root):
        shutil.copyfile(root / BASELINE, out / BASELINE)
    else:
        promise(root, out / BASELINE)


def promise(root: Path, target: Path) -> None:
    """Write the present contracts as a promise."""
    run_tool("buf", "build", *OURS, "--exclude-source-info", "--output", target, cwd=root)


def main() -> None:
    """Check, or accept the contracts as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="make the present contracts the promise")
    if parser.parse_args().accept:
        promise(ROOT, ROOT / BASELINE)
    elif found := breaks(ROOT):
        raise SystemExit(found + ADVICE)


if __name__ == "__main__":
    main()
