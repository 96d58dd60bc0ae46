"""What people see while it runs: a live table on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from pitboss_demo.studio import Progress

_STORY_LINES: Final = 12
_LINE_EVERY_S: Final = 5.0


class View:
    """Told about processes, progress and events."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._began = time.monotonic()
        self._processes: dict[str, str] = {}
        self._studios: Mapping[str, Progress] = {}
        self._story: deque[str] = deque(maxlen=_STORY_LINES)
        self._calls = 0
        self._last_line = 0.0
        self._bar = Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._rounds: TaskID = self._bar.add_task("rounds", total=None)
        self._live = Live(self._picture(), console=console, refresh_per_second=6) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live and not self._quiet:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live and not self._quiet:
            self._live.update(self._picture())
            self._live.stop()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def process(self, name: str, state: str) -> None:
        """A process of the mesh changed its state."""
        self._processes[name] = state
        self._draw()

    def tell(self, event: str) -> None:
        """Something worth a line happened."""
        line = f"{self.seconds:5.1f} s  {event}"
        self._story.append(line)
        self._draw()
        if not self._live and not self._quiet:
            self._console.print(line, soft_wrap=True)

    def progress(self, studios: Mapping[str, Progress], calls: int) -> None:
        """How far play is."""
        self._studios, self._calls = studios, calls
        done, planned = sum(each.rounds for each in studios.values()), sum(each.planned for each in studios.values())
        self._bar.update(self._rounds, completed=done, total=planned)
        self._draw()
        if not self._live and not self._quiet and self.seconds - self._last_line > _LINE_EVERY_S:
            self._last_line = self.seconds
            self._console.print(f"{self.seconds:5.1f} s  {done:,} of {planned:,} rounds")

    def _draw(self) -> None:
        if self._live and not self._quiet:
            self._live.update(self._picture())

    def _picture(self) -> Group:
        story = Text("\n".join(self._story))
        calls = Text(f"{self._calls:,} calls by the licensees")
        return Group(self._process_line(), self._studio_table(), calls, self._bar, story)

    def _process_line(self) -> Text:
        text = Text()
        for name, state in self._processes.items():
            colour = {"ready": "green", "done": "green", "starting": "yellow", "stopped": "dim"}.get(state, "red")
            text.append(f"● {name}  ", style=colour)
        return text

    def _studio_table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("studio", "rounds", "bets", "accepted"):
            table.add_column(title, justify="left" if title == "studio" else "right")
        for name, each in self._studios.items():
            table.add_row(name, f"{each.rounds:,}", f"{each.bets:,}", f"{each.accepted:,}")
        return table
