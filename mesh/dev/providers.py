"""Which providers there are: every folder in `provider_adapters` with a manifest. There is no list to edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.dev.errors import StackError
from mesh.dev.paths import ROOT

FOLDER = ROOT / "provider_adapters"
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as the development stack sees it, from its `sandbox.toml`."""

    name: str
    credentials: Mapping[str, Mapping[str, str]]
    """Recipe for both sides' credential files (see `secrets.provider_credentials`)."""
    account: Mapping[str, Any]
    """Fields of the provider account that each demo licensee gets, as in PutProviderRequest's JSON."""
    on_request: bool = False
    """Started only when somebody asks for it: each provider costs two processes."""


def discover(folder: Path = FOLDER) -> tuple[Provider, ...]:
    """The providers that can be started, by name."""
    manifests = sorted(folder.glob("[a-z]*/manifest.toml"))
    return tuple(_read(manifest.parent) for manifest in manifests if (manifest.parent / "sandbox.toml").exists())


def choose(names: frozenset[str], folder: Path = FOLDER) -> tuple[Provider, ...]:
    """The providers of these names, or those that are always started when there are none. "all" are all of them."""
    found = discover(folder)
    if names == {ALL}:
        return found
    unknown = names - {provider.name for provider in found}
    if unknown:
        message = f"no such provider: {', '.join(sorted(unknown))}; there are: {', '.join(one.name for one in found)}"
        raise StackError(message)
    return tuple(one for one in found if (one.name in names if names else not one.on_request))


def _read(folder: Path) -> Provider:
    content = tomllib.loads((folder / "sandbox.toml").read_text(encoding="utf-8"))
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    level = f"REPRODUCTION_LEVEL_{manifest.get('reproduction', 'R1')}"
    sides = {side: content.get(side, {}) for side in ("adapter", "studio")}
    return Provider(
        name=folder.name,
        credentials=sides,
        account={"reproduction_level": level, **content.get("account", {})},
        on_request=content.get("on_request", False),
    )
