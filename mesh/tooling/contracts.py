"""Python code and Envoy's descriptor set from the contracts in `proto/`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE_DOCSTRING = '"""Generated from proto/ by `make generate`."""\n'


def run_tool(*command: str | Path, cwd: Path) -> None:
    """Run a generator of this environment; its words are shown only when it fails."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": search, "BUF_CACHE_DIR": os.environ.get("BUF_CACHE_DIR", str(cwd / "build" / "buf"))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def write_contracts(root: Path, out: Path) -> None:
    """Write `gen/` below `out`: messages, typed stubs, gRPC code and the descriptor set."""
    run_tool("buf", "generate", "--output", out, cwd=root)
    drop_empty_service_files(out / "gen")
    make_packages(out / "gen" / "pitboss")
    # Envoy answers a JSON error with its details only when their types are in the set;
    # the vendored module is part of the workspace, so they are.
    run_tool(
        "buf", "build", "--as-file-descriptor-set", "--exclude-source-info",
        "--output", out / "gen" / "pitboss.binpb", cwd=root,
    )  # fmt: skip


def drop_empty_service_files(folder: Path) -> None:
    """Remove gRPC modules of files that declare no service."""
    for module in folder.rglob("*_pb2_grpc.py"):
        if "class " not in module.read_text():
            module.unlink()
            module.with_suffix(".pyi").unlink(missing_ok=True)


def make_packages(top: Path) -> None:
    """Make every folder an ordinary typed package, so that imports need no search."""
    for folder in [top, *(path for path in top.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text(PACKAGE_DOCSTRING)
    (top / "py.typed").touch()
