"""What a round was, from its events: one record when it is settled, one amendment for each later event. Pure.

A round is settled by the first event that closes it, pays a result, or undoes its last live stake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any, Final

from audit_svc.domain import Draft, Opened, RecordClass

FORMAT: Final = 1
"""Version of the record's content."""
STAKE, CANCEL, REVERSAL, RESTORED, CLOSE = "bet", "cancel", "reverse_win", "undo_rollback", "close_round"
RESULTS: Final = frozenset({"win", "jackpot", "free_round_spin", "free_round_total"})
_KINDS: Final = frozenset({STAKE, CANCEL, REVERSAL, RESTORED, CLOSE, *RESULTS})
_EXACT: Final = Context(prec=60)
_ZERO: Final = Decimal(0)


def rounds_source(shard: int) -> str:
    """Name of a shard's round records as a source."""
    return f"rounds/{shard}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Name:
    """What names a round."""

    licensee: str
    player: str
    provider: str
    round: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a round, as the log has it."""

    index: int
    sequence: int
    recorded_us: int
    content: Mapping[str, Any]

    @property
    def name(self) -> Name:
        """The round that it is of."""
        told = self.content
        return Name(licensee=told["licensee"], player=told["player"], provider=told["source"], round=told["round"])

    @property
    def counts(self) -> bool:
        """It was applied, and it is part of what a round is."""
        applied = self.content.get("applied", self.content["outcome"] == "ok")
        return bool(applied) and self.content["kind"] in _KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Papers of a game from a moment on. An empty licensee: for all that have none of their own."""

    licensee: str
    provider: str
    game: str
    since_us: int
    build: str
    certified: bool
    certificate: str
    return_ppm: int
    deviation_ppm: int


class Facts:
    """What neighbours say of games and providers."""

    def __init__(self, papers: Sequence[Papers], levels: Mapping[tuple[str, str], str]) -> None:
        self._papers = papers
        self._levels = levels

    def papers_of(self, licensee: str, provider: str, game: str, moment_us: int) -> Papers | None:
        """The papers that held at a moment: the licensee's own, else those of all."""
        shown = [
            each
            for each in self._papers
            if (each.provider, each.game) == (provider, game) and each.since_us <= moment_us
        ]
        for owner in (licensee, ""):
            if own := [each for each in shown if each.licensee == owner]:
                return own[-1]
        return None

    def level_of(self, licensee: str, provider: str) -> str:
        """How far the provider's manifest says that its rounds can be reproduced; R1 if nobody said."""
        return self._levels.get((licensee, provider), "R1")


@dataclass(slots=True)
class Round:
    """A round, event by event."""

    name: Name
    events: list[Event] = field(default_factory=list)
    live: dict[str, Event] = field(default_factory=dict)
    settled: Event | None = None
    _undone: dict[str, Event] = field(default_factory=dict)
    _paid: Decimal = _ZERO
    _paid_bonus: Decimal = _ZERO
    _staked: bool = False

    def follow(self, event: Event) -> bool:
        """Take the next event that counts. True: it settles the round, or comes after what did."""
        self.events.append(event)
        settles = self._apply(event) or bool(event.content.get("closes"))
        if self.settled is None and settles:
            self.settled = event
        return self.settled is not None

    def _apply(self, event: Event) -> bool:
        told = event.content
        kind, key, reference = told["kind"], told["key"], told["reference"]
        if kind == STAKE:
            self.live[key], self._staked = event, True
        elif kind == CANCEL and reference in self.live:
            self._undone[key] = self.live.pop(reference)
            return not self.live
        elif kind == RESTORED and reference in self._undone:
            stake = self._undone.pop(reference)
            self.live[stake.content["key"]] = stake
        elif kind in RESULTS or kind == REVERSAL:
            self._pay(told, back=kind == REVERSAL)
            return kind in RESULTS
        return bool(kind == CLOSE)

    def _pay(self, told: Mapping[str, Any], *, back: bool) -> None:
        if not told["moved"]:
            return
        amount, bonus = _amount(told), Decimal(told.get("bonus", "0"))
        sign = Decimal(-1 if back else 1)
        self._paid = _EXACT.add(self._paid, sign * amount)
        self._paid_bonus = _EXACT.add(self._paid_bonus, sign * bonus)

    @property
    def totals(self) -> dict[str, str]:
        """What was staked and not undone, and what was paid, in the round's currency."""
        live = [event.content for event in self.live.values()]
        return {
            "stake": _sum(_amount(each) for each in live),
            "stake_bonus": _sum(Decimal(each.get("bonus", "0")) for each in live),
            "jackpot_contribution": _sum(Decimal(each.get("jackpot", "0")) for each in live),
            "win": _text(self._paid),
            "win_bonus": _text(self._paid_bonus),
        }

    @property
    def status(self) -> str:
        """SETTLED; ROLLED_BACK if no stake is left and nothing was paid."""
        undone = self._staked and not self.live and not self._paid
        return "ROLLED_BACK" if undone else "SETTLED"

    @property
    def anomalies(self) -> list[str]:
        """What a person should look at."""
        return ["WIN_WITHOUT_STAKE"] if self._paid and not self._staked else []


def drafts_of(shard: int, earlier: Iterable[Event], fresh: Iterable[Event], facts: Facts) -> Iterator[Draft]:
    """Records and amendments that new events of a shard make, after the earlier events of the same rounds."""
    rounds: dict[Name, Round] = {}
    for event in sorted(earlier, key=lambda each: each.sequence):
        if event.counts:
            rounds.setdefault(event.name, Round(event.name)).follow(event)
    for event in sorted(fresh, key=lambda each: each.sequence):
        if not event.counts:
            continue
        found = rounds.setdefault(event.name, Round(event.name))
        before = found.totals if found.settled else {}
        if not found.follow(event):
            continue
        first = found.settled is event
        content = record_of(found, facts) if first else _amendment(found, event, before, facts)
        yield Draft(
            record_class=RecordClass.ROUND,
            source=rounds_source(shard),
            key=f"{'record' if first else 'amended'}-{event.sequence}",
            recorded_us=event.recorded_us,
            content={**content, "id": event.content["id"]},
            licensee=found.name.licensee,
            player=found.name.player,
        )


def record_of(found: Round, facts: Facts) -> dict[str, Any]:
    """The record of a round that has just been settled."""
    first, name = found.events[0], found.name
    decisions = [
        {
            "id": event.content["id"],
            "digest": event.content["decision"],
            "pack": event.content["pack"],
            "pack_digest": event.content["pack_digest"],
        }
        for event in found.events
        if event.content.get("decision")
    ]
    claimed = facts.level_of(name.licensee, name.provider)
    return {
        "format": FORMAT,
        **_named(name),
        "status": found.status,
        "sessions": sorted({event.content["session"] for event in found.events if event.content["session"]}),
        **_game(found, facts),
        "jurisdictions": sorted({each["pack"].partition("@")[0] for each in decisions}),
        **found.totals,
        "balance_before": _before(first),
        "balance_after": found.events[-1].content["balance"],
        "opened_us": first.recorded_us,
        "settled_us": found.events[-1].recorded_us,
        "events": [event.content["id"] for event in found.events],
        "decisions": decisions,
        "level": _level(found, claimed),
        "claimed_level": claimed,
        "anomalies": found.anomalies,
    }


def event_of(opened: Opened, content: Mapping[str, Any]) -> Event:
    """An entry of the log as an event of a round."""
    entry = opened.entry
    sequence = int(entry.key.partition("-")[2])
    return Event(index=entry.index, sequence=sequence, recorded_us=entry.recorded_us, content=content)


def _amendment(found: Round, event: Event, before: Mapping[str, str], facts: Facts) -> dict[str, Any]:
    assert found.settled is not None
    return {
        "format": FORMAT,
        **_named(found.name),
        **_game(found, facts),
        "stake_before": before["stake"],
        "win_before": before["win"],
        "amends": found.settled.content["id"],
        "kind": event.content["kind"],
        "status": found.status,
        **found.totals,
        "balance_after": event.content["balance"],
        "decision": event.content.get("decision", ""),
        "anomalies": found.anomalies,
    }


def _named(name: Name) -> dict[str, str]:
    return {"licensee": name.licensee, "player": name.player, "provider": name.provider, "round": name.round}


def _game(found: Round, facts: Facts) -> dict[str, Any]:
    """The game, its currency, and its papers when the round was opened."""
    name, events = found.name, found.events
    game = next((event.content["game"] for event in events if event.content["game"]), "")
    return {
        "game": game,
        "currency": next((e.content["currency"] for e in events if "currency" in e.content), ""),
        **_papers(facts.papers_of(name.licensee, name.provider, game, events[0].recorded_us)),
    }


def _papers(papers: Papers | None) -> dict[str, Any]:
    """What papers said. Empty where nobody has shown any: then whoever enabled the game vouches for it."""
    if papers is None:
        return {"build": "", "certified": False, "certificate": "", "return_ppm": 0, "deviation_ppm": 0}
    return {
        "build": papers.build,
        "certified": papers.certified,
        "certificate": papers.certificate,
        "return_ppm": papers.return_ppm,
        "deviation_ppm": papers.deviation_ppm,
    }


def _level(found: Round, claimed: str) -> str:
    """What can be shown again of this very round. Messages and attestations are not in the log, so never above R1."""
    stakes = [event for event in found.events if event.content["kind"] == STAKE]
    decided = all(event.content.get("decision") for event in stakes)
    return "R0" if claimed == "R0" or not decided else "R1"


def _before(first: Event) -> str:
    """Cash before the first event, if it was a stake that moved money; else what it found."""
    told = first.content
    if not told["balance"] or told["kind"] != STAKE or not told["moved"]:
        return str(told["balance"])
    return _text(_EXACT.add(Decimal(told["balance"]), _amount(told) - Decimal(told.get("bonus", "0"))))


def _amount(told: Mapping[str, Any]) -> Decimal:
    return Decimal(told.get("amount", "0"))


def _sum(amounts: Iterable[Decimal]) -> str:
    total = _ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return _text(total)


def _text(amount: Decimal) -> str:
    return format(amount, "f")
