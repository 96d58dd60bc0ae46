"""What a limit file's reply means, and what the simulated file counts: the tables of its README."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fact_sources.limit_file.reading import (
    FORM,
    Answer,
    Question,
    Said,
    Trouble,
    What,
    countable,
    is_up,
    read,
    read_release,
)
from fact_sources.limit_file.simulator import HABITS, Book, LimitFile, start_of
from fact_sources.limit_file.watching import Watch
from fact_sources.signing import sign

BERLIN = ZoneInfo("Europe/Berlin")
WHO, REFERENCE = "rhenania/ada", "ab" * 16
KEY = Ed25519PrivateKey.generate()
KEYS = {"k1": KEY.public_key()}
QUESTION = Question(what=What.RESERVE, nonce="n-1", player=WHO, currency="EUR", reference=REFERENCE, amount="100.00")
HEADROOM = Question(what=What.HEADROOM, nonce="n-2", player=WHO, currency="EUR")
RELEASE = Question(what=What.RELEASE, nonce="n-3", player=WHO, currency="EUR", reference=REFERENCE)


class Hands:
    """A clock that is set by hand."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def now_us(self) -> int:
        return int(self.moment.timestamp() * 1_000_000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def book(moment: str = "2026-11-20T12:00:00", path: str = ":memory:", **limits: str) -> tuple[Book, Hands]:
    hands = Hands(at(moment))
    return Book(path, limits or {"month": "1000.00"}, BERLIN, hands), hands


def file_of(made: Book) -> LimitFile:
    return LimitFile(made, currency="EUR", key_id="k1", signing=KEY.private_bytes_raw())


def said_by(file: LimitFile, question: Question) -> Said:
    status, body, signature = file.reply(question.path, question.body())
    return read(status, signature, body, question, KEYS)


def replied(content: dict[str, Any], question: Question = QUESTION, *, key: Ed25519PrivateKey = KEY) -> Said:
    whole = {
        "question": question.nonce,
        "player": question.player,
        "reference": question.reference or None,
        "currency": "EUR",
        **content,
    }
    body = json.dumps({name: value for name, value in whole.items() if value is not None}).encode()
    return read(200, sign(FORM, "k1", key, question.path, body), body, question, KEYS)


@pytest.mark.parametrize(
    ("changes", "answer", "trouble"),
    [
        ({"status": "RESERVED", "left": "100.00"}, Answer.CLEAR, None),
        ({"status": "RESERVED", "left": "1000"}, Answer.CLEAR, None),
        ({"status": "EXCEEDED", "left": "99.99"}, Answer.CLEAR, None),
        ({"status": "NOT_SET"}, Answer.NOT_SET, None),
        ({"status": "TAKEN_BACK"}, Answer.SILENT, Trouble.TAKEN_BACK),
        ({"status": "RESERVED", "left": "99.99"}, Answer.SILENT, Trouble.CONTRADICTORY),
        ({"status": "EXCEEDED", "left": "100.00"}, Answer.SILENT, Trouble.CONTRADICTORY),
        ({"status": "NOT_SET", "left": "100.00"}, Answer.SILENT, Trouble.CONTRADICTORY),
        ({"status": "RESERVED"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": 100}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": "1e9"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": "-100.00"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": "100.001"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": "100.00", "currency": "USD"}, Answer.SILENT, Trouble.OTHER_CURRENCY),
        ({"status": "SET", "left": "100.00"}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": ["RESERVED"]}, Answer.SILENT, Trouble.UNREADABLE),
        ({}, Answer.SILENT, Trouble.UNREADABLE),
        ({"status": "RESERVED", "left": "100.00", "question": "n-0"}, Answer.SILENT, Trouble.REPLAYED),
        ({"status": "RESERVED", "left": "100.00", "question": None}, Answer.SILENT, Trouble.REPLAYED),
        ({"status": "RESERVED", "left": "100.00", "player": "rhenania/bea"}, Answer.SILENT, Trouble.OTHER_PLAYER),
        ({"status": "RESERVED", "left": "100.00", "reference": "cd" * 16}, Answer.SILENT, Trouble.OTHER_PLAYER),
    ],
)
def test_a_reply_means_what_the_table_says(changes: dict[str, Any], answer: Answer, trouble: Trouble | None) -> None:
    said = replied(changes)
    assert (said.answer, said.trouble) == (answer, trouble)
    assert said.reserved == (changes.get("status") == "RESERVED" and answer is Answer.CLEAR)


def test_headroom_is_said_in_words_of_its_own() -> None:
    said = replied({"status": "SET", "left": "0.01"}, HEADROOM)
    assert (said.answer, said.left) == (Answer.CLEAR, "0.01")
    assert replied({"status": "NOT_SET"}, HEADROOM).answer is Answer.NOT_SET
    assert replied({"status": "RESERVED", "left": "0.01"}, HEADROOM).trouble is Trouble.UNREADABLE


RESERVED = json.dumps(
    {
        "question": "n-1",
        "player": WHO,
        "reference": REFERENCE,
        "status": "RESERVED",
        "left": "500.00",
        "currency": "EUR",
    }
).encode()
SIGNED = sign(FORM, "k1", KEY, "/reserve", RESERVED)


@pytest.mark.parametrize(
    ("status", "signature", "body", "trouble"),
    [
        (200, SIGNED, RESERVED, None),
        (503, SIGNED, RESERVED, Trouble.STATUS),
        (204, "", b"", Trouble.STATUS),
        (200, SIGNED, b"", Trouble.UNREADABLE),
        (200, "", RESERVED, Trouble.UNSIGNED),
        (200, "k1:", RESERVED, Trouble.UNSIGNED),
        (200, "k1:?", RESERVED, Trouble.UNSIGNED),
        (200, SIGNED.replace("k1", "k2"), RESERVED, Trouble.UNSIGNED),
        (200, SIGNED, RESERVED + b" ", Trouble.UNSIGNED),
        (200, sign(FORM, "k1", KEY, "/headroom", RESERVED), RESERVED, Trouble.UNSIGNED),
        (200, sign(FORM, "k1", Ed25519PrivateKey.generate(), "/reserve", RESERVED), RESERVED, Trouble.UNSIGNED),
        (200, sign(FORM, "k1", KEY, "/reserve", b"<html>"), b"<html>", Trouble.UNREADABLE),
        (200, sign(FORM, "k1", KEY, "/reserve", b"[]"), b"[]", Trouble.UNREADABLE),
        (200, sign(FORM, "k1", KEY, "/reserve", b"null"), b"null", Trouble.UNREADABLE),
        (200, sign(FORM, "k1", KEY, "/reserve", b"\xff"), b"\xff", Trouble.UNREADABLE),
    ],
    # Names of their own: the keys are new in every process.
    ids=[
        *(
            "right",
            "unavailable",
            "no content",
            "no body",
            "no signature",
            "no words of it",
            "not base64",
            "key unknown",
        ),
        *("more than was signed", "of another question", "a stranger's", "a page", "a list", "null", "no text"),
    ],
)
def test_an_answer_counts_only_with_the_files_own_signature(
    status: int, signature: str, body: bytes, trouble: Trouble | None
) -> None:
    said = read(status, signature, body, QUESTION, KEYS)
    assert (said.trouble, said.reserved) == (trouble, trouble is None)


@pytest.mark.parametrize(
    ("amount", "counted"),
    [
        ("100", "100.00"),
        ("0.5", "0.50"),
        ("1.500000", "1.50"),
        ("0.001", None),
        ("-1.00", None),
        ("99999999999999", None),
    ],
)
def test_an_amount_is_sent_as_the_file_writes_it_or_not_at_all(amount: str, counted: str | None) -> None:
    assert countable(amount) == counted


def test_either_of_two_keys_is_believed_while_they_change() -> None:
    new = Ed25519PrivateKey.generate()
    both = {**KEYS, "k2": new.public_key()}
    for name, key in (("k1", KEY), ("k2", new)):
        assert read(200, sign(FORM, name, key, "/reserve", RESERVED), RESERVED, QUESTION, both).reserved


@pytest.mark.parametrize("habit", sorted({*HABITS} - {"honest", "slow", "late"}))
@pytest.mark.parametrize("amount", ["100.00", "1000.01"])
def test_no_habit_of_the_simulator_but_honesty_is_taken_for_an_answer(habit: str, amount: str) -> None:
    made, _ = book()
    file = file_of(made)
    file.habit = habit
    question = Question(what=What.RESERVE, nonce="n-1", player=WHO, currency="EUR", reference=REFERENCE, amount=amount)
    assert said_by(file, question).answer is Answer.SILENT
    assert said_by(file, HEADROOM).answer is Answer.SILENT


@pytest.mark.parametrize("habit", sorted({*HABITS} - {"honest", "slow", "late", "garbage_amount", "other_currency"}))
def test_a_release_is_believed_from_an_honest_file_only(habit: str) -> None:
    made, _ = book()
    file = file_of(made)
    assert read_release(*_reply(file, RELEASE), RELEASE, KEYS) is None
    file.habit, again = habit, replace(RELEASE, nonce="n-5")
    assert read_release(*_reply(file, again), again, KEYS) is not None


def test_the_file_is_up_only_if_it_says_so_itself() -> None:
    made, _ = book()
    file, question = file_of(made), Question(what=What.STATUS, nonce="n-4")
    assert is_up(*_reply(file, question), question, KEYS)
    for habit in sorted({*HABITS} - {"honest", "slow", "late", "mixed_up", "garbage_amount", "other_currency"}):
        file.habit, again = habit, replace(question, nonce=f"n-{habit}")
        assert not is_up(*_reply(file, again), again, KEYS), habit


def _reply(file: LimitFile, question: Question) -> tuple[int, str, bytes]:
    status, body, signature = file.reply(question.path, question.body())
    return status, signature, body


# -- what the simulated file counts


def test_the_first_answer_under_a_reference_stays_and_counts_once() -> None:
    made, _ = book()
    assert made.reserve(WHO, "r-1", "600.00") == ("RESERVED", 100_000)
    assert made.reserve(WHO, "r-1", "600.00") == ("RESERVED", 100_000)
    assert made.reserve(WHO, "r-2", "400.01") == ("EXCEEDED", 40_000)
    assert made.reserve(WHO, "r-3", "400.00") == ("RESERVED", 40_000)
    assert made.headroom(WHO) == 0


def test_a_reference_that_was_taken_back_counts_nothing_ever_after() -> None:
    made, _ = book()
    made.reserve(WHO, "r-1", "600.00")
    assert (made.release(WHO, "r-1"), made.release(WHO, "r-1")) == ("RELEASED", "NOTHING")
    assert made.headroom(WHO) == 100_000
    assert made.release(WHO, "late") == "NOTHING"
    for reference in ("r-1", "late"):
        assert made.reserve(WHO, reference, "1.00")[0] == "TAKEN_BACK"
    assert made.headroom(WHO) == 100_000


def test_operators_share_the_room_of_one_person_and_not_their_references() -> None:
    made, _ = book()
    for player in ("rhenania/ada", "elbe/4711"):
        made.name(player, "ada")
    assert made.reserve("rhenania/ada", "r-1", "700.00")[0] == "RESERVED"
    assert made.reserve("elbe/4711", "r-1", "300.01") == ("EXCEEDED", 30_000)
    assert made.reserve("elbe/4711", "r-2", "300.00") == ("RESERVED", 30_000)
    made.elsewhere("rhenania/bea", "999.99")
    assert (made.headroom("rhenania/ada"), made.headroom("rhenania/bea")) == (0, 1)


def test_a_month_begins_at_local_midnight_of_its_first_day() -> None:
    made, hands = book("2026-10-31T23:59:59")
    made.reserve(WHO, "r-1", "1000.00")
    assert made.headroom(WHO) == 0
    hands.moment = at("2026-11-01T00:00:00")
    assert made.headroom(WHO) == 100_000
    # In UTC it is October still.
    assert hands.moment.astimezone(UTC).month == 10
    # What was counted in the last month is taken back from that one.
    made.release(WHO, "r-1")
    assert made.headroom(WHO) == 100_000


@pytest.mark.parametrize(
    ("span", "moment", "start"),
    [
        ("day", "2026-03-29T12:00:00", "2026-03-29T00:00:00"),
        ("week", "2026-03-29T23:59:59", "2026-03-23T00:00:00"),
        ("week", "2026-03-30T00:00:00", "2026-03-30T00:00:00"),
        ("month", "2026-10-25T12:00:00", "2026-10-01T00:00:00"),
        ("month", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_spans_begin_by_the_calendar_of_the_zone(span: str, moment: str, start: str) -> None:
    assert start_of(span, int(at(moment).timestamp()) * 1_000_000, BERLIN) == int(at(start).timestamp()) * 1_000_000


def test_the_lowest_of_several_spans_counts() -> None:
    made, hands = book(day="700.00", month="1000.00")
    made.reserve(WHO, "r-1", "650.00")
    assert made.headroom(WHO) == 5_000
    hands.moment = at("2026-11-21T00:00:00")
    assert made.headroom(WHO) == 35_000


def test_a_raised_limit_is_one_persons_and_whoever_has_none_may_not_pay_in() -> None:
    made, _ = book()
    file = file_of(made)
    assert file.control(f"limit/month/10000.00/{WHO}") == 200
    assert (made.headroom(WHO), made.headroom("rhenania/bea")) == (1_000_000, 100_000)
    assert file.control(f"unset/{WHO}") == 200
    assert said_by(file, QUESTION).answer is Answer.NOT_SET
    for order in (f"limit/decade/1.00/{WHO}", f"limit/month/much/{WHO}"):
        assert file.control(order) == 400
    assert file.control("perhaps") == 404


def test_two_at_once_never_get_more_than_there_is(tmp_path: Path) -> None:
    made, _ = book(path=str(tmp_path / "book.sqlite"))
    answers: list[str] = []
    work = [
        threading.Thread(target=lambda n=number: answers.append(made.reserve(WHO, f"r-{n}", "300.00")[0]))
        for number in range(8)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sorted(answers) == ["EXCEEDED"] * 5 + ["RESERVED"] * 3
    assert made.headroom(WHO) == 10_000


def test_what_was_counted_is_there_after_the_file_was_killed(tmp_path: Path) -> None:
    path = str(tmp_path / "book.sqlite")
    before, _ = book(path=path)
    before.reserve(WHO, "r-1", "250.00")
    after, _ = book(path=path)
    assert after.reserve(WHO, "r-1", "250.00") == ("RESERVED", 100_000)
    assert after.headroom(WHO) == 75_000


# -- whether it answers


class Wallets:
    """Whoever is told."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.down = False

    async def tell(self, *, silent: bool) -> bool:
        if not self.down:
            self.told.append(silent)
        return not self.down


async def test_the_wallets_are_told_what_is_new_and_what_they_would_forget() -> None:
    wallets, well, now = Wallets(), [True], [0.0]

    async def ask() -> bool:
        return well[0]

    watch = Watch(ask, wallets, every_s=1, hold_s=6, now_s=lambda: now[0])
    await watch.once()
    await watch.once()
    assert wallets.told == [False]
    well[0] = False
    await watch.once()
    assert wallets.told == [False, True]
    now[0] = 2.0
    await watch.once()
    assert wallets.told == [False, True, True]
    wallets.down, well[0] = True, True
    await watch.once()
    wallets.down = False
    await watch.once()
    assert wallets.told == [False, True, True, False]
