"""What happened, in sums: by licensee and currency, by provider, by refusal, by writer."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mesh.verify.tables import OK, Kind, Names, Shard, Transfer

_FLOWS: Final[Mapping[int, str]] = {
    Kind.BET: "staked",
    Kind.CANCEL: "cancelled",
    Kind.WIN: "won",
    Kind.DEPOSIT: "deposited",
    Kind.CAPTURE: "withdrawn",
    Kind.TRANSFER_IN: "transferred_in",
    Kind.TRANSFER_OUT: "transferred_out",
}


@dataclass(slots=True)
class Totals:
    """Grows shard by shard."""

    names: Names
    flows: dict[tuple[int, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rounds: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By licensee and source."""
    refusals: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    """By source, kind and outcome."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Codes of the law, over all refusals."""
    writers: Counter[str] = field(default_factory=Counter)
    """Batches by the process that wrote them."""
    entries: int = 0
    players: int = 0

    def begin(self, shard: Shard) -> None:
        """Count what stands in tables of its own."""
        self.players += len(shard.players)
        self.writers.update(batch.writer for batch in shard.batches)
        for row in shard.rounds:
            player = shard.players.get(row.player_id)
            self.rounds[player.licensee_id if player else 0, row.source_id] += 1

    def see(self, transfer: Transfer) -> None:
        """Count one entry."""
        self.entries += 1
        if transfer.outcome != OK:
            self.refusals[transfer.source_id, transfer.kind, transfer.outcome] += 1
            self.reasons.update(_reasons(transfer.decision))
        elif transfer.kind in _FLOWS and transfer.asset_id is not None:
            flow = self.flows[transfer.licensee_id, transfer.asset_id]
            flow[_FLOWS[transfer.kind]] += transfer.moved or 0

    def as_json(self) -> dict[str, Any]:
        """By name, amounts as text in main units."""
        names = self.names
        return {
            "entries": self.entries,
            "players": self.players,
            "licensees": [self._flow(*key, flow) for key, flow in sorted(self.flows.items())],
            "rounds": {
                f"{names.licensee(licensee)}/{names.source(source)}": count
                for (licensee, source), count in sorted(self.rounds.items())
            },
            "refusals": [
                {"source": names.source(source), "kind": kind, "outcome": outcome, "count": count}
                for (source, kind, outcome), count in sorted(self.refusals.items())
            ],
            "reasons": dict(self.reasons.most_common()),
            "writers": dict(sorted(self.writers.items())),
        }

    def _flow(self, licensee_id: int, asset_id: int, flow: Counter[str]) -> dict[str, str]:
        asset = self.names.asset(asset_id)
        amounts = {name: main_units(flow[name], asset.exponent) for name in _FLOWS.values()}
        return {"licensee": self.names.licensee(licensee_id), "currency_code": asset.code, **amounts}


def _reasons(decision: str | None) -> set[str]:
    try:
        found = json.loads(decision) if decision else {}
        # A decision that is stored by its difference from another one is an array: the law allowed that bet.
        return set() if isinstance(found, list) else {reason["code"] for reason in found.get("reasons", [])}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"unreadable"}


def main_units(minor: int, exponent: int) -> str:
    """An amount in main units, with two digits after the point at least."""
    digits = f"{abs(minor):0{exponent + 1}d}"
    whole, fraction = digits[: len(digits) - exponent], digits[len(digits) - exponent :]
    return f"{'-' if minor < 0 else ''}{whole}.{fraction.rstrip('0'):0<2}"
