"""How commands speak: to people in tables and sentences, to programs in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]

# Both obey NO_COLOR and write plain text when they are not a terminal.
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class CommandError(Exception):
    """A command could not do its work. The text says what to do next."""


def write_json(content: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(content, indent=2, default=str) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A plain table without borders, whose cells are never cut: people copy from it."""
    header = [[Text(column, style="bold") for column in columns]] if any(columns) else []
    lines = header + [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max(line[index].cell_len for line in lines) for index in range(len(columns))] if lines else []
    for line in lines:
        for cell, width in zip(line[:-1], widths, strict=False):
            cell.pad_right(width - cell.cell_len)
        console.print(Text("  ").join(line), soft_wrap=True)


def state_style(state: str) -> Text:
    """A state with a colour that helps to find trouble."""
    colour = {"ready": "green", "done": "green", "ok": "green", "starting": "yellow", "warn": "yellow"}.get(
        state, "red"
    )
    return Text(state, style=colour)
