"""Blocks of a page that want to be executed.

The word after the language says what a block is:

    ```sh up          starts the mesh; once in all pages
    ```sh run         a shell script; variables live on to the end of the page
    ```python run     a program
    ```text output    what the block before it prints; `...` stands for anything

Every other block is only read.
"""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>\S+ \S+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LANGUAGES = {"sh up", "sh run", "python run"}
_OUTPUT = "text output"
_LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block to execute."""

    page: Path
    line: int
    kind: str
    code: str
    output: str | None = None

    def prints(self, text: str) -> bool:
        """Whether this is what the page says. A page that shows nothing promises nothing."""
        return self.output is None or doctest.OutputChecker().check_output(self.output, text, _LOOSELY)


class PageError(Exception):
    """A page has a block that nobody would execute, though it seems to ask for it."""


def blocks(path: Path) -> list[Block]:
    """The blocks of a page in order."""
    return list(_blocks(path, path.read_text()))


def _blocks(path: Path, text: str) -> Iterator[Block]:
    waiting: Block | None = None
    for fence in _FENCE.finditer(text):
        line, info = text.count("\n", 0, fence.start()) + 1, fence["info"]
        if info == _OUTPUT:
            if waiting is None:
                raise PageError(f"{path}:{line}: an output, and no block before it")
            yield replace(waiting, output=fence["body"])
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        if info not in _LANGUAGES:
            raise PageError(f"{path}:{line}: {info!r} is not one of {sorted(_LANGUAGES)}")
        waiting = Block(page=path, line=line, kind=info, code=fence["body"])
    if waiting is not None:
        yield waiting
