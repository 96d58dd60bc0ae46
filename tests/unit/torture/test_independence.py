"""The model shares nothing with what it judges, and the checker shares nothing with the wallet."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.parsing import tree_of

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "torture"
STANDARD = frozenset(sys.stdlib_module_names)


def imported(folder: Path) -> Iterator[str]:
    files = sorted(folder.glob("*.py"))
    assert len(files) > 4
    for file in files:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                yield node.module or ""


def foreign(folder: Path, *own: str) -> set[str]:
    return {name for name in imported(folder) if name.partition(".")[0] not in STANDARD and not name.startswith(own)}


def test_the_model_imports_the_standard_library_and_itself() -> None:
    assert foreign(FOLDER / "model", "tests.torture.model") == set()


def test_the_checker_imports_the_driver_of_the_database_and_the_model() -> None:
    assert foreign(FOLDER / "checker", "tests.torture.model", "tests.torture.checker") == {"psycopg"}
