"""Files with secrets in them: readable by their owner alone, never half written."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a 0600 file and move it into place, because Envoy and readers watch for moves."""
    private_directory(path.parent)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    part.replace(path)
    return path


def write_private_json(path: Path, content: object) -> Path:
    """The same, for a JSON document."""
    return write_private(path, json.dumps(content, indent=2) + "\n")


def private_directory(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for their owner alone."""
    if not path.is_dir():
        private_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
