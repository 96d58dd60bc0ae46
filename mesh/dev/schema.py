"""The tables of all services, made by their own migrations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from mesh.dev.child import Child, Command, spawn
from mesh.dev.errors import StackError
from mesh.dev.paths import ROOT
from mesh.dev.postgres import Postgres, Preparation
from mesh.dev.processes import Process, migrations

DATABASE_OF: Mapping[str, str] = {
    "wallet_svc": "pitboss_wallet",
    "session_svc": "pitboss_session",
    "compliance_svc": "pitboss_compliance",
    "audit_svc": "pitboss_audit",
}
LONGEST_S = 60.0

Report = Callable[[str, str], None]


def preparation(log: Path, report: Report) -> Preparation:
    """Migrate every database of a template; `log` receives what the migrations say."""
    return Preparation(digest=digest(), run=lambda server: migrate(server, log, report))


def digest() -> str:
    """Names the migrations of this checkout."""
    found = hashlib.sha256()
    for path in _sources():
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _sources() -> list[Path]:
    files = [path for service in DATABASE_OF for path in (ROOT / service / "sql").rglob("*")]
    files += [ROOT / service / "migrate.py" for service in DATABASE_OF] + [ROOT / "mesh" / "migrations.py"]
    return sorted(path for path in files if path.is_file() and path.suffix != ".pyc")


def migrate(server: Postgres, log: Path, report: Report) -> None:
    """Run the migrations of all services at once, each as the owner of its database."""
    owners = {service: server.database(name).owner_url for service, name in DATABASE_OF.items()}
    started = [_start(process, log, report) for process in migrations(owners)]
    for child in started:
        _finish(child)
        report(child.name, "done")


def _start(process: Process, log: Path, report: Report) -> Child:
    report(process.name, "starting")
    return spawn(
        Command(
            name=process.name,
            argv=process.argv,
            environment=process.environment,
            log=log / f"{process.name}.log",
            directory=ROOT,
        )
    )


def _finish(child: Child) -> None:
    if not child.wait(LONGEST_S):
        child.kill()
    if child.exit_code != 0:
        message = f"{child.name} ended with exit code {child.exit_code}; see {child.command.log}\n{child.last_lines()}"
        raise StackError(message)
