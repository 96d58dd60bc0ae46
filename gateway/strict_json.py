"""The filter that refuses JSON fields which the contract does not know: its code with the contract's tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

from gateway.shapes import Config, typed

_CODE = Path(__file__).with_name("strict_json.lua")
_PLACE = "--[[TABLES]]"
_VARIABLE = re.compile(r"\{[^}]*\}")
_MAGIC = re.compile(r"([^\w/])")
_VERBS = ("get", "put", "post", "delete", "patch")

Fields = dict[str, str | None]
"""Field name, as JSON and as the contract spell it, to the message inside it."""


def strict_json(tables: str) -> Config:
    """The filter, with the tables of `body_tables`."""
    code = _CODE.read_text().replace(_PLACE, tables)
    return typed("envoy.filters.http.lua", "filters.http.lua.v3.Lua", default_source_code={"inline_string": code})


def body_tables(descriptors: bytes, services: Iterable[str]) -> str:
    """What a body of these services may hold, from a serialized FileDescriptorSet, as Lua tables."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
    known = {name: message for file in files for name, message in _messages(file.message_type, f".{file.package}")}
    routes = list(_routes(files, set(services)))
    needed = dict(_needed((message for _, _, message in routes), known))
    return _tables(routes, needed, known)


def _messages(
    types: Iterable[descriptor_pb2.DescriptorProto], scope: str
) -> Iterator[tuple[str, descriptor_pb2.DescriptorProto]]:
    for message in types:
        name = f"{scope}.{message.name}"
        yield name, message
        yield from _messages(message.nested_type, name)


def _routes(files: Iterable[descriptor_pb2.FileDescriptorProto], services: set[str]) -> Iterator[tuple[str, str, str]]:
    """(HTTP method, Lua pattern of the path, message) of each method whose request is a body."""
    for file in files:
        for service in file.service:
            if f"{file.package}.{service.name}" not in services:
                continue
            for method in service.method:
                rule = method.options.Extensions[annotations_pb2.http]
                if rule.body == "*":
                    verb = next(verb for verb in _VERBS if getattr(rule, verb))
                    yield verb.upper(), _pattern(getattr(rule, verb)), method.input_type


def _pattern(template: str) -> str:
    """A path template as a Lua pattern; a variable is one segment, or part of one."""
    fixed = [_MAGIC.sub(r"%\1", part) for part in _VARIABLE.split(template)]
    return "^" + "[^/]+".join(fixed) + "$"


def _needed(roots: Iterable[str], known: Mapping[str, descriptor_pb2.DescriptorProto]) -> Iterator[tuple[str, Fields]]:
    waiting, seen = list(roots), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        fields = {field.name: _inside(field, known) for field in known[name].field}
        yield name, fields
        waiting += [inside for inside in fields.values() if inside is not None]


def _inside(
    field: descriptor_pb2.FieldDescriptorProto, known: Mapping[str, descriptor_pb2.DescriptorProto]
) -> str | None:
    """The message of a field. Google's own types have a JSON form of their own, and the keys of a map are free."""
    if field.type != field.TYPE_MESSAGE or field.type_name.startswith(".google."):
        return None
    return None if known[field.type_name].options.map_entry else field.type_name


def _tables(
    routes: Iterable[tuple[str, str, str]],
    needed: Mapping[str, Fields],
    known: Mapping[str, descriptor_pb2.DescriptorProto],
) -> str:
    lines = ["local ROUTES = {"]
    lines += [f"  {{{_text(verb)}, {_text(pattern)}, {_text(name)}}}," for verb, pattern, name in routes]
    lines += ["}", "local FIELDS = {"]
    for name, fields in needed.items():
        entries = ", ".join(
            entry for field in known[name].field for entry in _entries(field.name, field.json_name, fields[field.name])
        )
        lines.append(f"  [{_text(name)}] = {{{entries}}},")
    return "\n".join([*lines, "}"])


def _entries(name: str, json_name: str, inside: str | None) -> Iterator[str]:
    """Both spellings of a field, each with the first one, so that one field cannot come twice."""
    entry = f"{{{_text(name)}, {'nil' if inside is None else _text(inside)}}}"
    yield f"[{_text(name)}] = {entry}"
    if json_name and json_name != name:
        yield f"[{_text(json_name)}] = {entry}"


def _text(value: str) -> str:
    """A Lua string. Names and patterns of contracts are plain ASCII."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
