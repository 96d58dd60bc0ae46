"""The rendered manifests, as the policy tests look at them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mesh.tooling.kustomize import Document, render
from mesh.tooling.manifests import applicable

WORKLOADS = {"Deployment", "StatefulSet"}


@cache
def rendered(folder: Path) -> tuple[Document, ...]:
    return tuple(render(folder))


def everything() -> list[tuple[str, Document]]:
    """Every object an operator may apply, with a name for messages."""
    return [(label(folder, document), document) for folder in applicable() for document in rendered(folder)]


def label(folder: Path, document: Document) -> str:
    return f"{folder.name}/{document['kind']}/{document['metadata']['name']}"


def of_kind(*kinds: str) -> list[Any]:
    """Objects of some kinds as test parameters."""
    return [pytest.param(document, id=name) for name, document in everything() if document["kind"] in kinds]


def in_overlay(overlay: str) -> dict[tuple[str, str], Document]:
    """The objects of one overlay by kind and name."""
    folder = next(folder for folder in applicable() if folder.name == overlay)
    return {(each["kind"], each["metadata"]["name"]): each for each in rendered(folder)}


def pod(document: Document) -> Document:
    spec: Document = document["spec"]["template"]["spec"]
    return spec


def containers(document: Document) -> Iterator[Document]:
    yield from pod(document).get("initContainers", [])
    yield from pod(document)["containers"]


def environment(document: Document, overlay: str) -> dict[str, str]:
    """What the first container's environment will hold; values from secrets are only named."""
    found = {}
    objects = in_overlay(overlay)
    container = pod(document)["containers"][0]
    for source in container.get("envFrom", []):
        found.update(objects["ConfigMap", source["configMapRef"]["name"]]["data"])
    for variable in container["env"]:
        found[variable["name"]] = variable.get("value", f"from {variable.get('valueFrom')}")
    return found
