"""The players, sessions and sources of a golden case, as the service around the kernel would keep them."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from compliance_svc.kernel import (
    CALM,
    Answer,
    Category,
    Decision,
    Game,
    Identity,
    Limit,
    LimitKind,
    Outside,
    Person,
    Protection,
    Session,
    UsageBook,
    Window,
    born_on,
)
from compliance_svc.kernel.rules.money import RequiredLimits
from tests.unit.compliance_svc.kernel.golden_packs import Packs, instant

DECIMALS: Final = {"JPY": 0, "KWD": 3}
_VERY_HIGH: Final = 10**13
_IDENTITIES: Final = {"VERIFIED": Identity.VERIFIED, "UNVERIFIED": Identity.UNVERIFIED, "PENDING": Identity.PENDING}
_REGISTER: Final = {"clear": Answer.CLEAR, "match": Answer.MATCH, "fuzzy": Answer.FUZZY}
_FILE: Final = {
    "ample": Answer.CLEAR,
    "free": Answer.CLEAR,
    "not_set": Answer.NOT_SET,
    "active_elsewhere": Answer.MATCH,
}


def minor(amount: str, currency: str) -> int:
    whole, _, decimals = amount.partition(".")
    return int(whole + decimals.ljust(DECIMALS.get(currency, 2), "0"))


def text(amount: int, currency: str) -> str:
    decimals = DECIMALS.get(currency, 2)
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}}" if decimals else str(whole)


@dataclass(kw_only=True)
class Round:
    """A round of the case: what stands in it, and when it began."""

    first_us: int
    currency: str
    staked_minor: int = 0


@dataclass(kw_only=True)
class Play:
    """One play session of one game."""

    game: str
    facts: Session
    last_starts: dict[str, int] = field(default_factory=dict)

    def is_open(self, epoch: int) -> bool:
        return not self.facts.ended and self.facts.epoch == epoch


@dataclass(kw_only=True)
class Someone:
    """A player of the case, as the wallet would keep one."""

    name: str
    human: str
    licensee: str
    pack: str
    born: int | None
    currency: str
    protection: Protection | None
    check_every_s: int | None
    book: UsageBook = field(default_factory=UsageBook)
    plays: dict[str, Play] = field(default_factory=dict)
    automatic: str = ""
    register: str = "clear"
    asked: Answer = Answer.CLEAR
    limit_file: str = "ample"
    limit_left: int | None = None
    activity: str = "free"
    deposited: int = 0
    withdrawn: int = 0
    suspense: int = 0

    @property
    def epoch(self) -> int:
        return 0 if self.protection is None else self.protection.epoch

    def open_plays(self, now_us: int) -> dict[str, Play]:
        return {
            name: play
            for name, play in self.plays.items()
            if play.is_open(self.epoch) and (play.facts.until_us is None or now_us < play.facts.until_us)
        }

    def end_plays(self, now_us: int) -> None:
        for name, play in self.plays.items():
            play.facts = replace(play.facts, ended=True)
            self.book.close_session(name, now_us)

    def take_over(self, decision: Decision, now_us: int) -> None:
        """Keep the state that a decision made; what ended permits ends the sessions."""
        changed = decision.protection
        if changed is None or self.protection is None:
            return
        if changed.epoch != self.protection.epoch:
            self.end_plays(now_us)
        self.protection = changed


def someone(name: str, player: dict[str, Any], given: dict[str, Any], packs: Packs) -> Someone:
    document = packs.versions_of(player["pack"])[0]
    currency = player.get("currency", document.currency)
    rules = [rule.params for rule in document.rules if isinstance(rule.params, RequiredLimits)]
    required = [limit for rule in rules for limit in rule.limits]
    default = [
        {"kind": limit.split("/")[0], "window": limit.split("/")[1], "amount": str(_VERY_HIGH)} for limit in required
    ]
    return Someone(
        name=name,
        human=player.get("same_person_as", name),
        licensee=player.get("licensee", next(iter(given.get("licensees", {"l1": {}})))),
        pack=packs.pack_of(player.get("residence", document.territory), player["pack"]),
        born=born_on(player.get("born", "1986-01-15")),
        currency=currency,
        protection=Protection(
            limits=tuple(_limit(limit, currency) for limit in player.get("limits", default)),
            person=Person(
                identity=_IDENTITIES[player.get("kyc", "VERIFIED")], location=document.territory or "nowhere"
            ),
        ),
        check_every_s=player.get("reality_check"),
    )


def _limit(limit: dict[str, Any], currency: str) -> Limit:
    is_time = limit["kind"] == "time"
    return Limit(
        kind=LimitKind(limit["kind"]),
        window=Window(limit["window"]),
        currency="" if is_time else currency,
        amount_minor=limit["seconds"] if is_time else minor(limit["amount"], currency),
        since_us=0,
    )


@dataclass(kw_only=True)
class Sources:
    """What is outside: which sources are down, what the clock says, and the rates."""

    down: set[str] = field(default_factory=set)
    clock_offset_ms: int = 0
    clock_tolerance_ms: int = 100
    rates: list[tuple[str, str, str, int]] = field(default_factory=list)
    suspensions: set[tuple[str, str]] = field(default_factory=set)
    nonces: set[str] = field(default_factory=set)

    def outside(self, person: Someone, *, asks: str = "") -> Outside:
        """Return answers and health for an action: it asks `register`, `files`, both, or nothing."""
        if "register" in asks:
            silent = "register" in self.down
            person.asked = Answer.SILENT if silent else _REGISTER.get(person.register, Answer.SILENT)
        found = Outside(
            register=person.asked if "register" in asks or asks == "last" else Answer.CLEAR,
            register_silent=person.asked is Answer.SILENT,
            limit_file=self._file(person.limit_file, "limit_file", asks),
            limit_left_minor=person.limit_left if "files" in asks else None,
            activity=self._file(person.activity, "activity", asks),
            geo_silent="geo" in self.down,
            clock_off=abs(self.clock_offset_ms) > self.clock_tolerance_ms,
            counters_down="counters" in self.down,
            audit_down="audit" in self.down,
        )
        return CALM if found == replace(CALM, register=found.register) and not asks else found

    def _file(self, answer: str, name: str, asks: str) -> Answer:
        if "files" not in asks:
            return Answer.CLEAR
        return Answer.SILENT if name in self.down else _FILE.get(answer, Answer.SILENT)


def game_of(games: dict[str, Any], name: str) -> Game:
    game = games[name]
    return Game(
        category=Category(game["category"]),
        certified=game.get("build", "b1") in game.get("certified_builds", ["b1"]),
        progressive=game.get("jackpot", "none") == "progressive",
    )


def at(step: dict[str, Any], name: str) -> int | None:
    return instant(step[name]) if name in step else None
