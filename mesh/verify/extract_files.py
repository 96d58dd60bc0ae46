"""Reads the files of an extract: JSON, XML without anything but elements, and a seal. Written from docs/compliance/extracts.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

_LISTS: Final = {
    "ledger": "shard",
    "totals": "total",
    "rounds": "round",
    "sessions": "session",
    "packs": "pack",
    "anomalies": "anomaly",
    "postings": "posting",
}
"""Elements of XML that hold a list, and the name of its items."""


class ExtractError(ValueError):
    """A file is no extract, or not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of one extract."""

    path: Path
    json: bytes
    xml: bytes
    seal: bytes | None

    @property
    def document(self) -> dict[str, Any]:
        """What the JSON file says. Raises ExtractError."""
        try:
            found = json.loads(self.json)
            named = found["schema"], found["market"], found["licensee"], found["batch"]["sequence"], found["rounds"]
        except (ValueError, KeyError, TypeError) as error:
            raise ExtractError(f"{self.path} is no extract: {error!r}") from None
        if not isinstance(named[-1], list) or not str(named[0]).startswith("pitboss-extract-"):
            raise ExtractError(f"{self.path} is no extract")
        return dict(found)

    @property
    def manifest(self) -> str:
        """The schema, and SHA-256 of both files in hexadecimal."""
        lines = (self.document["schema"], _sha256(self.json), _sha256(self.xml))
        return "".join(f"{line}\n" for line in lines)

    @property
    def digest(self) -> str:
        """The digest of the extract."""
        return _sha256(self.manifest.encode())


def read_files(path: Path) -> Files:
    """The extract of a JSON file, with the files beside it. Raises OSError, ExtractError."""
    if path.suffix != ".json" or path.name.endswith(".seal.json"):
        raise ExtractError(f"{path} is not the JSON file of an extract")
    seal = path.with_suffix(".seal.json")
    return Files(
        path=path,
        json=path.read_bytes(),
        xml=path.with_suffix(".xml").read_bytes(),
        seal=seal.read_bytes() if seal.exists() else None,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(slots=True)
class _Node:
    name: str
    children: list[_Node] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def value(self) -> object:
        """Lists and objects as in JSON; every other value as its text."""
        if self.name in _LISTS:
            if any(each.name != _LISTS[self.name] for each in self.children):
                raise ExtractError(f"<{self.name}> has another element than <{_LISTS[self.name]}>")
            return [each.value() for each in self.children]
        if not self.children:
            return "".join(self.text)
        found = {each.name: each.value() for each in self.children}
        if len(found) != len(self.children) or "".join(self.text).strip():
            raise ExtractError(f"<{self.name}> has an element twice, or text between elements")
        return found


def parse_xml(content: bytes) -> tuple[str, dict[str, Any]]:
    """Namespace and content of an XML file. Document types, entities and attributes are refused. Raises ExtractError."""
    root = _Node("")
    stack, spaces = [root], list[str]()

    def start(name: str, attributes: Mapping[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if attributes:
            raise ExtractError(f"<{local}> has attributes")
        spaces.append(space)
        node = _Node(local)
        stack[-1].children.append(node)
        stack.append(node)

    def read(text: str) -> None:
        stack[-1].text.append(text)

    def end(_name: str) -> None:
        stack.pop()

    def refuse(*_: object) -> None:
        raise ExtractError("the file has a document type or an instruction, and an extract has none")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = read
    # Entities can only be declared within a document type.
    parser.StartDoctypeDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the library takes it by position
    except expat.ExpatError as error:
        raise ExtractError(f"the file is no XML: {error}") from None
    (top,) = root.children
    found = top.value()
    if top.name != "extract" or len(set(spaces)) != 1 or not isinstance(found, dict):
        raise ExtractError("the file is no <extract> of one namespace")
    return spaces[0], found


def texts(value: object) -> object:
    """A document of JSON with every value as the text that it has in XML. What is empty is an empty text."""
    if isinstance(value, Mapping):
        return {name: texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [texts(each) for each in value]
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
