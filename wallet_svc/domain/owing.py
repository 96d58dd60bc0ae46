"""What the entries of a mirrored player say about its licensee's own wallet: what it is asked, owed, and has told."""

from typing import Any, NamedTuple

import orjson

from wallet_svc.domain.state import Asset, Entry, Mirror, OpenIntent, Player
from wallet_svc.domain.vocabulary import INTENT_KINDS, AccountClass, Kind, Outcome

_ACTIONS = {intent: kind for kind, intent in INTENT_KINDS.items()}


class Changes(NamedTuple):
    """What an entry changes about the calls that the licensee's wallet still gets."""

    new: bool = False
    """A call of its own is due."""
    done: int | None = None
    """Position of the entry whose call is over."""
    stuck: int | None = None
    """Position of the entry whose call was refused for good."""


NOTHING = Changes()
"""What most entries change."""


def changes_of(entry: Entry) -> Changes:
    """What an entry of a mirrored player changes about the calls."""
    details = entry.details or {}
    if entry.kind in _ACTIONS:
        return Changes(new=True)
    if entry.kind is Kind.CONCLUDE:
        return Changes(new="undo" in details, done=details["intent"])
    if entry.kind is Kind.DELIVER:
        return Changes(new=details.get("closing") == "owed", done=details["owed"])
    if entry.kind is Kind.DELIVERY_REFUSED:
        return Changes(stuck=details["owed"])
    return Changes(new=True) if owes(entry) or closes(entry) else NOTHING


def owes(entry: Entry) -> bool:
    """Whether the licensee's wallet has to book something because of this entry."""
    if entry.kind is Kind.CANCEL and entry.outcome is Outcome.TOMBSTONED:
        return "intent" in (entry.details or {})
    if entry.kind is Kind.ROLLBACK_LIST:
        return entry.outcome is Outcome.OK and (entry.details or {}).get("sum", 0) > 0
    if "in_sum" in (entry.details or {}):
        return False
    paid = entry.credit is not None and entry.credit.account_class is AccountClass.CASH
    return paid and entry.kind is not Kind.CONCLUDE


def closes(entry: Entry) -> bool:
    """Whether a round has ended with this entry, of which the licensee's wallet is told."""
    return entry.kind in _CLOSING and entry.outcome is Outcome.OK and bool((entry.details or {}).get("close"))


def is_close_only(entry: Entry) -> bool:
    """Whether the call of an entry says that a round has ended and nothing about money."""
    if entry.kind in (Kind.BET, Kind.CLOSE_ROUND, Kind.DELIVER):
        return True
    return entry.kind is Kind.WIN and not entry.moved


def call_kind(entry: Entry) -> Kind:
    """What a call is among the pending ones: the end of a round is told last and holds up nothing."""
    return Kind.CLOSE_ROUND if is_close_only(entry) else entry.kind


_CLOSING = frozenset({Kind.BET, Kind.WIN, Kind.CLOSE_ROUND})


def apply(player: Player, entry: Entry) -> None:
    """Change the mirror by one entry of its player."""
    mirror, details = player.mirror, entry.details or {}
    if entry.kind in _ACTIONS:
        named = (entry.source_id, _ACTIONS[entry.kind], entry.key or "")
        mirror.intent = OpenIntent(*named, entry.sequence, entry.round or "", (entry.fingerprint or b"").hex())
    elif entry.kind is Kind.CONCLUDE:
        mirror.intent = None
        mirror.owed += "undo" in details
    elif entry.kind in (Kind.DELIVER, Kind.DELIVERY_REFUSED):
        mirror.owed -= _was_owed(details)
    elif owes(entry):
        mirror.owed += 1
    if "cash" in details and entry.asset is not None:
        mirror.cash[entry.asset.id] = (details["cash"], details["at_us"])


def _was_owed(details: dict[str, Any]) -> bool:
    """Whether a delivery, or the refusal of one, was of something that stakes wait for."""
    return "stuck" not in details and details.get("closing") != "told"


def shown(player: Player, asset: Asset) -> int:
    """The player's money as far as it is known: in the licensee's wallet, and on the way to it."""
    known = player.mirror.cash.get(asset.id, (0, 0))[0]
    return known + player.balance(asset.id, AccountClass.CASH)


def text_of(mirror: Mirror) -> str | None:
    """The mirror as it is stored."""
    if mirror.intent is None and not mirror.owed and not mirror.cash:
        return None
    intent = None if mirror.intent is None else list(mirror.intent)
    cash = {str(asset): list(known) for asset, known in mirror.cash.items()}
    return orjson.dumps({"intent": intent, "owed": mirror.owed, "cash": cash}).decode()


def restored(text: str | None) -> Mirror:
    """Read the stored mirror."""
    if text is None:
        return Mirror()
    told = orjson.loads(text)
    intent = told["intent"]
    if intent is not None:
        source_id, kind, *rest = intent
        intent = OpenIntent(source_id, Kind(kind), *rest)
    cash = {int(asset): (known[0], known[1]) for asset, known in told["cash"].items()}
    return Mirror(intent=intent, owed=told["owed"], cash=cash)
