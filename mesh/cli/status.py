"""`pitboss status`: one line for each process, asked now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from mesh.cli.output import Json, state_style, write_json, write_table
from mesh.dev import running

TIMEOUT_S = 5.0
"""All are asked at once: only a process that does not answer is waited for."""

YOUNG_S = 15.0
"""For so long after `up` a process may still be starting: `up` does not wait for those that no bet needs."""

_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is known about one process."""

    name: str
    pid: int
    address: str
    state: str


def status(*, json: Json = False) -> None:
    """Show whether each process can be used now. Exit code 1 if one cannot."""
    mesh = running.read_mesh()
    with ThreadPoolExecutor(max_workers=16) as pool:
        lines = list(pool.map(lambda process: ask(mesh, process), mesh["processes"]))
    if json:
        write_json(
            [{"name": each.name, "pid": each.pid, "address": each.address, "state": each.state} for each in lines]
        )
    else:
        rows = [(each.name, state_style(each.state), str(each.pid), each.address) for each in lines]
        write_table(("process", "state", "pid", "address"), rows)
        _show_opinion(lines)
    raise typer.Exit(0 if all(each.state == "ready" for each in lines) else 1)


def _show_opinion(lines: Sequence[Line]) -> None:
    if not any(line.name == "second_opinion" and line.state == "ready" for line in lines):
        return
    from mesh.cli import opinion  # noqa: PLC0415 - imports the contracts, which takes long

    # Not among the lines of the processes, which a script may count.
    typer.echo(opinion.sentence(opinion.ask()), err=True)


def ask(mesh: Mapping[str, Any], process: Mapping[str, Any]) -> Line:
    """Ask one process of the mesh."""
    state = _state(mesh, process)
    while state not in ("ready", "ended") and running.age_s() < YOUNG_S:
        time.sleep(_AGAIN_S)
        state = _state(mesh, process)
    return Line(name=process["name"], pid=process["pid"], address=process["address"], state=state)


def _state(mesh: Mapping[str, Any], process: Mapping[str, Any]) -> str:
    return (_problem(mesh, process) or "ready") if running.is_alive(process["pid"]) else "ended"


def _problem(mesh: Mapping[str, Any], process: Mapping[str, Any]) -> str:
    """Empty when the process answers as it should."""
    from mesh.dev.ready import GrpcHealth, HttpOk  # noqa: PLC0415 - gRPC takes longest to import

    match process["name"], process["workload"]:
        case "postgres", _:
            return _postgres(mesh["postgres"]["admin_url"])
        case "valkey", _:
            return _valkey(mesh["valkey"]["url"])
        case "gateway", _:
            operations = str(mesh["gateway"]["operations"]).removeprefix("http://")
            return HttpOk(address=operations, path="/ready", text="LIVE").check(TIMEOUT_S)
        case _, "":
            return HttpOk(address=process["address"]).check(TIMEOUT_S)
    return GrpcHealth(address=process["address"], tls=Path(mesh["internal"]["tls"])).check(TIMEOUT_S)


def _postgres(url: str) -> str:
    import psycopg  # noqa: PLC0415 - as above

    try:
        with psycopg.connect(url, connect_timeout=round(TIMEOUT_S)) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return ""


def _valkey(url: str) -> str:
    import redis  # noqa: PLC0415 - as above

    client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S)
    try:
        client.ping()
    except redis.RedisError as error:
        return type(error).__name__
    finally:
        client.close()
    return ""
