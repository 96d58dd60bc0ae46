"""`make generate`: write every generated file, or with --check say which ones are stale."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mesh.tooling.breaking import write_baseline
from mesh.tooling.contracts import write_contracts
from mesh.tooling.manifest_schema import write_manifest_schema
from mesh.tooling.providers import write_providers
from mesh.tooling.reasons import write_reasons
from mesh.tooling.sdk_stubs import write_sdk_stubs
from mesh.tooling.settings_page import write_settings

ROOT = Path(__file__).resolve().parents[2]

OWNED = ("gen", "sdk/pitboss_sdk/_stubs", "k8s/adapters")
"""Folders in which every file is generated: what a generator no longer writes is removed."""


def write_all(root: Path, out: Path) -> None:
    """Run every generator; the tree below `out` mirrors the repository's."""
    write_contracts(root, out)
    write_sdk_stubs(root, out)
    write_baseline(root, out)
    write_reasons(root, out)
    write_providers(root, out)
    write_settings(out)
    write_manifest_schema(out)


def files_below(folder: Path) -> Iterator[Path]:
    """Relative names of the files a commit would hold."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path.relative_to(folder)


def differences(root: Path, fresh: Path) -> Iterator[tuple[str, Path]]:
    """What the repository lacks, holds differently, or holds without reason."""
    wanted = set(files_below(fresh))
    for name in sorted(wanted):
        if not (root / name).is_file():
            yield "missing", name
        elif (root / name).read_bytes() != (fresh / name).read_bytes():
            yield "stale", name
    for folder in OWNED:
        for name in files_below(root / folder):
            if Path(folder) / name not in wanted:
                yield "left over", Path(folder) / name


def apply(root: Path, fresh: Path, found: list[tuple[str, Path]]) -> None:
    """Bring the repository in line, touching only what differs."""
    for state, name in found:
        if state == "left over":
            (root / name).unlink()
            continue
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh / name, root / name)


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is not fresh")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        write_all(ROOT, fresh)
        found = list(differences(ROOT, fresh))
        for state, name in found:
            print(f"{state}: {name}")
        if not check:
            apply(ROOT, fresh, found)
        elif found:
            raise SystemExit("Generated files are not fresh: run `make generate` and commit what it changes.")


if __name__ == "__main__":
    main()
