"""Render everything in k8s/ that can be applied, and check it against the schemas of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate

from mesh.tooling.kustomize import Document, RenderError, render

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
VERSION = "1.32"
"""The oldest Kubernetes the manifests are for."""

FOREIGN = {"cert-manager.io/v1"}
"""Kinds of other projects, whose schemas are not at hand; tests/unit/k8s looks at the fields we use."""


def applicable() -> list[Path]:
    """Folders that an operator applies."""
    return [*sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml")), K8S / "migrations"]


def problems(document: Document) -> Iterator[str]:
    """What the schema says against an object."""
    name = f"{document['kind']} {document['metadata']['name']}"
    if document["apiVersion"] in FOREIGN:
        return
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{name}: {'.'.join(str(part) for part in error.path)}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"{name}: {document['apiVersion']} has no such kind"


def main() -> None:
    """Check all, and name everything that is wrong."""
    found = []
    for folder in applicable():
        try:
            documents = render(folder)
        except RenderError as error:
            found.append(str(error))
            continue
        found += [f"{folder.relative_to(ROOT)}: {problem}" for each in documents for problem in problems(each)]
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
