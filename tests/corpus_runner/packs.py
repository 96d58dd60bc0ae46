"""The law packs of a case, as files that processes load."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.parameters import file_content, with_parameters
from mesh.clock import to_us


def write_packs(packs: dict[str, list[dict[str, Any]]], folder: str) -> Path | None:
    """Write the shipped packs, with those of a case in their place. None if a case has none of its own."""
    if not packs:
        return None
    for document in load_documents():
        versions = packs.get(document.name)
        for one in [document] if versions is None else [_version(document, version) for version in versions]:
            path = Path(folder) / one.name / f"{one.version}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(file_content(one), sort_keys=False))
    return Path(folder)


def _version(document: PackDocument, version: dict[str, Any]) -> PackDocument:
    changed = with_parameters(document, version["set"])
    return replace(changed, version=version["version"], effective_from=_wall_time(version["from"], document.zone))


def _wall_time(moment: str, zone: str) -> str:
    """An instant as packs write it. ValueError for one that the clock of the zone shows twice and means the first."""
    instant = datetime.fromisoformat(moment)
    written = f"{instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()}[{zone}]"
    if start_us(written) != to_us(instant):
        raise ValueError(f"{moment} cannot be written as a wall time of {zone}")
    return written
