"""Our renderer does what kustomize does, and refuses what it cannot do."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh.tooling import kustomize
from mesh.tooling.manifests import applicable

PLAIN = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
WORKLOAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "wallet"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "wallet", "image": "pitboss"}]}}},
}


def write(folder: Path, kustomization: dict[str, Any], **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(json.dumps({**PLAIN, **kustomization}))
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content))
    return folder


def by_name(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(documents, key=lambda each: (each["kind"], each["metadata"]["name"]))


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not here to compare with")
@pytest.mark.parametrize("folder", applicable(), ids=lambda folder: folder.name)
def test_our_manifests_render_as_the_real_kustomize_renders_them(folder: Path) -> None:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
    assert by_name(kustomize.render(folder)) == by_name(list(yaml.safe_load_all(done.stdout)))


def test_an_overlay_sets_namespace_replicas_image_and_patches(tmp_path: Path) -> None:
    write(tmp_path / "base", {"resources": ["wallet.yaml"]}, wallet=WORKLOAD)
    patch = [{"op": "add", "path": "/metadata/annotations", "value": {"a~b": "c"}}]
    overlay = write(
        tmp_path / "overlay",
        {
            "resources": ["../base"],
            "namespace": "pitboss",
            "replicas": [{"name": "wallet", "count": 3}],
            "images": [{"name": "pitboss", "newName": "example.com/pitboss", "newTag": "1.2"}],
            "patches": [{"target": {"kind": "Deployment"}, "patch": json.dumps(patch)}],
        },
    )
    (document,) = kustomize.render(overlay)
    assert document["metadata"] == {"name": "wallet", "annotations": {"a~b": "c"}, "namespace": "pitboss"}
    assert document["spec"]["replicas"] == 3
    assert document["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/pitboss:1.2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"resources": ["wallet.yaml"], "helmCharts": []},
        {"resources": ["wallet.yaml", "wallet.yaml"]},
        {"resources": ["wallet.yaml"], "replicas": [{"name": "other", "count": 2}]},
        {"resources": ["wallet.yaml"], "patches": [{"target": {"kind": "Service"}, "patch": "[]"}]},
        {"resources": ["wallet.yaml"], "patches": [{"target": {"kind": "Deployment"}, "patch": "spec: {}"}]},
        {
            "resources": ["wallet.yaml"],
            "patches": [
                {"target": {"kind": "Deployment"}, "patch": '[{"op": "replace", "path": "/spec/x", "value": 1}]'}
            ],
        },
    ],
    ids=["unknown feature", "object twice", "replicas of nothing", "patch of nothing", "merge patch", "no such field"],
)
def test_what_cannot_be_rendered_faithfully_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    folder = write(tmp_path, wrong, wallet=WORKLOAD)
    with pytest.raises(kustomize.RenderError):
        kustomize.render(folder)
