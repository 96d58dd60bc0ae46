"""provider_adapters/_kit/manifest.schema.json, from the class that reads a manifest."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

# Named, not imported: this package stands below the adapters.
SOURCE = "provider_adapters._kit.manifest_schema"


def write_manifest_schema(out: Path) -> None:
    """Write the schema below `out`."""
    folder = out / "provider_adapters" / "_kit"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(import_module(SOURCE).schema(), indent=2, ensure_ascii=False)
    (folder / "manifest.schema.json").write_text(text + "\n")
