"""Rules about the person: verified identity, and where the player is."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.protection import Identity
from compliance_svc.kernel.rules.base import Context, Rule

_IDENTITIES: Final = ("declared", "verified")
_PLAY: Final = frozenset({ActionKind.BET, ActionKind.TIP, ActionKind.OPEN_PLAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified:
    """Identity is verified before deposit and bet; a proven minor is under age whatever the papers said."""

    name: ClassVar = "identity_verified"
    per_category: ClassVar = False
    actions: ClassVar = _PLAY | {ActionKind.DEPOSIT}

    @classmethod
    def parse(cls, fields: Fields) -> Self:  # noqa: ARG003 - this kind has no parameters
        """Read nothing: the kind has no parameters."""
        return cls()

    def stricter(self, other: Self) -> Self:  # noqa: ARG002 - all such rules are equal
        """Return the rule: all such rules are equal."""
        return self

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check."""
        return _verified(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlayAllowed:
    """Games may be opened for play money by players whose age is known so well. Without such a rule nobody may."""

    name: ClassVar = "demo_play"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.DEMO_PLAY})
    identity: str
    """`verified`: by somebody else than the player. `declared`: the date of birth that the player told is enough."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `identity`."""
        return cls(identity=fields.text("identity", *_IDENTITIES))

    def stricter(self, other: Self) -> Self:
        """Return the rule that wants more."""
        return max(self, other, key=lambda rule: _IDENTITIES.index(rule.identity))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check. The legal age, exclusions and breaks are rules of their own."""
        return _verified(label) if self.identity == "verified" else _not_proven_minor(label)


def _verified(label: str) -> Rule:
    verified, minor = Identity.VERIFIED, Identity.MINOR

    def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None:
            findings.refuse(Code.SYS_FACT_MISSING, label)
        elif protection.person.identity is not verified:
            is_minor = protection.person.identity is minor
            findings.refuse(Code.KYC_AGE if is_minor else Code.KYC_UNVERIFIED, label)

    return check


def _not_proven_minor(label: str) -> Rule:
    minor = Identity.MINOR

    def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None:
            findings.refuse(Code.SYS_FACT_MISSING, label)
        elif protection.person.identity is minor:
            findings.refuse(Code.KYC_AGE, label)

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationPerWager:
    """The player is inside the territory at every wager, by a result that has not expired."""

    name: ClassVar = "location_per_wager"
    per_category: ClassVar = False
    actions: ClassVar = _PLAY
    territories: tuple[str, ...]
    recheck_s: int | None = None
    """How long a result holds at most; None: as long as its source says."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `territories` and `recheck_s`."""
        return cls(
            territories=tuple(sorted(fields.texts("territories"))),
            recheck_s=fields.whole("recheck_s", at_least=1) if fields.has("recheck_s") else None,
        )

    def stricter(self, other: Self) -> Self:
        """Return the territories that both allow, and the shorter interval."""
        common = tuple(place for place in self.territories if place in other.territories)
        if not common:
            message = f"no common territory in {', '.join(self.territories)} and {', '.join(other.territories)}"
            raise PackError(message)
        intervals = [rule.recheck_s for rule in (self, other) if rule.recheck_s is not None]
        return type(self)(territories=common, recheck_s=min(intervals, default=None))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; without a valid result a new check is asked for, or refused if nobody can make one."""
        territories = frozenset(self.territories)

        def check(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
            protection = facts.player.protection
            if protection is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
                return
            person = protection.person
            expired = person.location_until_us is not None and now_us >= person.location_until_us
            if not person.location or expired:
                findings.refuse(Code.GEO_UNAVAILABLE if facts.outside.geo_silent else Code.GEO_RECHECK, label)
            elif person.location not in territories:
                findings.refuse(Code.GEO_OUTSIDE, label)

        return check
