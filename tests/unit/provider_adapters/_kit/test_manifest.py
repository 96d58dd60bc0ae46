from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from provider_adapters._kit import manifest
from provider_adapters._kit.manifest import Capability, ManifestError

FOLDER = Path("provider_adapters")
SHIPPED = sorted(path.parent for path in FOLDER.glob("[a-z]*/manifest.toml"))


@pytest.fixture
def content() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "hub88_style" / "manifest.toml").read_text())


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_manifest_can_be_used(folder: Path) -> None:
    assert manifest.load(folder).name == folder.name


def test_the_budget_of_a_callback_is_shorter_than_the_providers_patience(content: dict[str, Any]) -> None:
    found = manifest.parse({**content, "provider_timeout_ms": 2000, "margin_ms": 150}, "hub88_style")
    assert found.budget_s == pytest.approx(1.85)


def test_an_agreed_timeout_takes_the_place_of_the_manifests(content: dict[str, Any]) -> None:
    found = manifest.parse({**content, "provider_timeout_ms": 2000, "margin_ms": 150}, "hub88_style")
    assert found.agreed(0) == found
    assert found.agreed(8000).budget_s == pytest.approx(7.85)
    with pytest.raises(ManifestError, match="above margin_ms"):
        found.agreed(150)


def test_capabilities_are_values_of_the_closed_list(content: dict[str, Any]) -> None:
    assert Capability.BET in manifest.parse(content, "hub88_style").capabilities


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"quality": "platinum"}, "quality must be one of"),
        ({"capabilities": ["bet", "teleport"]}, "unknown capability 'teleport'"),
        ({"capabilities": ["bet", "bet"]}, "names something twice"),
        ({"currency_codes": ["euro"]}, "not a currency code"),
        ({"currency_codes": "EUR"}, "must be a list of texts"),
        ({"margin_ms": 2000}, "below provider_timeout_ms"),
        ({"max_body_bytes": True}, "whole number above zero"),
        ({"outbound_timeout_ms": 0}, "whole number above zero"),
        ({"name": "other"}, "the folder's name"),
        ({"title": ""}, "title must be a text"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"token_grace_ms": -1}, "token_grace_ms must be a whole number"),
        ({"token_grace_ms": 5000}, "token_grace_ms needs the capability token_swap"),
    ],
)
def test_a_wrong_value_is_named(content: dict[str, Any], change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ManifestError, match=complaint):
        manifest.parse({**content, **change}, "hub88_style")


def test_every_missing_key_is_named_at_once(content: dict[str, Any]) -> None:
    del content["owner"], content["quality"]
    with pytest.raises(ManifestError, match=r"missing key 'owner'; missing key 'quality'"):
        manifest.parse(content, "hub88_style")


def test_a_folder_without_a_manifest_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        manifest.load(tmp_path)
