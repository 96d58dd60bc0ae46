"""Every drill: what breaks, and what the failure table says must happen then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from tests.drills.stage import Seen, Stage
from tests.integration.mesh.waiting import until

SILENT = ("SEX.UNAVAILABLE",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the failure table, and what was seen of it."""

    source: str
    row: str
    ok: bool
    seen: str


def _decided(source: str, row: str, seen: Seen, verdict: str, reasons: tuple[str, ...], guardrail: str) -> Row:
    ok = (seen.verdict, seen.reasons, seen.guardrail) == (verdict, reasons, guardrail)
    text = f"entry {seen.index}: {seen.verdict} {','.join(seen.reasons)} {seen.guardrail}"
    return Row(source=source, row=row, ok=ok, seen=" ".join(text.split()))


def _happened(source: str, row: str, outcome: str, *wanted: str) -> Row:
    return Row(source=source, row=row, ok=outcome in wanted, seen=outcome)


def register_answers(stage: Stage) -> Iterator[Row]:
    """Every way in which a register can answer, at the opening of play."""
    player = stage.player()
    assert stage.launch(player)
    yield _decided("register clear", "session open", stage.decision(player, "open_play"), "ALLOW", (), "G0")
    for habit in ("slow", "empty", "broken", "unreadable", "contradictory", "mixed_up"):
        stage.register(habit)
        player = stage.player()
        stage.launch(player)
        yield _decided(f"register {habit}", "session open", stage.decision(player, "open_play"), "DENY", SILENT, "G3")
    stage.register("possible")
    player = stage.player()
    stage.launch(player)
    seen = stage.decision(player, "open_play")
    yield _decided("register fuzzy", "session open", seen, "CHALLENGE", ("SEX.REVIEW",), "G0")
    stage.register("honest")
    player = stage.player()
    stage.register(f"list/aurora/{player}")
    stage.launch(player)
    seen = stage.decision(player, "open_play")
    yield _decided("register lists the player", "session open", seen, "DENY", ("SEX.REGISTER",), "G0")


def register_down(stage: Stage) -> Iterator[Row]:
    """The register, and then the process that asks it, are gone: every column of its row."""
    for name, what in (("register-simulator", "register down"), ("register", "register's process down")):
        running, player = stage.running(), stage.player()
        stage.stack.kill(name)
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "DENY", SILENT, "G3")
        key = f"bet-{name}"
        stage.bet(running, key)
        yield _decided(what, "bet in a running session", stage.decision(running.player, "bet", key), "ALLOW", (), "G0")
        stage.deposit(running.player, f"deposit-{name}")
        seen = stage.decision(running.player, "deposit", f"deposit-{name}")
        yield _decided(what, "deposit", seen, "DENY", SILENT, "G3")
        yield _happened(what, "win", stage.win(running, key), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")
        stage.stack.restart(name)
        until(lambda: stage.launch(stage.player()), "launches work again")


def compliance_down(stage: Stage) -> Iterator[Row]:
    """The compliance service is gone: the law next to the money goes on, and nobody new comes in."""
    running, player = stage.running(), stage.player()
    stage.stack.kill("compliance_svc")
    opened = stage.launch(player)
    yield Row(
        source="compliance service down", row="session open", ok=not opened, seen="opened" if opened else "refused"
    )
    stage.bet(running, "bet-compliance")
    seen = stage.decision(running.player, "bet", "bet-compliance")
    yield _decided("compliance service down", "bet in a running session", seen, "ALLOW", (), "G0")
    yield _happened("compliance service down", "win", stage.win(running, "bet-compliance"), "OK")
    yield _happened("compliance service down", "withdrawal", stage.withdraw(running.player), "OK")
    stage.stack.restart("compliance_svc")
    until(lambda: stage.launch(stage.player()), "launches work again")


def evidence_unwritable(stage: Stage) -> Iterator[Row]:
    """The table in which decisions become durable cannot be written: the bet never happened; a win waits until it can."""
    running = stage.running()
    yield _happened("evidence writable", "bet in a running session", stage.bet(running, "bet-before"), "OK")
    owner = stage.stack.postgres.database("pitboss_wallet").owner_url
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("REVOKE INSERT ON transfer FROM pitboss_wallet_service")
        other = stage.bet(running, "bet-unwritable")
        won = stage.win(running, "bet-before")
        connection.execute("GRANT INSERT ON transfer TO pitboss_wallet_service")
    yield _happened("evidence unwritable", "bet in a running session", other, "COMPLIANCE_DENIED")
    yield _happened("evidence unwritable", "win", won, "UNAVAILABLE", "DEADLINE_EXCEEDED")
    until(lambda: stage.win(running, "bet-before") == "OK", "the win is accepted when it is sent again")
    yield _happened("evidence writable again", "win, sent again", stage.win(running, "bet-before"), "OK")
    until(lambda: stage.decisions(running.player, "bet") > 0, "the log has read the ledger")
    logged = stage.decisions(running.player, "bet")
    yield Row(
        source="evidence unwritable", row="bet", ok=logged == 1, seen=f"{logged} decision about a bet is in the log"
    )


def log_down(stage: Stage) -> Iterator[Row]:
    """The audit log's own process is gone: play goes on, and the log catches up."""
    running = stage.running()
    stage.stack.kill("audit_svc")
    yield _happened("audit log down", "bet in a running session", stage.bet(running, "bet-log"), "OK")
    yield _happened("audit log down", "win", stage.win(running, "bet-log"), "OK")
    stage.stack.restart("audit_svc")
    seen = stage.decision(running.player, "bet", "bet-log")
    yield _decided("audit log back", "the bet's decision is in it", seen, "ALLOW", (), "G0")


DRILLS: tuple[Callable[[Stage], Iterator[Row]], ...] = (
    register_answers,
    register_down,
    compliance_down,
    evidence_unwritable,
    log_down,
)

OPEN = (
    "geolocation down: no adapter yet, the kernel's rule is tested by cases",
    "KYC vendor down: no adapter yet",
    "sanctions screening down: no adapter yet",
    "cross-operator limit and activity files down: no adapter yet",
    "clock off: nobody in this mesh measures it; the wallet's answer to a report is tested by cases",
    "pack signature broken: packs are not signed yet",
)
"""Rows of the table that no drill shows."""
