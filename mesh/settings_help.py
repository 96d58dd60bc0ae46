"""The string literals under the fields of a settings class."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap


def field_texts(cls: type) -> dict[str, str]:
    """The text under each field, inherited ones included."""
    texts: dict[str, str] = {}
    for ancestor in reversed(cls.__mro__[:-1]):
        texts |= _own_texts(ancestor)
    return texts


def _own_texts(cls: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return {}
    statements = getattr(tree.body[0], "body", [])
    texts = {}
    for field, below in itertools.pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(below):
            texts[field.target.id] = " ".join(str(below.value.value).split())
    return texts


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
