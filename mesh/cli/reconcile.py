"""`pitboss reconcile`: what providers' own records and our ledger disagree about."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json, write_table

Provider = Annotated[str, typer.Argument(help="Compare this provider now. Without one: what was found so far.")]
Hours = Annotated[float, typer.Option(help="How far back to compare, at most 48 hours.")]
Resolved = Annotated[bool, typer.Option("--resolved", help="Also cases about which both sides agree again.")]


def reconcile(provider: Provider = "", *, hours: Hours = 24.0, resolved: Resolved = False, json: Json = False) -> None:
    """Every difference between a provider's own record and the ledger, with what each side has."""
    from mesh.cli import comparing  # noqa: PLC0415 - imports the contracts, which takes long

    found = comparing.compare(provider, hours) if provider else comparing.known(include_resolved=resolved)
    if json:
        write_json(found)
        return
    for run in found["runs"]:
        span = run.get("day") or f"until {run['end_time']}"
        console.print(f"{run['provider']}: {run.get('messages', 0)} messages, {span}")
    if not found["cases"]:
        console.print("Both sides agree.")
        return
    columns = ("difference", "provider", "player", "kind", "key", "there", "here", "when", "")
    write_table(columns, [_row(case) for case in found["cases"]])


def _row(case: dict[str, Any]) -> tuple[str, ...]:
    here = " ".join(filter(None, (_amount(case, "amount_here"), case["state_here"], _outcome(case), _round(case))))
    return (
        case["case_class"].removeprefix("CASE_CLASS_").lower(),
        case["provider"],
        f"{case['licensee_id']}.{case['player_id']}",
        case["kind"],
        case["transaction_key"],
        " ".join(filter(None, (_amount(case, "amount_there"), case.get("state_there") or "unknown"))),
        here,
        case["event_time"],
        "agreed again" if "resolve_time" in case else "",
    )


def _amount(case: dict[str, Any], name: str) -> str:
    return f"{case[name]['amount']} {case[name]['currency_code']}" if name in case else ""


def _outcome(case: dict[str, Any]) -> str:
    outcome = str(case.get("outcome_here", "")).removeprefix("OUTCOME_")
    return "" if outcome == "OK" else outcome


def _round(case: dict[str, Any]) -> str:
    return f"round {case['round_here']}" if case.get("round_here") else ""
