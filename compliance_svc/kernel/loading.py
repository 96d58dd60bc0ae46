"""Reading packs from files. The only module of the kernel that does I/O or knows YAML."""

import base64
import json
from collections.abc import Hashable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.fields import PackError
from compliance_svc.kernel.local_time import to_us
from compliance_svc.kernel.pack import PackLibrary
from compliance_svc.kernel.release import Keyring, PackKey, Role

SHIPPED: Final = Path(__file__).parent.parent / "packs"
"""The packs that come with this package: one folder per pack, one file per version."""


def load_library(directory: Path = SHIPPED, *, allow_sandbox: bool = False) -> PackLibrary:
    """Read every pack of a directory. The sandbox is left out unless it is allowed.

    PackError, which names the file and the field, if one of them cannot be loaded.
    """
    documents = [document for document in load_documents(directory) if allow_sandbox or not document.sandbox]
    if not documents:
        message = f"{directory}: no packs"
        raise PackError(message)
    return PackLibrary(document.compile() for document in documents)


def load_documents(directory: Path = SHIPPED) -> tuple[PackDocument, ...]:
    """Read every pack of a directory as data, with what it inherits."""
    paths = sorted(directory.glob("*/*.yaml"))
    documents = {(document.name, document.version): document for document in map(_read, paths)}
    return tuple(resolve_with(document, documents) for document in documents.values())


def parse_document(text: str, where: str) -> PackDocument:
    """Read one pack from text, without what it inherits."""
    try:
        value = yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader that also refuses double keys
    except yaml.YAMLError as problem:
        message = f"{where}: not readable: {' '.join(str(problem).split())}"
        raise PackError(message) from problem
    return PackDocument.parse(value, where)


def parse_json(text: str, where: str) -> PackDocument:
    """Read one pack as services send and store it."""
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except ValueError as problem:
        message = f"{where}: not readable: {problem}"
        raise PackError(message) from problem
    return PackDocument.parse(value, where)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        message = "a key is there twice"
        raise ValueError(message)
    return value


def _read(path: Path) -> PackDocument:
    document = parse_document(path.read_text(encoding="utf-8"), str(path))
    if (document.name, document.version) != (path.parent.name, path.stem):
        message = f"{path}: holds {document.name}@{document.version}, which belongs into {document.name}/{document.version}.yaml"
        raise PackError(message)
    return document


def load_keys(path: Path | None) -> Keyring:
    """Read the public keys of those who sign packs. Without a file there are none. PackError if the file is none.

    `{"keys": [{"id", "role": "compliance" or "legal", "person", "public_key": base64, "from"?, "until"?}]}`
    """
    if path is None:
        return {}
    try:
        keys = [_key(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["keys"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        message = f"{path}: no register of keys: {type(problem).__name__}: {problem}"
        raise PackError(message) from problem
    if len({key.id for key in keys}) < len(keys):
        message = f"{path}: a key is there twice"
        raise PackError(message)
    return {key.id: key for key in keys}


def _key(entry: dict[str, str]) -> PackKey:
    if not entry["person"].strip():
        message = f"key {entry['id']} belongs to nobody"
        raise ValueError(message)
    return PackKey(
        id=entry["id"],
        role=Role(entry["role"]),
        person=entry["person"],
        public_key=base64.b64decode(entry["public_key"], validate=True),
        from_us=_moment(entry.get("from")),
        until_us=_moment(entry.get("until")),
    )


def _moment(text: str | None) -> int | None:
    return None if text is None else to_us(datetime.fromisoformat(text))


def resolve_with(document: PackDocument, documents: dict[tuple[str, str], PackDocument]) -> PackDocument:
    """Return a pack with what it inherits from one of these, and that from another one. PackError if it is none of them."""
    return _resolved(document, documents, ())


def _resolved(
    document: PackDocument, documents: dict[tuple[str, str], PackDocument], heirs: tuple[str, ...]
) -> PackDocument:
    if document.inherits is None:
        return document.resolved(None)
    name, _, version = document.inherits.partition("@")
    parent = documents.get((name, version))
    if parent is None or document.inherits in heirs:
        raise document.error(f"inherits {document.inherits}, which is not a pack that can stand")
    return document.resolved(_resolved(parent, documents, (*heirs, document.inherits)))


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a mapping with the same key twice: the later one would win unseen."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: ANN401, FBT001, FBT002 - the signature is PyYAML's
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) > len({str(key) for key in keys}):
            raise yaml.constructor.ConstructorError(None, None, "a key is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
