"""The packs of a golden case: the shipped ones, with single values set."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from compliance_svc.kernel import Pack, PackLibrary
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.local_time import to_us
from compliance_svc.kernel.pack import ALWAYS
from compliance_svc.kernel.parameters import UnknownParameterError, with_parameters


class UnsupportedError(Exception):
    """The kernel alone has no such thing."""


def instant(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


class Packs:
    """The pack versions of a case."""

    def __init__(self, packs: list[tuple[PackDocument, Pack]]) -> None:
        self.library = PackLibrary(pack for _, pack in packs)
        self._packs = packs

    def __deepcopy__(self, memo: dict[int, Any]) -> "Packs":
        return self

    def versions_of(self, name: str) -> list[PackDocument]:
        return [document for document, pack in self._packs if pack.name == name]

    def version(self, name: str, version: str) -> Pack:
        return next(pack for _, pack in self._packs if (pack.name, pack.version) == (name, version))

    def pack_of(self, territory: str | None, default: str) -> str:
        """Return the pack of a residence: `default` where it is the territory of no pack."""
        return next(
            (document.name for document, _ in self._packs if territory and document.territory == territory), default
        )


@cache
def _shipped() -> dict[str, PackDocument]:
    # Of several versions the first: the cases are from before the others begin.
    return {document.name: document for document in reversed(load_documents()) if not document.sandbox}


def case_packs(given: dict[str, Any]) -> Packs:
    shipped = _shipped()
    named = {player["pack"] for player in given["players"].values()}
    unknown = named - set(shipped)
    if unknown:
        raise UnsupportedError(f"pack {min(unknown)}")
    packs = []
    for name in sorted(shipped):
        for version in given.get("packs", {}).get(name, [{"version": "1", "from": None, "set": {}}]):
            document = replace(_changed(shipped[name], version["set"]), version=version["version"])
            from_us = ALWAYS if version["from"] is None else instant(version["from"])
            packs.append((document, replace(document.compile(), from_us=from_us)))
    return Packs(packs)


def _changed(document: PackDocument, values: dict[str, Any]) -> PackDocument:
    try:
        return with_parameters(document, values)
    except UnknownParameterError as problem:
        raise UnsupportedError(str(problem)) from problem
