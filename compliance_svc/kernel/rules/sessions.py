"""Rules of play sessions: reality checks, breaks after them, inactivity, parallel play, fixed session limits."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Bet, Category, OpenPlay
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.local_time import SECOND_US
from compliance_svc.kernel.rules.base import Context, Rule

_NEVER_S: Final = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class RealityCheck:
    """After some time bets wait until the player has seen how long and for how much was played."""

    name: ClassVar = "reality_check"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.BET})
    interval_s: int | None
    """None: only as the player chooses."""
    break_s: int
    """Time without bets from the acknowledgement."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `interval_s` (absent: the player's choice) and `break_s`."""
        return cls(
            interval_s=fields.whole("interval_s", at_least=1) if fields.has("interval_s") else None,
            break_s=fields.whole("break_s", default=0),
        )

    def stricter(self, other: Self) -> Self:
        """Return the shorter interval and the longer break."""
        intervals = [rule.interval_s for rule in (self, other) if rule.interval_s is not None]
        return type(self)(interval_s=min(intervals, default=None), break_s=max(self.break_s, other.break_s))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; due means due at that instant."""
        own_s, break_us = self.interval_s or _NEVER_S, self.break_s * SECOND_US

        def check(facts: Facts, _bet: object, now_us: int, findings: Findings) -> None:
            session = facts.session
            if session is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
                return
            every_s, checked_us = session.check_every_s, session.checked_us
            due_us = (own_s if every_s is None or every_s > own_s else every_s) * SECOND_US
            since_us = session.opened_us if checked_us is None else checked_us
            if now_us - since_us >= due_us:
                findings.refuse(Code.SES_RC_DUE, label, now_us - since_us, due_us)
            if checked_us is not None and now_us - checked_us < break_us:
                findings.refuse(Code.SES_MANDATORY_BREAK, label, now_us - checked_us, break_us)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class Inactivity:
    """After some time without a new cycle the session is over: the player logs in again and opens another one."""

    name: ClassVar = "inactivity"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.BET})
    seconds: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `seconds`."""
        return cls(seconds=fields.whole("seconds", at_least=1))

    def stricter(self, other: Self) -> Self:
        """Return the shorter time."""
        return min(self, other, key=lambda rule: rule.seconds)

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check of the bet that starts a cycle; the opening and an acknowledged reality check are activity too."""
        longest_us = self.seconds * SECOND_US

        def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
            if not bet.starts_cycle:
                return
            session, cycle = facts.session, facts.cycle
            if session is None or cycle is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
                return
            since_us, started_us, checked_us = session.opened_us, cycle.last_start_us, session.checked_us
            if started_us is not None and started_us > since_us:
                since_us = started_us
            if checked_us is not None and checked_us > since_us:
                since_us = checked_us
            if now_us - since_us >= longest_us:
                findings.refuse(Code.SES_INACTIVE, label, now_us - since_us, longest_us)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelPlay:
    """No second game, or no second slot, beside an open one."""

    name: ClassVar = "parallel_play"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.OPEN_PLAY})
    mode: str
    """`none`: one game at a time. `slots`: one slot at a time."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `mode`."""
        return cls(mode=fields.text("mode", "none", "slots"))

    def stricter(self, other: Self) -> Self:
        """Return the one that forbids more."""
        return self if self.mode == "none" else other

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; a game of unknown category may be a slot."""
        any_game = self.mode == "none"
        slots = frozenset({Category.SLOT, None})

        def check(facts: Facts, action: OpenPlay, _now_us: int, findings: Findings) -> None:
            if not facts.others or action.renews:
                return
            if any_game or (action.category in slots and not slots.isdisjoint(facts.others)):
                findings.refuse(Code.SES_PARALLEL, label, len(facts.others) + 1, 1)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """What was fixed for a session at its opening stays as it is until the session ends."""

    name: ClassVar = "session_limits"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.SET_SESSION_LIMIT})

    @classmethod
    def parse(cls, fields: Fields) -> Self:  # noqa: ARG003 - this kind has no parameters
        """Read nothing: the kind has no parameters."""
        return cls()

    def stricter(self, other: Self) -> Self:  # noqa: ARG002 - all such rules are equal
        """Return the rule: all such rules are equal."""
        return self

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check."""

        def check(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            findings.refuse(Code.SES_LIMIT_LOCKED, label)

        return check
