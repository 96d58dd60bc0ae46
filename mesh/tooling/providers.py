"""docs/providers.md and k8s/adapters/, from the manifests in `provider_adapters/`."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Manifest = Mapping[str, Any]

TEMPLATES = Path(__file__).parent / "templates"

GRPC_PORT = 8443
CALLBACK_PORT = 8080

_COLUMNS = ("title", "owner", "api_version", "quality", "money_unit", "decimals", "proof", "id_scope")

HEAD = """<!-- Generated from the manifests in provider_adapters/ by `make generate`. -->
# Providers

| name | title | owner | API | quality | money on the wire | decimals | proof | transaction ids | answers within |
|---|---|---|---|---|---|---|---|---|---|
"""


def manifests(root: Path) -> list[Manifest]:
    """Every provider's manifest, by name. Folders that begin with `_` are not providers."""
    paths = sorted((root / "provider_adapters").glob("[!_]*/manifest.toml"))
    return [tomllib.loads(path.read_text()) for path in paths]


def write_providers(root: Path, out: Path) -> None:
    """Write the page and the manifests below `out`."""
    found = manifests(root)
    (out / "docs").mkdir(exist_ok=True)
    (out / "docs" / "providers.md").write_text("\n".join(page(found)))
    folder = out / "k8s" / "adapters"
    folder.mkdir(parents=True)
    for manifest in found:
        fill(TEMPLATES / "adapter", folder / object_name(manifest), manifest)
    write_index(folder, found)
    write_certificates(folder / "certificates", found)


def page(found: Sequence[Manifest]) -> Iterator[str]:
    """The lines of docs/providers.md."""
    yield HEAD + "".join(row(manifest) for manifest in found)
    for manifest in found:
        yield f"## {manifest['title']}\n"
        yield f"- Capabilities: {', '.join(manifest['capabilities'])}"
        yield f"- Currencies: {', '.join(manifest['currency_codes'])}"
        yield f"- Delivery: {delivery(manifest)}"
        yield f"- Reply to a cancel of an unknown bet: {manifest['unknown_cancel_reply']}"
        yield f"- Codes after which the provider cancels: {', '.join(manifest['cancel_trigger_codes']) or 'none'}\n"


def delivery(manifest: Manifest) -> str:
    """How messages are repeated, for people; `GetDeliveryPolicy` tells programs the same."""
    bets = "a bet is sent once" if manifest["bet_attempts"] == 1 else f"a bet is sent {manifest['bet_attempts']} times"
    often = f"{manifest['retry_attempts']} times" if manifest["retry_attempts"] else "until there is an answer"
    first, longest = manifest["retry_first_ms"], manifest["retry_longest_ms"]
    return (
        f"waits {manifest['provider_timeout_ms']} ms; {bets} before it is cancelled; wins and cancels are repeated {often}, "
        f"after {first} ms at first, then {manifest['retry_factor']} times as long, {longest} ms at most"
    )


def row(manifest: Manifest) -> str:
    """One provider in the table."""
    budget = manifest["provider_timeout_ms"] - manifest["margin_ms"]
    cells = [
        f"[{manifest['name']}](../provider_adapters/{manifest['name']}/README.md)",
        *(str(manifest[key]) for key in _COLUMNS),
        f"{budget} ms",
    ]
    return f"| {' | '.join(cells)} |\n"


def object_name(manifest: Manifest) -> str:
    """The provider's name in Kubernetes, which knows no underscores."""
    return f"adapter-{manifest['name'].replace('_', '-')}"


def fill(templates: Path, folder: Path, manifest: Manifest) -> None:
    """Write every template of a folder with the provider's names in it."""
    folder.mkdir()
    for template in sorted(templates.glob("*.yaml.template")):
        (folder / template.stem).write_text(filled(template, manifest))


def filled(template: Path, manifest: Manifest) -> str:
    """One template with the provider's names in it."""
    names = {"provider": manifest["name"], "name": object_name(manifest)}
    return string.Template(template.read_text()).substitute(names)


def write_index(folder: Path, found: Sequence[Manifest]) -> None:
    """What all adapters have in common: the list of folders, and where each adapter is."""
    names = [object_name(manifest) for manifest in found]
    dump(folder / "kustomization.yaml", {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*names, "addresses.yaml"],
    })  # fmt: skip
    dump(folder / "addresses.yaml", {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "adapters"},
        "data": {
            "PITBOSS_ADAPTERS": addresses(found, GRPC_PORT),
            "PITBOSS_GATEWAY_CALLBACKS": addresses(found, CALLBACK_PORT),
        },
    })  # fmt: skip


def write_certificates(folder: Path, found: Sequence[Manifest]) -> None:
    """The adapters' certificates, for clusters where cert-manager makes them."""
    folder.mkdir()
    for manifest in found:
        text = filled(TEMPLATES / "certificate.yaml.template", manifest)
        (folder / f"{object_name(manifest)}.yaml").write_text(text)
    dump(folder / "kustomization.yaml", {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": [f"{object_name(manifest)}.yaml" for manifest in found],
    })  # fmt: skip


def addresses(found: Sequence[Manifest], port: int) -> str:
    """`name=host:port,...` of one port of every adapter."""
    return ",".join(f"{manifest['name']}={object_name(manifest)}:{port}" for manifest in found)


def dump(path: Path, content: Mapping[str, Any]) -> None:
    """Write YAML under the mark of generated files."""
    text = yaml.dump(content, Dumper=IndentedLists, sort_keys=False, width=4096)
    path.write_text("# Generated by `make generate`.\n" + text)


class IndentedLists(yaml.SafeDumper):
    """Lists are indented below their key, as in the files written by hand."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)
