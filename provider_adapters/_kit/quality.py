"""What each quality level asks of a provider's folder: one small check for each rule.

`python -m provider_adapters._kit.quality` tells what every provider lacks for its own level and for the next ones.
"""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit import manifest
from provider_adapters._kit.manifest import Capability, Manifest, Quality
from provider_adapters._kit.ports import Problem

LEVELS = (Quality.BRONZE, Quality.SILVER, Quality.GOLD)
FILES = (
    "manifest.toml",
    "sandbox.toml",
    "config.py",
    "wire.py",
    "auth.py",
    "amounts.py",
    "mapping.py",
    "errors.py",
    "client.py",
    "callbacks.py",
    "adapter.py",
    "studio.py",
    "README.md",
)
_BASIC = frozenset({Capability.LAUNCH, Capability.BALANCE, Capability.BET, Capability.WIN, Capability.CANCEL})
_STAKES, _CREDITS = ("OUTCOMES", "BET_CODES"), ("CREDITS", "CREDIT_CODES", "OUTCOMES")
_PROBLEMS = ("PROBLEMS", "PROBLEM_CODES")


@dataclass(frozen=True, slots=True)
class Folder:
    """A provider's folder under examination."""

    path: Path
    manifest: Manifest

    def text(self, name: str) -> str:
        """Content of a file, empty if there is none."""
        file = self.path / name
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def errors(self) -> ModuleType:
        """The provider's tables."""
        return importlib.import_module(f"provider_adapters.{self.path.name}.errors")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a level. `lacks` says what is missing, or nothing."""

    level: Quality
    title: str
    lacks: Callable[[Folder], str]


def examine(path: Path) -> Iterator[tuple[Rule, str]]:
    """Each rule that the folder breaks, with what is missing."""
    folder = Folder(path, manifest.load(path))
    for rule in RULES:
        lacks = rule.lacks(folder)
        if lacks:
            yield rule, lacks


def _files(folder: Folder) -> str:
    return ", ".join(name for name in FILES if not (folder.path / name).is_file())


def _basic(folder: Folder) -> str:
    return ", ".join(sorted(_BASIC - folder.manifest.capabilities))


def _readme(folder: Folder) -> str:
    return ", ".join(head for head in ("## Quirks", "## Sourced", "## Inferred") if not _has_head(folder, head))


def _has_head(folder: Folder, head: str) -> bool:
    return re.search(rf"^{head}\b", folder.text("README.md"), re.MULTILINE) is not None


def _time(folder: Folder) -> str:
    facts = folder.manifest
    return "" if facts.budget_s > 0 and facts.margin_ms > 0 else "time to answer"


def _outcomes(folder: Folder) -> str:
    tables = [_table(folder, _STAKES), _table(folder, _CREDITS)]
    missing = {outcome for table in tables for outcome in set(Outcome.values()) - set(table)}
    return ", ".join(Outcome.Name(outcome) for outcome in sorted(missing))


def _problems(folder: Folder) -> str:
    missing = set(Problem) - set(_table(folder, _PROBLEMS))
    return ", ".join(sorted(problem.value for problem in missing))


def _table(folder: Folder, names: tuple[str, ...]) -> dict[object, object]:
    module = folder.errors()
    found: dict[object, object] = next((dict(getattr(module, name)) for name in names if hasattr(module, name)), {})
    return found


def _fixtures(folder: Folder) -> str:
    recorded = [file for file in (folder.path / "fixtures").glob("*.json") if file.stat().st_size > 2]  # noqa: PLR2004 - "[]"
    return "" if recorded else "recorded messages or signature vectors in fixtures/"


def _secrets(folder: Folder) -> str:
    shown = [line for line in folder.text("config.py").splitlines() if re.search(r"(secret|key|token)s?: ", line)]
    return ", ".join(line.strip() for line in shown if "repr=False" not in line and "casino_key" not in line)


def _cancels(folder: Folder) -> str:
    return "" if folder.manifest.cancel_trigger_codes else "codes after which the provider cancels"


def _runbook(folder: Folder) -> str:
    return "" if folder.text("RUNBOOK.md") else "RUNBOOK.md"


def _sandbox_run(folder: Folder) -> str:
    return "" if _has_head(folder, "## Contract test") else "a run against the provider's own sandbox, in README.md"


def _load(folder: Folder) -> str:
    return "" if _has_head(folder, "## Load") else "a load figure, in README.md"


RULES = (
    Rule(Quality.BRONZE, "the folder has the files that every provider has", _files),
    Rule(Quality.BRONZE, "games can be launched and played, bets cancelled", _basic),
    Rule(Quality.BRONZE, "the README tells quirks, and keeps sourced and inferred apart", _readme),
    Rule(Quality.BRONZE, "there is time for an answer", _time),
    Rule(Quality.SILVER, "every outcome of the ledger has a code", _outcomes),
    Rule(Quality.SILVER, "every problem of the kit has a code", _problems),
    Rule(Quality.SILVER, "messages or signatures of the paper are kept as fixtures", _fixtures),
    Rule(Quality.SILVER, "no secret is shown when a value is printed", _secrets),
    Rule(Quality.SILVER, "it is known after which codes bets are cancelled", _cancels),
    Rule(Quality.GOLD, "there is a runbook", _runbook),
    Rule(Quality.GOLD, "it was run against the provider's own sandbox", _sandbox_run),
    Rule(Quality.GOLD, "its load is known", _load),
)


def broken(path: Path) -> list[str]:
    """What the folder lacks for the level that its manifest claims."""
    claimed = LEVELS.index(manifest.load(path).quality)
    return [f"{rule.title}: {lacks}" for rule, lacks in examine(path) if LEVELS.index(rule.level) <= claimed]


def main() -> None:
    """Tell it for every provider; exit 1 if one claims more than it has."""
    failed = False
    for file in sorted(Path(__file__).parent.parent.glob("[a-z]*/manifest.toml")):
        claims = manifest.load(file.parent).quality
        sys.stdout.write(f"{file.parent.name} ({claims})\n")
        for rule, lacks in examine(file.parent):
            sys.stdout.write(f"  {rule.level}: {rule.title}: lacks {lacks}\n")
        failed = failed or bool(broken(file.parent))
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
