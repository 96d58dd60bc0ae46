"""A copy of the wallet with something broken in it, which its processes import in place of ours."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mesh.dev.paths import ROOT


@dataclass(frozen=True)
class Patch:
    """Changes to files of `wallet_svc`: code added at the end, and texts replaced by others."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def apply(self, folder: Path) -> Path:
        """Copy the package into a folder and break it there."""
        copy = folder / "broken" / "wallet_svc"
        shutil.copytree(ROOT / "wallet_svc", copy, ignore=shutil.ignore_patterns("__pycache__"))
        for name, code in self.added.items():
            with (copy / name).open("a") as file:
                file.write(f"\n\n{code}\n")
        for name, texts in self.removed.items():
            for text in texts:
                _remove(copy / name, text)
        return copy.parent


def _remove(path: Path, text: str) -> None:
    found = path.read_text()
    if text not in found:
        raise RuntimeError(f"{path.name} has no {text!r} any more: the control must be written anew")
    path.write_text(found.replace(text, ""))
