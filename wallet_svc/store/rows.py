"""Rows of the log as entries."""

import orjson

from wallet_svc.domain import records
from wallet_svc.domain.state import Entry, Registry
from wallet_svc.domain.vocabulary import Case, Kind, Outcome
from wallet_svc.store.running import Row


def entry_of(row: Row, registry: Registry) -> Entry:
    """An entry as it was appended, but for a short record. `row` is a named tuple over the columns of `transfer`."""
    kind = Kind(row.kind)
    return Entry(
        kind,
        row.source_id,
        row.key,
        Outcome(row.outcome),
        bytes(row.fingerprint) if row.fingerprint is not None else None,
        registry.assets_by_id[row.asset_id] if row.asset_id is not None else None,
        row.amount,
        moved=row.moved or 0,
        round=row.round,
        game=row.game,
        session=row.session,
        reference=row.reference,
        undoes=row.undoes,
        case=Case(row.opened_case) if row.opened_case is not None else None,
        limit=row.limit_kind,
        details=orjson.loads(row.details) if row.details is not None else None,
        pack=row.pack,
        decision_json=row.decision if records.first_of(row.decision) is None else None,
        request_id=row.request_id,
        shard=row.shard,
        sequence=row.sequence,
        operation=row.operation,
        player_id=row.player_id,
        licensee_id=row.licensee_id,
        debit_id=row.debit_id,
        credit_id=row.credit_id,
        debit_after=None if row.debit_after is None else int(row.debit_after),
        credit_after=None if row.credit_after is None else int(row.credit_after),
        available=row.available,
        recorded_us=row.recorded_us,
        is_leg=row.key is None and row.operation != row.sequence,
    )
