"""Packs as they are decided with: compiled once, chosen by instant."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final, TypeAlias, TypeVar

from compliance_svc.kernel.actions import ActionKind, Category, Screening
from compliance_svc.kernel.rules import CompiledKind, standing
from compliance_svc.kernel.rules.base import Context, Rule
from compliance_svc.kernel.rules.money import MoneyTrigger
from compliance_svc.kernel.rules.outside import ActivityFile, ExternalLimit
from compliance_svc.kernel.rules.own_limits import bet_limits, confirmed_at_login, deposit_limits
from compliance_svc.kernel.rules.person import DemoPlayAllowed, LocationPerWager
from compliance_svc.kernel.rules.policies import ContactAbove, FailedDeposits, LimitChange, PlayerBreak, SelfExclusion
from compliance_svc.kernel.rules.screening import SanctionsScreening
from compliance_svc.kernel.rules.watching import Watch

Plan: TypeAlias = tuple[Rule, ...]
_PlanKey: TypeAlias = tuple[ActionKind, Category | None, str, int]

ALWAYS: Final = -(2**62)
"""Start of a pack version that holds from the beginning."""

_PLAY_AND_PAY: Final = frozenset({ActionKind.BET, ActionKind.TIP, ActionKind.DEPOSIT, ActionKind.OPEN_PLAY})
_GAMES: Final = frozenset({ActionKind.BET, ActionKind.OPEN_PLAY})
_ENTRANCES: Final = frozenset({ActionKind.LOGIN, ActionKind.REGISTER})
_VOUCHED: Final = _GAMES | {ActionKind.RENEW_ASSERTION}

ANY_EXCLUSION: Final = SelfExclusion(terms=None, minimum="6mo", return_delay_s=0, return_delay_endless_s=0)
ANY_BREAK: Final = PlayerBreak(terms=None)
AT_ONCE: Final = LimitChange(increase_delay_s=0, increase_confirm="no")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRule:
    """A compilable rule with its name in reasons, such as `stake_cap/slot`."""

    label: str
    category: Category | None
    params: CompiledKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWatch:
    """Something that is watched behind the money, with its name such as `money_watch/deposit/24h`."""

    label: str
    requirement: str
    params: Watch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pack:
    """One version of the rules of one market, ready to decide with."""

    name: str
    version: str
    digest: str
    """SHA-256 of the canonical content, in hexadecimal."""
    zone: tzinfo
    from_us: int
    effective_from: str = "always"
    """As written: `always` or a wall time with its zone."""
    rules: tuple[NamedRule, ...] = ()
    limit_change: LimitChange | None = AT_ONCE
    """None: there is no law to know the delay from, so no increase."""
    self_exclusion: SelfExclusion = ANY_EXCLUSION
    player_break: PlayerBreak = ANY_BREAK
    contacts: tuple[ContactAbove, ...] = ()
    failed_deposits: FailedDeposits | None = None
    """None: they are not counted."""
    watches: tuple[NamedWatch, ...] = ()
    currency: str = ""
    territory: str = ""
    zone_data: str = ""
    """By which data the zone is known here: the start of the digest of it."""
    content: str = ""
    """The canonical JSON that the digest is of."""
    _plans: dict[_PlanKey, Plan] = field(default_factory=dict, init=False, repr=False)

    @property
    def label(self) -> str:
        """Name and version, `gb@1`. Empty for no pack."""
        return f"{self.name}@{self.version}" if self.name else ""

    def plan(self, kind: ActionKind, category: Category | None = None, currency: str = "", exponent: int = 0) -> Plan:
        """Return the rules for such actions, compiled at first use."""
        key = (kind, category, currency, exponent)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._compile(*key)
        return plan

    @property
    def triggers(self) -> tuple[MoneyTrigger, ...]:
        """The thresholds with a duty."""
        return tuple(rule.params for rule in self.rules if isinstance(rule.params, MoneyTrigger))

    @property
    def knows_demo_play(self) -> bool:
        """Whether it says who may open a game for play money."""
        return any(isinstance(rule.params, DemoPlayAllowed) for rule in self.rules)

    def asks_diligence(self, result: Screening) -> bool:
        """Say whether due diligence is due after a result of a screening."""
        rules = [rule.params for rule in self.rules if isinstance(rule.params, SanctionsScreening)]
        return any(rule.asks_diligence(result) for rule in rules)

    @property
    def location_rechecks_s(self) -> tuple[int, ...]:
        """Seconds after which a place has to be checked again; none where a result holds as long as its source says."""
        places = (rule.params for rule in self.rules if isinstance(rule.params, LocationPerWager))
        return tuple(place.recheck_s for place in places if place.recheck_s is not None)

    @property
    def limit_files(self) -> frozenset[str]:
        """The cross-operator limit files that are asked at deposits."""
        rules = [rule.params for rule in self.rules if isinstance(rule.params, ExternalLimit)]
        return frozenset(name for rule in rules for name in rule.sources)

    @property
    def activity_files(self) -> frozenset[str]:
        """The cross-operator activity files that are asked at the opening of play."""
        rules = [rule.params for rule in self.rules if isinstance(rule.params, ActivityFile)]
        return frozenset(name for rule in rules for name in rule.sources)

    def _compile(self, kind: ActionKind, category: Category | None, currency: str, exponent: int) -> Plan:
        context = Context(zone=self.zone, category=category, currency=currency, exponent=exponent)
        rules = [rule for rule in self.rules if kind in rule.params.actions]
        compiled = [rule.params.compile(rule.label, context) for rule in rules if rule.category in (None, category)]
        if category is None and any(rule.category is not None for rule in rules):
            compiled.append(standing.category_known)
        return (*_standing_rules(kind, self), *compiled)


NO_PACK: Final = Pack(name="", version="", digest="", zone=UTC, from_us=ALWAYS, limit_change=None)
"""Stands for the missing law: no debit, and no change that loosens anything."""


def _standing_rules(kind: ActionKind, pack: Pack) -> Iterable[Rule]:
    if pack.name == "" and kind in (_PLAY_AND_PAY | _ENTRANCES | {ActionKind.CANCEL_WITHDRAWAL, ActionKind.DEMO_PLAY}):
        yield standing.no_pack
    if kind in _PLAY_AND_PAY | {ActionKind.DEMO_PLAY}:
        yield standing.in_order
        yield standing.free_to_play
    if kind in _ENTRANCES:
        yield standing.not_excluded
        yield standing.licensed
    if kind in _VOUCHED:
        yield standing.asserted
    if kind in _GAMES:
        yield standing.certified
    yield from _own_rules(kind, pack)


def _own_rules(kind: ActionKind, pack: Pack) -> Iterable[Rule]:
    match kind:
        case ActionKind.BET:
            yield standing.permitted
            yield standing.fits_session
            yield bet_limits(pack.zone)
        case ActionKind.TIP | ActionKind.RENEW_ASSERTION:
            yield standing.permitted
        case ActionKind.DEPOSIT:
            yield standing.deposits_open
            yield deposit_limits(pack.zone)
        case ActionKind.OPEN_PLAY:
            yield standing.renewable
        # A pack without any rule is the sandbox: no market, so no law of it that could be unknown.
        case ActionKind.DEMO_PLAY if pack.rules and not pack.knows_demo_play:
            yield standing.demo_unknown
        case ActionKind.MARKETING:
            yield standing.marketing_allowed
        case ActionKind.LOGIN if pack.limit_change is not None and pack.limit_change.increase_confirm == "at_login":
            yield confirmed_at_login
        case ActionKind.WITHDRAW:
            yield standing.not_frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """When which of a licensee's own rules hold."""

    licensee: str
    name: str
    digest: str
    from_us: int


_Key = TypeVar("_Key")
_Dated = TypeVar("_Dated", Pack, Overlay)


class PackLibrary:
    """All versions of all packs. Immutable: a new pack makes a new library."""

    __slots__ = ("_dark", "_overlaid", "_overlays", "_packs", "_starts")

    def __init__(
        self,
        packs: Iterable[Pack],
        *,
        overlays: Iterable[Overlay] = (),
        overlaid: Mapping[tuple[str, str], Pack] | None = None,
        dark: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Take the packs; two versions of one pack may not start together.

        `overlaid` has the pack that comes of a market's and a licensee's own, by both digests. `dark` are the packs, by
        licensee and name, of which something that should hold cannot be believed: there is no law of theirs to decide by.
        """
        self._packs = _by_start((pack.name, pack) for pack in packs)
        self._starts = {name: tuple(pack.from_us for pack in versions) for name, versions in self._packs.items()}
        for name, starts in self._starts.items():
            if len(set(starts)) < len(starts):
                message = f"two versions of pack {name} start at the same instant"
                raise ValueError(message)
        self._overlays = _by_start(((own.licensee, own.name), own) for own in overlays)
        self._overlaid = dict(overlaid or {})
        self._dark = frozenset(dark)

    def at(self, name: str, now_us: int, licensee: str = "") -> Pack | None:
        """Return the version in force, with the licensee's own rules; None if there is none, which refuses every debit."""
        starts = self._starts.get(name)
        if starts is None:
            return None
        index = bisect_right(starts, now_us)
        pack = self._packs[name][index - 1] if index else None
        if not (self._overlays or self._dark) or pack is None:
            return pack
        if self.doubted(name, licensee):
            return None
        own = [one for one in self._overlays.get((licensee, name), ()) if one.from_us <= now_us]
        return self._overlaid[pack.digest, own[-1].digest] if own else pack

    def doubted(self, name: str, licensee: str = "") -> bool:
        """Return whether something that should hold there cannot be believed, which is why there is no law."""
        return bool(self._dark) and (("", name) in self._dark or (licensee, name) in self._dark)

    def versions(self) -> tuple[Pack, ...]:
        """Return every pack of a market, by name and start."""
        return tuple(pack for name in sorted(self._packs) for pack in self._packs[name])

    def every(self) -> tuple[Pack, ...]:
        """Return every pack that can decide, those with a licensee's own rules too."""
        return (*self.versions(), *self._overlaid.values())


def _by_start(named: Iterable[tuple[_Key, _Dated]]) -> dict[_Key, tuple[_Dated, ...]]:
    found: dict[_Key, list[_Dated]] = {}
    for key, one in sorted(named, key=lambda pair: pair[1].from_us):
        found.setdefault(key, []).append(one)
    return {key: tuple(versions) for key, versions in found.items()}
