"""What an activity file's reply means, and whom the simulated file counts: the tables of its README."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fact_sources.activity_file.config import ActivityFileSettings
from fact_sources.activity_file.reading import FORM, Answer, Question, Said, Trouble, What, read, read_end
from fact_sources.activity_file.simulator import HABITS, ActivityFile, Book
from fact_sources.signing import sign
from mesh.clock import ManualClock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHO, REFERENCE = "rhenania/ada", "0192f5a0-1111-7000-8000-000000000001"
KEY = Ed25519PrivateKey.generate()
KEYS = {"k1": KEY.public_key()}
BEGIN = Question(what=What.BEGIN, nonce="n-1", player=WHO, reference=REFERENCE)
END = Question(what=What.END, nonce="n-2", player=WHO, reference=REFERENCE)


def replied(content: dict[str, Any], question: Question) -> tuple[int, str, bytes]:
    whole = {"question": question.nonce, "player": question.player, "reference": question.reference, **content}
    body = json.dumps({name: value for name, value in whole.items() if value is not None}).encode()
    return 200, sign(FORM, "k1", KEY, question.path, body), body


@pytest.mark.parametrize(
    ("changes", "answer", "trouble"),
    [
        ({"status": "ACTIVE", "here": True}, Answer.CLEAR, None),
        ({"status": "ELSEWHERE", "here": False}, Answer.MATCH, None),
        ({"status": "ACTIVE", "here": False}, Answer.SILENT, Trouble.CONTRADICTORY),
        ({"status": "ELSEWHERE", "here": True}, Answer.SILENT, Trouble.CONTRADICTORY),
        ({"status": "ENDED", "here": False}, Answer.SILENT, Trouble.ENDED),
        ({"status": "ACTIVE"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "ACTIVE", "here": 1}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "NOTHING", "here": False}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": ["ACTIVE"], "here": True}, Answer.SILENT, Trouble.UNREADABLE),
        ({}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "ACTIVE", "here": True, "question": "n-0"}, Answer.SILENT, Trouble.REPLAYED),
        ({"status": "ACTIVE", "here": True, "question": None}, Answer.SILENT, Trouble.REPLAYED),
        ({"status": "ACTIVE", "here": True, "player": "rhenania/bea"}, Answer.SILENT, Trouble.OTHER_PLAYER),
        ({"status": "ACTIVE", "here": True, "reference": "another"}, Answer.SILENT, Trouble.OTHER_PLAYER),
    ],
)
def test_a_reply_means_what_the_table_says(changes: dict[str, Any], answer: Answer, trouble: Trouble | None) -> None:
    assert read(*replied(changes, BEGIN), BEGIN, KEYS) == Said(answer=answer, trouble=trouble)


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"status": "ENDED", "here": False}, None),
        ({"status": "NOTHING", "here": False}, None),
        ({"status": "ENDED", "here": True}, Trouble.CONTRADICTORY),
        ({"status": "ENDED"}, Trouble.CONTRADICTORY),
        ({"status": "ACTIVE", "here": True}, Trouble.UNREADABLE),
        ({"status": "ENDED", "here": False, "question": "n-0"}, Trouble.REPLAYED),
        ({"status": "ENDED", "here": False, "reference": "another"}, Trouble.OTHER_PLAYER),
    ],
)
def test_an_end_is_known_or_it_is_not(changes: dict[str, Any], trouble: Trouble | None) -> None:
    assert read_end(*replied(changes, END), END, KEYS) == trouble


def test_only_the_file_says_anything_and_only_about_this_question() -> None:
    status, signature, body = replied({"status": "ACTIVE", "here": True}, BEGIN)
    stranger = sign(FORM, "k1", Ed25519PrivateKey.generate(), "/begin", body)
    for header in ("", "k1:", "k1:?", stranger, sign(FORM, "k1", KEY, "/end", body), signature.replace("k1", "k2")):
        assert read(status, header, body, BEGIN, KEYS).trouble is Trouble.UNSIGNED
    assert read(status, signature, body + b" ", BEGIN, KEYS).trouble is Trouble.UNSIGNED
    assert read(503, signature, body, BEGIN, KEYS).trouble is Trouble.STATUS
    assert read(200, "", b"", BEGIN, KEYS).trouble is Trouble.UNREADABLE
    for garbage in (b"<html>", b"[]", b"null", b"\xff"):
        assert read(200, sign(FORM, "k1", KEY, "/begin", garbage), garbage, BEGIN, KEYS).trouble is Trouble.UNREADABLE


# -- the simulator


def book(path: str = ":memory:") -> tuple[Book, ManualClock]:
    clock = ManualClock(NOON)
    return Book(path, clock), clock


def file_of(made: Book) -> ActivityFile:
    return ActivityFile(made, key_id="k1", signing=KEY.private_bytes_raw())


def said_by(file: ActivityFile, question: Question = BEGIN) -> Said:
    status, body, signature = file.reply(question.path, question.body())
    return read(status, signature, body, question, KEYS)


def test_a_person_plays_at_one_operator_and_five_minutes_after_the_end_at_another() -> None:
    made, clock = book()
    made.name("rhenania/ada", "ada")
    made.name("mosella/a-1", "ada")
    assert made.begin("rhenania/ada", "s1") == "ACTIVE"
    assert made.begin("mosella/a-1", "s2") == "ELSEWHERE"
    assert made.begin("rhenania/ada", "s3") == "ACTIVE"
    made.end("rhenania/ada", "s1")
    assert made.shown("mosella/a-1")["active"] == ["rhenania"]
    made.end("rhenania/ada", "s3")
    assert made.shown("mosella/a-1")["active"] == []
    clock.advance(seconds=299)
    assert made.begin("mosella/a-1", "s4") == "ELSEWHERE"
    assert made.begin("rhenania/ada", "s5") == "ACTIVE"
    made.end("rhenania/ada", "s5")
    clock.advance(seconds=300)
    assert made.begin("mosella/a-1", "s4") == "ACTIVE"


def test_what_is_sent_twice_is_done_once_and_an_end_uses_its_reference_up() -> None:
    made, clock = book()
    assert [made.begin(WHO, "s1"), made.begin(WHO, "s1")] == ["ACTIVE", "ACTIVE"]
    assert [made.end(WHO, "s1"), made.end(WHO, "s1")] == ["ENDED", "NOTHING"]
    assert made.begin(WHO, "s1") == "ENDED"
    # An end that overtakes its beginning counts as no play, and nobody has to wait for it.
    assert (made.end(WHO, "s2"), made.begin(WHO, "s2")) == ("NOTHING", "ENDED")
    clock.advance(seconds=300)
    made.name("mosella/a-1", WHO)
    assert made.begin("mosella/a-1", "s3") == "ACTIVE"


def test_a_book_on_disk_is_known_to_the_next_process(tmp_path: Path) -> None:
    path = str(tmp_path / "book.sqlite")
    book(path)[0].begin(WHO, "s1")
    assert book(path)[0].shown(WHO)["active"] == ["rhenania"]


@pytest.mark.parametrize(
    ("habit", "trouble"),
    [
        ("honest", None),
        ("empty", Trouble.UNREADABLE),
        ("broken", Trouble.STATUS),
        ("unreadable", Trouble.UNREADABLE),
        ("contradictory", Trouble.CONTRADICTORY),
        ("mixed_up", Trouble.OTHER_PLAYER),
        ("forged", Trouble.UNSIGNED),
        ("replayed", Trouble.REPLAYED),
        ("lost", Trouble.STATUS),
    ],
)
def test_each_habit_is_read_as_what_it_is(habit: str, trouble: Trouble | None) -> None:
    file = file_of(book()[0])
    assert file.control(habit) == 200
    assert said_by(file).trouble is trouble
    file.control("honest")
    status, body, signature = file.reply(END.path, END.body())
    assert read_end(status, signature, body, END, KEYS) is None


def test_a_lost_answer_has_been_done_and_a_retry_hears_it() -> None:
    made, _ = book()
    file = file_of(made)
    file.control("lost")
    assert said_by(file).answer is Answer.SILENT
    assert made.shown(WHO)["active"] == ["rhenania"]
    file.control("honest")
    assert said_by(file).answer is Answer.CLEAR


def test_orders_that_are_none_are_refused_and_habits_are_listed() -> None:
    file = file_of(book()[0])
    assert [file.control(words) for words in ("person/ada/rhenania/ada", "elsewhere/begin/rhenania/ada")] == [200, 200]
    assert [file.control(words) for words in ("elsewhere/maybe/rhenania/ada", "nonsense", "")] == [404, 404, 404]
    assert {"slow", "late", "lost", "forged"} <= set(HABITS)
    assert said_by(file).answer is Answer.MATCH


def test_keys_that_are_none_are_found_at_the_start() -> None:
    given = {
        "listen": "127.0.0.1:0", "environment": "development", "insecure_loopback": True,
        "activity_file_name": "LUGAS", "activity_file_url": "http://127.0.0.1:1", "activity_file_token": "t",
    }  # fmt: skip
    for keys in ({}, {"k1": "?"}, {"k1": b64encode(bytes(31)).decode()}):
        with pytest.raises(ValueError, match="PITBOSS_ACTIVITY_FILE_KEYS"):
            ActivityFileSettings(**given, activity_file_keys=keys)  # type: ignore[arg-type]


def test_a_moment_is_a_moment_whatever_the_wait() -> None:
    made, clock = book()
    made.elsewhere(WHO, "begin")
    clock.set(NOON + timedelta(days=1))
    assert made.begin(WHO, "s1") == "ELSEWHERE"
    made.elsewhere(WHO, "end")
    clock.advance(seconds=300)
    assert made.begin(WHO, "s1") == "ACTIVE"
