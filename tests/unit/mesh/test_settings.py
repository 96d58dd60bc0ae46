from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mesh.settings import (
    ProcessSettings,
    SettingsError,
    describe,
    load,
    load_or_exit,
    split_address,
    split_list,
    split_pairs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(ProcessSettings):
    """An example."""

    database_url: str
    """Address of the database,
    with the service's own role."""
    replicas: tuple[str, ...]
    """Addresses of the replicas."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    """Adapters by name."""
    ratio: float = 0.5
    packs: Path | None = None
    mode: Literal["fast", "safe"] = "safe"

    def __post_init__(self) -> None:
        if self.ratio > 1:
            raise ValueError("PITBOSS_RATIO must not exceed 1")


COMPLETE = {"PITBOSS_LISTEN": "127.0.0.1:0", "PITBOSS_DATABASE_URL": "postgresql://x", "PITBOSS_REPLICAS": "a:1,b:2"}


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load(Example, {**COMPLETE, **environ})
    return raised.value.problems


def test_every_type_is_read_from_its_variable() -> None:
    settings = load(
        Example,
        {
            **COMPLETE,
            "PITBOSS_ADAPTERS": "hub88_style=127.0.0.1:1, pragmatic_style=127.0.0.1:2",
            "PITBOSS_RATIO": "0.25",
            "PITBOSS_PACKS": "/packs",
            "PITBOSS_MODE": "fast",
            "PITBOSS_DIE_WITH_PARENT": "1",
            "PITBOSS_MAX_MESSAGE_BYTES": "1000",
        },
    )
    assert settings == Example(
        listen="127.0.0.1:0",
        database_url="postgresql://x",
        replicas=("a:1", "b:2"),
        adapters={"hub88_style": "127.0.0.1:1", "pragmatic_style": "127.0.0.1:2"},
        ratio=0.25,
        packs=Path("/packs"),
        mode="fast",
        die_with_parent=True,
        max_message_bytes=1000,
    )


def test_what_is_absent_or_empty_has_its_default() -> None:
    settings = load(Example, {**COMPLETE, "PITBOSS_PACKS": "", "PITBOSS_RATIO": ""})
    assert (settings.packs, settings.ratio, settings.adapters, settings.mode) == (None, 0.5, {}, "safe")


def test_every_problem_is_told_at_once_with_its_help() -> None:
    with pytest.raises(SettingsError) as raised:
        load(Example, {"PITBOSS_RATIO": "much", "PITBOSS_DIE_WITH_PARENT": "maybe", "PITBOSS_ADAPTERS": "x"})
    assert raised.value.problems == (
        "PITBOSS_LISTEN is not set. Address of the gRPC server, host:port; port 0 takes a free one.",
        "PITBOSS_DIE_WITH_PARENT must be 1 or 0. End when the parent process ends, however it ends.",
        "PITBOSS_DATABASE_URL is not set. Address of the database, with the service's own role.",
        "PITBOSS_REPLICAS is not set. Addresses of the replicas.",
        "PITBOSS_ADAPTERS must look like name=value,name=value with each name once. Adapters by name.",
        "PITBOSS_RATIO must be a number.",
    )


def test_a_choice_must_be_one_of_its_values() -> None:
    (problem,) = problems(PITBOSS_MODE="wild")
    assert problem == "PITBOSS_MODE must be one of fast, safe."


def test_what_the_class_itself_refuses_is_a_problem_too() -> None:
    assert problems(PITBOSS_RATIO="2") == ("PITBOSS_RATIO must not exceed 1",)


def test_values_are_never_repeated_in_problems() -> None:
    told = problems(PITBOSS_ADAPTERS="canary", PITBOSS_MAX_MESSAGE_BYTES="canary", PITBOSS_MODE="canary")
    assert len(told) == 3
    assert "canary" not in str(told)


def test_a_bad_environment_ends_the_process_with_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        load_or_exit(Example, {"PITBOSS_LISTEN": "127.0.0.1:0"})
    assert raised.value.code == 2
    assert "PITBOSS_DATABASE_URL is not set" in capsys.readouterr().err


def test_variables_are_described_in_order_with_the_inherited_first() -> None:
    variables = {variable.name: variable for variable in describe(Example)}
    assert next(iter(variables)) == "PITBOSS_LISTEN"
    assert variables["PITBOSS_DRAIN_SECONDS"].default == "5.0"
    assert variables["PITBOSS_REPLICAS"].required
    assert not variables["PITBOSS_ADAPTERS"].required
    assert variables["PITBOSS_ADAPTERS"].help == "Adapters by name."


@pytest.mark.parametrize("text", ["a", "a=", "=1", "a=1,a=2"])
def test_pairs_need_a_name_and_a_value_each_once(text: str) -> None:
    with pytest.raises(ValueError, match="name=value"):
        split_pairs(text)


def test_lists_ignore_spaces_and_empty_items() -> None:
    assert split_list(" a, b,,") == ("a", "b")
    assert split_pairs("a=1=2") == {"a": "1=2"}


def test_addresses_have_a_host_and_a_port() -> None:
    assert split_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert split_address("[::1]:80") == ("::1", 80)
    for bad in ("127.0.0.1", ":80", "a:", "a:b", "a:70000", "a:²"):
        with pytest.raises(ValueError, match="host:port"):
            split_address(bad)
