"""The packs of a golden case: the shipped ones, with single values set."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from compliance_svc.kernel import Pack, PackLibrary
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.local_time import to_us
from compliance_svc.kernel.pack import ALWAYS
from compliance_svc.kernel.rules.age import MinimumAge
from compliance_svc.kernel.rules.games import CycleInterval, StakeCap
from compliance_svc.kernel.rules.policies import LimitChange


class UnsupportedError(Exception):
    """The kernel alone has no such thing."""


def instant(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


class Packs:
    """The pack versions of a case."""

    def __init__(self, packs: list[tuple[PackDocument, Pack]]) -> None:
        self.library = PackLibrary(pack for _, pack in packs)
        self._packs = packs

    def versions_of(self, name: str) -> list[PackDocument]:
        return [document for document, pack in self._packs if pack.name == name]

    def version(self, name: str, version: str) -> Pack:
        return next(pack for _, pack in self._packs if (pack.name, pack.version) == (name, version))


def case_packs(given: dict[str, Any]) -> Packs:
    shipped = {document.name: document for document in load_documents() if not document.sandbox}
    names = {player["pack"] for player in given["players"].values()}
    packs = []
    for name in sorted(names):
        if name not in shipped:
            raise UnsupportedError(f"pack {name}")
        for version in given.get("packs", {}).get(name, [{"version": "1", "from": None, "set": {}}]):
            document = replace(_changed(shipped[name], version["set"]), version=version["version"])
            from_us = ALWAYS if version["from"] is None else instant(version["from"])
            packs.append((document, replace(document.compile(), from_us=from_us)))
    return Packs(packs)


def _changed(document: PackDocument, values: dict[str, Any]) -> PackDocument:
    for name, value in values.items():
        if name not in _PARAMETERS:
            raise UnsupportedError(f"parameter {name}")
        label, change = _PARAMETERS[name]
        rules = [
            replace(rule, params=change(rule.params, value)) if rule.label == label else rule for rule in document.rules
        ]
        if tuple(rules) == document.rules:
            raise UnsupportedError(f"parameter {name} of {document.name}")
        document = replace(document, rules=tuple(rules))
    return document


def _cap(cap: StakeCap, value: Any, *, young: bool) -> StakeCap:
    caps = (
        StakeCap.parse(Fields({"bands": [{"caps": value if isinstance(value, list) else [value]}]}, "set"))
        .bands[0]
        .caps
    )
    bands = [replace(band, caps=caps) if (band.age_below is not None) is young else band for band in cap.bands]
    return replace(cap, bands=tuple(bands))


_PARAMETERS: Final[dict[str, tuple[str, Callable[[Any, Any], Any]]]] = {
    "age_min": (MinimumAge.name, lambda rule, value: replace(rule, years=value)),
    "increase_delay_s": (LimitChange.name, lambda rule, value: replace(rule, increase_delay_s=value)),
    "min_interval_ms.slot": (f"{CycleInterval.name}/slot", lambda rule, value: replace(rule, ms=value)),
    "min_interval_ms.table": (f"{CycleInterval.name}/table", lambda rule, value: replace(rule, ms=value)),
    "stake_cap.slot": (f"{StakeCap.name}/slot", lambda rule, value: _cap(rule, value, young=False)),
    "stake_cap.slot.young": (f"{StakeCap.name}/slot", lambda rule, value: _cap(rule, value, young=True)),
    "stake_cap.table": (f"{StakeCap.name}/table", lambda rule, value: _cap(rule, value, young=False)),
}
