"""`python -m tests.corpus_runner.trace`: docs/compliance/trace.md, from each demand to what stands behind it.

A demand is met in part at best by rules and cases; which part, the cases say. Demands with nothing behind them are listed as open.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from compliance_svc.kernel.loading import load_documents
from tests.unit.compliance_svc.kernel.golden import World, cases
from tests.unit.compliance_svc.kernel.golden_missing import missing

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "compliance" / "trace.md"
_REQUIREMENTS: Final = ROOT / "compliance_svc" / "requirements.yaml"
_EVIDENCE: Final = ROOT / "compliance_svc" / "evidence.yaml"
_HEAD: Final = """# From demand to decision

Written by `python -m tests.corpus_runner.trace`. For every demand on the platform: the rules of packs that answer to it, the
golden cases that show it, and one decision that the kernel made in such a case. Every case passes against the services. That a
demand has something behind it does not mean that it is met in full: many are in part the licensee's or the studio's.

| demand | rules | cases | a decision |
|---|---|---|---|
"""


_BESIDE: Final = """
## Beside the rules

What is met by something else than a rule, in part or whole. Each test fails without it.

| demand | where | a test | what of it is open |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    demands: dict[str, str] = yaml.safe_load(_REQUIREMENTS.read_text())
    rules, shown = _rules(), _cases()
    behind = [name for name in demands if rules[name] or shown[name]]
    lines = [_row(name, demands[name], rules[name], shown[name]) for name in behind]
    beside = {name: told for name, told in _evidence().items() if name in demands}
    met = [f"| **{name}** {demands[name]} | {_link(told)} | `{told['test']}` | {told['open']} |"
           for name, told in sorted(beside.items())]  # fmt: skip
    open_ones = [f"- {name}: {text}" for name, text in demands.items() if name not in behind and name not in beside]
    head = f"\n## Open\n\nNothing stands behind these {len(open_ones)} of {len(demands)} demands yet:\n\n"
    return _HEAD + "\n".join(lines) + "\n" + _BESIDE + "\n".join(met) + "\n" + head + "\n".join(open_ones) + "\n"


def _evidence() -> dict[str, dict[str, str]]:
    """What stands behind demands beside rules. Every test that is named is there."""
    found: dict[str, dict[str, str]] = yaml.safe_load(_EVIDENCE.read_text())
    for name, told in found.items():
        file, _, test = told["test"].partition("::")
        if f"def {test}(" not in (ROOT / file).read_text():
            message = f"{name}: there is no {told['test']}"
            raise LookupError(message)
    return found


def _link(told: dict[str, str]) -> str:
    page, _, head = told["where"].partition("#")
    return f"[{Path(page).name}](../{Path(page).relative_to('docs')}#{head})"


def _rules() -> dict[str, list[str]]:
    """Rules by demand, those of base where no market says otherwise."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for document in load_documents():
        for rule in document.rules:
            for name in rule.requirement.split(", "):
                found[name][rule.label].append(document.name)
    return defaultdict(
        list,
        {
            name: [f"`{label}` ({', '.join(packs)})" for label, packs in sorted(by.items())]
            for name, by in found.items()
        },
    )


def _cases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in sorted(cases(), key=lambda case: case["id"]):
        for name in case["source"]:
            found[name].append(case)
    return found


def _row(name: str, demand: str, rules: list[str], shown: list[dict[str, Any]]) -> str:
    named = ", ".join(_named(case) for case in shown) or "-"
    sample = next((told for case in shown if missing(case) is None for told in _sample(case)), "-")
    return f"| **{name}** {demand} | {'<br>'.join(rules) or '-'} | {named} | {sample} |"


def _named(case: dict[str, Any]) -> str:
    return str(case["id"])


def _sample(case: dict[str, Any]) -> Iterator[str]:
    """The case's last decision that did not simply allow, or else its last one."""
    world = World(case["given"])
    for step in case["steps"]:
        world.run(step)
    told = [one for one in world.made if one.reasons or one.obligations] or world.made
    if told:
        words = " ".join([told[-1].verdict.value, *told[-1].reasons, *told[-1].obligations])
        yield f"{case['id']}: {words}, by `{told[-1].pack.label}`"


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
