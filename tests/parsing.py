"""Reading Python without running it."""

from __future__ import annotations

import ast
from pathlib import Path

_TRIES = 5


def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file.

    CPython 3.11 counts the depth of all parsers in one place, so another thread that formats a traceback meanwhile
    makes this one fail with SystemError (python/cpython issue 106905).
    """
    text = path.read_text()
    for _ in range(_TRIES):
        try:
            return ast.parse(text)
        except SystemError:
            continue
    return ast.parse(text)
