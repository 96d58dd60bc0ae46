"""Free rounds that a licensee gave to a player."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

LONGEST = dt.timedelta(days=30)
"""No provider that we know keeps free rounds for longer."""


class GrantState(StrEnum):
    """Where a grant stands."""

    ASKED = "asked"
    """Written down; what the provider has done is not known yet."""
    ACTIVE = "active"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """By the provider, for good."""
    EXPIRED = "expired"
    """Never written down: its time is over when it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantOrder:
    """What a licensee asks for. A retry is the same order in every part."""

    licensee: str
    client_key: str
    player_id: str
    provider: str
    game_ids: tuple[str, ...]
    rounds: int
    bet: Decimal
    """What one round is worth, in main units."""
    currency: str
    expires_at: dt.datetime
    bonus_buy: bool = False
    """Each round begins with the game's bonus."""
    max_winnings: Decimal | None = None
    """A voucher: money for a table, whose winnings are paid up to this. None: free rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Free rounds of one player at one provider."""

    grant_id: str
    order: GrantOrder
    state: GrantState
    created_at: dt.datetime
    ended_at: dt.datetime | None = None
    reference: str = ""
    """What the provider calls it."""
    refusal: str = ""
    """The provider's code, if it refused; empty when it has no such rounds at all."""

    def shown_state(self, now: dt.datetime) -> GrantState:
        """The state as others see it."""
        over = self.order.expires_at <= now and self.state in {GrantState.ASKED, GrantState.ACTIVE}
        return GrantState.EXPIRED if over else self.state

    def shown_end(self, now: dt.datetime) -> dt.datetime | None:
        """When it ended, for others."""
        return self.order.expires_at if self.shown_state(now) is GrantState.EXPIRED else self.ended_at


def wrong_parts(order: GrantOrder, now: dt.datetime) -> list[tuple[str, str]]:
    """What nobody may ask for: field and reason."""
    wrong = []
    if order.bet <= 0:
        wrong.append(("bet", "must be above zero"))
    if not now < order.expires_at <= now + LONGEST:
        wrong.append(("expire_time", "must be in the future, and at most 30 days away"))
    if order.max_winnings is not None:
        wrong += _wrong_voucher(order, order.max_winnings)
    return wrong


def _wrong_voucher(order: GrantOrder, most: Decimal) -> list[tuple[str, str]]:
    wrong = []
    if most <= 0:
        wrong.append(("max_winnings", "must be above zero"))
    if order.rounds != 1:
        wrong.append(("rounds", "must be 1 for a voucher"))
    if order.bonus_buy:
        wrong.append(("bonus_buy", "a voucher begins no rounds"))
    return wrong
