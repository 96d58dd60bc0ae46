"""Render the part of kustomize that k8s/ uses, so that manifests are checked on machines without kubectl.

What it does not know it refuses: an overlay that needs more must extend this file, and the test that
compares it with the real kustomize.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

KNOWN = {"apiVersion", "kind", "resources", "components", "namespace", "images", "replicas", "patches"}
CLUSTER_WIDE = {"Namespace"}
SCALABLE = {"Deployment", "StatefulSet"}


class RenderError(Exception):
    """A kustomization that cannot be rendered."""


def render(folder: Path) -> list[Document]:
    """Every object of a kustomization, as `kubectl kustomize` would print them (in another order)."""
    kustomization = read_kustomization(folder)
    documents = [document for name in kustomization.get("resources", []) for document in load(folder / name)]
    return transform(documents, folder, kustomization)


def read_kustomization(folder: Path) -> Document:
    """A folder's kustomization.yaml, if this renderer understands all of it."""
    content: Document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := content.keys() - KNOWN:
        raise RenderError(f"{folder}: not supported here: {', '.join(sorted(unknown))}")
    return content


def load(path: Path) -> list[Document]:
    """A resource: a file of objects, or a folder with a kustomization of its own."""
    if path.is_dir():
        return render(path)
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def transform(documents: list[Document], folder: Path, kustomization: Document) -> list[Document]:
    """Apply what a kustomization changes, in kustomize's order."""
    for name in kustomization.get("components", []):
        documents = add_component(documents, folder / name)
    for patch in kustomization.get("patches", []):
        apply_patch(documents, patch)
    if namespace := kustomization.get("namespace"):
        set_namespace(documents, namespace)
    for replica in kustomization.get("replicas", []):
        set_replicas(documents, replica["name"], replica["count"])
    for image in kustomization.get("images", []):
        set_image(documents, image)
    refuse_twins(documents)
    return documents


def add_component(documents: list[Document], folder: Path) -> list[Document]:
    """A component sees, and may patch, everything that came before it."""
    component = read_kustomization(folder)
    if component["kind"] != "Component":
        raise RenderError(f"{folder} is not a Component")
    added = [document for name in component.get("resources", []) for document in load(folder / name)]
    return transform([*documents, *added], folder, component)


def apply_patch(documents: Sequence[Document], patch: Mapping[str, Any]) -> None:
    """A JSON patch on every object the target selects; at least one."""
    target = patch["target"]
    operations = yaml.safe_load(patch["patch"])
    if not isinstance(operations, list) or target.keys() - {"kind", "name"}:
        raise RenderError(f"only JSON patches on kind and name are supported: {target}")
    chosen = [document for document in documents if selected(document, target)]
    if not chosen:
        raise RenderError(f"a patch has no target: {target}")
    for document in chosen:
        for operation in operations:
            change(document, copy.deepcopy(operation))


def selected(document: Document, target: Mapping[str, str]) -> bool:
    """Whether the target means this object."""
    actual = {"kind": document["kind"], "name": document["metadata"]["name"]}
    return target.items() <= actual.items()


def change(document: Document, operation: Mapping[str, Any]) -> None:
    """One operation of a JSON patch."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    place: Any = document
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    match operation["op"], place:
        case "add", list():
            place.insert(len(place) if last == "-" else int(last), operation["value"])
        case "add", dict():
            place[last] = operation["value"]
        case "replace", list():
            place[int(last)] = operation["value"]
        case "replace", dict() if last in place:
            place[last] = operation["value"]
        case "remove", list():
            del place[int(last)]
        case "remove", dict() if last in place:
            del place[last]
        case _:
            raise RenderError(f"cannot {operation['op']} {operation['path']}")


def set_namespace(documents: Sequence[Document], namespace: str) -> None:
    """Put every object that lives in a namespace into this one."""
    for document in documents:
        if document["kind"] not in CLUSTER_WIDE:
            document["metadata"]["namespace"] = namespace


def set_replicas(documents: Sequence[Document], name: str, count: int) -> None:
    """Set how many copies of a workload run."""
    found = [each for each in documents if each["kind"] in SCALABLE and each["metadata"]["name"] == name]
    if not found:
        raise RenderError(f"replicas name nothing: {name}")
    for document in found:
        document["spec"]["replicas"] = count


def set_image(documents: Sequence[Document], image: Mapping[str, str]) -> None:
    """Replace an image's name and tag wherever it is used."""
    for container in all_containers(documents):
        name, _, tag = container["image"].partition(":")
        if name == image["name"]:
            tag = image.get("newTag", tag)
            container["image"] = image.get("newName", name) + (f":{tag}" if tag else "")


def all_containers(documents: Sequence[Document]) -> Iterator[Document]:
    """Every container of every workload."""
    for document in documents:
        pod = document.get("spec", {}).get("template", {}).get("spec", {})
        yield from pod.get("initContainers", [])
        yield from pod.get("containers", [])


def refuse_twins(documents: Sequence[Document]) -> None:
    """Two objects of one kind and name would overwrite each other in the cluster."""
    seen = set()
    for document in documents:
        key = (document["apiVersion"], document["kind"], document["metadata"]["name"])
        if key in seen:
            raise RenderError(f"twice: {key}")
        seen.add(key)
