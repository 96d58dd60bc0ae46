"""The tables of the risk plane, and their rows as values."""

from decimal import Decimal

import sqlalchemy as sa

from compliance_svc.risk.cases import Action, Case, Event, EventKind, Order
from compliance_svc.risk.history import Kind, Movement
from compliance_svc.store.decisions import metadata

risk_cursor = sa.Table(
    "risk_cursor",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True),
    sa.Column("sequence", sa.BigInteger),
)
risk_total = sa.Table(
    "risk_total",
    metadata,
    sa.Column("licensee", sa.Text, primary_key=True),
    sa.Column("player", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("totals", sa.Text),
)
risk_movement = sa.Table(
    "risk_movement",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("licensee", sa.Text),
    sa.Column("player", sa.Text),
    sa.Column("currency", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("key", sa.Text),
    sa.Column("at_us", sa.BigInteger),
    sa.Column("amount", sa.Numeric),
    sa.Column("staked_before", sa.Numeric),
    sa.Column("won_before", sa.Numeric),
)
risk_case = sa.Table(
    "risk_case",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger),
    sa.Column("licensee", sa.Text),
    sa.Column("player", sa.Text),
    sa.Column("currency", sa.Text),
    sa.Column("rule", sa.Text),
    sa.Column("requirement", sa.Text),
    sa.Column("pack", sa.Text),
    sa.Column("pack_digest", sa.Text),
    sa.Column("found_us", sa.BigInteger),
    sa.Column("observed", sa.Numeric),
    sa.Column("threshold", sa.Numeric),
    sa.Column("entries", sa.Integer),
    sa.Column("evidence", sa.ARRAY(sa.Text)),
    sa.Column("summary", sa.Text),
    sa.Column("flag_until_us", sa.BigInteger),
    sa.Column("state", sa.SmallInteger),
    sa.Column("frozen", sa.Boolean),
)
risk_case_event = sa.Table(
    "risk_case_event",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("case_id", sa.Text),
    sa.Column("kind", sa.SmallInteger),
    sa.Column("action", sa.SmallInteger),
    sa.Column("person", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("proposal", sa.BigInteger),
    sa.Column("recorded_us", sa.BigInteger),
)
risk_order = sa.Table(
    "risk_order",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger),
    sa.Column("case_id", sa.Text),
    sa.Column("action", sa.SmallInteger),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("done", sa.Boolean),
)


def movement(row: sa.RowMapping) -> Movement:
    """A row of `risk_movement`."""
    return Movement(
        id=f"{row['shard']}-{row['sequence']}",
        kind=Kind(row["kind"]),
        key=row["key"],
        at_us=row["at_us"],
        amount=int(row["amount"]),
        staked_before=int(row["staked_before"]),
        won_before=int(row["won_before"]),
    )


def movement_row(owner: tuple[str, str, str], one: Movement) -> dict[str, object]:
    """A movement as a row."""
    shard, _, sequence = one.id.partition("-")
    licensee, player, currency = owner
    return {
        "shard": int(shard),
        "sequence": int(sequence),
        "licensee": licensee,
        "player": player,
        "currency": currency,
        "kind": one.kind.value,
        "key": one.key,
        "at_us": one.at_us,
        "amount": Decimal(one.amount),
        "staked_before": Decimal(one.staked_before),
        "won_before": Decimal(one.won_before),
    }


def case(row: sa.RowMapping, events: tuple[Event, ...]) -> Case:
    """A row of `risk_case` with its events."""
    return Case(
        id=row["case_id"],
        licensee=row["licensee"],
        player=row["player"],
        currency=row["currency"],
        rule=row["rule"],
        requirement=row["requirement"],
        pack=row["pack"],
        pack_digest=row["pack_digest"],
        found_us=row["found_us"],
        observed=int(row["observed"]),
        threshold=int(row["threshold"]),
        entries=row["entries"],
        evidence=tuple(row["evidence"]),
        summary=row["summary"],
        flag_until_us=row["flag_until_us"],
        events=events,
    )


def case_row(one: Case, number: int) -> dict[str, object]:
    """A case without events as a row."""
    return {
        "case_id": one.id,
        "number": number,
        "licensee": one.licensee,
        "player": one.player,
        "currency": one.currency,
        "rule": one.rule,
        "requirement": one.requirement,
        "pack": one.pack,
        "pack_digest": one.pack_digest,
        "found_us": one.found_us,
        "observed": Decimal(one.observed),
        "threshold": Decimal(one.threshold),
        "entries": one.entries,
        "evidence": list(one.evidence),
        "summary": one.summary,
        "flag_until_us": one.flag_until_us,
        "state": int(one.state),
        "frozen": one.frozen,
    }


def event(row: sa.RowMapping) -> Event:
    """A row of `risk_case_event`, with the case's owner."""
    return Event(
        position=row["position"],
        case_id=row["case_id"],
        licensee=row["licensee"],
        player=row["player"],
        kind=EventKind(row["kind"]),
        action=None if row["action"] is None else Action(row["action"]),
        person=row["person"],
        note=row["note"],
        proposal=row["proposal"],
        recorded_us=row["recorded_us"],
    )


def event_row(one: Event, position: int) -> dict[str, object]:
    """An event as a row."""
    return {
        "position": position,
        "case_id": one.case_id,
        "kind": int(one.kind),
        "action": None if one.action is None else int(one.action),
        "person": one.person,
        "note": one.note,
        "proposal": one.proposal,
        "recorded_us": one.recorded_us,
    }


def order(row: sa.RowMapping) -> Order:
    """A row of `risk_order`, with the case's owner."""
    return Order(
        key=row["key"],
        case_id=row["case_id"],
        licensee=row["licensee"],
        player=row["player"],
        currency=row["currency"],
        action=None if row["action"] is None else Action(row["action"]),
        until_us=row["until_us"],
    )


def order_row(one: Order) -> dict[str, object]:
    """An order as a row."""
    action = None if one.action is None else int(one.action)
    return {"key": one.key, "case_id": one.case_id, "action": action, "until_us": one.until_us}
