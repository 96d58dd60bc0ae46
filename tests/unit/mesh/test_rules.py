from __future__ import annotations

import importlib
import pkgutil
import random
import re
from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

import pitboss
from buf.validate import validate_pb2
from mesh.errors import RequestInvalidError
from mesh.rules import Acceptors
from mesh.validation import check
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2

TEXTS = (
    "GBP", "EUR", "gb", "aurora", "1.00", "-0.5", "12", "player-1", "24h", "30d", "1mo", "since_set", "1-1", "indefinite",
    "1986-01-15", "debit", "GB", "en-GB", "acme_slots", "123e4567-e89b-12d3-a456-426614174000", "x", "a\u00e9", "",
    "GBP\n", "1.00\n", "gb ", "a" * 64, "a" * 65, "a" * 128, "a" * 129, "\u00e9" * 128, "1e5", "0" * 21, "\x00", "1.",
    "a" * 4097,
)  # fmt: skip
NUMBERS = (0, 1, 2, 3, 7, 50, 100, 256, 257, 500, 1000, 1001, -1, 2**31 - 1)
ROUNDS = 100


def types() -> Iterator[Descriptor]:
    for module in pkgutil.walk_packages(pitboss.__path__, "pitboss."):
        if module.name.endswith("_pb2"):
            yield from importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values()


class Maker:
    """Messages of every type: good ones, and good ones with something changed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._spoiled = 0.0

    def message(self, kind: Descriptor, spoiled: float, depth: int = 0) -> Any:
        """Each value is taken without a look at its rules with this probability."""
        self._spoiled = spoiled
        made = message_factory.GetMessageClass(kind)()
        if kind.full_name == "google.protobuf.Duration":
            return duration_pb2.Duration(seconds=self._random.choice((1, 60, 0, -1)), nanos=0)
        chosen = {one.name: self._random.choice(one.fields).name for one in kind.oneofs}
        for field in kind.fields:
            one = field.containing_oneof
            absent = (one is not None and chosen[one.name] != field.name) or depth > 4
            if not absent and not (self._skips(field)):
                self._fill(made, field, depth)
        return made

    def _skips(self, field: FieldDescriptor) -> bool:
        needed = field.GetOptions().Extensions[validate_pb2.field].required or field.containing_oneof is not None
        return self._random.random() < (self._spoiled / 2 if needed else 0.3)

    def _fill(self, made: Any, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return
        if field.is_repeated:
            for _ in range(self._random.choice((1, 2, 3))):
                value = self._value(field, depth)
                getattr(made, field.name).append(value)
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(self.message(field.message_type, self._spoiled, depth + 1))
        else:
            setattr(made, field.name, self._value(field, depth))

    def _value(self, field: FieldDescriptor, depth: int) -> Any:
        if field.message_type is not None:
            return self.message(field.message_type, self._spoiled, depth + 1)
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._text(field)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return b"bytes"
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self._random.choice((True, False))
        if field.type == FieldDescriptor.TYPE_ENUM:
            return self._random.choice((0, 99) if self._random.random() < self._spoiled else (1, 1, 2))
        return self._random.choice(NUMBERS if self._random.random() < self._spoiled else (1, 2, 3))

    def _text(self, field: FieldDescriptor) -> str:
        rules = field.GetOptions().Extensions[validate_pb2.field].string
        fitting = [text for text in TEXTS if _fits(rules, text)]
        return self._random.choice(TEXTS if self._random.random() < self._spoiled or not fitting else fitting)


def _fits(rules: Any, text: str) -> bool:
    if rules.uuid:
        return text.startswith("123e4567")
    if rules.pattern:
        return re.fullmatch(rules.pattern, text) is not None
    return bool(rules.min_len <= len(text) <= (rules.max_len or 10_000))


@pytest.mark.parametrize("kind", [pytest.param(each, id=each.full_name) for each in types()])
def test_what_is_accepted_is_what_breaks_no_rule(kind: Descriptor) -> None:
    validator, accepts, maker = protovalidate.Validator(), Acceptors().of(kind), Maker(seed=1)
    for number in range(ROUNDS):
        message = maker.message(kind, spoiled=(0.0, 0.05, 0.3)[number % 3])
        assert bool(accepts(message)) is (not validator.collect_violations(message)), message


def test_a_rule_that_is_not_known_leaves_the_judgement_to_the_engine() -> None:
    file = descriptor_pb2.FileDescriptorProto(
        name="test_rules.proto", package="test", syntax="proto3", dependency=["buf/validate/validate.proto"]
    )
    odd = file.message_type.add(name="Odd").field.add(name="even", number=1, type="TYPE_INT32", label="LABEL_OPTIONAL")
    odd.options.Extensions[validate_pb2.field].cel.add(id="even", expression="this % 2 == 0")
    pool = descriptor_pool.Default()
    pool.Add(file)
    kind = pool.FindMessageTypeByName("test.Odd")
    made = message_factory.GetMessageClass(kind)
    assert not Acceptors().of(kind)(made(even=2))
    check(made(even=2))
    with pytest.raises(RequestInvalidError):
        check(made(even=3))


def bet(**changed: Any) -> action_pb2.Action:
    given = {"round_id": "r", "amount": Money(currency_code="EUR", amount="1.00"), "game_id": "g", **changed}
    return action_pb2.Action(player_id="p", transaction_key="k", bet=action_pb2.Bet(**given))


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (bet(amount=Money(currency_code="eur", amount="1,00")), ["currency_code", "amount"]),
        (bet(amount=Money(currency_code="EUR\n", amount="1.00\n")), ["currency_code", "amount"]),
        (bet(round_id="", game_id="g" * 129), ["round_id", "game_id"]),
        (bet(amount=None), ["amount"]),
        (action_pb2.Action(player_id="p", transaction_key="k"), ["kind"]),
    ],
)
def test_every_broken_rule_is_told_with_its_field(action: action_pb2.Action, fields: list[str]) -> None:
    with pytest.raises(RequestInvalidError) as refused:
        check(ledger_service_pb2.ExecuteRequest(action=action))
    assert [name.rpartition(".")[2] for name, _ in refused.value.violations] == fields
