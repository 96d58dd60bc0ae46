"""docs/settings.md: every environment variable of every process, from the settings classes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mesh.settings import ProcessSettings, Variable, describe

HEAD = """<!-- Generated from the settings classes by `make generate`. -->
# Settings

A process reads its environment once, at start. What is missing or wrong is told on stderr, all of it together, and the
process ends with status 2. An empty variable counts as absent. Lists are separated by commas.

The gateway's variables stand in [its own page](../gateway/README.md).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process and the class of its settings. Named, not imported: this package stands below the services."""

    title: str
    module: str
    settings: str


PROGRAMS = (
    Program(title="The wallet: `python -m wallet_svc`", module="wallet_svc.config", settings="WalletSettings"),
    Program(title="Sessions: `python -m session_svc`", module="session_svc.config", settings="SessionSettings"),
    Program(
        title="Compliance: `python -m compliance_svc`", module="compliance_svc.config", settings="ComplianceSettings"
    ),
    Program(title="The audit log: `python -m audit_svc`", module="audit_svc.config", settings="AuditSettings"),
    Program(
        title="An exclusion register: `python -m fact_sources.register`",
        module="fact_sources.register.config",
        settings="RegisterSettings",
    ),
    Program(
        title="A vendor of identity checks: `python -m fact_sources.kyc`",
        module="fact_sources.kyc.config",
        settings="KycSettings",
    ),
    Program(
        title="A vendor of locations: `python -m fact_sources.geolocation`",
        module="fact_sources.geolocation.config",
        settings="GeolocationSettings",
    ),
    Program(
        title="A source of screenings: `python -m fact_sources.sanctions`",
        module="fact_sources.sanctions.config",
        settings="SanctionsSettings",
    ),
    Program(
        title="A cross-operator limit file: `python -m fact_sources.limit_file`",
        module="fact_sources.limit_file.config",
        settings="LimitFileSettings",
    ),
    Program(
        title="A cross-operator activity file: `python -m fact_sources.activity_file`",
        module="fact_sources.activity_file.config",
        settings="ActivityFileSettings",
    ),
    Program(
        title="The clock of a node: `python -m fact_sources.clock`",
        module="fact_sources.clock.config",
        settings="ClockSettings",
    ),
    Program(title="A witness: `python -m witness`", module="witness.config", settings="WitnessSettings"),
    Program(
        title="The second opinion: `python -m mesh.second_opinion`",
        module="mesh.second_opinion.config",
        settings="SecondOpinionSettings",
    ),
    Program(
        title="An adapter: `python -m provider_adapters._kit <provider>`",
        module="provider_adapters._kit.config",
        settings="AdapterSettings",
    ),
    Program(
        title="A studio simulator: `python -m provider_adapters._kit.studio <provider>`",
        module="provider_adapters._kit.config",
        settings="StudioSettings",
    ),
)


DEFAULTS = {"": "", "None": "", "False": "`0`", "True": "`1`"}
"""How a value of Python is written in an environment."""


def write_settings(out: Path) -> None:
    """Write docs/settings.md below `out`."""
    (out / "docs").mkdir(exist_ok=True)
    (out / "docs" / "settings.md").write_text("\n".join(page()))


def page() -> Iterator[str]:
    """The lines of the page."""
    shared = describe(ProcessSettings)
    yield HEAD
    yield from section("Services and adapters alike", shared)
    for program in PROGRAMS:
        settings = getattr(import_module(program.module), program.settings)
        yield from section(program.title, [each for each in describe(settings) if each not in shared])


def section(title: str, variables: Iterable[Variable]) -> Iterator[str]:
    """One table."""
    yield f"## {title}\n"
    yield "| variable | default | meaning |\n|---|---|---|"
    yield from (row(variable) for variable in variables)
    yield ""


def row(variable: Variable) -> str:
    """One variable."""
    default = "**required**" if variable.required else DEFAULTS.get(variable.default, f"`{variable.default}`")
    return f"| `{variable.name}` | {default} | {variable.help} |"
