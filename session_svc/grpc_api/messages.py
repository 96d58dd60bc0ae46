"""Sessions and offers as messages."""

from __future__ import annotations

import datetime as dt

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import RequestInvalidError
from pitboss.session.v1 import catalog_service_pb2 as catalog_pb
from pitboss.session.v1 import session_service_pb2 as pb
from pitboss.type.v1 import game_pb2 as game_pb
from session_svc.domain.catalog import MarketFacts, Offer
from session_svc.domain.session import Session
from session_svc.domain.states import State

_STATES = {
    State.ACTIVE: pb.SESSION_STATE_ACTIVE,
    State.CLOSED: pb.SESSION_STATE_CLOSED,
    State.EXPIRED: pb.SESSION_STATE_EXPIRED,
    State.REPLACED: pb.SESSION_STATE_REPLACED,
    State.ENDED: pb.SESSION_STATE_ENDED,
}
_CATEGORIES = {
    "slot": catalog_pb.CATEGORY_SLOT,
    "table": catalog_pb.CATEGORY_TABLE,
    "live": catalog_pb.CATEGORY_LIVE,
}
_DEVICES = {
    pb.DEVICE_UNSPECIFIED: "desktop",
    pb.DEVICE_DESKTOP: "desktop",
    pb.DEVICE_MOBILE: "mobile",
}


def session_message(session: Session, now: dt.datetime) -> pb.Session:
    """A session as it is now."""
    return _message(session, session.shown_state(now), session.shown_end(now))


def past_message(session: Session) -> pb.Session:
    """A session as a change left it, whatever time it is now."""
    return _message(session, session.state, session.ended_at)


def _message(session: Session, state: State, ended_at: dt.datetime | None) -> pb.Session:
    order = session.order
    return pb.Session(
        session_id=session.session_id,
        player_id=order.player_id,
        provider=order.provider,
        game_id=order.game_id,
        currency_code=order.currency,
        state=_STATES[state],
        create_time=timestamp(session.created_at),
        expire_time=timestamp(session.expires_at),
        end_time=timestamp(ended_at) if ended_at else None,
        end_reason=session.end_reason,
    )


def game_message(offer: Offer) -> catalog_pb.CatalogGame:
    """A game as an offer."""
    game = offer.game
    return catalog_pb.CatalogGame(
        provider=game.provider,
        game_id=game.game_id,
        title=game.title,
        category=_CATEGORIES[game.category],
        available=offer.available,
        unavailable_reason=offer.reason,
        currency_codes=game.currencies,
        refused_countries=game.refused_countries,
        return_ppm=game.return_ppm,
        languages=game.languages,
        markets=map(market_message, game.markets),
    )


def market_message(facts: MarketFacts) -> game_pb.MarketFacts:
    """What is told of a game in one market."""
    return game_pb.MarketFacts(market=facts.market, certificate_id=facts.certificate_id, return_ppm=facts.return_ppm)


def timestamp(moment: dt.datetime) -> Timestamp:
    """A moment as a message."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def device_name(device: pb.Device.ValueType) -> str:
    """A device in our words."""
    return _DEVICES[device]


def seconds_of(request: pb.CreateSessionRequest, field: str) -> int | None:
    """Whole seconds of a span, or None if it is not set."""
    if not request.HasField(field):  # type: ignore[arg-type]
        return None
    span: Duration = getattr(request, field)
    if span.nanos:
        raise RequestInvalidError(violations=[(field, "must be whole seconds")])
    return span.seconds


def plain(field: str, text: str) -> str:
    """PostgreSQL text cannot hold NUL."""
    if "\x00" in text:
        raise RequestInvalidError(violations=[(field, "must not have a NUL character")])
    return text
