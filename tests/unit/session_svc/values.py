"""Values that tests begin with."""

import datetime as dt
from typing import Any

from session_svc.domain.catalog import Game
from session_svc.domain.session import Order, Session, token_digest
from session_svc.domain.states import State

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def order(**changes: Any) -> Order:
    return Order(
        **{
            "licensee": "aurora",
            "client_key": "launch-1",
            "player_id": "pl-1",
            "provider": "acme_slots",
            "game_id": "fruit",
            "currency": "EUR",
            **changes,
        }
    )


def session(**changes: Any) -> Session:
    return Session(
        **{
            "session_id": "0192f5a0-1111-7000-8000-000000000001",
            "order": order(),
            "state": State.ACTIVE,
            "created_at": NOON,
            "expires_at": NOON + dt.timedelta(hours=6),
            "token_digest": token_digest("token"),
            **changes,
        }
    )


def game(game_id: str = "fruit", **changes: Any) -> Game:
    return Game(
        **{
            "provider": "acme_slots",
            "game_id": game_id,
            "title": game_id.title(),
            "category": "slot",
            "enabled": True,
            "registered": True,
            **changes,
        }
    )
