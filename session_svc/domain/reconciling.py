"""A provider's own record against our ledger: what is compared, and what each difference is. Pure.

The two sides keep different clocks, and a message may arrive long after it was first sent. So each direction looks
further on the other side: what the provider has of a span is looked for in the ledger of a wider span, and what the
ledger has of the span is looked for in a wider record. Whatever still differs is asked for by its key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from session_svc.domain.grants import Grant, GrantState


class Kind(StrEnum):
    """What a message is about."""

    BET = "bet"
    WIN = "win"
    CANCEL = "cancel"
    CLOSE = "close"
    """The end of a round: no key of ours, and not compared."""
    GRANT = "grant"
    """Free rounds that were given: compared with those that we gave, and not with the ledger."""


class Belief(StrEnum):
    """What a provider believes about a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PENDING = "pending"
    DISPUTED = "disputed"


class State(StrEnum):
    """What the ledger has under a key."""

    APPLIED = "applied"
    ROLLED_BACK = "rolled back"
    REFUSED = "refused"
    TOMBSTONED = "tombstoned"
    UNKNOWN = "unknown"


class CaseClass(StrEnum):
    """How the two sides differ."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"
    ORPHAN_WIN = "orphan_win"
    STUCK_ROUND = "stuck_round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Names a message on both sides."""

    licensee: str
    player_id: str
    kind: Kind
    transaction_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message as the provider has it."""

    key: Key
    currency: str
    amount: Decimal | None
    round_id: str
    belief: Belief
    sent_at: dt.datetime
    closes: bool = False
    code: str = ""

    @property
    def round(self) -> tuple[str, str, str]:
        """Its round, among those of all players."""
        return self.key.licensee, self.key.player_id, self.round_id

    @property
    def counts(self) -> bool:
        """The provider believes that we took it, so the ledger must have it."""
        return self.belief is Belief.ACCEPTED and self.key.kind not in (Kind.CLOSE, Kind.GRANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One message as the ledger has it."""

    state: State
    currency: str = ""
    amount: Decimal | None = None
    outcome: str = ""
    transaction_id: str = ""
    round_id: str = ""
    """The ledger's name of the round."""
    is_orphan: bool = False
    """A win that was paid without a bet, or refused for want of one."""
    recorded_at: dt.datetime | None = None
    round_state: str = ""
    """"open" or "closed"; empty when nobody asked, or it was never opened."""


NOTHING = Own(state=State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A difference, with what each side has."""

    provider: str
    case_class: CaseClass
    key: Key
    currency: str
    round_id: str
    amount_there: Decimal | None
    amount_here: Decimal | None
    state_there: str
    """What the provider believes; empty if it does not know the message."""
    state_here: str
    outcome_here: str
    round_here: str
    transaction_id: str
    at: dt.datetime
    """When it was first sent, or when the ledger recorded it if the provider does not know it."""


def case_of(provider: str, case_class: CaseClass, key: Key, there: Line | None, here: Own) -> Case:
    """The difference, from both sides. At least one of them knows the message."""
    at = there.sent_at if there else here.recorded_at
    if at is None:
        raise ValueError("neither side knows the message")
    return Case(
        provider=provider,
        case_class=case_class,
        key=key,
        currency=there.currency if there else here.currency,
        round_id=there.round_id if there else here.round_id,
        amount_there=there.amount if there else None,
        amount_here=here.amount,
        state_there=there.belief.value if there else "",
        state_here=here.state.value,
        outcome_here=here.outcome,
        round_here=here.round_state,
        transaction_id=here.transaction_id,
        at=at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a moment on, and before another one."""

    start: dt.datetime
    end: dt.datetime

    def __contains__(self, moment: dt.datetime) -> bool:
        return self.start <= moment < self.end

    def wider(self, margin: dt.timedelta) -> Span:
        """The same with a margin on both sides."""
        return Span(start=self.start - margin, end=self.end + margin)

    def before(self, moment: dt.datetime) -> Span:
        """The part before a moment; empty if there is none."""
        return Span(start=self.start, end=max(self.start, min(self.end, moment)))

    def earlier(self, by: dt.timedelta) -> Span:
        """As long, and so much earlier."""
        return Span(start=self.start - by, end=self.end - by)

    def slices(self, length: dt.timedelta) -> Iterator[Span]:
        """One after the other, none longer than `length`."""
        start = self.start
        while start < self.end:
            yield Span(start=start, end=min(start + length, self.end))
            start += length


def uploaded(lines: Iterable[Line], licensee: str, currency: str) -> list[Line]:
    """What is compared with the ledger, in the order in which files are compared."""
    numbers = {Kind.BET: 1, Kind.WIN: 2, Kind.CANCEL: 3}
    chosen = [line for line in lines if line.counts and (line.key.licensee, line.currency) == (licensee, currency)]
    return sorted(chosen, key=lambda line: (numbers[line.key.kind], line.key.transaction_key.encode()))


def scopes(lines: Iterable[Line], known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Licensees and currencies to compare: those who play at the provider, and those that it names itself."""
    return sorted({*known, *((line.key.licensee, line.currency) for line in lines if line.counts)})


def judge(there: Line | None, here: Own) -> CaseClass | None:
    """How the two sides of one message differ; None if they agree.

    `there` is None for a message that the provider does not know.
    """
    if there is None:
        return CaseClass.MISSING_THERE if here.state is State.APPLIED else None
    if there.belief in (Belief.PENDING, Belief.DISPUTED):
        # Nobody can say that the sides differ before the provider has made up its mind; see `stuck`.
        return None
    if there.belief is not Belief.ACCEPTED:
        return CaseClass.STATE_DIFFERS if here.state is State.APPLIED else None
    return _judge_accepted(there, here)


def _judge_accepted(there: Line, here: Own) -> CaseClass | None:
    if there.key.kind is Kind.WIN and here.is_orphan:
        return CaseClass.ORPHAN_WIN
    if there.key.kind is Kind.CANCEL and here.state is not State.UNKNOWN:
        # Done, or remembered against a bet that never came.
        return None
    if here.state is State.UNKNOWN:
        return CaseClass.MISSING_HERE
    if here.state is not State.APPLIED:
        return CaseClass.STATE_DIFFERS
    return CaseClass.AMOUNT_DIFFERS if there.amount != here.amount else None


def name_of(grant: Grant) -> Key:
    """The name of free rounds on both sides."""
    order = grant.order
    return Key(licensee=order.licensee, player_id=order.player_id, kind=Kind.GRANT, transaction_key=grant.grant_id)


def own_grant(grant: Grant | None, now: dt.datetime) -> Own:
    """Free rounds as we have them."""
    if grant is None:
        return NOTHING
    order, state = grant.order, grant.shown_state(now)
    return Own(
        state=_GRANTED[state],
        currency=order.currency,
        amount=order.bet * order.rounds,
        outcome=f"GRANT_STATE_{state.name}",
        recorded_at=grant.created_at,
    )


_GRANTED: Mapping[GrantState, State] = {
    GrantState.ASKED: State.UNKNOWN,
    GrantState.ACTIVE: State.APPLIED,
    GrantState.EXPIRED: State.APPLIED,
    GrantState.CANCELLED: State.ROLLED_BACK,
    GrantState.REFUSED: State.REFUSED,
}


def judge_grant(there: Line | None, here: Own) -> CaseClass | None:
    """How the two sides of free rounds differ; None if they agree. Rounds whose time is over can be gone, or taken back."""
    is_over = here.outcome == f"GRANT_STATE_{GrantState.EXPIRED.name}"
    if there is None:
        return CaseClass.MISSING_THERE if here.state is State.APPLIED and not is_over else None
    if there.belief is Belief.CANCELLED:
        return CaseClass.STATE_DIFFERS if here.state is State.APPLIED and not is_over else None
    if here.state is State.UNKNOWN:
        return CaseClass.MISSING_HERE
    if here.state is not State.APPLIED:
        return CaseClass.STATE_DIFFERS
    return CaseClass.AMOUNT_DIFFERS if (there.currency, there.amount) != (here.currency, here.amount) else None


def lonely_wins(narrow: Iterable[Line], wide: Iterable[Line]) -> list[Line]:
    """Wins that were taken and that no taken bet of the provider's own record stands behind."""
    with_bets = {line.round for line in wide if line.counts and line.key.kind is Kind.BET}
    return [line for line in narrow if line.counts and line.key.kind is Kind.WIN and line.round not in with_bets]


def endless(old: Iterable[Line], wide: Sequence[Line]) -> list[Line]:
    """Of each round that has a taken bet and no end in the provider's record, the last bet; and messages in the air."""
    ended = {line.round for line in wide if line.belief is Belief.ACCEPTED and line.key.kind in (Kind.WIN, Kind.CLOSE)}
    rounds: dict[tuple[str, str, str], Line] = {}
    in_the_air = []
    for line in old:
        if line.belief in (Belief.PENDING, Belief.DISPUTED) and line.key.kind is not Kind.CLOSE:
            in_the_air.append(line)
        elif line.counts and line.key.kind is Kind.BET and line.round not in ended:
            rounds[line.round] = line
    return [*rounds.values(), *in_the_air]


def stuck(there: Line, here: Own) -> CaseClass | None:
    """A round that neither side has ended, or a message that has had no answer for too long."""
    if there.belief in (Belief.PENDING, Belief.DISPUTED) or here.round_state == "open":
        return CaseClass.STUCK_ROUND
    return None


def by_key(lines: Iterable[Line]) -> Mapping[Key, Line]:
    """The lines by name."""
    return {line.key: line for line in lines}
