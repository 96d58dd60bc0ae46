"""The kinds of rules that a pack can have. A new kind is a class here; a new value is data."""

from typing import Final, TypeAlias

from compliance_svc.kernel.rules.age import MinimumAge
from compliance_svc.kernel.rules.games import CycleInterval, PlayerStarts, StakeCap
from compliance_svc.kernel.rules.policies import LimitChange, PlayerBreak, SelfExclusion

CompiledKind: TypeAlias = MinimumAge | StakeCap | CycleInterval | PlayerStarts
"""Kinds that look at actions."""

Policy: TypeAlias = LimitChange | SelfExclusion | PlayerBreak
"""Kinds that say how players change their own protection; every market has all of them."""

KINDS: Final[dict[str, type[CompiledKind] | type[Policy]]] = {
    kind.name: kind
    for kind in (MinimumAge, StakeCap, CycleInterval, PlayerStarts, LimitChange, SelfExclusion, PlayerBreak)
}

REQUIRED: Final = frozenset({MinimumAge.name, LimitChange.name, SelfExclusion.name, PlayerBreak.name})
"""Kinds without which a pack protects nobody. Only the sandbox does without."""
