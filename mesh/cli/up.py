"""`pitboss up`, `down` and `restart`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mesh.cli.output import CommandError, Json, console, state_style, write_json, write_table
from mesh.dev import running
from mesh.dev.paths import MESH_FILE
from mesh.dev.ports import is_free

if TYPE_CHECKING:
    from mesh.dev.supervisor import Supervisor

LICENSEE_PORT, STUDIO_PORT = 8443, 8080

Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready; the mesh stays up.")]
LicenseePort = Annotated[int, typer.Option(help="Port for licensees; 0 takes a free one.")]
StudioPort = Annotated[int, typer.Option(help="Port for the studios' callbacks; 0 takes a free one.")]
LogLevel = Annotated[str, typer.Option(help="debug, info, warning or error.")]
Otlp = Annotated[str, typer.Option("--otlp", help="OTLP/gRPC collector for traces and metrics, host:port.")]
KeepData = Annotated[bool, typer.Option(help="Leave databases and secrets in the run folder at the end.")]
Providers = Annotated[
    str, typer.Option(help="Exactly these, separated by commas, or all. By default those of every day.")
]


def up(
    *,
    detach: Detach = False,
    json: Json = False,
    licensee_port: LicenseePort = LICENSEE_PORT,
    studio_port: StudioPort = STUDIO_PORT,
    log_level: LogLevel = "info",
    otlp: Otlp = "",
    keep_data: KeepData = False,
    providers: Providers = "",
) -> None:
    """Start the whole mesh: PostgreSQL, Valkey, gateway, services, adapters and studios."""
    from mesh.dev import supervisor  # noqa: PLC0415 - imports everything a stack is made of
    from mesh.dev.stack import Options  # noqa: PLC0415

    chosen = frozenset(filter(None, providers.split(",")))
    options = Options(kind="up", providers=chosen, log_level=log_level, otlp_endpoint=otlp, keep_data=keep_data, second_opinion=True, audit=True,
                      licensee_port=_if_free(licensee_port), studio_port=_if_free(studio_port))  # fmt: skip
    view = View(quiet=json)
    if detach:
        with view:
            started = supervisor.detach(options, view.report)
        if started.mesh is None:
            raise CommandError(started.error)
        _show(started.mesh, json=json)
    else:
        _foreground(supervisor.Supervisor(options, view.report), view, json=json)


def _if_free(port: int) -> int:
    """The customary port if nobody has it, else any."""
    return port if port and is_free(port) else 0


def _foreground(keeper: Supervisor, view: View, *, json: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.ask_to_stop)

    def ready(mesh: dict[str, Any]) -> None:
        view.finish()
        _show(mesh, json=json)
        if not json:
            console.print("\nThe mesh is up until you press Ctrl-C.")
        view.follow()

    with view:
        keeper.run(ready)


def down(*, json: Json = False) -> None:
    """Stop the mesh and wait until all of it has ended."""
    seconds = running.stop()
    if json:
        write_json({"stopped": True, "seconds": round(seconds, 2)})
    else:
        console.print(f"The mesh is down ({seconds:.1f} s).")


def restart(
    name: Annotated[str, typer.Argument(help="A name from `pitboss status`.")],
    *,
    kill: Annotated[bool, typer.Option("--kill", help="End it with kill -9 instead of asking it to end.")] = False,
    json: Json = False,
) -> None:
    """End one process of the mesh; it is started again at once."""
    before = _pid(name)
    os.kill(before, signal.SIGKILL if kill else signal.SIGTERM)
    after = _wait_for_another(name, before)
    if json:
        write_json({"name": name, "pid": after, "pid_before": before})
    else:
        console.print(f"{name}: {before} ended, {after} took its place.")


def _pid(name: str) -> int:
    processes = running.read_mesh()["processes"]
    found = [int(process["pid"]) for process in processes if process["name"] == name]
    if not found:
        message = f"there is no process {name!r}; `pitboss status` lists them"
        raise CommandError(message)
    return found[0]


def _wait_for_another(name: str, before: int) -> int:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if (now := _pid(name)) != before:
            return now
        time.sleep(0.1)
    message = f"{name} has not come back; look at its log in build/run"
    raise CommandError(message)


def _show(mesh: dict[str, Any], *, json: bool) -> None:
    if json:
        write_json(mesh)
        return
    gateway = mesh["gateway"]
    console.print(f"\nReady after {mesh['ready_after_s']:.1f} s.\n")
    rows = [("licensees, gRPC", gateway["grpc"]), ("licensees, JSON", gateway["json"]), ("CA", gateway["ca"])]
    rows += [(f"callbacks of {provider['name']}", provider["callback_url"]) for provider in mesh["providers"]]
    rows += [("all of it", str(MESH_FILE))]
    write_table(("what", "where"), rows)
    if mesh["licensees"]:
        console.print(_example(mesh), soft_wrap=True)


def _example(mesh: dict[str, Any]) -> str:
    licensee = mesh["licensees"][0]
    return (
        f"\nTry it as {licensee['id']}:\n"
        f'  curl --cacert {mesh["gateway"]["ca"]} -H "authorization: Bearer $({_command()} licensee token {licensee["id"]})" '
        f"{mesh['gateway']['json']}/v1/games"
    )


def _command() -> str:
    return "pitboss" if shutil.which("pitboss") else f"{Path(sys.executable).parent}/pitboss"


class View:
    """Progress as a live table on a terminal, as lines elsewhere, not at all when a program reads."""

    def __init__(self, *, quiet: bool) -> None:
        self._states: dict[str, str] = {}
        self._began = time.monotonic()
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal and not quiet else None
        self._report: Callable[[str, str], None] = self._silent if quiet else self._line
        if self._live:
            self._report = self._row

    def report(self, name: str, state: str) -> None:
        """Take note of one process."""
        self._states[name] = state
        self._report(name, state)

    def finish(self) -> None:
        """End the live table, leaving its last state on the screen."""
        if self._live:
            self._live.stop()

    def follow(self) -> None:
        """From now on report changes as lines below the endpoints."""
        if self._live:
            self._report = self._line

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _silent(self, name: str, state: str) -> None:
        """Say nothing."""

    def _line(self, name: str, state: str) -> None:
        console.print(f"{time.monotonic() - self._began:6.2f} s  {name}: {state}")

    def _row(self, _name: str, _state: str) -> None:
        assert self._live is not None
        table = Table("process", "state", box=None, pad_edge=False, header_style="bold")
        for name, state in self._states.items():
            table.add_row(name, state_style(state))
        self._live.update(Group(table, Text(f"{time.monotonic() - self._began:.1f} s")))
