"""`pitboss`: run a mesh on this machine, and look into it."""

from __future__ import annotations

import json
import sys

import typer

from mesh.cli import (
    auditing,
    cases,
    doctor,
    explain,
    exporting,
    extracting,
    licensees,
    opinion,
    packs,
    pending,
    programs,
    reconcile,
    signing,
    status,
    up,
)
from mesh.cli.output import CommandError, errors
from mesh.dev.errors import StackError

app = typer.Typer(
    name="pitboss",
    help="Run a Pitboss mesh on this machine, and look into it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up.up)
app.command()(up.down)
app.command()(up.restart)
app.command()(status.status)
app.command()(doctor.doctor)
app.command(context_settings=programs.PASS_THROUGH)(programs.demo)
app.command(context_settings=programs.PASS_THROUGH)(programs.verify)
app.command()(exporting.export)
app.command("second-opinion")(opinion.second_opinion)
app.command()(opinion.checkpoint)
app.command()(opinion.proof)
app.command("verify-proof", context_settings=programs.PASS_THROUGH)(programs.verify_proof)
app.command()(explain.explain)
app.command()(pending.pending)
app.command()(reconcile.reconcile)
app.command("explain-signature")(signing.explain_signature)
app.command()(auditing.audit)
app.command()(auditing.dispute)
app.command("verify-dispute", context_settings=programs.PASS_THROUGH)(programs.verify_dispute)
app.command()(extracting.extract)
app.command("verify-extract", context_settings=programs.PASS_THROUGH)(programs.verify_extract)
app.add_typer(licensees.app, name="licensee")
app.add_typer(packs.app, name="pack")
app.add_typer(cases.app, name="case")


def main() -> None:
    """Run a command; what goes wrong is one readable message and exit code 1."""
    try:
        app()
    except (CommandError, StackError, TimeoutError, RuntimeError) as error:
        if "--json" in sys.argv:
            sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        else:
            errors.print("[red]pitboss:[/red]", end=" ")
            errors.print(str(error), markup=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
