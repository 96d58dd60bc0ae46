"""Which providers there are: every folder in `provider_adapters` with a manifest. There is no list to edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.dev.paths import ROOT

FOLDER = ROOT / "provider_adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as the development stack sees it, from its `sandbox.toml`."""

    name: str
    credentials: Mapping[str, Mapping[str, str]]
    """Recipe for both sides' credential files (see `secrets.provider_credentials`)."""
    account: Mapping[str, Any]
    """Fields of the provider account that each demo licensee gets, as in PutProviderRequest's JSON."""


def discover(folder: Path = FOLDER) -> tuple[Provider, ...]:
    """The providers that can be started, by name."""
    manifests = sorted(folder.glob("[a-z]*/manifest.toml"))
    return tuple(_read(manifest.parent) for manifest in manifests if (manifest.parent / "sandbox.toml").exists())


def _read(folder: Path) -> Provider:
    content = tomllib.loads((folder / "sandbox.toml").read_text(encoding="utf-8"))
    sides = {side: content.get(side, {}) for side in ("adapter", "studio")}
    return Provider(name=folder.name, credentials=sides, account=content.get("account", {}))
