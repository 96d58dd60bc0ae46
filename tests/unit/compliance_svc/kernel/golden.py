"""Runs golden cases directly against the kernel: what the service adds around it is not there.

A case is run only if the kernel has everything that it names; the others are reported with the
first thing that is missing, and never count as passed.

    python -m tests.unit.compliance_svc.kernel.golden tests/corpus/golden/*.yaml
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from compliance_svc.kernel import (
    ActionKind,
    Bet,
    CancelPendingLimit,
    Category,
    ConfirmLimit,
    Credit,
    Cycle,
    Decision,
    Deposit,
    Exclude,
    Facts,
    Funding,
    Limit,
    LimitKind,
    Login,
    OpenPlay,
    Pack,
    Player,
    Protection,
    RequestReinstatement,
    SetLimit,
    TakeBreak,
    UsageBook,
    Window,
    apply,
    born_on,
    decide,
    headroom_minor,
    limit_status,
    replay,
)
from tests.unit.compliance_svc.kernel.golden_missing import READS, missing
from tests.unit.compliance_svc.kernel.golden_packs import UnsupportedError, case_packs, instant

CORPUS: Final = Path(__file__).parents[3] / "corpus" / "golden"

_DECIMALS: Final = {"JPY": 0, "KWD": 3}
_LABELS: Final = {LimitKind.DEPOSIT: "deposit_limit", LimitKind.LOSS: "loss_limit"}


def cases(*paths: Path) -> list[dict[str, Any]]:
    return [
        case for path in paths or sorted(CORPUS.glob("*.yaml")) for case in yaml.safe_load(path.read_text())["cases"]
    ]


@dataclass(kw_only=True)
class Round:
    """A round of the case: what stands in it, and when it began."""

    first_us: int
    currency: str
    staked_minor: int = 0


@dataclass(kw_only=True)
class Session:
    """A play session: one game, and the latest start of a cycle in it."""

    game: str
    last_start_us: int | None = None


@dataclass(kw_only=True)
class Person:
    """A player of the case, as the wallet would keep one."""

    pack: str
    born: int | None
    currency: str
    protection: Protection | None
    book: UsageBook = field(default_factory=UsageBook)
    automatic: Session | None = None
    sessions: dict[str, Session] = field(default_factory=dict)


class World:
    """What a case has brought about so far."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.packs = case_packs(given)
        self.games = {"slot": "slot", "table": "table"} | {
            name: game["category"] for name, game in given.get("games", {}).items()
        }
        self.people = {name: self._person(player) for name, player in given["players"].items()}
        self.rounds: dict[str, Round] = {}
        self.bets: dict[str, tuple[Round, int, int]] = {}
        self.labels: dict[str, Decision] = {}
        self.now_us = 0
        self.fresh = 0

    def _person(self, player: dict[str, Any]) -> Person:
        pack = self.packs.versions_of(player["pack"])[0]
        currency = player.get("currency", pack.currency)
        person = Person(
            pack=player["pack"],
            born=born_on(player.get("born", "1986-01-15")),
            currency=currency,
            protection=Protection(),
        )
        state = Protection()
        for limit in player.get("limits", []):
            state = state.with_limit(
                Limit(
                    kind=LimitKind(limit["kind"]),
                    window=Window(limit["window"]),
                    currency=currency,
                    amount_minor=minor(limit["amount"], currency),
                    since_us=0,
                )
            )
        person.protection = state
        return person

    def run(self, step: dict[str, Any]) -> list[str]:
        """Do a step and return what differs from its expectations."""
        self.now_us = instant(step["at"])
        person = self.people[step.get("player", next(iter(self.people)))]
        expected = step.get("expect", {})
        verb = step["do"]
        if verb == "drop_fact":
            person.protection = None
            return []
        found = self._read(person, step) if verb in READS else self._found(person, self._act(person, step), step)
        expected = expected or {"verdict": "ALLOW"}
        return [
            f"{name}: {found.get(name)!r} instead of {value!r}"
            for name, value in expected.items()
            if not _fits(name, value, found)
        ]

    def _read(self, person: Person, step: dict[str, Any]) -> dict[str, Any]:
        verb = step["do"]
        if verb == "limit_status":
            return self._limit_status(person, step)
        if verb == "evaluate":
            action = step["action"]
            person = self.people[action.get("player", next(iter(self.people)))]
            return self._found(person, self._decide(person, action), action)
        decision = self.labels[step["decision"]]
        if verb == "get_decision":
            return {**self._found(person, decision, step), "same_decision_as": step["decision"]}
        pack = (
            decision.pack
            if "pack_version" not in step
            else self.packs.version(decision.pack.name, step["pack_version"])
        )
        again = replay(pack, decision.facts_json(), decision.now_us)
        return {**self._found(person, again, step), "identical": again.record() == decision.record()}

    def _act(self, person: Person, step: dict[str, Any]) -> Decision:
        if step.get("key") in self.bets:
            raise UnsupportedError("idempotency")
        decision = self._opening(person, step) or self._decide(person, step)
        if decision.protection is not None and person.protection is not None:
            person.protection = apply(person.protection, decision)
            person.automatic = (
                None if decision.action.kind in {ActionKind.EXCLUDE, ActionKind.TAKE_BREAK} else person.automatic
            )
        if decision.allowed:
            self._count(person, step)
        if "as" in step:
            self.labels[step["as"]] = decision
        return decision

    def _opening(self, person: Person, step: dict[str, Any]) -> Decision | None:
        """Open the automatic session of a bet; return the decision if it refuses."""
        game = step.get("game", "slot")
        if step["do"] != "bet" or "session" in step or (person.automatic is not None and person.automatic.game == game):
            return None
        person.automatic = None
        decision = self._ask(person, OpenPlay(category=Category(self.games[game])))
        if decision.allowed:
            person.automatic = Session(game=game)
            return None
        return decision

    def _decide(self, person: Person, step: dict[str, Any]) -> Decision:
        if step["do"] == "bet":
            return self._ask(person, self._bet(person, step), self._cycle(person, step))
        return self._ask(person, _ACTIONS[step["do"]](person, step))

    def _ask(self, person: Person, action: Any, cycle: Cycle | None = None) -> Decision:
        player = Player(born=person.born, currency=person.currency, protection=person.protection)
        return decide(self._pack(person), Facts(player=player, usage=person.book, cycle=cycle), action, self.now_us)

    def _pack(self, person: Person) -> Pack | None:
        return self.packs.library.at(person.pack, self.now_us)

    def _bet(self, person: Person, step: dict[str, Any]) -> Bet:
        currency = step.get("currency", person.currency)
        return Bet(
            amount_minor=minor(step["amount"], currency),
            currency=currency,
            exponent=_DECIMALS.get(currency, 2),
            category=Category(self.games[step.get("game", "slot")]),
            starts_cycle=step.get("round") not in self.rounds,
            automatic=step.get("start", "player") != "player",
            funding=Funding(step.get("funding", "cash")),
        )

    def _cycle(self, person: Person, step: dict[str, Any]) -> Cycle:
        found = self.rounds.get(step.get("round", ""))
        session = self._session(person, step)
        return Cycle(
            staked_minor=found.staked_minor if found else 0,
            last_start_us=session.last_start_us if session is not None else None,
        )

    @staticmethod
    def _session(person: Person, step: dict[str, Any]) -> Session | None:
        return person.sessions[step["session"]] if "session" in step else person.automatic

    def _count(self, person: Person, step: dict[str, Any]) -> None:
        counting: Callable[[Person, dict[str, Any]], None] | None = getattr(self, f"_count_{step['do']}", None)
        if counting is not None:
            counting(person, step)

    def _count_deposit(self, person: Person, step: dict[str, Any]) -> None:
        currency = step.get("currency", person.currency)
        person.book.add(LimitKind.DEPOSIT, currency, self.now_us, minor(step["amount"], currency))

    def _count_bet(self, person: Person, step: dict[str, Any]) -> None:
        bet, session = self._bet(person, step), self._session(person, step)
        self.fresh += 1
        found = self.rounds.setdefault(
            step.get("round", f" {self.fresh}"), Round(first_us=self.now_us, currency=bet.currency)
        )
        found.staked_minor += bet.amount_minor
        if bet.starts_cycle and session is not None:
            session.last_start_us = self.now_us
        if bet.funding is not Funding.FREE_SPIN:
            person.book.add(LimitKind.LOSS, bet.currency, self.now_us, bet.amount_minor)
        self.bets[step.get("key", f" {self.fresh}")] = (found, self.now_us, bet.amount_minor)

    def _count_win(self, person: Person, step: dict[str, Any]) -> None:
        found = self.rounds[step["round"]]
        person.book.add(LimitKind.LOSS, found.currency, found.first_us, -minor(step["amount"], found.currency))

    def _count_rollback(self, person: Person, step: dict[str, Any]) -> None:
        found, at_us, amount = self.bets[step["of"]]
        found.staked_minor -= amount
        person.book.add(LimitKind.LOSS, found.currency, at_us, -amount)

    def _count_open_session(self, person: Person, step: dict[str, Any]) -> None:
        person.sessions[step["session"]] = Session(game=step.get("game", "slot"))

    def _found(self, person: Person, decision: Decision, step: dict[str, Any]) -> dict[str, Any]:
        paid = "PAY" if step["do"] in {"win", "withdraw"} and decision.allowed else None
        found = {
            "verdict": decision.verdict.value,
            "reasons": decision.reasons,
            "reasons_exact": decision.reasons,
            "effective_at": decision.effective_us,
            "eligible_from": decision.eligible_us,
            "until": decision.until_us,
            "pack_version": decision.pack.version,
            "disposition": paid,
        }
        kinds = {"deposit": {LimitKind.DEPOSIT}, "bet": {LimitKind.LOSS}}.get(step["do"])
        pack = self._pack(person)
        if kinds and pack is not None:
            left = headroom_minor(pack, self._standing(person), frozenset(kinds), self.now_us)
            found["headroom"] = None if left is None else text(left, person.currency)
        return found

    def _standing(self, person: Person) -> Facts:
        return Facts(
            player=Player(born=person.born, currency=person.currency, protection=person.protection), usage=person.book
        )

    def _limit_status(self, person: Person, step: dict[str, Any]) -> dict[str, Any]:
        pack, kind = self._pack(person), LimitKind(step["kind"])
        assert pack is not None
        status = limit_status(pack, self._standing(person), kind, Window(step["window"]), self.now_us)
        assert status is not None
        pending = status.pending
        return {
            "amount": text(status.amount_minor, person.currency),
            "usage": text(status.used_minor or 0, person.currency),
            "headroom": text(status.headroom_minor, person.currency),
            "pending": "none" if pending is None else text(pending.amount_minor, person.currency),
            "effective_at": None if pending is None else pending.effective_us,
            "label": _LABELS[kind],
        }


_ACTIONS: Final[dict[str, Callable[[Person, dict[str, Any]], Any]]] = {
    "login": lambda _person, _step: Login(),
    "deposit": lambda person, step: Deposit(**_money(person, step)),
    "withdraw": lambda person, step: Credit(kind=ActionKind.WITHDRAW, **_money(person, step)),
    "win": lambda person, step: Credit(kind=ActionKind.WIN, **_money(person, step)),
    "feature_spin": lambda person, _step: Credit(kind=ActionKind.WIN, **_money(person, {"amount": "0"})),
    "rollback": lambda person, _step: Credit(kind=ActionKind.CANCEL, **_money(person, {"amount": "0"})),
    "open_session": lambda _person, _step: OpenPlay(),
    "set_limit": lambda person, step: SetLimit(
        **_limit(step), amount_minor=minor(step["amount"], person.currency), currency=person.currency
    ),
    "confirm_limit": lambda _person, step: ConfirmLimit(**_limit(step)),
    "cancel_pending_limit": lambda _person, step: CancelPendingLimit(**_limit(step)),
    "exclude": lambda _person, step: Exclude(term=step["term"]),
    "take_break": lambda _person, step: TakeBreak(term=step["term"]),
    "request_reinstatement": lambda _person, _step: RequestReinstatement(),
}


def minor(amount: str, currency: str) -> int:
    whole, _, decimals = amount.partition(".")
    return int(whole + decimals.ljust(_DECIMALS.get(currency, 2), "0"))


def text(amount: int, currency: str) -> str:
    decimals = _DECIMALS.get(currency, 2)
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}}" if decimals else str(whole)


def _money(person: Person, step: dict[str, Any]) -> dict[str, Any]:
    currency = step.get("currency", person.currency)
    return {
        "amount_minor": minor(step["amount"], currency),
        "currency": currency,
        "exponent": _DECIMALS.get(currency, 2),
    }


def _limit(step: dict[str, Any]) -> dict[str, Any]:
    return {"limit_kind": LimitKind(step["kind"]), "window": Window(step["window"])}


def _fits(name: str, value: Any, found: dict[str, Any]) -> bool:
    actual = found.get(name)
    if name == "reasons":
        return set(value) <= set(actual or ())
    if name == "reasons_exact":
        return tuple(value) == actual
    if name in {"effective_at", "eligible_from", "until"}:
        return bool(actual == instant(value))
    return bool(actual == value)


def run(case: dict[str, Any]) -> list[str]:
    """Run a case and return what was not as expected."""
    world = World(case["given"])
    return [f"step {number}: {problem}" for number, step in enumerate(case["steps"], 1) for problem in world.run(step)]


def main(paths: list[str]) -> int:
    """Print one line per case; 1 if a case failed."""
    counts: Counter[str] = Counter()
    for case in cases(*map(Path, paths)):
        wanted = missing(case)
        problems = [] if wanted else run(case)
        outcome = "unsupported" if wanted else "FAILED" if problems else "passed"
        counts[outcome] += 1
        print(f"{case['id']} {outcome:11} {wanted or '; '.join(problems)}")  # noqa: T201 - it talks to a terminal
    print(dict(counts))  # noqa: T201 - as above
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
