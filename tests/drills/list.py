"""Every drill: what breaks, and what the failure table says must happen then."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import psycopg

from tests.drills.packs import spoiled_signature
from tests.drills.stage import Running, Seen, Stage
from tests.integration.mesh.waiting import until

SILENT = ("SEX.UNAVAILABLE",)
NO_FILE = ("LIM.EXTERNAL.UNAVAILABLE",)
NO_CLOCK = ("SYS.CLOCK",)
ACTIVE = ("SES.ACTIVE_ELSEWHERE",)


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
        won = stage.win(running, "bet-before", timeout_s=4)
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


def pack_doubted(stage: Stage) -> Iterator[Row]:
    """A pack with a broken signature is stored: there is no law to decide by, so nobody stakes; money goes out as ever."""
    what, no_law = "pack signature broken", ("SYS.NO_PACK",)
    running, later, player = stage.running(), stage.running(), stage.player()
    yield _happened("pack signatures good", "bet in a running session", stage.bet(running, "bet-signed"), "OK")
    with spoiled_signature(stage.stack, "gb"):
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "DENY", no_law, "G4")
        stage.bet(running, "bet-unsigned")
        seen = stage.decision(running.player, "bet", "bet-unsigned")
        yield _decided(what, "bet in a running session", seen, "DENY", no_law, "G4")
        stage.deposit(player, "deposit-unsigned")
        yield _decided(what, "deposit", stage.decision(player, "deposit", "deposit-unsigned"), "DENY", no_law, "G4")
        yield _happened(what, "win", stage.win(running, "bet-signed"), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")
    yield _happened("pack signatures good again", "bet", stage.bet(later, "bet-signed-again"), "OK")


def clock_off(stage: Stage) -> Iterator[Row]:
    """Our clock is behind that of the time server, and then ahead: by a little, which is allowed, and by too much."""
    for side, sign in (("behind", ""), ("ahead", "-")):
        running, newcomer, far = stage.running(), stage.player(), f"clock 250 ms {side}"
        stage.time_server(f"ahead/{sign}60")
        stage.measured()
        yield _happened(f"clock 60 ms {side}", "bet in a running session", stage.bet(running, f"bet-{side}"), "OK")
        stage.time_server(f"ahead/{sign}250")
        # The next cycle of the game may begin by then.
        stage.advance(CLOCK_REPORT_VALID_S)
        yield from _without_a_clock(stage, far, running, newcomer, f"bet-{side}")
        stage.time_server("honest")
        stage.measured()
        yield _happened(f"{far} no more", "bet", stage.bet(stage.running(), f"again-{side}"), "OK")


def clock_unmeasured(stage: Stage) -> Iterator[Row]:
    """Nobody knows how far the clock is off: the time server is silent, or not in time itself; the measurer was killed."""
    for habit in ("silent", "unsynchronised", "mixed_up"):
        running = stage.running()
        stage.time_server(habit)
        # The last report is over by the clock that it is about, without anybody waiting for that.
        stage.stack.advance_clock(CLOCK_REPORT_VALID_S)
        stage.bet(running, f"bet-{habit}")
        seen = stage.decision(running.player, "bet", f"bet-{habit}")
        yield _decided(f"time server {habit}", "bet in a running session", seen, "DENY", NO_CLOCK, "G4")
        stage.time_server("honest")
        stage.measured()
    running, newcomer = stage.running(), stage.player()
    yield _happened("clock measured", "bet in a running session", stage.bet(running, "bet-measured"), "OK")
    stage.stack.kill("clock")
    stage.stack.advance_clock(CLOCK_REPORT_VALID_S)
    yield from _without_a_clock(stage, "measurer killed", running, newcomer, "bet-measured")
    stage.stack.restart("clock")
    stage.measured()
    yield _happened("measurer back", "bet in a running session", stage.bet(stage.running(), "bet-back"), "OK")
    until(lambda: _is_calm(stage), "every source has said again that it is well")


def _is_calm(stage: Stage) -> bool:
    """Whether nothing is wrong: what sources say holds for a time, which has passed when the clock was moved."""
    player = stage.player()
    stage.launch(player)
    return stage.decision(player, "open_play").guardrail == "G0"


def _without_a_clock(stage: Stage, what: str, running: Running, newcomer: str, round_id: str) -> Iterator[Row]:
    """Every column of the row, while the clock is off."""
    stage.launch(newcomer)
    yield _decided(what, "session open", stage.decision(newcomer, "open_play"), "DENY", NO_CLOCK, "G4")
    stage.bet(running, f"off-{round_id}")
    seen = stage.decision(running.player, "bet", f"off-{round_id}")
    ok = _decided(what, "bet in a running session", seen, "DENY", NO_CLOCK, "G4")
    measured = seen.outside.get("clock_offset_us"), seen.outside.get("clock_source")
    yield replace(ok, ok=ok.ok and None not in measured, seen=f"{ok.seen} measured {measured[0]} us by {measured[1]}")
    stage.deposit(newcomer, f"off-{round_id}")
    seen = stage.decision(newcomer, "deposit", f"off-{round_id}")
    yield _decided(what, "deposit", seen, "DENY", NO_CLOCK, "G4")
    yield _happened(what, "win", stage.win(running, round_id), "OK")
    yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")


def log_down(stage: Stage) -> Iterator[Row]:
    """The audit log's own process is gone: play goes on, and the log catches up."""
    running = stage.running()
    stage.stack.kill("audit_svc")
    yield _happened("audit log down", "bet in a running session", stage.bet(running, "bet-log"), "OK")
    yield _happened("audit log down", "win", stage.win(running, "bet-log"), "OK")
    stage.stack.restart("audit_svc")
    seen = stage.decision(running.player, "bet", "bet-log")
    yield _decided("audit log back", "the bet's decision is in it", seen, "ALLOW", (), "G0")


def location_answers(stage: Stage) -> Iterator[Row]:
    """Every way in which an assertion about a place can be, at the opening of play."""
    recheck, source = ("GEO.RECHECK",), "location"
    player = stage.player()
    stage.launch(player)
    yield _decided(
        f"{source} unknown yet", "session open", stage.decision(player, "open_play"), "CHALLENGE", recheck, "G0"
    )
    player = stage.player()
    for habit, reason in _REFUSED:
        stage.locations(habit)
        yield _happened(f"{source} {habit}", "assertion", stage.locate(player), reason)
    stage.launch(player)
    seen = stage.decision(player, "open_play")
    yield _decided(f"{source} refused", "session open", seen, "CHALLENGE", recheck, "G0")
    for order, territory in (("suspicious", "ZZ"), ("place/US-PA", "US-PA")):
        stage.locations("honest")
        stage.locations(order)
        player = stage.player()
        yield _happened(f"{source} {order}", "assertion", stage.locate(player), territory)
        stage.launch(player)
        seen = stage.decision(player, "open_play")
        yield _decided(f"{source} {order}", "session open", seen, "DENY", ("GEO.OUTSIDE",), "G0")
    stage.locations("honest")
    stage.locations("place/US-NJ")


def location_replayed(stage: Stage) -> Iterator[Row]:
    """An assertion is used once, also when the process that takes it was killed in between."""
    player, placed = stage.player(), stage.player()
    stage.locate(placed)
    running, assertion = stage.play(placed), stage.assertion(player)
    yield _happened("location honest", "assertion", stage.present(assertion), "US-NJ")
    yield _happened("location replayed", "assertion", stage.present(assertion), "SYS.ASSERTION_REPLAY")
    stage.stack.kill("geolocation")
    stage.stack.restart("geolocation")
    yield _happened("location replayed after a kill", "assertion", stage.present(assertion), "SYS.ASSERTION_REPLAY")
    # Its word that the vendor answers may have run out meanwhile.
    until(lambda: stage.level(running) == "G0", "the wallets know that the vendor answers")
    stage.launch(player)
    yield _decided("location honest", "session open", stage.decision(player, "open_play"), "ALLOW", (), "G0")


def location_down(stage: Stage) -> Iterator[Row]:
    """The vendor, and then the process that watches it, are gone: a known place holds until its end, then play stops."""
    unavailable = ("GEO.UNAVAILABLE",)
    for name, what in (("geolocation-simulator", "location down"), ("geolocation", "location's process down")):
        player = stage.player()
        stage.locate(player)
        running, other = stage.play(player), stage.player()
        stage.stack.kill(name)

        def refused(other: str = other) -> bool:
            stage.launch(other)
            return stage.decision(other, "open_play").reasons == unavailable

        until(refused, "the wallets know that the source is silent")
        yield _decided(what, "session open", stage.decision(other, "open_play"), "DENY", unavailable, "G3")
        key = f"bet-{name}"
        stage.bet(running, key)
        yield _decided(what, "bet in a running session", stage.decision(player, "bet", key), "ALLOW", (), "G3")
        stage.deposit(player, f"deposit-{name}")
        yield _decided(what, "deposit", stage.decision(player, "deposit", f"deposit-{name}"), "ALLOW", (), "G3")
        stage.advance(LOCATION_VALID_S)
        stage.bet(running, f"late-{name}")
        seen = stage.decision(player, "bet", f"late-{name}")
        yield _decided(what, "bet after the place's end", seen, "DENY", unavailable, "G3")
        yield _happened(what, "win", stage.win(running, key), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(player), "OK")
        stage.stack.restart(name)
        until(lambda: _plays_again(stage), "play goes on after a new check")


def _plays_again(stage: Stage) -> bool:
    player = stage.player()
    return stage.locate(player) == "US-NJ" and stage.launch(player)


def screening_answers(stage: Stage) -> Iterator[Row]:
    """Every way in which a source of screenings can answer: what it finds, and what it then means."""
    hit, exposed, possible = stage.running(), stage.player(), stage.player()
    stage.sanction("SANCTION", hit.player)
    # The session is ended by the hit: in the ledger at once by the law, and soon by the session service.
    over, held = ("COMPLIANCE_DENIED", "SESSION_EXPIRED"), ("AML.FROZEN",)
    yield _happened("screening hit", "bet in a running session", stage.bet(hit, "bet-hit"), *over)
    stage.deposit(hit.player, "deposit-hit")
    seen = stage.decision(hit.player, "deposit", "deposit-hit")
    yield _decided("screening hit", "deposit", seen, "DENY", held, "G0")
    yield _happened("screening hit", "withdrawal", stage.withdraw(hit.player), "ActionDeniedError")
    stage.sanctions(f"unlist/aurora/{hit.player}")
    for kind, player in (("PEP", exposed), ("POSSIBLE", possible)):
        stage.sanction(kind, player)
        what = f"screening {kind.lower()}"
        stage.deposit(player, f"deposit-{kind}")
        seen = stage.decision(player, "deposit", f"deposit-{kind}")
        yield _decided(what, "deposit", seen, "CHALLENGE", ("AML.CDD_DUE",), "G0")
        yield _happened(what, "withdrawal", stage.withdraw(player), "OK")
    # Two versions of the lists later, the first player is on none of them.
    yield _happened("screening no hit any more", "bet in a running session", stage.bet(hit, "bet-unlisted"), *over)
    stage.deposit(hit.player, "deposit-unlisted")
    seen = stage.decision(hit.player, "deposit", "deposit-unlisted")
    yield _decided("screening no hit any more", "deposit", seen, "DENY", held, "G0")


def screening_silent(stage: Stage) -> Iterator[Row]:
    """A source that does not answer: play goes on, large deposits wait, and who waits is screened later, once."""
    waiting = []
    for habit in ("slow", "empty", "broken", "unreadable", "contradictory", "mixed_up"):
        stage.sanctions(habit)
        player = stage.player()
        _large_deposit_refused(stage, player)
        what = f"screening {habit}"
        yield Row(source=what, row="finding", ok=stage.screenings(player) == 0, seen="nothing is recorded")
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "ALLOW", (), "G1")
        waiting.append(player)
    stage.sanctions("honest")
    until(lambda: all(stage.screenings(player) for player in waiting), "who waits is screened")
    found = sum(stage.screenings(player) for player in waiting)
    yield Row(
        source="screening honest again", row="finding", ok=found == len(waiting), seen=f"{found} for {len(waiting)}"
    )


def screening_down(stage: Stage) -> Iterator[Row]:
    """The source, and then the process that asks it, are gone: every column of its row."""
    for name, what in (("sanctions-simulator", "screening down"), ("sanctions", "screening's process down")):
        _until_screened(stage)
        running, player = stage.running(), stage.player()
        stage.stack.kill(name)
        seen = _large_deposit_refused(stage, player)
        yield _decided(what, "deposit above the threshold", seen, "DENY", ("AML.SCREENING_UNAVAILABLE",), "G1")
        stage.deposit(player, f"small-{name}")
        yield _decided(what, "deposit", stage.decision(player, "deposit", f"small-{name}"), "ALLOW", (), "G1")
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "ALLOW", (), "G1")
        key = f"bet-{name}"
        stage.bet(running, key)
        yield _decided(what, "bet in a running session", stage.decision(running.player, "bet", key), "ALLOW", (), "G1")
        yield _happened(what, "win", stage.win(running, key), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")
        stage.stack.restart(name)
    _until_screened(stage)


def _until_screened(stage: Stage) -> None:
    """A new player is screened, and the wallets know that the source answers."""
    player, keys = stage.player(), itertools.count()

    def calm() -> bool:
        key = f"calm-{next(keys)}"
        stage.deposit(player, key)
        return stage.screenings(player) == 1 and stage.decision(player, "deposit", key).guardrail == "G0"

    until(calm, "the source answers again")


def _large_deposit_refused(stage: Stage, player: str) -> Seen:
    """Wait until the wallets know that the source is silent."""
    keys, seen = itertools.count(), []

    def refused() -> bool:
        key = f"large-{next(keys)}"
        stage.deposit(player, key, "2000.01")
        seen.append(stage.decision(player, "deposit", key))
        return seen[-1].verdict == "DENY"

    until(refused, "large deposits wait")
    return seen[-1]


def limit_file_answers(stage: Stage) -> Iterator[Row]:
    """Every way in which a limit file can answer, at a deposit; and that it counts what is booked, whatever it said."""
    running, player = stage.running(), stage.player()
    # On a busy machine the word of the file takes a moment, or has run out for one.
    until(lambda: stage.level(running) == "G0", "the wallets know that the limit file answers")
    stage.deposit(player, "deposit-clear", "100.00")
    seen = stage.decision(player, "deposit", "deposit-clear")
    yield _decided("limit file has room", "deposit", seen, "ALLOW", (), "G0")
    stage.limit_file(f"elsewhere/880.00/{stage.licensee}/{player}")
    stage.deposit(player, "deposit-elsewhere")
    seen = stage.decision(player, "deposit", "deposit-elsewhere")
    yield _decided("limit used up elsewhere", "deposit", seen, "DENY", ("LIM.EXTERNAL",), "G0")
    refused = stage.player()
    for habit in _LIMIT_FILE_HABITS:
        stage.limit_file(habit)
        stage.deposit(refused, f"deposit-{habit}")
        seen = stage.decision(refused, "deposit", f"deposit-{habit}")
        yield _decided(f"limit file {habit}", "deposit", seen, "DENY", NO_FILE, "G3")
    stage.limit_file("honest")
    yield from _as_booked(stage, "limit file honest again", running, refused, "20.00")
    without = stage.player()
    stage.limit_file(f"unset/{stage.licensee}/{without}")
    stage.deposit(without, "deposit-unset")
    seen = stage.decision(without, "deposit", "deposit-unset")
    yield _decided("no limit in the file", "deposit", seen, "DENY", ("LIM.NOT_SET",), "G0")
    stage.launch(without)
    seen = stage.decision(without, "open_play")
    yield _decided("no limit in the file", "session open", seen, "DENY", ("LIM.NOT_SET",), "G0")


def limit_file_down(stage: Stage) -> Iterator[Row]:
    """The file, and then the process that asks it, are gone: every column of its row."""
    for name, what in (("limit_file-simulator", "limit file down"), ("limit_file", "limit file's process down")):
        running, player = stage.running(), stage.player()
        stage.stack.kill(name)
        until(lambda: stage.level(running) == "G3", "the wallets know that the file is silent")  # noqa: B023 - asked at once
        key = f"limit-{name}"
        stage.deposit(player, key)
        yield _decided(what, "deposit", stage.decision(player, "deposit", key), "DENY", NO_FILE, "G3")
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "ALLOW", (), "G3")
        stage.bet(running, key)
        yield _decided(what, "bet in a running session", stage.decision(running.player, "bet", key), "ALLOW", (), "G3")
        yield _happened(what, "win", stage.win(running, key), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")
        stage.stack.restart(name)
        yield from _as_booked(stage, f"{what} no more", running, player, "20.00")
        yield _opened_well(stage, f"{what} no more")


def _opened_well(stage: Stage, what: str) -> Row:
    """At openings another process asks the file than at deposits, and finds it again in its own time."""
    seen: list[Seen] = []

    def well() -> bool:
        seen.append(stage.decision(stage.running().player, "open_play"))
        return seen[-1].guardrail == "G0"

    until(well, f"{what}: the file is asked at openings")
    return _decided(what, "session open", seen[-1], "ALLOW", (), "G0")


def _as_booked(stage: Stage, what: str, running: Running, player: str, amount: str) -> Iterator[Row]:
    """The file counts what is booked, and nothing of what was refused; deposits work again."""
    until(lambda: stage.level(running) == "G0", "the file answers again")
    until(lambda: stage.counted(player) == amount, "the file has given back what was refused")
    yield Row(source=what, row="counted", ok=stage.counted(player) == amount, seen=f"{stage.counted(player)} counted")
    stage.deposit(player, f"again-{what}")
    yield _decided(what, "deposit", stage.decision(player, "deposit", f"again-{what}"), "ALLOW", (), "G0")


def activity_file_answers(stage: Stage) -> Iterator[Row]:
    """Every way in which an activity file can answer, at the opening of play; and that it counts who plays, and nobody else."""
    running = stage.running()
    seen = stage.decision(running.player, "open_play")
    yield _decided("activity file: nowhere else", "session open", seen, "ALLOW", (), "G0")
    yield _counted(stage, "activity file: nowhere else", running.player, [stage.licensee])
    elsewhere = stage.player()
    stage.activity_file(f"elsewhere/begin/{stage.licensee}/{elsewhere}")
    stage.launch(elsewhere)
    seen = stage.decision(elsewhere, "open_play")
    yield _decided("active at another operator", "session open", seen, "DENY", ACTIVE, "G0")
    recent = stage.player()
    for order in ("begin", "end"):
        stage.activity_file(f"elsewhere/{order}/{stage.licensee}/{recent}")
    stage.launch(recent)
    seen = stage.decision(recent, "open_play")
    yield _decided("ended there just now", "session open", seen, "DENY", ACTIVE, "G0")
    for habit in _ACTIVITY_FILE_HABITS:
        stage.activity_file(habit)
        player = stage.player()
        stage.launch(player)
        seen = stage.decision(player, "open_play")
        yield _decided(f"activity file {habit}", "session open", seen, "DENY", ACTIVE, "G3")
        stage.activity_file("honest")
        yield _left(stage, f"activity file {habit} no more", player)
    stage.end(running)
    yield _left(stage, "the session has ended", running.player)
    stage.advance(_ACTIVITY_WAIT_S)
    yield _happened("ended there five minutes ago", "session open", str(stage.launch(recent)), "True")


def activity_file_down(stage: Stage) -> Iterator[Row]:
    """The file, and then the process that asks it, are gone: nobody new plays, and what runs goes on."""
    for name, what in (
        ("activity_file-simulator", "activity file down"),
        ("activity_file", "activity file's process down"),
    ):
        running, leaver, player = stage.running(), stage.running(), stage.player()
        # The clock was moved, and with it what the wallets had heard of other sources is old.
        until(lambda: stage.level(running) == "G0", "the wallets know that the other sources answer")  # noqa: B023 - asked at once
        stage.stack.kill(name)
        stage.launch(player)
        yield _decided(what, "session open", stage.decision(player, "open_play"), "DENY", ACTIVE, "G3")
        key = f"activity-{name}"
        stage.bet(running, key)
        yield _decided(what, "bet in a running session", stage.decision(running.player, "bet", key), "ALLOW", (), "G0")
        stage.deposit(running.player, key)
        yield _decided(what, "deposit", stage.decision(running.player, "deposit", key), "ALLOW", (), "G0")
        yield _happened(what, "win", stage.win(running, key), "OK")
        yield _happened(what, "withdrawal", stage.withdraw(running.player), "OK")
        stage.end(leaver)
        stage.stack.restart(name)
        yield _left(stage, f"{what} no more", leaver.player)
        yield _left(stage, f"{what} no more, refused", player)
        until(lambda: stage.launch(stage.player()), "launches work again")


def _counted(stage: Stage, what: str, player: str, wanted: list[str]) -> Row:
    found = stage.active(player)
    return Row(source=what, row="counted", ok=found == wanted, seen=f"counted at {found}")


def _left(stage: Stage, what: str, player: str) -> Row:
    """The file hears of every end, also of sessions that were refused while it might have counted them."""
    until(lambda: stage.active(player) == [], f"{what}: the file knows that the player has left")
    return _counted(stage, what, player, [])


_ACTIVITY_FILE_HABITS = (
    "slow", "empty", "broken", "unreadable", "contradictory", "mixed_up", "forged", "replayed", "lost",
)  # fmt: skip
_ACTIVITY_WAIT_S = 301
_LIMIT_FILE_HABITS = (
    "slow", "empty", "broken", "unreadable", "garbage_amount", "other_currency", "contradictory", "mixed_up", "forged",
    "replayed", "lost",
)  # fmt: skip
_REFUSED = (
    ("stale", "SYS.ASSERTION_STALE"),
    ("forged", "GEO.ASSERTION_UNSIGNED"),
    ("unreadable", "GEO.ASSERTION_UNREADABLE"),
    ("contradictory", "GEO.ASSERTION_CONTRADICTORY"),
    ("unknown", "GEO.UNKNOWN"),
)
LOCATION_VALID_S = 120
"""For how long the simulated vendor's assertions hold."""
CLOCK_REPORT_VALID_S = 10
"""For how long the wallets believe a report about their clock."""

DRILLS: tuple[Callable[[Stage], Iterator[Row]], ...] = (
    register_answers,
    register_down,
    compliance_down,
    evidence_unwritable,
    pack_doubted,
    log_down,
    screening_answers,
    screening_silent,
    screening_down,
    clock_off,
    clock_unmeasured,
)

LOCATION_DRILLS: tuple[Callable[[Stage], Iterator[Row]], ...] = (location_answers, location_replayed, location_down)
"""Those of a licensee whose law asks where the player is."""

LIMIT_FILE_DRILLS: tuple[Callable[[Stage], Iterator[Row]], ...] = (limit_file_answers, limit_file_down)
"""Those of a licensee whose law asks a cross-operator limit file."""

ACTIVITY_FILE_DRILLS: tuple[Callable[[Stage], Iterator[Row]], ...] = (activity_file_answers, activity_file_down)
"""Those of a licensee whose law asks a cross-operator activity file."""

OPEN = ("KYC vendor down: its process takes callbacks and asks nobody, so there is nothing to break",)
"""Rows of the table that no drill shows."""
