"""The checker shares no code with what it checks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.parsing import tree_of

FOLDER = Path(__file__).resolve().parents[3] / "mesh" / "verify"


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, file
            yield node.module or ""


THIRD_PARTY = {"psycopg", "cryptography"}


def test_it_imports_the_standard_library_a_driver_a_cipher_library_and_itself() -> None:
    files = sorted(FOLDER.glob("**/*.py"))
    names = {name for file in files for name in imported(file)}
    foreign = {name for name in names if name.partition(".")[0] not in {*sys.stdlib_module_names, *THIRD_PARTY}}
    assert len(files) > 10
    assert {name for name in foreign if not name.startswith("mesh.verify")} == set()
