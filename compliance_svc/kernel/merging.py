"""Several packs at once: the stricter value of each rule holds."""

from dataclasses import replace

from compliance_svc.kernel.document import PackDocument, RuleDocument
from compliance_svc.kernel.fields import PackError
from compliance_svc.kernel.rules import CompiledKind, Policy
from compliance_svc.kernel.rules.watching import Watch


def merge(first: PackDocument, second: PackDocument) -> PackDocument:
    """Return a pack that refuses whatever one of the two refuses. Zone, currency and name are the first's."""
    rules = {rule.label: rule for rule in first.rules}
    for rule in second.rules:
        known = rules.get(rule.label)
        rules[rule.label] = rule if known is None else replace(rule, params=_stricter(known, rule))
    return replace(
        first,
        version=f"{first.version}+{second.name}@{second.version}",
        rules=tuple(sorted(rules.values(), key=lambda rule: rule.label)),
    )


def overlay(pack: PackDocument, own: PackDocument) -> PackDocument:
    """Return a market's pack with a licensee's own stricter rules. PackError if one of them is looser."""
    for rule in own.rules:
        market = next((other for other in pack.rules if other.label == rule.label), None)
        if market is not None and _stricter(market, rule) != rule.params:
            raise own.error(f"{rule.label} is looser than in {pack.name}@{pack.version}")
    return merge(pack, own)


def _stricter(one: RuleDocument, two: RuleDocument) -> CompiledKind | Policy | Watch:
    if type(one.params) is not type(two.params):
        message = f"{one.label} is of two kinds"
        raise PackError(message)
    return one.params.stricter(two.params)  # type: ignore[arg-type] # the same kind, as checked
