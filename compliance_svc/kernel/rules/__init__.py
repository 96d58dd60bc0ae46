"""The kinds of rules that a pack can have. A new kind is a class here; a new value is data."""

from typing import Final, TypeAlias

from compliance_svc.kernel.rules.age import MinimumAge
from compliance_svc.kernel.rules.catalogue import ForbiddenFeatures, GameCategories, MinimumReturn, NoJackpots
from compliance_svc.kernel.rules.games import CycleInterval, PlayerStarts, StakeCap
from compliance_svc.kernel.rules.money import MoneyTrigger, NoWithdrawalReversal, RequiredLimits
from compliance_svc.kernel.rules.outside import ActivityFile, ExclusionRegister, ExternalLimit
from compliance_svc.kernel.rules.person import DemoPlayAllowed, IdentityVerified, LocationPerWager
from compliance_svc.kernel.rules.policies import ContactAbove, FailedDeposits, LimitChange, PlayerBreak, SelfExclusion
from compliance_svc.kernel.rules.reminding import LimitReview
from compliance_svc.kernel.rules.screening import SanctionsScreening
from compliance_svc.kernel.rules.sessions import Inactivity, ParallelPlay, RealityCheck, SessionLimits
from compliance_svc.kernel.rules.watching import RiskFlag, Watch

CompiledKind: TypeAlias = (
    MinimumAge
    | IdentityVerified
    | DemoPlayAllowed
    | LocationPerWager
    | SanctionsScreening
    | RiskFlag
    | ExclusionRegister
    | ExternalLimit
    | ActivityFile
    | RequiredLimits
    | MoneyTrigger
    | NoWithdrawalReversal
    | GameCategories
    | NoJackpots
    | MinimumReturn
    | ForbiddenFeatures
    | StakeCap
    | CycleInterval
    | PlayerStarts
    | RealityCheck
    | Inactivity
    | ParallelPlay
    | SessionLimits
    | LimitReview
)
"""Kinds that look at actions."""

Policy: TypeAlias = LimitChange | SelfExclusion | PlayerBreak | ContactAbove | FailedDeposits
"""Kinds that say how players change their own protection."""

KINDS: Final[dict[str, type[CompiledKind] | type[Policy] | type[Watch]]] = {
    kind.name: kind for kind in (*CompiledKind.__args__, *Policy.__args__, *Watch.__args__)
}

REQUIRED: Final = frozenset(
    {MinimumAge.name, IdentityVerified.name, LimitChange.name, SelfExclusion.name, PlayerBreak.name}
)
"""Kinds without which a pack protects nobody. Only the sandbox does without."""
