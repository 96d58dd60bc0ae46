"""A pack as data: checked field by field, inherited, made canonical, compiled."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Self, cast
from zoneinfo import ZoneInfoNotFoundError

from compliance_svc.kernel.actions import Category
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.canonical import Json, dumps
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.limits import CALENDAR, ROLLING
from compliance_svc.kernel.local_time import instant
from compliance_svc.kernel.pack import ALWAYS, NamedRule, NamedWatch, Pack
from compliance_svc.kernel.rules import KINDS, REQUIRED, CompiledKind, Policy
from compliance_svc.kernel.rules.policies import ContactAbove
from compliance_svc.kernel.rules.watching import Watch
from compliance_svc.kernel.zones import load_zone

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,15}")
_PARENT: Final = re.compile(r"[a-z][a-z0-9-]{0,15}@[A-Za-z0-9._-]{1,32}")
_VERSION: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_FROM: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\[([A-Za-z0-9_+/-]+)\]")
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule comes from, how good the evidence is, and when somebody looked."""

    ref: str
    evidence: str
    """P: the rule-maker's own text. S: a secondary text. I: inferred."""
    checked: str

    @classmethod
    def parse(cls, given: Fields) -> Self:
        """Read `ref`, `evidence` and `checked`."""
        source = cls(
            ref=given.text("ref"), evidence=given.text("evidence", "P", "S", "I"), checked=given.text("checked")
        )
        try:
            date.fromisoformat(source.checked)
        except ValueError as problem:
            raise given.error(f"checked must be a date: {problem}") from problem
        given.done()
        return source


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDocument:
    """One rule of a pack."""

    kind: str
    category: Category | None
    requirement: str
    params: CompiledKind | Policy | Watch
    source: Source

    @property
    def label(self) -> str:
        """The name in reasons and in `removes`; unique in a pack."""
        suffix = getattr(self.params, "suffix", "") if self.category is None else self.category.value
        return f"{self.kind}/{suffix}" if suffix else self.kind

    @classmethod
    def parse(cls, given: Fields) -> Self:
        """Read a rule; an unknown kind or a missing source is an error."""
        kind = given.text("kind")
        if kind not in KINDS:
            raise given.error(f"unknown kind of rule {kind!r}")
        category = Category(given.text("category", *Category)) if KINDS[kind].per_category else None
        requirement = given.text("requirement")
        values = given.mapping("params", default={})
        params = KINDS[kind].parse(values)
        values.done()
        rule = cls(
            kind=kind,
            category=category,
            requirement=requirement,
            params=params,
            source=Source.parse(given.mapping("source")),
        )
        given.done()
        return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDocument:
    """One version of a pack, as written and checked. `resolved` adds what it inherits."""

    format: int

    name: str
    version: str
    effective_from: str
    inherits: str | None
    zone: str
    currency: str
    territory: str | None
    windows: tuple[str, ...]
    sandbox: bool
    removes: tuple[str, ...]
    rules: tuple[RuleDocument, ...]

    @classmethod
    def parse(cls, value: object, where: str) -> Self:
        """Check a pack and return it. PackError says where and why."""
        given = Fields(value, where)
        document = cls(
            format=given.whole("format"),
            name=_matching(given, "pack", _NAME),
            version=_matching(given, "version", _VERSION),
            effective_from=given.text("effective_from"),
            inherits=_matching(given, "inherits", _PARENT) if given.has("inherits") else None,
            zone=given.text("zone"),
            currency=_matching(given, "currency", re.compile("[A-Z]{3}")),
            territory=given.text("territory") if given.has("territory") else None,
            windows=given.texts("windows", *(window.value for window in (*ROLLING, *CALENDAR))),
            sandbox=given.flag("sandbox", default=False),
            removes=given.texts("removes") if given.has("removes") else (),
            rules=tuple(RuleDocument.parse(rule) for rule in given.mappings("rules", default=())),
        )
        given.done()
        _check(document)
        return document

    def resolved(self, parent: "PackDocument | None") -> Self:
        """Return the document with those rules of its parent that it neither replaces nor removes."""
        inherited = () if parent is None else parent.rules
        own = {rule.label for rule in self.rules}
        kept = [rule for rule in inherited if rule.label not in own]
        unknown = set(self.removes) - {rule.label for rule in kept}
        if unknown:
            raise self.error(f"removes {min(unknown)}, which it does not inherit")
        rules = [*self.rules, *(rule for rule in kept if rule.label not in self.removes)]
        return replace(self, inherits=None, removes=(), rules=tuple(sorted(rules, key=lambda rule: rule.label)))

    @property
    def content(self) -> str:
        """The canonical JSON. Everything inherited must be in it before it means anything to others."""
        return dumps(plain(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content, in hexadecimal."""
        return sha256(self.content.encode()).hexdigest()

    def error(self, message: str) -> PackError:
        """Return an error about this document."""
        return PackError(f"pack {self.name}@{self.version}: {message}")

    def compile(self) -> Pack:
        """Return the pack to decide with. PackError if a rule is missing that every market has."""
        missing = REQUIRED - {rule.kind for rule in self.rules}
        if self.sandbox and self.rules:
            raise self.error("a sandbox has no rules")
        if missing and not self.sandbox:
            raise self.error(f"rule {min(missing)} is missing")
        content, zone = self.content, load_zone(self.zone)
        return Pack(
            name=self.name,
            version=self.version,
            digest=sha256(content.encode()).hexdigest(),
            content=content,
            zone=zone.times,
            zone_data=zone.data,
            from_us=start_us(self.effective_from),
            effective_from=self.effective_from,
            currency=self.currency,
            territory=self.territory or "",
            rules=tuple(_named(rule) for rule in self.rules if isinstance(rule.params, CompiledKind)),
            watches=tuple(_watch(rule) for rule in self.rules if isinstance(rule.params, Watch)),
            **_policies(self.rules),
        )


def start_us(effective_from: str) -> int:
    """Return the instant of `2026-09-30T00:00:00[Europe/London]` or `always`. ValueError if it is neither."""
    if effective_from == "always":
        return ALWAYS
    match = _FROM.fullmatch(effective_from)
    if match is None:
        message = f"not a wall time with a zone: {effective_from!r}"
        raise ValueError(message)
    return instant(datetime.fromisoformat(match[1]), load_zone(match[2]).times, later=True)


def plain(value: object) -> Json:
    """Return a document, or a part of it, as plain data."""
    match value:
        case Amount():
            return str(value)
        case None | bool() | int() | str():
            return value
        case tuple():
            return [plain(item) for item in value]
        case _:
            return {field.name: plain(getattr(value, field.name)) for field in fields(cast("Any", value))}


def _named(rule: RuleDocument) -> NamedRule:
    return NamedRule(label=rule.label, category=rule.category, params=cast("CompiledKind", rule.params))


def _watch(rule: RuleDocument) -> NamedWatch:
    return NamedWatch(label=rule.label, requirement=rule.requirement, params=cast("Watch", rule.params))


def _policies(rules: Iterable[RuleDocument]) -> dict[str, Any]:
    policies = [rule.params for rule in rules if isinstance(rule.params, Policy)]
    contacts = tuple(policy for policy in policies if isinstance(policy, ContactAbove))
    others = {policy.name: policy for policy in policies if not isinstance(policy, ContactAbove)}
    return {**others, "contacts": contacts}


def _matching(given: Fields, name: str, pattern: re.Pattern[str]) -> str:
    value = given.text(name)
    if pattern.fullmatch(value) is None:
        raise given.error(f"{name} must match {pattern.pattern}, not {value!r}")
    return value


def _check(document: PackDocument) -> None:
    if document.format != _FORMAT:
        raise document.error(f"format must be {_FORMAT}")
    labels = [rule.label for rule in document.rules]
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise document.error(f"rule {twice} is there twice")
    try:
        load_zone(document.zone)
        start_us(document.effective_from)
    except (ValueError, ZoneInfoNotFoundError) as problem:
        raise document.error(str(problem)) from problem
