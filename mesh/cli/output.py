"""How commands speak: to people in tables and sentences, to programs in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]

# Both obey NO_COLOR and write plain text when they are not a terminal.
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class CommandError(Exception):
    """A command could not do its work. The text says what to do next."""


def write_json(content: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(content, indent=2, default=str) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table without borders."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def state_style(state: str) -> str:
    """A state with a colour that helps to find trouble."""
    colour = {"ready": "green", "done": "green", "ok": "green", "starting": "yellow", "warn": "yellow"}.get(
        state, "red"
    )
    return f"[{colour}]{state}[/{colour}]"
