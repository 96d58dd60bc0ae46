"""Licensees with a wallet of their own: every call to it is in the log once, for what the log says it was for."""

from __future__ import annotations

from mesh.verify.details import details_of
from mesh.verify.findings import Findings
from mesh.verify.tables import INTENTS, OK, Kind, Transfer


class OwnWallets:
    """Each intent is concluded once, for its own amount; each delivery is of something owed, once, to the cent."""

    def __init__(self) -> None:
        self._intents: dict[int, Transfer] = {}
        """Open ones, by position."""
        self._asked: dict[tuple[int, int, int, str | None], int] = {}
        """By player, source, kind and key of the action: what the licensee's wallet took for it."""
        self._owed: dict[int, Transfer] = {}
        """What was paid or cancelled since the player's first intent or delivery, and is not delivered."""
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Look at one entry."""
        if transfer.kind in INTENTS:
            self._intents[transfer.sequence] = transfer
        elif transfer.kind == Kind.CONCLUDE:
            self._conclude(transfer)
        elif transfer.kind in {Kind.DELIVER, Kind.DELIVERY_REFUSED}:
            self._deliver(transfer)
        elif transfer.outcome == OK and "intent" in (details := details_of(transfer.details)):
            self._act(transfer, details["intent"])
        if transfer.kind in _PAYING or transfer.kind == Kind.CONCLUDE or _closes(transfer):
            self._owed[transfer.sequence] = transfer

    def _conclude(self, transfer: Transfer) -> None:
        self.findings.looked_at += 1
        details = details_of(transfer.details)
        intent = self._intents.pop(details["intent"], None)
        if intent is None or intent.player_id != transfer.player_id:
            self.findings.add(f"{_place(transfer)}: it concludes no open intent of its player")
            return
        if transfer.moved is not None and transfer.moved != intent.amount:
            self.findings.add(f"{_place(transfer)}: it took {transfer.moved} and {intent.amount} was asked for")
        name = (intent.player_id, intent.source_id, INTENTS[intent.kind], intent.key)
        self._asked[name] = transfer.moved or 0

    def _act(self, transfer: Transfer, intent: int) -> None:
        """What was asked for is booked with what the wallet took, and by nothing else."""
        name = (transfer.player_id, transfer.source_id, transfer.kind, transfer.key)
        taken = self._asked.pop(name, None)
        if transfer.kind in INTENTS.values() and taken != abs(transfer.amount or 0):
            self.findings.add(f"{_place(transfer)}: it is about {transfer.amount}, and {taken} was taken for {intent}")

    def _deliver(self, transfer: Transfer) -> None:
        self.findings.looked_at += 1
        place = details_of(transfer.details)["owed"]
        owed = self._owed.get(place)
        if transfer.kind == Kind.DELIVER:
            self._owed.pop(place, None)
        if owed is None or owed.player_id != transfer.player_id:
            self.findings.add(f"{_place(transfer)}: it delivers nothing that is owed to its player")
            return
        paid = _paid(owed)
        if transfer.kind == Kind.DELIVER and transfer.moved != paid:
            self.findings.add(f"{_place(transfer)}: it delivers {transfer.moved} of {paid}")


_PAYING = frozenset(
    {
        *(Kind.WIN, Kind.CANCEL, Kind.PROMO, Kind.TOURNAMENT, Kind.JACKPOT),
        *(Kind.FREE_ROUND_SPIN, Kind.FREE_ROUND_TOTAL, Kind.ADJUST, Kind.ROLLBACK_LIST),
    }
)


_SAYING_NO_MORE = frozenset({Kind.CONCLUDE, Kind.BET, Kind.CLOSE_ROUND, Kind.DELIVER})
"""Entries after which the licensee's wallet hears something, and gets no money."""


def _closes(transfer: Transfer) -> bool:
    """Whether the wallet is told that a round has ended, and of nothing else."""
    if transfer.kind in {Kind.BET, Kind.CLOSE_ROUND}:
        return bool(details_of(transfer.details).get("close"))
    return transfer.kind == Kind.DELIVER and details_of(transfer.details).get("closing") == "owed"


def _paid(owed: Transfer) -> int | None:
    if owed.kind in _SAYING_NO_MORE:
        return None
    if owed.kind == Kind.ROLLBACK_LIST:
        return owed.amount
    return owed.moved


def _place(transfer: Transfer) -> str:
    return f"{transfer.shard}-{transfer.sequence}"
