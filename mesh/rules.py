"""Says of most good messages that they are good, from the rules beside their fields, without the engine of the rules.

`protovalidate` stays the judge of everything that is not certainly good: what an acceptor does not accept, and every
rule that it does not know, is asked there. So an acceptor can cost a second look, and never let a bad message in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from math import inf
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from buf.validate import validate_pb2

Accepts = Callable[[Any], object]
"""Something true for a value that certainly keeps its rules."""
Wire = Any
"""A message, or what a descriptor has of extensions: protobuf's stubs cannot say more."""
Rules = Any
"""Rules of a field, a message or a kind of values, as the extension messages of protovalidate have them."""
_Get = Callable[[Any], Any]

_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LONGEST_SECONDS, _NANOS = 315_576_000_000, 1_000_000_000


class UnknownRuleError(Exception):
    """A rule that only the engine of the rules understands."""


class Acceptors:
    """The acceptors of message types, made at first use."""

    def __init__(self) -> None:
        self._made: dict[Descriptor, Accepts] = {}

    def of(self, kind: Descriptor) -> Accepts:
        """The acceptor of messages of this type."""
        if kind not in self._made:
            # A type may contain itself.
            self._made[kind] = partial(self._made_by_then, kind)
            try:
                self._made[kind] = self._message(kind)
            except UnknownRuleError:
                self._made[kind] = _nothing
        return self._made[kind]

    def _made_by_then(self, kind: Descriptor, message: Wire) -> object:
        return self._made[kind](message)

    def _message(self, kind: Descriptor) -> Accepts:
        _known(_rules(kind, validate_pb2.message))
        for one in kind.oneofs:
            _known(_rules(one, validate_pb2.oneof), *(["required"] if len(one.fields) > 1 else []))
        plain = [field for field in kind.fields if _stands_alone(field)]
        values = [(attrgetter(field.name), accepts) for field in plain if (accepts := self._plain(field)) is not None]
        lengths = [(get, accepts.low, accepts.high) for get, accepts in values if isinstance(accepts, _Length)]
        others = [(get, accepts) for get, accepts in values if not isinstance(accepts, _Length)]
        return _all(
            [
                *([_lengths(lengths)] if lengths else []),
                *([_values(others)] if others else []),
                *([_presence(present)] if (present := self._present(plain)) else []),
                *(self._oneof(one) for one in kind.oneofs if len(one.fields) > 1),
            ]
        )

    def _oneof(self, one: OneofDescriptor) -> Accepts:
        required = _known(_rules(one, validate_pb2.oneof), "required").required
        members = {field.name: self._value(field, _optional(_field_rules(field))) for field in one.fields}
        name = one.name

        def accepts(message: Wire) -> bool:
            chosen = message.WhichOneof(name)
            if chosen is None:
                return not required
            member = members[chosen]
            return member is None or bool(member(getattr(message, chosen)))

        return accepts

    def _plain(self, field: FieldDescriptor) -> Accepts | None:
        """Of a field that always has a value, if it has rules."""
        if field.has_presence:
            return None
        rules = _optional(_field_rules(field))
        return self._repeated(field, rules) if field.is_repeated else self._value(field, rules)

    def _present(self, fields: list[FieldDescriptor]) -> list[tuple[str, bool, Accepts | None]]:
        """Fields that may be absent: name, whether they must not be, and the rules when they are not."""
        found = []
        for field in fields:
            rules = _field_rules(field)
            accepts = self._value(field, rules) if field.has_presence else None
            if field.has_presence and (rules.required or accepts is not None):
                found.append((field.name, rules.required, accepts))
        return found

    def _repeated(self, field: FieldDescriptor, rules: Rules) -> Accepts | None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._map(field.message_type, rules)
        bounds = _known(rules.repeated, "min_items", "max_items", "unique", "items")
        if bounds.unique and field.message_type is not None:
            raise UnknownRuleError
        item = self._value(field, _optional(_only_typed(bounds.items)))
        if not rules.ListFields() and item is None:
            return None
        count = _Length(bounds.min_items, bounds.max_items if bounds.HasField("max_items") else inf)
        return _items(count, item, unique=bounds.unique)

    def _map(self, entry: Descriptor, rules: Rules) -> Accepts | None:
        """Only how many pairs there are; nothing about keys and values."""
        if rules.WhichOneof("type") not in (None, "map") or not _is_bare(entry):
            raise UnknownRuleError
        pairs = _known(rules.map, "min_pairs", "max_pairs")
        if not rules.ListFields():
            return None
        return _Length(pairs.min_pairs, pairs.max_pairs if pairs.HasField("max_pairs") else inf)

    def _value(self, field: FieldDescriptor, rules: Rules) -> Accepts | None:
        """Of one value of a field; None if anything will do."""
        kind = rules.WhichOneof("type")
        if field.message_type is not None and kind is None:
            return None if _is_bare(field.message_type) else self.of(field.message_type)
        if kind in (None, "repeated"):
            return None
        make = _MAKERS.get(str(kind))
        if make is None:
            raise UnknownRuleError
        return make(getattr(rules, str(kind)), field)


def _stands_alone(field: FieldDescriptor) -> bool:
    # An optional field is the only one of a oneof that nobody sees.
    return field.containing_oneof is None or len(field.containing_oneof.fields) == 1


def _rules(described: Wire, extension: Wire) -> Rules:
    return described.GetOptions().Extensions[extension]


def _field_rules(field: FieldDescriptor) -> Rules:
    return _only_typed(_rules(field, validate_pb2.field))


def _only_typed(rules: Rules) -> Rules:
    return _known(rules, "required", *(one.name for one in rules.DESCRIPTOR.oneofs_by_name["type"].fields))


def _optional(rules: Rules) -> Rules:
    """The rules of a field for which `required` means something else than presence."""
    if rules.required:
        raise UnknownRuleError
    return rules


def _known(rules: Rules, *names: str) -> Rules:
    """The rules, if there are no others than these."""
    if any(field.name not in names for field, _ in rules.ListFields()):
        raise UnknownRuleError
    return rules


def _is_bare(kind: Descriptor, above: frozenset[Descriptor] = frozenset()) -> bool:
    """True if no rule stands in a type, nor in the types of its fields."""
    if kind in above:
        return True
    if _rules(kind, validate_pb2.message).ListFields():
        return False
    if any(_rules(one, validate_pb2.oneof).ListFields() for one in kind.oneofs):
        return False
    if any(_rules(field, validate_pb2.field).ListFields() for field in kind.fields):
        return False
    inner = [field.message_type for field in kind.fields if field.message_type is not None]
    return all(_is_bare(each, above | {kind}) for each in inner)


def _nothing(_message: Wire) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Length:
    """So common that messages look at lengths themselves instead of calling this."""

    low: int
    high: float

    def __call__(self, sized: Sized) -> bool:
        return self.low <= len(sized) <= self.high


def _all(parts: list[Accepts]) -> Accepts:
    if len(parts) == 1:
        return parts[0]

    def accepts(message: Wire) -> bool:
        for part in parts:  # noqa: SIM110 - all() with a generator takes twice as long
            if not part(message):
                return False
        return True

    return accepts


def _lengths(fields: Sequence[tuple[_Get, int, float]]) -> Accepts:
    def accepts(message: Wire) -> bool:
        for value, low, high in fields:  # noqa: SIM110 - as above
            if not low <= len(value(message)) <= high:
                return False
        return True

    return accepts


def _values(fields: Sequence[tuple[_Get, Accepts]]) -> Accepts:
    def accepts(message: Wire) -> bool:
        for value, good in fields:  # noqa: SIM110 - as above
            if not good(value(message)):
                return False
        return True

    return accepts


def _presence(fields: list[tuple[str, bool, Accepts | None]]) -> Accepts:
    def accepts(message: Wire) -> bool:
        for name, required, good in fields:
            if message.HasField(name):
                if good is not None and not good(getattr(message, name)):
                    return False
            elif required:
                return False
        return True

    return accepts


def _items(count: _Length, item: Accepts | None, *, unique: bool) -> Accepts:
    def accepts(values: Wire) -> bool:
        if not count(values) or (unique and len(set(values)) < len(values)):
            return False
        return item is None or all(map(item, values))

    return accepts


def _string(rules: Rules, _field: FieldDescriptor) -> Accepts:
    _known(rules, "min_len", "max_len", "pattern", "uuid", "in")
    length = _Length(rules.min_len, rules.max_len if rules.HasField("max_len") else inf)
    if listed := getattr(rules, "in"):
        if rules.pattern or rules.uuid or length != _Length(0, inf):
            raise UnknownRuleError
        return frozenset(listed).__contains__
    if not rules.pattern and not rules.uuid:
        return length
    if (rules.pattern and rules.uuid) or length != _Length(0, inf):
        raise UnknownRuleError
    return _pattern(_UUID if rules.uuid else rules.pattern)


def _bytes(rules: Rules, _field: FieldDescriptor) -> Accepts:
    _known(rules, "min_len", "max_len")
    return _Length(rules.min_len, rules.max_len if rules.HasField("max_len") else inf)


def _pattern(pattern: str) -> Accepts:
    # Escapes mean other things in other dialects. What matches as a whole is found by every search.
    if "\\" in pattern or "(?" in pattern:
        raise UnknownRuleError
    return re.compile(pattern, re.ASCII).fullmatch


def _enum(rules: Rules, field: FieldDescriptor) -> Accepts:
    _known(rules, "defined_only", "in", "not_in")
    refused = frozenset(rules.not_in)
    wanted = [frozenset(listed)] if (listed := getattr(rules, "in")) else []
    if rules.defined_only and field.enum_type is not None:
        wanted.append(frozenset(field.enum_type.values_by_number))
    if not wanted:
        return lambda number: number not in refused
    return (frozenset.intersection(*wanted) - refused).__contains__


def _integer(rules: Rules, _field: FieldDescriptor) -> Accepts:
    _known(rules, "gt", "gte", "lte")
    # Whole numbers: above one is the next one at least.
    low = rules.gte if rules.HasField("gte") else rules.gt + 1 if rules.HasField("gt") else None
    high = rules.lte if rules.HasField("lte") else None
    if low is not None and high is not None and low > high:
        # Such bounds mean everything outside of them.
        raise UnknownRuleError
    return lambda number: (low is None or number >= low) and (high is None or number <= high)


def _duration(rules: Rules, _field: FieldDescriptor) -> Accepts:
    _known(rules, "gt", "gte", "lte")
    above, least, most = (_span(rules, name) for name in ("gt", "gte", "lte"))
    if most is not None and any(low is not None and low > most for low in (above, least)):
        # Such bounds mean everything outside of them.
        raise UnknownRuleError

    def accepts(value: Wire) -> bool:
        span = (value.seconds, value.nanos)
        return (
            abs(value.seconds) <= _LONGEST_SECONDS
            and 0 <= value.nanos < _NANOS
            and (above is None or span > above)
            and (least is None or span >= least)
            and (most is None or span <= most)
        )

    return accepts


def _span(rules: Rules, name: str) -> tuple[int, int] | None:
    if not rules.HasField(name):
        return None
    bound = getattr(rules, name)
    return bound.seconds, bound.nanos


_MAKERS: dict[str, Callable[[Rules, FieldDescriptor], Accepts]] = {
    "string": _string,
    "bytes": _bytes,
    "enum": _enum,
    "int32": _integer,
    "int64": _integer,
    "duration": _duration,
}
