"""Somebody who reads a page at a checkout, and types what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from mesh.dev.paths import ROOT
from tests.integration.docs.page import Block

_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER")
_TIMEOUT_S = 100


class Reader:
    """Has a checkout whose `build` is a folder of its own, so that no other mesh is disturbed."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "pitboss"
        self.checkout.mkdir()
        for entry in ROOT.iterdir():
            if entry.name != "build":
                (self.checkout / entry.name).symlink_to(entry)
        (self.checkout / "build").mkdir()
        self._shells = folder / "shells"
        self._shells.mkdir()

    def does(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Execute a block in the shell of its page."""
        state = self._shells / block.page.name
        state.touch()
        enter = f". {state}; cd {self.checkout}; set -eu -o pipefail -o allexport"
        leave = f"{{ status=$?; export -p > {state}; exit $status; }}"
        script = block.code if block.kind.startswith("sh") else f"exec {shlex.quote(sys.executable)} -"
        # The trap stands for a shell that stays open: what a block exported is there for the next one.
        return subprocess.run(
            ["bash", "-c", f"{enter}\ntrap '{leave}' EXIT\n{script}"],
            input=block.code if block.kind.startswith("python") else None,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        # `make` takes the interpreter that is first on the path.
        path = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), os.environ.get("PATH", os.defpath)])
        return {
            **kept,
            "PATH": path,
            "PITBOSS_BUILD_DIR": str(self.checkout / "build"),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }
