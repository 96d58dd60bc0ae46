"""Facts as canonical JSON and back: what a decision is repeated from.

Fields at their default are left out, so that a bet's facts take some two hundred bytes.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from compliance_svc.kernel import actions
from compliance_svc.kernel.actions import Action, ActionKind, Category, Check, Credit, Funding, Screening
from compliance_svc.kernel.canonical import Json, dumps, number
from compliance_svc.kernel.facts import CALM, Answer, Assertion, Cycle, Facts, Game, Outside, Player, Rate, Session
from compliance_svc.kernel.findings import Read, Reason
from compliance_svc.kernel.limits import LimitKind, Window
from compliance_svc.kernel.protection import Identity, Protection

__all__ = ["RecordedUsage", "facts_json", "member", "read_facts", "reason"]

_ACTIONS: Final[dict[str, type[Action]]] = {
    **{cls.kind: cls for cls in Action.__args__ if cls is not Credit},
    **dict.fromkeys(actions.CREDITS, Credit),
}


def _fields_of(cls: type[Action]) -> tuple[tuple[str, Any, str], ...]:
    """Return name, default and JSON key of every field, in the order of the canonical form."""
    defaults = {field.name: None if field.default is MISSING else field.default for field in fields(cls)}
    return tuple((name, defaults.get(name), f'"{name}":') for name in sorted({*defaults, "kind"}))


def _value_fields(cls: type[Any]) -> tuple[tuple[str, Any, str], ...]:
    defaults = {field.name: None if field.default is MISSING else field.default for field in fields(cls)}
    return tuple((name, defaults[name], f'"{name}":') for name in sorted(defaults))


_FIELDS: Final = {kind: _fields_of(cls) for kind, cls in _ACTIONS.items()}
_VALUE_FIELDS: Final = {cls: _value_fields(cls) for cls in (Session, Game, Outside, Assertion, Rate)}
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "kind": ActionKind,
    "category": Category,
    "funding": Funding,
    "limit_kind": LimitKind,
    "window": Window,
    "amount_minor": int,
    "spend_minor": int,
    "seconds": int,
    "exponent": int,
    "until_us": int,
    "event_us": int,
    "starts_cycle": bool,
    "automatic": bool,
    "renews": bool,
    "diligence": bool,
    "by_licensee": bool,
    "check": Check,
}
_RESULTS: Final = {ActionKind.RECORD_IDENTITY: Identity, ActionKind.RECORD_SCREENING: Screening}
_OUTSIDE: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("register", "limit_file", "activity"), Answer),
    **dict.fromkeys(("limit_left_minor", "clock_offset_us", "clock_error_us", "clock_measured_us"), int),
    "limit_file_answered_us": int,
    **dict.fromkeys(("clock_source", "limit_file_source", "limit_file_reference"), str),
}
_UsageKey: TypeAlias = tuple[str, str, int]


class RecordedUsage:
    """The sums that a decision has read, in place of the history they came from."""

    __slots__ = ("_sums",)

    def __init__(self, reads: Iterable[tuple[_UsageKey, int | None]]) -> None:
        """Take the sums by kind, currency and start."""
        self._sums = dict(reads)

    def used(self, kind: LimitKind, currency: str, after_us: int, until_us: int) -> int | None:  # noqa: ARG002 - one instant per record
        """Return the recorded sum; KeyError for one that was not read, which makes the fact missing."""
        return self._sums[kind, currency, after_us]


def facts_json(facts: Facts, action: Action, reads: tuple[Read, ...]) -> str:
    """Return everything a decision was made from."""
    parts = [f'"action":{_action_json(action)}']
    _add(parts, "assertion", facts.assertion)
    if facts.cycle is not None:
        parts.append(f'"cycle":{_cycle_json(facts.cycle)}')
    _add(parts, "game", facts.game)
    if facts.others:
        parts.append(f'"others":{dumps(list(facts.others))}')
    _add(parts, "outside", None if facts.outside is CALM or facts.outside == CALM else facts.outside)
    parts.append(f'"player":{_player_json(facts.player)}')
    _add(parts, "rate", facts.rate)
    _add(parts, "session", facts.session)
    if facts.suspended:
        parts.append('"suspended":true')
    if not facts.licensed:
        parts.append('"unlicensed":true')
    if reads:
        parts.append(f'"usage":{dumps([_read(read) for read in reads])}')
    return "{" + ",".join(parts) + "}"


def _add(parts: list[str], name: str, value: Session | Game | Outside | Assertion | Rate | None) -> None:
    if value is not None:
        parts.append(f'"{name}":{_value_json(value)}')


def read_facts(text: str) -> tuple[Facts, Action]:
    """Read `facts_json`."""
    value = json.loads(text)
    usage = value.get("usage")
    facts = Facts(
        player=_read_player(value["player"]),
        usage=None if usage is None else RecordedUsage(_read_usage(usage)),
        cycle=_read_value(Cycle, value.get("cycle"), last_start_us=None),
        session=_read_value(Session, value.get("session")),
        game=_read_game(value.get("game")),
        others=tuple(name and Category(name) for name in value.get("others", ())),
        outside=CALM if "outside" not in value else _read_outside(value["outside"]),
        assertion=_read_value(Assertion, value.get("assertion"), issued_us=None),
        rate=_read_value(Rate, value.get("rate")),
        suspended=value.get("suspended", False),
        licensed=not value.get("unlicensed", False),
    )
    return facts, _read_action(value["action"])


def session_json(session: Session) -> str:
    """Return a session as it is stored."""
    return _value_json(session)


def read_session(text: str) -> Session | None:
    """Read `session_json`."""
    return _read_value(Session, json.loads(text))


_Value = TypeVar("_Value")


def _read_value(cls: Callable[..., _Value], value: dict[str, Any] | None, **defaults: Any) -> _Value | None:  # noqa: ANN401 - fields of the class
    """Read a value of plain integers and flags; large integers came as text."""
    if value is None:
        return None
    return cls(**defaults | {name: int(item) if isinstance(item, str) else item for name, item in value.items()})


def _read_game(value: dict[str, Any] | None) -> Game | None:
    if value is None:
        return None
    category = value.pop("category", None)
    features = tuple(value.pop("features", ()))
    return Game(category=None if category is None else Category(category), features=features, **value)


def _read_outside(value: dict[str, Any]) -> Outside:
    return Outside(**{name: _OUTSIDE.get(name, bool)(item) for name, item in value.items()})


def reason(value: Reason) -> Json:
    """Return a reason with the numbers that were compared."""
    found: dict[str, Json] = {"code": value.code, "rule": value.rule}
    if value.observed is not None:
        found["observed"] = number(value.observed)
    if value.limit is not None:
        found["limit"] = number(value.limit)
    return found


def member(name: str, value: Json) -> str:
    """Return one member of a JSON object; nothing for a value that says nothing."""
    if value is None or value == []:
        return ""
    return f'"{name}":{_json(value)}'


def _action_json(action: Action) -> str:
    parts = []
    for name, default, prefix in _FIELDS[action.kind]:
        value = getattr(action, name)
        if value != default:
            parts.append(prefix + _json(value))
    return "{" + ",".join(parts) + "}"


def _json(value: Json) -> str:
    if isinstance(value, str):
        return _short_text(value)
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if isinstance(value, int) and number(value) is value else dumps(_exact(value))


def _exact(value: Json) -> Json:
    return number(value) if isinstance(value, int) else value


@lru_cache(maxsize=4_096)
def _short_text(value: str) -> str:
    """Return JSON of words that come again and again: currencies, categories, digests."""
    return dumps(value)


def _value_json(value: Session | Game | Outside | Assertion | Rate) -> str:
    """Return the fields that differ from their defaults, in the order of their names."""
    parts = []
    for name, default, prefix in _VALUE_FIELDS[type(value)]:
        found = getattr(value, name)
        if found != default or type(found) is not type(default):
            parts.append(prefix + _json(found))
    return "{" + ",".join(parts) + "}"


def _cycle_json(cycle: Cycle) -> str:
    staked = _json(cycle.staked_minor)
    if cycle.last_start_us is None:
        return f'{{"staked_minor":{staked}}}'
    return f'{{"last_start_us":{cycle.last_start_us},"staked_minor":{staked}}}'


def _player_json(player: Player) -> str:
    if not player.memo:
        player.memo.append(_new_player_json(player))
    return player.memo[0]


def _new_player_json(player: Player) -> str:
    found: dict[str, Json] = {"currency": player.currency}
    if player.born is not None:
        found["born"] = player.born
    if player.protection is not None:
        found["protection"] = json.loads(player.protection.to_json())
    return dumps(found)


def _read(read: Read) -> Json:
    return [read.kind, read.currency, read.after_us, None if read.used is None else number(read.used)]


def _read_usage(reads: list[Any]) -> Iterable[tuple[_UsageKey, int | None]]:
    return (((kind, currency, after), None if used is None else int(used)) for kind, currency, after, used in reads)


def _read_player(value: dict[str, Any]) -> Player:
    protection = value.get("protection")
    return Player(
        born=value.get("born"),
        currency=value["currency"],
        protection=None if protection is None else Protection.from_json(dumps(protection)),
    )


def _read_action(value: dict[str, Any]) -> Action:
    names = {name for name, _, _ in _FIELDS[value["kind"]]}
    given = {name: _READERS.get(name, str)(item) for name, item in value.items() if name in names}
    if "result" in given:
        given["result"] = _RESULTS[value["kind"]](value["result"])
    cls: Callable[..., Action] = _ACTIONS[value["kind"]]
    if cls is not Credit:
        del given["kind"]
    if cls is actions.Bet:
        given.setdefault("category", None)
    return cls(**given)
