"""Rules about which games a licence opens."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Bet, Category, OpenPlay
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.rules.base import Context, Rule

_GAMES: Final = frozenset({ActionKind.BET, ActionKind.OPEN_PLAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class GameCategories:
    """The licence opens only some categories of games."""

    name: ClassVar = "game_categories"
    per_category: ClassVar = False
    actions: ClassVar = _GAMES
    allowed: tuple[str, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `allowed`."""
        return cls(allowed=tuple(sorted(fields.texts("allowed", *Category))))

    def stricter(self, other: Self) -> Self:
        """Return the categories that both open."""
        common = tuple(name for name in self.allowed if name in other.allowed)
        if not common:
            message = "no category of games is open in both packs"
            raise PackError(message)
        return type(self)(allowed=common)

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; a game of unknown category is a missing fact."""
        allowed = frozenset(map(Category, self.allowed))

        def check(_facts: Facts, action: Bet | OpenPlay, _now_us: int, findings: Findings) -> None:
            if action.category is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
            elif action.category not in allowed:
                findings.refuse(Code.GAM_CATEGORY, label)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class NoJackpots:
    """Games with a progressive jackpot are not open."""

    name: ClassVar = "no_jackpots"
    per_category: ClassVar = False
    actions: ClassVar = _GAMES

    @classmethod
    def parse(cls, fields: Fields) -> Self:  # noqa: ARG003 - this kind has no parameters
        """Read nothing: the kind has no parameters."""
        return cls()

    def stricter(self, other: Self) -> Self:  # noqa: ARG002 - all such rules are equal
        """Return the rule: all such rules are equal."""
        return self

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; without the game's permits nobody knows."""

        def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            if facts.game is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
            elif facts.game.progressive:
                findings.refuse(Code.GAM_JACKPOT, label)

        return check
