"""Facts as canonical JSON and back: what a decision is repeated from.

Fields at their default are left out, so that a bet's facts take some two hundred bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from functools import lru_cache
from typing import Any, Final, TypeAlias

from compliance_svc.kernel import actions
from compliance_svc.kernel.actions import Action, ActionKind, Category, Credit, Funding
from compliance_svc.kernel.canonical import Json, dumps, number
from compliance_svc.kernel.facts import Cycle, Facts, Player
from compliance_svc.kernel.findings import Read, Reason
from compliance_svc.kernel.limits import LimitKind, Window
from compliance_svc.kernel.protection import Protection

__all__ = ["RecordedUsage", "dumps", "facts_json", "optional", "read_facts", "reason"]

_ACTIONS: Final[dict[str, type[Action]]] = {
    **{
        cls.kind: cls
        for cls in (
            actions.Bet,
            actions.Tip,
            actions.Deposit,
            actions.Login,
            actions.OpenPlay,
            actions.SetLimit,
            actions.ConfirmLimit,
            actions.CancelPendingLimit,
            actions.Exclude,
            actions.TakeBreak,
            actions.RequestReinstatement,
        )
    },
    **dict.fromkeys(actions.CREDITS, Credit),
}
_READERS: Final[dict[str, Any]] = {
    "kind": ActionKind,
    "category": Category,
    "funding": Funding,
    "limit_kind": LimitKind,
    "window": Window,
    "amount_minor": int,
    "staked_minor": int,
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
    if facts.cycle is not None:
        parts.append(f'"cycle":{_cycle_json(facts.cycle)}')
    parts.append(f'"player":{_player_json(facts.player)}')
    if facts.suspended:
        parts.append('"suspended":true')
    if facts.usage is not None:
        parts.append(f'"usage":{dumps([_read(read) for read in reads])}')
    return "{" + ",".join(parts) + "}"


def read_facts(text: str) -> tuple[Facts, Action]:
    """Read `facts_json`."""
    value = json.loads(text)
    usage, cycle = value.get("usage"), value.get("cycle")
    facts = Facts(
        player=_read_player(value["player"]),
        usage=None if usage is None else RecordedUsage(_read_usage(usage)),
        cycle=None if cycle is None else Cycle(staked_minor=int(cycle["staked_minor"]), last_start_us=cycle.get("last_start_us")),
        suspended=value.get("suspended", False),
    )
    return facts, _read_action(value["action"])


def reason(value: Reason) -> Json:
    """Return a reason with the numbers that were compared."""
    found: dict[str, Json] = {"code": value.code, "rule": value.rule}
    if value.observed is not None:
        found["observed"] = number(value.observed)
    if value.limit is not None:
        found["limit"] = number(value.limit)
    return found


def optional(**values: Json) -> dict[str, str]:
    """Return the JSON of those values that say something."""
    return {name: dumps(value) for name, value in values.items() if value is not None and value != []}


def _action_json(action: Action) -> str:
    found: dict[str, Json] = {"kind": action.kind}
    for name, default in _fields_of(type(action)):
        value = getattr(action, name)
        if value != default:
            found[name] = number(value) if type(value) is int else value
    return dumps(found)


@lru_cache(maxsize=64)
def _fields_of(cls: type[Action]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(cls) if field.name != "kind")


def _default(field: Field[Any]) -> Any:
    return None if field.default is MISSING else field.default


def _cycle_json(cycle: Cycle) -> str:
    staked = dumps(number(cycle.staked_minor))
    if cycle.last_start_us is None:
        return f'{{"staked_minor":{staked}}}'
    return f'{{"last_start_us":{cycle.last_start_us},"staked_minor":{staked}}}'


@lru_cache(maxsize=65_536)
def _player_json(player: Player) -> str:
    """Return the facts that an unchanged player repeats in every record."""
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
    cls = _ACTIONS[value["kind"]]
    known = {name for name, _ in _fields_of(cls)} | ({"kind"} if cls is Credit else set())
    given = {name: _READERS.get(name, _same)(item) for name, item in value.items() if name in known}
    return cls(**{**{name: default for name, default in _fields_of(cls) if name not in given}, **given})


def _same(value: Any) -> Any:
    return value
