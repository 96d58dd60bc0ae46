"""Free rounds that a studio has given, as its own back office sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import orjson

LADDER = frozenset(map(Decimal, ("0.10", "0.20", "0.50", "1", "2", "5")))
"""What one round may be worth, at every studio here."""


def on_ladder(bet: Decimal) -> bool:
    """Whether rounds of this value can be given."""
    return bet in LADDER


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioGrant:
    """Free rounds of one player."""

    reference: str
    """What their results carry."""
    grant_id: str
    """What whoever gave them calls them."""
    user: str
    game_ids: tuple[str, ...]
    rounds: int
    bet: Decimal
    currency_code: str
    expires: str
    """As it was written on the wire."""
    cancelled: bool = False
    bonus_buy: bool = False
    """Each round begins with the game's bonus."""
    max_winnings: Decimal | None = None
    """A voucher, and the most that it pays."""

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        return {
            "reference": self.reference,
            "grant_id": self.grant_id,
            "user": self.user,
            "game_ids": list(self.game_ids),
            "rounds": self.rounds,
            "bet": format(self.bet, "f"),
            "currency_code": self.currency_code,
            "expires": self.expires,
            "cancelled": self.cancelled,
            "bonus_buy": self.bonus_buy,
            "max_winnings": None if self.max_winnings is None else format(self.max_winnings, "f"),
        }

    @classmethod
    def of_json(cls, content: str) -> StudioGrant:
        """As it was kept."""
        told = orjson.loads(content)
        most = told.get("max_winnings")
        exact = {"bet": Decimal(told["bet"]), "max_winnings": None if most is None else Decimal(most)}
        return cls(**{**told, **exact, "game_ids": tuple(told["game_ids"])})


class Keeping(Protocol):
    """Where grants outlive the process."""

    def keep_given(self, reference: str, content: str) -> None:
        """Remember one, or what has become of it."""
        ...


class Grants:
    """What was given, by reference. A second order with an id that is known gives nothing more."""

    def __init__(self, keeping: Keeping | None = None, known: Iterable[StudioGrant] = ()) -> None:
        self._keeping = keeping
        self._given: dict[str, StudioGrant] = {grant.reference: grant for grant in known}

    def give(self, grant: StudioGrant) -> StudioGrant | None:
        """The grant of this id; None if the id already stands for something else."""
        known = next((one for one in self._given.values() if one.grant_id == grant.grant_id), None)
        if known is None:
            self._keep(grant)
            return grant
        return known if replace(known, reference=grant.reference, cancelled=False) == grant else None

    def cancel(self, reference: str, user: str = "") -> bool:
        """Take back what is left; False if there is no such grant, or not of this player."""
        known = self._given.get(reference)
        if known is None or user not in {"", known.user}:
            return False
        self._keep(replace(known, cancelled=True))
        return True

    def _keep(self, grant: StudioGrant) -> None:
        self._given[grant.reference] = grant
        if self._keeping is not None:
            self._keeping.keep_given(grant.reference, orjson.dumps(grant.as_json()).decode())

    def of(self, reference: str) -> StudioGrant | None:
        """One grant."""
        return self._given.get(reference)

    def as_json(self) -> list[dict[str, Any]]:
        """For the control API."""
        return [one.as_json() for one in self._given.values()]
