"""What a register's reply means: the table of its README."""

from __future__ import annotations

import json

import pytest

from fact_sources.register.reading import Answer, Trouble, read
from fact_sources.register.simulator import HABITS, Register

WHO = "aurora/ada"


def body(**changes: object) -> bytes:
    return json.dumps({"reference": WHO, "status": "NOT_LISTED", "entries": [], **changes}).encode()


@pytest.mark.parametrize(
    ("status", "content", "answer", "trouble"),
    [
        (200, body(), Answer.CLEAR, None),
        (200, body(status="LISTED", entries=[{}]), Answer.MATCH, None),
        (200, body(status="LISTED"), Answer.MATCH, None),
        (200, body(status="POSSIBLE"), Answer.FUZZY, None),
        (503, body(), Answer.SILENT, Trouble.STATUS),
        (204, b"", Answer.SILENT, Trouble.STATUS),
        (200, b"", Answer.SILENT, Trouble.UNREADABLE),
        (200, b"<html>", Answer.SILENT, Trouble.UNREADABLE),
        (200, b"[]", Answer.SILENT, Trouble.UNREADABLE),
        (200, b"null", Answer.SILENT, Trouble.UNREADABLE),
        (200, b'{"status": []}', Answer.SILENT, Trouble.UNREADABLE),
        (200, body(status="not_listed"), Answer.SILENT, Trouble.UNREADABLE),
        (200, body(entries="none"), Answer.SILENT, Trouble.UNREADABLE),
        (200, body(entries=None), Answer.SILENT, Trouble.UNREADABLE),
        (200, body(entries=[{}]), Answer.SILENT, Trouble.CONTRADICTORY),
        (200, body(reference="aurora/bea"), Answer.SILENT, Trouble.OTHER_PLAYER),
        (200, body(reference=None), Answer.SILENT, Trouble.OTHER_PLAYER),
    ],
)
def test_a_reply_means_what_the_table_says(
    status: int, content: bytes, answer: Answer, trouble: Trouble | None
) -> None:
    said = read(status, content, WHO)
    assert (said.answer, said.trouble) == (answer, trouble)


@pytest.mark.parametrize("habit", sorted({*HABITS} - {"honest", "slow"}))
def test_no_habit_of_the_simulator_but_honesty_is_taken_for_clear(habit: str) -> None:
    register = Register()
    register.habit = habit
    assert read(*register.reply(WHO), WHO).answer is not Answer.CLEAR


def test_an_honest_register_lists_whom_it_was_told() -> None:
    register = Register()
    assert read(*register.reply(WHO), WHO).answer is Answer.CLEAR
    register.listed.add(WHO)
    assert read(*register.reply(WHO), WHO).answer is Answer.MATCH
