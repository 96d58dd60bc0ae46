"""Settings: one frozen dataclass per process, read from the environment once.

A field `drain_seconds` is read from `PITBOSS_DRAIN_SECONDS`. The string literal under a field is its help text.
Field types: str, int, float, bool, Path, `tuple[str, ...]` ("a,b"), `Mapping[str, str]` ("a=1,b=2"), `Literal`,
and any of them `| None`. An empty variable counts as absent.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

PREFIX = "PITBOSS_"

T = TypeVar("T")
Annotation = Any
"""A type as a field declares it, and whatever value that makes of a text."""


class SettingsError(Exception):
    """The environment does not describe a process that can run."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What every process of the mesh is told. A service's own settings inherit from this."""

    listen: str
    """Address of the gRPC server, host:port; port 0 takes a free one."""
    environment: Literal["development", "production"] = "production"
    """`development` or `production`. Reflection and loopback without TLS exist only in development."""
    tls_dir: Path | None = None
    """Folder with ca.pem, tls.pem and tls.key of this workload."""
    insecure_loopback: bool = False
    """Tests only: no TLS, callers name themselves, on a loopback address, never in production."""
    health_listen: str = ""
    """Address of a second, plaintext server that only answers health checks, for probes without certificates."""
    failpoint: str = ""
    """Tests only: `name` or `name:count`, a moment at which the process dies. Development only."""
    program_digest: str = ""
    """Digest of the program that was released, as `python -m mesh.program` tells it in the image. Another one is not
    started, and is a security event if it takes the place of this one on the disk. Empty: nobody looks."""
    program_check_hours: float = 24.0
    """How often the program on the disk is compared with it."""
    clock_file: Path | None = None
    """Offset file of a sandbox's clock."""
    otlp_endpoint: str = ""
    """OTLP/gRPC collector for traces and metrics, host:port; empty exports nothing."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    drain_seconds: float = 5.0
    """How long calls in flight may take to end after SIGTERM."""
    notice_seconds: float = 0.2
    """How long the health check says NOT_SERVING before the server stops accepting calls."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""
    default_deadline_ms: int = 10_000
    """Deadline of a unary call that brings none."""
    max_deadline_ms: int = 60_000
    """Longest time a unary call may take, whatever deadline it brings."""
    slow_call_ms: int = 1_000
    """A successful unary call that took longer than this is logged."""
    max_message_bytes: int = 256 * 1024
    """Largest request message."""
    max_concurrent_calls: int = 1_024
    """Unary calls served at the same time; more are refused with RESOURCE_EXHAUSTED."""
    max_concurrent_streams: int = 256
    """Streaming calls served at the same time; more are refused with RESOURCE_EXHAUSTED."""


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """The settings in an environment, or `SettingsError` with every problem in it."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, kind, field in _fields(cls):
        text = environ.get(variable(name), "")
        try:
            if text:
                values[name] = _parse(kind, text)
            elif _is_required(field):
                problems.append(f"{variable(name)} is not set. {_help(cls).get(name, '')}".rstrip())
        except ValueError as problem:
            problems.append(f"{variable(name)} {problem}. {_help(cls).get(name, '')}".rstrip())
    if problems:
        raise SettingsError(problems)
    try:
        return cls(**values)
    except ValueError as problem:
        raise SettingsError([str(problem)]) from None


def load_or_exit(cls: type[T], environ: Mapping[str, str]) -> T:
    """As `load`, but a bad environment is told on stderr and ends the process with status 2."""
    try:
        return load(cls, environ)
    except SettingsError as error:
        lines = "".join(f"  {problem}\n" for problem in error.problems)
        sys.stderr.write(f"The settings are not complete or not right:\n{lines}")
        raise SystemExit(2) from None


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable, described for people."""

    name: str
    required: bool
    default: str
    help: str


def describe(cls: type) -> list[Variable]:
    """Every variable that a settings class reads, in order."""
    texts = _help(cls)
    return [
        Variable(
            name=variable(name),
            required=_is_required(field),
            default="" if _is_required(field) else str(field.default),
            help=texts.get(name, ""),
        )
        for name, _, field in _fields(cls)
    ]


def split_pairs(text: str) -> dict[str, str]:
    """`a=1,b=2` as a dictionary; each name once."""
    pairs = {}
    for item in split_list(text):
        name, separator, value = (part.strip() for part in item.partition("="))
        if not (separator and name and value) or name in pairs:
            message = "must look like name=value,name=value with each name once"
            raise ValueError(message)
        pairs[name] = value
    return pairs


def split_list(text: str) -> tuple[str, ...]:
    """`a,b` as a tuple, without empty items."""
    return tuple(stripped for item in text.split(",") if (stripped := item.strip()))


def split_address(address: str) -> tuple[str, int]:
    """`host:port` in its two parts; an IPv6 host is written in brackets."""
    host, separator, port = address.rpartition(":")
    if not (separator and host and port.isascii() and port.isdigit() and int(port) < 2**16):
        message = "must look like host:port"
        raise ValueError(message)
    return host.strip("[]"), int(port)


def _integer(text: str) -> int:
    return _number(int, text, "must be a whole number")


def _float(text: str) -> float:
    return _number(float, text, "must be a number")


def _number(kind: Callable[[str], T], text: str, complaint: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(complaint) from None


def _boolean(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
    except KeyError:
        message = "must be 1 or 0"
        raise ValueError(message) from None


_PARSERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _float,
    bool: _boolean,
    Path: Path,
    tuple: split_list,
    Mapping: split_pairs,
}


def _parse(kind: Annotation, text: str) -> Annotation:
    origin: Annotation = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        kind = next(member for member in typing.get_args(kind) if member is not type(None))
        origin = typing.get_origin(kind)
    if origin is Literal:
        return _choice(typing.get_args(kind), text)
    return _PARSERS[origin or kind](text)


def _choice(choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        message = f"must be one of {', '.join(choices)}"
        raise ValueError(message)
    return text


def _fields(cls: type) -> Iterator[tuple[str, Any, dataclasses.Field[Any]]]:
    # A module may import these names for annotations only.
    names = {"Path": Path, "Mapping": Mapping, "Literal": Literal}
    kinds = typing.get_type_hints(cls, localns=names)
    for field in dataclasses.fields(cls):
        yield field.name, kinds[field.name], field


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _help(cls: type) -> dict[str, str]:
    # Needed only to explain, so its imports are not paid for at every start.
    from mesh.settings_help import field_texts  # noqa: PLC0415

    return field_texts(cls)
