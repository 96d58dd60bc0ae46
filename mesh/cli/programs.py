"""Commands that are programs of their own: `pitboss demo`, `verify`, and those that check what was given away."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from mesh.dev.paths import PYTHON_PATH

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def demo(context: typer.Context) -> None:
    """Start a mesh, play real traffic through it, verify the books, stop it. Options: see `demo --help`."""
    raise typer.Exit(_run("pitboss_demo", context.args))


def verify(context: typer.Context) -> None:
    """Check every balance, sum and digest of the mesh that is up. Options: see `verify --help`."""
    raise typer.Exit(_run("mesh.verify", context.args))


def verify_proof(context: typer.Context) -> None:
    """Check the proof of one transaction with nothing but a public key. Options: see `verify-proof --help`."""
    raise typer.Exit(_run("mesh.verify.proving", context.args))


def verify_dispute(context: typer.Context) -> None:
    """Check the bundle of a round with nothing but public keys. Options: see `verify-dispute --help`."""
    raise typer.Exit(_run("mesh.verify.dispute", context.args))


def verify_extract(context: typer.Context) -> None:
    """Check extracts for regulators, offline or against a ledger. Options: see `verify-extract --help`."""
    raise typer.Exit(_run("mesh.verify.extracts", context.args))


def _run(module: str, arguments: list[str]) -> int:
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own programs
