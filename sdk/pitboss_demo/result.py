"""The result: for machines in `build/demo.json`, for people on the terminal. Mostly pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from mesh.verify.report import Report
from pitboss_demo.checks import Check
from pitboss_demo.studio import Progress
from pitboss_sdk import Outcome, TransactionKind

WALLETS: Final = ("wallet_svc-1", "wallet_svc-2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """What came of play and acts."""

    studios: Mapping[str, Progress]
    stats: Mapping[str, Mapping[str, Any]]
    calls: Mapping[str, Any]
    checks: Sequence[Check]
    played_s: float


def checks_of(evening: Evening, report: Report) -> list[Check]:
    """Everything that must hold, the books first."""
    books = [Check(name=check.name, ok=check.ok, detail=check.detail) for check in report.checks]
    return [*books, every_studio(books), refused_bets(books, report), *evening.checks, both_wallets(report),
            everybody_played(evening)]  # fmt: skip


def every_studio(books: Sequence[Check]) -> Check:
    """What the verifier says about every studio, in one check."""
    found = [check for check in books if check.name.startswith("studio ")]
    return Check(
        name="each studio's own record equals our ledger to the cent",
        ok=bool(found) and all(check.ok for check in found),
        detail="; ".join(f"{check.name.split()[1]}: {check.detail}" for check in found) or "no studio was compared",
    )


def refused_bets(books: Sequence[Check], report: Report) -> Check:
    """There were refused bets, and nothing that was refused moved anything."""
    bets = sum(count for name, count in refusals(report).items() if name.startswith("BET "))
    moved = [check.detail for check in books if check.name == "refused actions moved nothing" and not check.ok]
    detail = moved[0] if moved else f"{bets:,} refused bets"
    return Check(name="refused bets moved nothing", ok=bets > 0 and not moved, detail=detail)


def both_wallets(report: Report) -> Check:
    """Both processes wrote to the ledger."""
    writers = {name: report.totals["writers"].get(name, 0) for name in WALLETS}
    told = ", ".join(f"{name}: {count:,} batches" for name, count in writers.items())
    return Check(name="both wallet processes posted", ok=all(writers.values()), detail=told)


def everybody_played(evening: Evening) -> Check:
    """Each player came in and played all rounds."""
    wrong = [
        f"{name}: {each.rounds} of {each.planned} rounds, {each.crashed} crashed, {each.not_entered} not let in"
        for name, each in evening.studios.items()
        if each.rounds != each.planned or each.crashed or each.not_entered
    ]
    done = sum(each.rounds for each in evening.studios.values())
    return Check(name="every round was played", ok=not wrong, detail="; ".join(wrong) or f"{done:,} rounds")


def as_json(evening: Evening, report: Report, checks: Sequence[Check], seconds: float) -> dict[str, Any]:
    """The result file."""
    return {
        "ok": all(check.ok for check in checks),
        "seconds": round(seconds, 2),
        "rounds": sum(report.totals["rounds"].values()),
        "providers": {name: provider(name, evening, report) for name in evening.studios},
        "licensees": report.totals["licensees"],
        "refusals": refusals(report),
        "reasons": report.totals["reasons"],
        "writers": report.totals["writers"],
        "calls": dict(evening.calls),
        "played_seconds": round(evening.played_s, 2),
        "verify_seconds": round(report.seconds, 2),
        "checks": [check.as_json() for check in checks],
    }


def broken_off(error: BaseException, seconds: float) -> dict[str, Any]:
    """The result of a demo that did not come to its end."""
    check = Check(name="the demo ran to its end", ok=False, detail=f"{type(error).__name__}: {error}")
    return {"ok": False, "seconds": round(seconds, 2), "rounds": 0, "providers": {}, "checks": [check.as_json()]}


def provider(name: str, evening: Evening, report: Report) -> dict[str, Any]:
    """One studio's evening."""
    progress, rounds = evening.studios[name], report.totals["rounds"]
    return {
        "rounds": sum(count for key, count in rounds.items() if key.endswith(f"/{name}")),
        "bets": progress.bets,
        "bets_accepted": progress.accepted,
        "calls": evening.stats[name],
    }


def refusals(report: Report) -> dict[str, int]:
    """How often what was refused why."""
    found: Counter[str] = Counter()
    for each in report.totals["refusals"]:
        kind, outcome = TransactionKind(each["kind"]), Outcome(each["outcome"])
        # A bet that came after its cancel has a kind of its own in the log.
        name = "BET" if kind.name.startswith("UNRECOGNIZED") else kind.name
        found[f"{name} {outcome.name}"] += each["count"]
    return dict(found.most_common())


def show(console: Console, result: Mapping[str, Any]) -> None:
    """The summary for people."""
    tables = [_checks(result)]
    if result["providers"]:
        tables = [_money(result), _providers(result), _calls(result), _refused(result), *tables]
    for table in tables:
        console.print()
        console.print(table)
    console.print()
    verdict = "[bold green]every check held[/]" if result["ok"] else "[bold red]something is wrong[/]"
    console.print(f"{result['rounds']:,} rounds in {result['seconds']:.1f} s: {verdict}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right")
    return table


def _money(result: Mapping[str, Any]) -> Table:
    table = _table("licensee", "", "deposited", "staked", "cancelled", "won", "withdrawn")
    for each in result["licensees"]:
        amounts = (each[name] for name in ("deposited", "staked", "cancelled", "won", "withdrawn"))
        table.add_row(each["licensee"], each["currency_code"], *amounts)
    return table


def _providers(result: Mapping[str, Any]) -> Table:
    table = _table("studio", "rounds", "message", "count", "p50 ms", "p95 ms", "p99 ms")
    for name, each in result["providers"].items():
        for kind, call in each["calls"].items():
            first = (name, f"{each['rounds']:,}") if kind == next(iter(each["calls"])) else ("", "")
            table.add_row(*first, kind, f"{call['count']:,}", *_marks(call))
    return table


def _calls(result: Mapping[str, Any]) -> Table:
    table = _table("call through the gateway", "count", "p50 ms", "p95 ms", "p99 ms")
    for name, call in result["calls"].items():
        table.add_row(name, f"{call['count']:,}", *_marks(call))
    return table


def _marks(call: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{call[f'p{percent}_ms']:.1f}" for percent in (50, 95, 99))


def _refused(result: Mapping[str, Any]) -> Table:
    table = _table("refused", "count")
    for name, count in [*result["refusals"].items(), *result["reasons"].items()]:
        table.add_row(name, f"{count:,}")
    return table


def _checks(result: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("check")
    table.add_column("what was seen", overflow="fold")
    for check in result["checks"]:
        table.add_row("[green]ok[/]" if check["ok"] else "[bold red]WRONG[/]", check["name"], check["detail"])
    return table
