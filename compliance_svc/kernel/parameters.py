"""Single values of a pack by flat names, such as `stake_cap.slot.young`: for drafts, simulations and cases.

A value is what stands in a pack, or `none` to take the rule out. The result is checked like a file.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Final

from compliance_svc.kernel.actions import Category
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.document import PackDocument, RuleDocument, Source
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.rules import KINDS

_SOURCE: Final = Source(ref="set by name", evidence="I", checked="2026-11-23")
_ABSENT: Final = ("none", "-", False)

Values = dict[str, Any]


class UnknownParameterError(PackError):
    """No parameter has this name."""


def with_parameters(document: PackDocument, values: Values) -> PackDocument:
    """Return the pack with other values. PackError for a name or a value that is none."""
    for name, value in values.items():
        document = _with(document, name, value)
    return document


def _with(document: PackDocument, name: str, value: Any) -> PackDocument:  # noqa: ANN401 - checked by the kinds
    if name in _DOCUMENT:
        given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value}
        return replace(document, **given)
    if name == "young_below":
        return _with_young_age(document, value)
    if name not in _RULES:
        message = f"parameter {name}"
        raise UnknownParameterError(message)
    kind, category, change = _RULES[name]
    old = next((rule for rule in document.rules if _is(rule, kind, category, name)), None)
    params = change(_plain(old), value)
    others = tuple(rule for rule in document.rules if rule is not old)
    if params is None:
        return replace(document, rules=others)
    new = _rule(kind, category, params, old)
    return replace(document, rules=tuple(sorted([*others, new], key=lambda rule: rule.label)))


def file_content(document: PackDocument) -> Values:
    """Return a pack that inherits nothing as it would stand in a file."""
    content: Values = {
        "format": document.format,
        "pack": document.name,
        "version": document.version,
        "effective_from": document.effective_from,
        "zone": document.zone,
        "currency": document.currency,
        "windows": list(document.windows),
    }
    if document.rules:
        content["rules"] = [_rule_content(rule) for rule in document.rules]
    if document.territory is not None:
        content["territory"] = document.territory
    if document.sandbox:
        content["sandbox"] = True
    return content


def _rule_content(rule: RuleDocument) -> Values:
    source = {"ref": rule.source.ref, "evidence": rule.source.evidence, "checked": rule.source.checked}
    content: Values = {"kind": rule.kind, "requirement": rule.requirement, "params": _plain(rule), "source": source}
    return content if rule.category is None else {**content, "category": rule.category.value}


def _is(rule: RuleDocument, kind: str, category: str | None, name: str) -> bool:
    if rule.kind != kind or (rule.category is not None and rule.category.value != category):
        return False
    duty = _DUTIES.get(name.removesuffix(".young"))
    return duty is None or getattr(rule.params, "obligation", None) == duty


def _rule(kind: str, category: str | None, params: Values, old: RuleDocument | None) -> RuleDocument:
    fields = Fields(params, f"set {kind}")
    found = KINDS[kind].parse(fields)
    fields.done()
    return RuleDocument(
        kind=kind,
        category=None if category is None else Category(category),
        requirement="design-3.6" if old is None else old.requirement,
        params=found,
        source=_SOURCE if old is None else old.source,
    )


def _plain(rule: RuleDocument | None) -> Values:
    """Return the parameters of a rule as they would stand in a file."""
    if rule is None:
        return {}
    found = {name: getattr(rule.params, name) for field in fields(rule.params) if (name := field.name)}
    if "bands" in found:
        found["bands"] = [_plain_band(band) for band in found["bands"]]
    if "reached" in found:
        found["op"] = "ge" if found.pop("reached") else "gt"
    return {
        name: [_plain_item(item) for item in value] if isinstance(value, tuple) else value
        for name, value in found.items()
        if value is not None
    }


def _plain_item(item: object) -> object:
    return str(item) if isinstance(item, Amount) else item


def _plain_band(band: Any) -> Values:  # noqa: ANN401 - a `Band`
    caps = [str(cap) for cap in band.caps]
    return {"caps": caps} if band.age_below is None else {"age_below": band.age_below, "caps": caps}


def _with_young_age(document: PackDocument, age: int) -> PackDocument:
    rules = []
    for rule in document.rules:
        params = _plain(rule)
        bands = params.get("bands", ())
        if len(bands) > 1:
            params["bands"] = [{**bands[0], "age_below": age}, *bands[1:]]
            rules.append(_rule(rule.kind, rule.category and rule.category.value, params, rule))
        else:
            rules.append(rule)
    return replace(document, rules=tuple(rules))


def _field(name: str, **given: Any) -> Callable[[Values, Any], Values | None]:  # noqa: ANN401 - fields of a kind
    """Change one field of a rule; what the rule needs besides is given."""

    def change(old: Values, value: Any) -> Values | None:  # noqa: ANN401 - checked by the kind
        return None if value in _ABSENT else {**given, **old, name: value}

    return change


def _present(word: str) -> Callable[[Values, Any], Values | None]:
    """Make a rule without parameters hold for one word."""
    return lambda _old, value: {} if value in (word, True, "yes") else None


def _listed(name: str, default: tuple[str, ...]) -> Callable[[Values, Any], Values | None]:
    """Name the members of a rule's list; true stands for the usual ones."""

    def change(old: Values, value: Any) -> Values | None:  # noqa: ANN401 - checked by the kind
        if value in (*_ABSENT, "all"):
            return None
        found = list(default) if value in (True, "yes") else value if isinstance(value, list) else [value]
        return {**old, name: [item.replace(" ", "/") if name == "limits" else item for item in found]}

    return change


def _amount(*, young: bool = False, **given: Any) -> Callable[[Values, Any], Values | None]:  # noqa: ANN401 - fields of a kind
    """Change the amount of one band."""

    def change(old: Values, value: Any) -> Values | None:  # noqa: ANN401 - checked by the kind
        if value in _ABSENT:
            return None
        caps = value if isinstance(value, list) else [value]
        bands = old.get("bands", [{"caps": caps}])
        changed = [{**band, "caps": caps} if ("age_below" in band) is young else band for band in bands]
        return {**given, **old, "bands": changed}

    return change


_RC: Final = "reality_check"
_DOCUMENT: Final = frozenset({"zone", "currency", "territory", "windows"})
_DUTIES: Final = {
    "netdep_trigger": "RUN_FVC",
    "cdd_trigger": "CDD_DUE",
    "netdep_latch": "LATCH_DEPOSIT_BLOCK",
}
_LATCH: Final[Values] = {"obligation": "LATCH_DEPOSIT_BLOCK", "basis": "netdep", "window": "month", "op": "gt"}
_RULES: Final[dict[str, tuple[str, str | None, Callable[[Values, Any], Values | None]]]] = {
    "age_min": ("minimum_age", None, _field("years")),
    "increase_delay_s": ("limit_change", None, lambda old, value: {**old, "increase_delay_s": value}),
    "increase_period_end": (
        "limit_change",
        None,
        lambda old, value: {**old, "increase_period_end": value in (True, "yes")},
    ),
    "increase_confirm": ("limit_change", None, lambda old, value: {**old, "increase_confirm": value or "no"}),
    "limits_required": ("required_limits", None, _listed("limits", ("deposit/month",))),
    "contact_above": ("contact_above", None, _amount(window="month", effect="challenge")),
    "contact_above.young": ("contact_above", None, _amount(young=True, window="month", effect="challenge")),
    "external_limit": ("external_limit", None, _listed("sources", ("external",))),
    "netdep_latch": ("money_trigger", None, _amount(**_LATCH)),
    "netdep_latch.young": ("money_trigger", None, _amount(young=True, **_LATCH)),
    "netdep_trigger": (
        "money_trigger",
        None,
        _amount(obligation="RUN_FVC", basis="netdep", window="30d", op="gt", valid_days=365),
    ),
    "cdd_trigger": ("money_trigger", None, _amount(obligation="CDD_DUE", basis="deposit", window="180d", op="ge")),
    "withdrawal_reversal": ("no_withdrawal_reversal", None, _present("forbidden")),
    "register": ("exclusion_register", None, _listed("sources", ("external",))),
    "exclusion_terms": (
        "self_exclusion",
        None,
        lambda old, value: {**old, "terms": value if isinstance(value, list) else [value]},
    ),
    "exclusion_min": ("self_exclusion", None, _field("minimum")),
    "return_rule": ("self_exclusion", None, _field("returns")),
    "return_delay_s": (
        "self_exclusion",
        None,
        lambda old, value: {**old, "return_delay_s": value, "return_delay_endless_s": value},
    ),
    "break_terms": ("player_break", None, lambda _old, value: {"terms": value if isinstance(value, list) else [value]}),
    "stake_cap.slot": ("stake_cap", "slot", _amount()),
    "stake_cap.slot.young": ("stake_cap", "slot", _amount(young=True)),
    "stake_cap.table": ("stake_cap", "table", _amount()),
    "min_interval_ms.slot": ("cycle_interval", "slot", _field("ms")),
    "min_interval_ms.table": ("cycle_interval", "table", _field("ms")),
    "autoplay": ("player_starts", None, _present("forbidden")),
    "parallel": ("parallel_play", None, lambda _old, value: None if value == "allowed" else {"mode": value}),
    "categories": ("game_categories", None, _listed("allowed", ("slot",))),
    "jackpots": ("no_jackpots", None, _present("forbidden")),
    "reality_check_s": (_RC, None, lambda old, value: {**old, "interval_s": value}),
    "ack_break_s": (_RC, None, lambda old, value: {**old, "break_s": 0 if value in _ABSENT else value}),
    "activity_file": ("activity_file", None, _listed("sources", ("external",))),
    "session_limits": (
        "session_limits",
        None,
        lambda _old, value: None if value in _ABSENT else {},
    ),
    "geo_per_wager": ("location_per_wager", None, _listed("territories", ())),
}
