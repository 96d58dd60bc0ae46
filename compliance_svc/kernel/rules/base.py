"""What a kind of rule is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, ClassVar, Protocol, Self, TypeAlias

from compliance_svc.kernel.actions import ActionKind, Category
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings

Rule: TypeAlias = Callable[[Facts, Any, int, Findings], None]
"""Looks at facts, action and instant, and tells the findings why it refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule is compiled for."""

    zone: tzinfo
    category: Category | None
    currency: str
    exponent: int


class Kind(Protocol):
    """The parameters of one kind of rule, as a frozen value. Policies have neither `actions` nor `compile`."""

    name: ClassVar[str]
    """The `kind` of the rule in a pack."""
    per_category: ClassVar[bool]
    """One rule per game category; otherwise one per pack."""
    actions: ClassVar[frozenset[ActionKind]]
    """The actions that the compiled rule looks at."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read the parameters; PackError if they are wrong."""
        ...

    def stricter(self, other: Self) -> Self:
        """Return parameters that refuse whatever one of the two refuses; where they are equal, the other's words."""
        ...

    def compile(self, label: str, context: Context) -> Rule:
        """Return the rule as a plain function; `label` names it in reasons."""
        ...
