"""The string literals under the fields of a class, such as settings, and under the members of an enum."""

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
        name = _name(field)
        if name is not None and _is_text(below):
            texts[name] = " ".join(str(below.value.value).split())
    return texts


def _name(statement: ast.stmt) -> str | None:
    """What a statement gives a value or a type to, if that is one name."""
    if isinstance(statement, ast.AnnAssign):
        target: ast.expr = statement.target
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
