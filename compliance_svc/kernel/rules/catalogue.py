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
class MinimumReturn:
    """Games whose certified return is lower are not opened."""

    name: ClassVar = "minimum_return"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.OPEN_PLAY})
    ppm: int
    """Millionths of the stakes."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `ppm`."""
        return cls(ppm=fields.whole("ppm", at_least=1))

    def stricter(self, other: Self) -> Self:
        """Return the higher return."""
        return max(self, other, key=lambda rule: rule.ppm)

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; a game whose papers tell no return is not judged."""
        least = self.ppm

        def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            game = facts.game
            if game is not None and game.return_ppm and game.return_ppm < least:
                findings.refuse(Code.GAM_RETURN, label, game.return_ppm, least)

        return check


_FEATURES: Final = ("turbo", "quick_spin", "slam_stop", "celebrates_losses")
"""What papers of games tell, in the words of the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenFeatures:
    """Games that can do certain things are not opened."""

    name: ClassVar = "forbidden_features"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.OPEN_PLAY})
    features: tuple[str, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `features`."""
        return cls(features=tuple(sorted(fields.texts("features", *_FEATURES))))

    def stricter(self, other: Self) -> Self:
        """Return what one of the two forbids."""
        return type(self)(features=tuple(sorted({*self.features, *other.features})))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; what papers do not tell is not there."""
        forbidden = frozenset(self.features)

        def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            if facts.game is not None and not forbidden.isdisjoint(facts.game.features):
                findings.refuse(Code.GAM_FEATURE, label)

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
