"""`python -m tests.corpus_runner.trace`: docs/compliance/trace.md, from each demand to what stands behind it.

A demand is met in part at best by rules and cases; which part, the cases say. Demands with nothing behind them are listed with
whose duty they are, or what is missing.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from compliance_svc.kernel.loading import load_documents
from tests.unit.compliance_svc.kernel.golden import CORPUS, World, cases
from tests.unit.compliance_svc.kernel.golden_missing import missing

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "compliance" / "trace.md"
_REQUIREMENTS: Final = ROOT / "compliance_svc" / "requirements.yaml"
_EVIDENCE: Final = ROOT / "compliance_svc" / "evidence.yaml"
_OWN_CASES: Final = ROOT / "tests" / "integration" / "corpus" / "duties.yaml"
_OWNERS: Final = ROOT / "compliance_svc" / "owners.yaml"
_DUTIES: Final = ROOT / "compliance_svc" / "duties.yaml"
_HEAD: Final = """# From demand to decision

Written by `python -m tests.corpus_runner.trace`. For every demand on the platform: the rules of packs that answer to it, the
golden cases and our own (`DU`) that show it, and one decision that the kernel made in such a case. Every case passes against the services. That a
demand has something behind it does not mean that it is met in full: many are in part the licensee's or the studio's.

| demand | rules | cases | a decision |
|---|---|---|---|
"""


_OTHERS: Final = """
## Not ours

For these {count} of {of} demands nothing is done here, because they are not an aggregator's to meet. The letters say whose each is in the table of
demands: `A` the aggregator, `L` the licensee, `P` the provider of games, `PSP` whoever takes payments.

| demand | whose | that is | what there is of it here |
|---|---|---|---|
"""
_OPEN: Final = """
## Open

Nothing stands behind these {count} of {of} demands yet, in which an aggregator has a part:

| demand | whose | what is missing |
|---|---|---|
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
    missing = [name for name in demands if name not in behind and name not in beside]
    others, left = _duties(missing)
    owners: dict[str, str] = yaml.safe_load(_OWNERS.read_text())
    theirs = [f"| **{name}** {demands[name]} | {owners[name]} | {told['whose']} | {told['told']} |"
              for name, told in others.items()]  # fmt: skip
    ours = [f"| **{name}** {demands[name]} | {owners[name]} | {told} |" for name, told in left.items()]
    return "\n".join(
        [
            _HEAD + "\n".join(lines),
            _BESIDE + "\n".join(met),
            _OTHERS.format(count=len(theirs), of=len(demands)) + "\n".join(theirs),
            _OPEN.format(count=len(ours), of=len(demands)) + "\n".join(ours) + "\n",
        ]
    )


def _duties(missing: list[str]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is said of demands with nothing behind them. Each is there once, and no other one."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(_DUTIES.read_text())
    said = [*found["others"], *found["open"]]
    if sorted(said) != sorted(missing):
        message = f"duties.yaml: wrong or missing: {', '.join(sorted({*said} ^ {*missing})) or 'one is there twice'}"
        raise LookupError(message)
    return found["others"], found["open"]


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
                packs = found[name][rule.label]
                # A later version of a pack is named where an earlier one does not have the rule.
                if not any(pack.partition("@")[0] == document.name for pack in packs):
                    packs.append(document.name if document.version == "1" else f"{document.name}@{document.version}")
    return defaultdict(
        list,
        {
            name: [f"`{label}` ({', '.join(packs)})" for label, packs in sorted(by.items())]
            for name, by in found.items()
        },
    )


def _cases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in sorted(cases(*sorted(CORPUS.glob("*.yaml")), _OWN_CASES), key=lambda case: case["id"]):
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
