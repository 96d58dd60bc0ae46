"""What the table of players keeps of each, made again from the entries that say it.

Limits and exclusions of a player are a state of the law and not told by single entries, so they are not among these.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mesh.verify.details import details_of
from mesh.verify.findings import Findings
from mesh.verify.tables import OK, Facts, Kind, Shard, Transfer

SAYING: Final = frozenset(
    {Kind.OPEN_ACCOUNT, Kind.OPEN_PLAY, Kind.SET_BLOCK, Kind.DEPOSIT, Kind.ENTER, Kind.CHANGE_PLAY}
)
"""Kinds that can change one of these facts."""


class Difference(NamedTuple):
    """One fact that the table has otherwise than the entries."""

    name: str
    stored: object
    followed: object

    def __str__(self) -> str:
        # What names or dates a human is not repeated in a report.
        if self.name in _PERSONAL:
            return f"{self.name} is not what its entries say"
        return f"{self.name} is {self.stored!r} in the table and {self.followed!r} by its entries"


_PERSONAL: Final = frozenset({"born_on", "person"})


def follow(facts: Facts, transfer: Transfer) -> Facts:
    """The facts after an entry. Raises KeyError if it does not say what its kind must."""
    details = details_of(transfer.details)
    if "register" in details:
        # Whatever became of the action: what the register said is remembered.
        facts = facts._replace(register=details["register"])
    if transfer.outcome != OK:
        return facts
    if transfer.kind == Kind.SET_BLOCK:
        return facts._replace(blocked=details["blocked"])
    if transfer.kind == Kind.OPEN_ACCOUNT:
        return facts._replace(
            pack=details["pack"],
            born_on=details["born_on"],
            main_asset_id=facts.main_asset_id or transfer.asset_id,
            person=details.get("person", facts.person),
        )
    return facts


def differences(stored: Facts, followed: Facts) -> list[Difference]:
    """What the table has otherwise than the entries."""
    rows = zip(Facts._fields, stored, followed, strict=True)
    return [Difference(name, one, other) for name, one, other in rows if one != other]


class People:
    """The facts that the law asks for of each player are those that the log says."""

    def __init__(self, shard: Shard) -> None:
        self._players = shard.players
        self._facts: dict[int, Facts] = {}
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Follow one entry."""
        before = self._facts.get(transfer.player_id, Facts())
        self._facts[transfer.player_id] = follow(before, transfer)

    def end(self) -> None:
        """Compare the table. An export has no facts in it, so there is nothing to compare."""
        for player_id, player in self._players.items():
            if player.facts is None:
                continue
            self.findings.looked_at += 1
            for difference in differences(player.facts, self._facts.get(player_id, Facts())):
                self.findings.add(f"player {player_id}: {difference}")
