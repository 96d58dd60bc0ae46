"""Where things are in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder that holds `mesh/`, `gen/` and `proto/`."""

BUILD = Path(os.environ.get("PITBOSS_BUILD_DIR") or ROOT / "build")
RUNS = BUILD / "run"
CACHE = BUILD / "cache"
MESH_FILE = BUILD / "mesh.json"
LOCK_FILE = BUILD / "mesh.lock"
"""Locked by the process that keeps a mesh up; its content is that process's id."""
SUPERVISOR_LOG = RUNS / "supervisor.log"
DESCRIPTORS = ROOT / "gen" / "pitboss.binpb"
PYTHON_PATH = os.pathsep.join(str(folder) for folder in (ROOT / "gen", ROOT, ROOT / "sdk"))
