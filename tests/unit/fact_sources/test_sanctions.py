"""Screenings against lists: what replies mean, who is screened when, and what the mesh is told, whatever is killed."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from fact_sources.sanctions.config import SanctionsSettings
from fact_sources.sanctions.reading import Result, Said, SilentError, Trouble, read, read_version
from fact_sources.sanctions.screening import Screening, is_news
from fact_sources.sanctions.simulator import Lists
from fact_sources.sanctions.state import Found, State

ADA = "aurora/ada"
SAID: dict[str, Any] = {"reference": ADA, "version": "lists-1", "status": "NO_MATCH", "entries": []}
SANCTION, PEP = {"kind": "SANCTION"}, {"kind": "PEP"}


def meaning(http: int = 200, body: bytes | None = None, **changes: Any) -> Said | Trouble:
    try:
        return read(http, json.dumps({**SAID, **changes}).encode() if body is None else body, ADA)
    except SilentError as error:
        return error.trouble


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, Result.NO_MATCH),
        ({"status": "MATCH", "entries": [SANCTION]}, Result.HIT),
        ({"status": "MATCH", "entries": [PEP, SANCTION]}, Result.HIT),
        ({"status": "POSSIBLE", "entries": [SANCTION]}, Result.POSSIBLE),
        ({"status": "MATCH", "entries": [PEP]}, Result.PEP),
        ({"status": "POSSIBLE", "entries": [PEP]}, Result.PEP),
    ],
)
def test_what_a_reply_means(changes: dict[str, Any], result: Result) -> None:
    assert meaning(**changes) == Said(result, "lists-1")


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"http": 503}, Trouble.STATUS),
        ({"body": b""}, Trouble.UNREADABLE),
        ({"body": b"[]"}, Trouble.UNREADABLE),
        ({"body": b"\xff"}, Trouble.UNREADABLE),
    ],
)
def test_a_reply_that_is_none_is_silence(changes: dict[str, Any], trouble: Trouble) -> None:
    assert meaning(**changes) is trouble


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"status": "PERHAPS"}, Trouble.UNREADABLE),
        ({"status": None}, Trouble.UNREADABLE),
        ({"entries": "none"}, Trouble.UNREADABLE),
        ({"status": "MATCH", "entries": [{"kind": "OTHER"}]}, Trouble.UNREADABLE),
        ({"status": "MATCH", "entries": ["SANCTION"]}, Trouble.UNREADABLE),
        ({"version": ""}, Trouble.UNREADABLE),
        ({"version": 7}, Trouble.UNREADABLE),
        ({"entries": [SANCTION]}, Trouble.CONTRADICTORY),
        ({"status": "MATCH"}, Trouble.CONTRADICTORY),
        ({"reference": "aurora/bob"}, Trouble.OTHER_PLAYER),
    ],
)
def test_a_reply_that_cannot_be_relied_on_is_silence(changes: dict[str, Any], trouble: Trouble) -> None:
    body = json.dumps({**SAID, **changes}).encode()
    assert meaning(body=body) is trouble


@pytest.mark.parametrize(
    ("last", "result", "expected"),
    [
        ("", Result.NO_MATCH, True),
        ("", Result.HIT, True),
        ("NO_MATCH", Result.NO_MATCH, False),
        ("NO_MATCH", Result.HIT, True),
        ("PEP", Result.HIT, True),
        ("HIT", Result.HIT, False),
        ("HIT", Result.NO_MATCH, False),
    ],
)
def test_what_is_not_found_any_more_is_no_news(last: str, result: Result, *, expected: bool) -> None:
    assert is_news(last, result) is expected


class CodeError(grpc.RpcError):
    """An answer of the mesh."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


class Killed(BaseException):
    """The end of the process, at a moment of a test's choice."""


class House:
    """A ledger of one shard, the lists, and everything that the mesh was told."""

    def __init__(self) -> None:
        self.lists = Lists()
        self.log: list[tuple[str, str]] = []
        self.recorded: dict[tuple[str, str, str], Result] = {}
        self.calls = 0
        self.health: list[bool] = []
        self.failure: BaseException | None = None
        self.fails_after = False

    # -- the source

    def version(self) -> str:
        return read_version(*self.lists.reply(None))

    def screen(self, reference: str) -> Said:
        return read(*self.lists.reply(reference), reference)

    # -- the mesh

    def shards(self) -> list[int]:
        return [0]

    def players(self, shard: int, after: int) -> list[tuple[int, list[tuple[str, str]]]]:
        assert shard == 0
        return [(number + 1, [self.log[number]]) for number in range(after, len(self.log))]

    def record(self, found: Found) -> None:
        failure, self.failure = self.failure, None
        if failure is None or self.fails_after:
            self.calls += 1
            self.recorded[found.licensee + "/" + found.player, found.version, found.result.value] = found.result
        if failure is not None:
            raise failure

    def tell(self, *, silent: bool) -> None:
        self.health.append(silent)


@pytest.fixture
def house() -> House:
    made = House()
    made.log = [("aurora", "ada"), ("aurora", "bob")]
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def start(house: House, path: Path) -> Screening:
    """A process that begins, or begins again."""
    return Screening(State(path), house, house, hold_s=60, now_s=lambda: 0.0)


def test_everybody_is_screened_at_once_and_again_when_the_lists_change(house: House, path: Path) -> None:
    process = start(house, path)
    process.round()
    process.round()
    assert house.calls == 2
    house.lists.control("list/SANCTION/aurora/bob")
    process.round()
    assert house.recorded["aurora/bob", "lists-2", "HIT"] is Result.HIT
    assert house.calls == 3
    house.lists.control("unlist/aurora/bob")
    process.round()
    assert house.calls == 3


def test_a_new_player_is_screened_although_the_lists_stay(house: House, path: Path) -> None:
    process = start(house, path)
    process.round()
    house.log.append(("borealis", "cyd"))
    process.round()
    assert set(house.recorded.values()) == {Result.NO_MATCH}
    assert ("borealis/cyd", "lists-1", "NO_MATCH") in house.recorded


@pytest.mark.parametrize("fails_after", [False, True])
def test_killed_while_it_tells_the_mesh_it_tells_it_again_under_the_same_name(
    house: House, path: Path, *, fails_after: bool
) -> None:
    house.lists.control("list/SANCTION/aurora/ada")
    house.failure, house.fails_after = Killed(), fails_after
    with pytest.raises(Killed):
        start(house, path).round()
    # Meanwhile the player is taken off: what was found then is still told.
    house.lists.control("unlist/aurora/ada")
    start(house, path).round()
    assert house.recorded["aurora/ada", "lists-2", "HIT"] is Result.HIT
    assert ("aurora/ada", "lists-3", "NO_MATCH") not in house.recorded


def test_a_mesh_that_is_down_is_told_later(house: House, path: Path) -> None:
    process = start(house, path)
    house.failure = CodeError(grpc.StatusCode.UNAVAILABLE)
    process.round()
    assert house.calls == 0
    process.round()
    assert house.calls == 2


def test_a_hit_that_nobody_could_be_told_is_not_lost_under_the_next_lists(house: House, path: Path) -> None:
    process = start(house, path)
    house.lists.control("list/SANCTION/aurora/ada")
    house.failure = CodeError(grpc.StatusCode.UNAVAILABLE)
    process.round()
    house.lists.control("unlist/aurora/ada")
    house.failure = CodeError(grpc.StatusCode.UNAVAILABLE)
    process.round()
    process.round()
    assert house.recorded["aurora/ada", "lists-2", "HIT"] is Result.HIT
    assert house.health == [False]


def test_what_the_mesh_will_never_take_is_left(house: House, path: Path) -> None:
    process = start(house, path)
    house.failure = CodeError(grpc.StatusCode.NOT_FOUND)
    process.round()
    process.round()
    assert house.calls == 1


@pytest.mark.parametrize("habit", ["empty", "broken", "unreadable", "contradictory", "mixed_up"])
def test_from_a_source_without_an_answer_nothing_is_taken_and_everybody_waits(
    house: House, path: Path, habit: str
) -> None:
    process = start(house, path)
    house.lists.control(habit)
    process.round()
    assert (house.calls, house.health) == (0, [True])
    house.lists.control("honest")
    process.round()
    assert (house.calls, house.health) == (2, [True, False])


def test_without_its_file_it_begins_from_the_first_player(house: House, path: Path, tmp_path: Path) -> None:
    start(house, path).round()
    start(house, tmp_path / "other.sqlite").round()
    assert len(house.recorded) == 2


def test_an_empty_secret_stops_the_start() -> None:
    with pytest.raises(ValueError, match="PITBOSS_SANCTIONS_TOKEN"):
        SanctionsSettings(
            sanctions_listen="127.0.0.1:1", sanctions_source="s", sanctions_url="http://127.0.0.1:2", sanctions_token="",
            sanctions_state=Path("/s"), compliance_address="127.0.0.1:3", wallet_addresses=("127.0.0.1:4",), tls_dir=Path("/"),
        )  # fmt: skip
