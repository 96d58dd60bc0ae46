"""Runs golden cases directly against the kernel: what the service adds around it is not there.

A case is run only if the kernel has everything that it names; the others are reported with the
first thing that is missing, and never count as passed.

    python -m tests.unit.compliance_svc.kernel.golden tests/corpus/golden/*.yaml
"""

import sys
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from compliance_svc.kernel import (
    AckRealityCheck,
    ActionKind,
    ApproveReinstatement,
    Assertion,
    Bet,
    CancelPendingLimit,
    CancelWithdrawal,
    Check,
    CloseAccount,
    ClosePlay,
    ConfirmLimit,
    Credit,
    Cycle,
    Decision,
    Deposit,
    Exclude,
    Facts,
    Funding,
    Identity,
    LimitKind,
    Login,
    Marketing,
    OpenPlay,
    Pack,
    Player,
    Rate,
    RecordCheck,
    RecordIdentity,
    RecordLocation,
    RecordScreening,
    Register,
    RequestReinstatement,
    Screening,
    Session,
    SetLimit,
    SetSessionLimit,
    TakeBreak,
    Window,
    born_on,
    counted_minor,
    decide,
    headroom_minor,
    limit_status,
    replay,
)
from compliance_svc.kernel.closing import final_payment
from compliance_svc.kernel.explaining import for_player, for_staff
from tests.unit.compliance_svc.kernel.golden_missing import missing
from tests.unit.compliance_svc.kernel.golden_packs import case_packs, instant
from tests.unit.compliance_svc.kernel.golden_people import (
    DECIMALS,
    Play,
    Round,
    Someone,
    Sources,
    at,
    game_of,
    minor,
    someone,
    text,
)

CORPUS: Final = Path(__file__).parents[3] / "corpus" / "golden"
_KINDS: Final = {
    "deposit": frozenset({LimitKind.DEPOSIT, LimitKind.NETDEP}),
    "bet": frozenset({LimitKind.WAGER, LimitKind.LOSS}),
}
_ASKS: Final = {"register": "register", "login": "register", "deposit": "register files", "marketing": "last"}
_LABELS: Final = {
    "deposit": "deposit_limit",
    "netdep": "net_deposit_limit",
    "wager": "wager_limit",
    "loss": "loss_limit",
    "time": "time_limit",
}
_FINDINGS: Final = frozenset({"record_kyc", "record_geo", "record_screening", "record_check"})
_IDENTITIES: Final = {"APPROVED": Identity.VERIFIED, **{name.value: name for name in Identity}}


def cases(*paths: Path) -> list[dict[str, Any]]:
    return [
        case for path in paths or sorted(CORPUS.glob("*.yaml")) for case in yaml.safe_load(path.read_text())["cases"]
    ]


class World:
    """What a case has brought about so far."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.packs = case_packs(given)
        self.games = {"slot": {"category": "slot"}, "table": {"category": "table"}} | given.get("games", {})
        self.people = {name: someone(name, player, given, self.packs) for name, player in given["players"].items()}
        self.licensees = given.get("licensees", {"l1": {}})
        settings = given.get("settings", {})
        self.permit_us = settings.get("permit_ttl", 86_400) * 1_000_000
        self.fx_max_age_us = settings.get("fx_max_age", 86_400) * 1_000_000
        self.sources = Sources(
            clock_tolerance_ms=settings.get("clock_tolerance_ms", 100),
            rates=[(rate["from"], rate["to"], rate["rate"], instant(rate["at"])) for rate in given.get("fx", [])],
        )
        self.rounds: dict[str, Round] = {}
        self.bets: dict[str, tuple[Someone, Round, int, int, int, str]] = {}
        self.standing: set[str] = set()
        self.labels: dict[str, Decision] = {}
        self.made: list[Decision] = []
        self.withdrawals: dict[str, tuple[int, int]] = {}
        self.stakes: dict[str, int] = {}
        self.now_us = 0
        self.fresh = 0

    def run(self, step: dict[str, Any]) -> list[str]:
        """Do a step and return what differs from its expectations."""
        self.now_us = instant(step["at"])
        self._due()
        verb = step["do"]
        person = self.people[step.get("player", next(iter(self.people)))]
        reading: Callable[[Someone, dict[str, Any]], dict[str, Any]] | None = getattr(self, f"_read_{verb}", None)
        changing: Callable[[Someone, dict[str, Any]], None] | None = getattr(self, f"_world_{verb}", None)
        if changing is not None:
            changing(person, step)
            return []
        found = reading(person, step) if reading is not None else self._found(person, self._act(person, step), step)
        default = {"accepted": True} if verb in _FINDINGS else {"verdict": "ALLOW"}
        return [
            f"{name}: {found.get(name)!r} instead of {value!r}"
            for name, value in (step.get("expect") or default).items()
            if not _fits(name, value, found)
        ]

    def _due(self) -> None:
        """End what ran out before this step."""
        for person in self.people.values():
            for name, play in person.plays.items():
                until_us = play.facts.until_us
                if until_us is not None and until_us <= self.now_us:
                    person.book.close_session(name, until_us)

    # What is decided.

    def _act(self, person: Someone, step: dict[str, Any]) -> Decision:
        decision = self._opening(person, step) or self._decide(person, step)
        self.made.append(decision)
        self._share(person, decision)
        counting: Callable[[Someone, dict[str, Any], Decision], None] | None = getattr(
            self, f"_count_{step['do']}", None
        )
        if decision.allowed and counting is not None:
            counting(person, step, decision)
        if decision.ends_session:
            self._play(person, step)[1].facts = replace(self._play(person, step)[1].facts, ended=True)
        if "as" in step:
            self.labels[step["as"]] = decision
        return decision

    def _share(self, person: Someone, decision: Decision) -> None:
        """Keep the new state; an exclusion, and its end, holds for the human at this licensee."""
        changed = decision.protection
        person.take_over(decision, self.now_us)
        if changed is None or decision.action.kind not in _EXCLUSIONS:
            return
        for other in self.people.values():
            known = other.protection
            if other is not person and (other.human, other.licensee) == (person.human, person.licensee) and known:
                other.end_plays(self.now_us)
                other.protection = replace(known.without_permits(), exclusion=changed.exclusion)

    def _opening(self, person: Someone, step: dict[str, Any]) -> Decision | None:
        """Open the automatic session of a bet; return the decision if it refuses."""
        if step["do"] != "bet" or "session" in step:
            return None
        game, opened = step.get("game", "slot"), person.open_plays(self.now_us)
        if person.automatic in opened and opened[person.automatic].game == game:
            return None
        if person.automatic in opened:
            self._count_close_session(person, {"session": person.automatic}, None)
        person.automatic = f"automatic {len(person.plays)}"
        opening = {"do": "open_session", "session": person.automatic, "game": game, "amount": "0"}
        assertion = {} if "assertion" not in step else {"assertion": {**step["assertion"], "nonce": None}}
        decision = self._decide(person, opening | assertion)
        if decision.allowed:
            self._count_open_session(person, opening, decision)
            return None
        return decision

    def _decide(self, person: Someone, step: dict[str, Any]) -> Decision:
        action = self._bet(person, step) if step["do"] == "bet" else _ACTIONS[step["do"]](self, person, step)
        return decide(self._pack(person), self._facts(person, step), action, self.now_us)

    def _facts(self, person: Someone, step: dict[str, Any]) -> Facts:
        verb = step["do"]
        name, play = self._play(person, step)
        game = play.game if play is not None else step.get("game", "slot")
        asks = "register files" if verb in {"open_session", "renew_session"} else _ASKS.get(verb, "")
        others = {other: one for other, one in person.open_plays(self.now_us).items() if other != name}
        return Facts(
            player=Player(born=person.born, currency=person.currency, protection=person.protection),
            usage=person.book,
            cycle=self._cycle(step, play) if verb == "bet" else None,
            session=None if play is None else play.facts,
            game=game_of(self.games, game) if verb in {"bet", "open_session", "renew_session"} else None,
            others=tuple(game_of(self.games, one.game).category for one in others.values()),
            outside=self.sources.outside(
                person, asks=asks if self._asks_register(person) else asks.replace("register", "")
            ),
            assertion=self._assertion(person, step) if verb in {"bet", "open_session"} else None,
            rate=self._rate(step.get("currency", person.currency), person.currency),
            suspended=self._suspended(person, verb, game),
            licensed=person.pack in self.licensees[person.licensee].get("licences", [person.pack]),
        )

    def _asks_register(self, person: Someone) -> bool:
        pack = self._pack(person)
        return pack is not None and any(rule.label == "exclusion_register" for rule in pack.rules)

    def _assertion(self, person: Someone, step: dict[str, Any]) -> Assertion | None:
        licensee = self.licensees[person.licensee]
        if licensee.get("mode", "ENFORCE") != "ASSERT":
            return None
        given = step.get("assertion")
        nonce = None if given is None else given["nonce"]
        found = Assertion(
            max_age_us=licensee.get("assertion_max_age", 60) * 1_000_000,
            issued_us=None if given is None else instant(given["issued_at"]),
            replayed=nonce in self.sources.nonces,
        )
        if nonce is not None:
            self.sources.nonces.add(nonce)
        return found

    def _rate(self, source: str, target: str) -> Rate | None:
        known = [(at_us, rate) for one, two, rate, at_us in self.sources.rates if (one, two) == (source, target)]
        if source == target or not known:
            return None
        observed_us, rate = max(known)
        whole, _, decimals = rate.partition(".")
        return Rate(
            value=int(whole + decimals),
            decimals=len(decimals),
            observed_us=observed_us,
            max_age_us=self.fx_max_age_us,
            exponent=DECIMALS.get(target, 2),
        )

    def _suspended(self, person: Someone, verb: str, game: str) -> bool:
        scopes = {("all", ""), ("licensee", person.licensee), ("pack", person.pack), ("player", person.name)}
        if verb in {"bet", "open_session", "renew_session"}:
            scopes |= {("game", game), ("provider", self.games[game].get("provider", "p1"))}
        return not scopes.isdisjoint(self.sources.suspensions)

    def _pack(self, person: Someone) -> Pack | None:
        return self.packs.library.at(person.pack, self.now_us)

    def _play(self, person: Someone, step: dict[str, Any]) -> tuple[str, Any]:
        name = step.get("session", person.automatic if step["do"] == "bet" else "")
        return name, person.plays.get(name)

    def _bet(self, person: Someone, step: dict[str, Any]) -> Bet:
        currency = step.get("currency", person.currency)
        play = self._play(person, step)[1]
        return Bet(
            amount_minor=minor(step["amount"], currency),
            currency=currency,
            exponent=DECIMALS.get(currency, 2),
            category=game_of(self.games, step.get("game", "slot" if play is None else play.game)).category,
            starts_cycle=step.get("round") not in self.rounds,
            automatic=step.get("start", "player") != "player",
            funding=Funding(step.get("funding", "cash")),
        )

    def _cycle(self, step: dict[str, Any], play: Play | None) -> Cycle:
        found = self.rounds.get(step.get("round", ""))
        return Cycle(
            staked_minor=found.staked_minor if found else 0,
            last_start_us=None if play is None else max(play.last_starts.values(), default=None),
        )

    # What counts.

    def _count_deposit(self, person: Someone, _step: dict[str, Any], decision: Decision) -> None:
        amount = self._counted(decision)
        person.deposited += amount
        for kind in (LimitKind.DEPOSIT, LimitKind.NETDEP):
            person.book.add(kind, person.currency, self.now_us, amount)

    def _count_withdraw(self, person: Someone, step: dict[str, Any], decision: Decision) -> None:
        amount = self._counted(decision)
        person.withdrawn += amount
        person.book.add(LimitKind.NETDEP, person.currency, self.now_us, -amount)
        self.withdrawals[step.get("as", "")] = (self.now_us, amount)

    def _count_cancel_withdrawal(self, person: Someone, step: dict[str, Any], _decision: Decision) -> None:
        at_us, amount = self.withdrawals[step["of"]]
        person.withdrawn -= amount
        person.book.add(LimitKind.NETDEP, person.currency, at_us, amount)

    def _count_bet(self, person: Someone, step: dict[str, Any], decision: Decision) -> None:
        bet, amount, play = self._bet(person, step), self._counted(decision), self._play(person, step)[1]
        self.fresh += 1
        found = self.rounds.setdefault(
            step.get("round", f" {self.fresh}"), Round(first_us=self.now_us, currency=bet.currency)
        )
        found.staked_minor += bet.amount_minor
        play.facts = replace(play.facts, spent_minor=play.facts.spent_minor + bet.amount_minor)
        if bet.starts_cycle:
            play.last_starts[play.game] = self.now_us
        counted = 0 if bet.funding is Funding.FREE_SPIN else amount
        self._count_stake(person, self.now_us, counted)
        key = step.get("key", f" {self.fresh}")
        self.bets[key] = (person, found, self.now_us, bet.amount_minor, counted, self._play(person, step)[0])
        self.stakes[key] = bet.amount_minor

    def _count_stake(self, person: Someone, at_us: int, amount: int) -> None:
        if amount:
            for kind in (LimitKind.WAGER, LimitKind.LOSS):
                person.book.add(kind, person.currency, at_us, amount)

    def _count_win(self, person: Someone, step: dict[str, Any], decision: Decision) -> None:
        amount = self._counted(decision)
        person.book.add(LimitKind.LOSS, person.currency, self.rounds[step["round"]].first_us, -amount)
        person.suspense += amount if decision.disposition == "SUSPENSE" else 0

    def _count_rollback(self, _person: Someone, step: dict[str, Any], _decision: Decision) -> None:
        person, found, at_us, staked, counted, name = self.bets[step["of"]]
        del self.stakes[step["of"]]
        found.staked_minor -= staked
        play = person.plays[name]
        play.facts = replace(play.facts, spent_minor=play.facts.spent_minor - staked)
        self._count_stake(person, at_us, -counted)

    def _counted(self, decision: Decision) -> int:
        action: Any = decision.action
        return counted_minor(decision.facts, action, self.now_us) or 0

    def _count_open_session(self, person: Someone, step: dict[str, Any], decision: Decision) -> None:
        limits = step.get("limits", {})
        facts = Session(
            opened_us=self.now_us,
            until_us=decision.until_us,
            epoch=person.epoch,
            check_every_s=person.check_every_s,
            spend_limit_minor=minor(limits["spend"], person.currency) if "spend" in limits else None,
            seconds_limit=limits.get("seconds"),
        )
        person.plays[step["session"]] = Play(game=step.get("game", "slot"), facts=facts)
        person.book.open_session(step["session"], self.now_us)

    def _count_renew_session(self, person: Someone, step: dict[str, Any], decision: Decision) -> None:
        play = person.plays[step["session"]]
        play.facts = replace(play.facts, until_us=decision.until_us)

    def _count_close_session(self, person: Someone, step: dict[str, Any], _decision: Decision | None) -> None:
        play = person.plays[step["session"]]
        play.facts = replace(play.facts, ended=True)
        person.book.close_session(step["session"], self.now_us)

    def _count_ack_reality_check(self, person: Someone, step: dict[str, Any], _decision: Decision) -> None:
        play = person.plays[step["session"]]
        play.facts = replace(play.facts, checked_us=self.now_us)

    def _count_set_session_limit(self, person: Someone, step: dict[str, Any], _decision: Decision) -> None:
        play = person.plays[step["session"]]
        spend = minor(step["spend"], person.currency) if "spend" in step else play.facts.spend_limit_minor
        play.facts = replace(
            play.facts, spend_limit_minor=spend, seconds_limit=step.get("seconds", play.facts.seconds_limit)
        )

    # What is only told or changed.

    def _read_evaluate(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        return deepcopy(self)._evaluated(step["action"])

    def _evaluated(self, action: dict[str, Any]) -> dict[str, Any]:
        person = self.people[action.get("player", next(iter(self.people)))]
        decision = self._opening(person, action) or self._decide(person, action)
        return self._found(person, decision, action)

    def _read_limit_status(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        pack, kind = self._pack(person), LimitKind(step["kind"])
        assert pack is not None
        facts = Facts(
            player=Player(born=person.born, currency=person.currency, protection=person.protection), usage=person.book
        )
        status = limit_status(pack, facts, kind, Window(step["window"]), self.now_us)
        assert status is not None
        pending = status.pending
        return {
            "amount": text(status.amount_minor, person.currency),
            "seconds": status.amount_minor,
            "usage": text(status.used_minor or 0, person.currency),
            "headroom": text(status.headroom_minor, person.currency),
            "pending": "none" if pending is None else text(pending.amount_minor, person.currency),
            "effective_at": None if pending is None else pending.effective_us,
            "label": _LABELS[kind],
        }

    def _read_session_info(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        play = person.plays[step["session"]]
        return {
            "session_state": self._state(person, step["session"]),
            "elapsed_s": (self.now_us - play.facts.opened_us) // 1_000_000,
        }

    def _state(self, person: Someone, name: str) -> str:
        return "OPEN" if name in person.open_plays(self.now_us) else "ENDED"

    def _read_get_decision(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        return {**self._found(person, self.labels[step["decision"]], step), "same_decision_as": step["decision"]}

    def _read_explain(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        codes = self.labels[step["decision"]].reasons
        lines = for_staff(codes) if step["view"] == "staff" else for_player(codes, "en")
        return {"shown": {line.code for line in lines if line.code}, "lines": len({line.text for line in lines})}

    def _read_replay(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        decision = self.labels[step["decision"]]
        pack = (
            decision.pack
            if "pack_version" not in step
            else self.packs.version(decision.pack.name, step["pack_version"])
        )
        again = replay(pack, decision.facts_json(), decision.now_us)
        return {**self._found(person, again, step), "identical": again.record() == decision.record()}

    def _read_report(self, _person: Someone, _step: dict[str, Any]) -> dict[str, Any]:
        currency = next(iter(self.people.values())).currency
        return {"bets": len(self.stakes), "stakes": text(sum(self.stakes.values()), currency)}

    def _read_close_out(self, person: Someone, _step: dict[str, Any]) -> dict[str, Any]:
        assert person.protection is not None
        found = final_payment(
            deposited_minor=person.deposited,
            withdrawn_minor=person.withdrawn,
            frozen_minor=person.protection.person.frozen_minor,
            suspense_minor=person.suspense,
        )
        return {
            "verdict": "ALLOW",
            "returned": text(found.returned_minor, person.currency),
            "frozen": text(found.frozen_minor, person.currency),
            "suspense": text(found.suspense_minor, person.currency),
        }

    def _world_drop_fact(self, person: Someone, _step: dict[str, Any]) -> None:
        person.protection = None

    def _world_register_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.register = step["answer"]

    def _world_limit_file_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.limit_file = step.get("answer", "ample")
        person.limit_left = minor(step["remaining"], person.currency) if "remaining" in step else None

    def _world_activity_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.activity = step["answer"]

    def _world_source_down(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.down.add(step["source"])

    def _world_source_up(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.down.discard(step["source"])

    def _world_set_fx(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.rates.append((step["from"], step["to"], step["rate"], self.now_us))

    def _world_clock_offset(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.clock_offset_ms = step["ms"]

    def _world_suspend(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.suspensions.add((step["scope"], step.get("name", "")))
        for person in self.people.values():
            for name, play in person.open_plays(self.now_us).items():
                if self._suspended(person, "bet", play.game):
                    self._count_close_session(person, {"session": name}, None)

    def _world_resume(self, _person: Someone, step: dict[str, Any]) -> None:
        self.sources.suspensions.discard((step["scope"], step.get("name", "")))

    def _found(self, person: Someone, decision: Decision, step: dict[str, Any]) -> dict[str, Any]:
        effective_us = decision.effective_us
        found = {
            "verdict": decision.verdict.value,
            "reasons": decision.reasons,
            "reasons_exact": decision.reasons,
            "obligations": decision.obligations,
            "obligations_absent": decision.obligations,
            "effective_at": effective_us,
            "eligible_from": decision.eligible_us,
            "until": decision.until_us,
            "pack_version": decision.pack.version,
            "disposition": decision.disposition,
            "guardrail": decision.guardrail,
            "new_records": 1,
            "accepted": decision.allowed,
            "kyc": None if person.protection is None else person.protection.person.identity.value,
            "no_trace_of": [
                licensee for licensee in self.licensees if not self._traces(person, licensee, decision.record())
            ],
            "headroom": self._headroom(person, step),
        }
        if step["do"] == "bet":
            found["session_state"] = self._state(person, self._play(person, step)[0])
        return found

    def _traces(self, person: Someone, licensee: str, record: str) -> bool:
        """Say whether a record holds what other accounts of the same human recorded at a licensee."""
        accounts = [one for one in self.people.values() if (one.human, one.licensee) == (person.human, licensee)]
        states = [one.protection for one in accounts if one is not person and one.protection is not None]
        return any(str(state.exclusion.since_us) in record for state in states if state.exclusion is not None)

    def _headroom(self, person: Someone, step: dict[str, Any]) -> str | None:
        pack, kinds = self._pack(person), _KINDS.get(step["do"])
        if kinds is None or pack is None:
            return None
        facts = Facts(
            player=Player(born=person.born, currency=person.currency, protection=person.protection), usage=person.book
        )
        left = [headroom_minor(pack, facts, kinds, self.now_us)]
        left.append(person.limit_left if step["do"] == "deposit" else None)
        known = [amount for amount in left if amount is not None]
        return text(min(known), person.currency) if known else None

    def record_kyc(self, person: Someone, step: dict[str, Any]) -> RecordIdentity:
        """Take over what came with a result, if it is not older than what is known."""
        event_us = at(step, "event_at") or self.now_us
        known_us = None if person.protection is None else person.protection.person.identity_us
        if known_us is None or event_us >= known_us:
            person.born = born_on(step["born"]) if "born" in step else person.born
            self._move(person, step.get("residence"))
        return RecordIdentity(result=_IDENTITIES[step["result"]], event_us=event_us)

    def _move(self, person: Someone, territory: str | None) -> None:
        pack = self.packs.pack_of(territory, person.pack)
        if pack != person.pack and person.protection is not None:
            person.end_plays(self.now_us)
            person.pack, person.protection = pack, person.protection.without_permits()


_EXCLUSIONS: Final = frozenset({ActionKind.EXCLUDE, ActionKind.REQUEST_REINSTATEMENT, ActionKind.APPROVE_REINSTATEMENT})


def _opening(world: World, person: Someone, step: dict[str, Any]) -> OpenPlay:
    renews = step["do"] == "renew_session"
    game = person.plays[step["session"]].game if renews else step.get("game", "slot")
    return OpenPlay(
        category=game_of(world.games, game).category, until_us=world.now_us + world.permit_us, renews=renews
    )


_ACTIONS: Final[dict[str, Callable[[World, Someone, dict[str, Any]], Any]]] = {
    "register": lambda _world, _person, _step: Register(),
    "login": lambda _world, _person, _step: Login(),
    "marketing": lambda _world, _person, _step: Marketing(),
    "deposit": lambda _world, person, step: Deposit(**_money(person, step)),
    "withdraw": lambda _world, person, step: Credit(kind=ActionKind.WITHDRAW, **_money(person, step)),
    "cancel_withdrawal": lambda _world, person, _step: CancelWithdrawal(**_money(person, {"amount": "0"})),
    "win": lambda _world, person, step: Credit(kind=ActionKind.WIN, **_money(person, step)),
    "feature_spin": lambda _world, person, _step: Credit(kind=ActionKind.WIN, **_money(person, {"amount": "0"})),
    "rollback": lambda _world, person, _step: Credit(kind=ActionKind.CANCEL, **_money(person, {"amount": "0"})),
    "open_session": _opening,
    "renew_session": _opening,
    "close_session": lambda _world, _person, _step: ClosePlay(),
    "ack_reality_check": lambda _world, _person, _step: AckRealityCheck(),
    "set_session_limit": lambda _world, _person, _step: SetSessionLimit(),
    "set_limit": lambda _world, person, step: _set_limit(person, step),
    "confirm_limit": lambda _world, _person, step: ConfirmLimit(**_limit(step)),
    "cancel_pending_limit": lambda _world, _person, step: CancelPendingLimit(**_limit(step)),
    "exclude": lambda _world, _person, step: Exclude(term=step["term"]),
    "take_break": lambda _world, _person, step: TakeBreak(term=step["term"]),
    "request_reinstatement": lambda _world, _person, _step: RequestReinstatement(),
    "approve_reinstatement": lambda _world, _person, _step: ApproveReinstatement(),
    "close_account": lambda _world, _person, _step: CloseAccount(),
    "record_kyc": World.record_kyc,
    "record_geo": lambda _world, _person, step: RecordLocation(
        territory=step["location"], until_us=at(step, "expires_at")
    ),
    "record_screening": lambda _world, person, step: RecordScreening(
        result=Screening(step["result"]), amount_minor=minor(step.get("amount", "0"), person.currency)
    ),
    "record_check": lambda _world, _person, step: RecordCheck(check=Check(step["check"])),
}


def _money(person: Someone, step: dict[str, Any]) -> dict[str, Any]:
    currency = step.get("currency", person.currency)
    return {
        "amount_minor": minor(step["amount"], currency),
        "currency": currency,
        "exponent": DECIMALS.get(currency, 2),
    }


def _set_limit(person: Someone, step: dict[str, Any]) -> SetLimit:
    is_time = step["kind"] == "time"
    return SetLimit(
        **_limit(step),
        amount_minor=step["seconds"] if is_time else minor(step["amount"], person.currency),
        currency="" if is_time else person.currency,
        exponent=DECIMALS.get(person.currency, 2),
    )


def _limit(step: dict[str, Any]) -> dict[str, Any]:
    return {"limit_kind": LimitKind(step["kind"]), "window": Window(step["window"])}


def _fits(name: str, value: Any, found: dict[str, Any]) -> bool:
    actual = found.get(name)
    if name in {"reasons", "obligations", "no_trace_of"}:
        return set(value) <= set(actual or ())
    if name == "obligations_absent":
        return set(value).isdisjoint(actual or ())
    if name == "reasons_exact":
        return tuple(value) == actual
    if name == "shown":
        return set(value) == actual
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
