"""Python code and Envoy's descriptor set from the contracts in `proto/`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE_DOCSTRING = '"""Generated from proto/ by `make generate`."""\n'


def tool_environment(root: Path) -> dict[str, str]:
    """The environment for a pinned tool: ours first on the path, its cache inside the checkout."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": search, "BUF_CACHE_DIR": str(root / "build" / "cache" / "buf")}


def run_tool(*command: str | Path, cwd: Path) -> None:
    """Run a generator of this environment; its words are shown only when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=tool_environment(cwd),
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
    write_descriptors(root, out / "gen" / "pitboss.binpb")


def write_descriptors(root: Path, target: Path) -> None:
    """Write the compiled contracts, with everything they import.

    Envoy answers a JSON error with its details only when their types are in the set; the vendored
    contracts are part of the workspace, so they are.
    """
    options = ("--as-file-descriptor-set", "--exclude-source-info", "--output", target)
    run_tool("buf", "build", *options, cwd=root)


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
