"""Deposits that a limit file has to allow: what the law is told, and which answers of the ledger are an end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from compliance_svc.kernel import Decision, decide_again
from tests.unit.wallet_svc.world import CASHIER, LICENSEE, Table, money, outcome, registry, verdict
from wallet_svc.domain import commands as c
from wallet_svc.domain.decide import decide
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.engine import Answer
from wallet_svc.limit_files.client import Heard
from wallet_svc.limit_files.reserving import _told, reference_of
from wallet_svc.limit_files.resolving import has_end, is_booked

NO_ANSWER = ("LIM.EXTERNAL.UNAVAILABLE",)


def german(*files: str) -> Table:
    """A player under the German pack, in a wallet that asks these files."""
    made = Table(replace(registry(), limit_files=frozenset(files)))
    opened = c.OpenAccount(currency="EUR", jurisdiction="de", born_on="1986-01-15")
    assert outcome(made.do("open", opened, source=CASHIER)) is Outcome.OK
    return made


def deposit(made: Table, key: str, amount: str = "20.00", **answers: object) -> Decided:
    given = c.Answers(**answers) if answers else c.NOT_ASKED  # type: ignore[arg-type]
    return made.do(key, c.Deposit(money=money(amount), answers=given), source=CASHIER)


def decision(made: Table, **answers: object) -> Decision:
    """What the law says of a deposit, which is not committed."""
    given = c.Answers(**answers) if answers else c.NOT_ASKED  # type: ignore[arg-type]
    command = c.Command(LICENSEE, CASHIER, "alice", "what-if", c.Deposit(money=money("20.00"), answers=given))
    found: Decision = decide(made.player(), command, made.registry, made.now_us).entry.decision
    return found


def test_who_does_not_ask_the_file_lets_the_licensee_vouch() -> None:
    assert outcome(deposit(german(), "d1")) is Outcome.OK
    assert outcome(deposit(german("DGOJ"), "d1")) is Outcome.OK


def test_who_asks_the_file_books_nothing_without_its_answer() -> None:
    made = german("LUGAS")
    assert verdict(deposit(made, "d1"))[1] == NO_ANSWER
    assert verdict(deposit(made, "d2", exclusion_register="CLEAR"))[1] == NO_ANSWER
    assert outcome(deposit(made, "d3", limit_file="CLEAR", limit_left=money("20.00"))) is Outcome.OK


def test_a_record_says_which_file_answered_when_and_is_decided_again_from_that() -> None:
    made = german("LUGAS")
    told = decision(
        made, limit_file="CLEAR", limit_left=money("20.00"), limit_source="LUGAS", limit_answered_us=made.now_us,
        limit_reference="ab" * 16,
    )  # fmt: skip
    record = json.loads(told.record())
    outside = dict(record["facts"]["outside"])
    assert int(outside.pop("limit_file_answered_us")) == made.now_us
    assert outside == {
        "limit_file": "CLEAR",
        "limit_file_reference": "ab" * 16,
        "limit_file_source": "LUGAS",
        "limit_left_minor": 2_000,
    }
    again = decide_again(made.registry.packs.at("de", made.now_us), record)
    assert again.record() == told.record()


@pytest.mark.parametrize(
    ("silent", "level"),
    [
        ({"LIMIT_FILE/LUGAS"}, "G3"),
        ({"LIMIT_FILE/DGOJ"}, "G0"),
        ({"LIMIT_FILE/DGOJ", "SCREENING"}, "G1"),
        (set(), "G0"),
    ],
)
def test_a_silent_file_shows_in_decisions_of_its_market_only(silent: set[str], level: str) -> None:
    made = german()
    made.registry = replace(made.registry, silent_sources=frozenset(silent))
    assert decision(made).guardrail == level
    assert decision(made, limit_file="CLEAR", limit_left=money("20.00")).guardrail == level


# -- what is asked, and what is made of the answers


def command(key: str = "d1", amount: str = "20.00", **more: object) -> c.Command:
    who = {"licensee": "rhenania", "source": CASHIER, "player": "ada", **more}
    return c.Command(**who, key=key, action=c.Deposit(money=money(amount)))  # type: ignore[arg-type]


def test_a_reference_is_of_one_deposit_alone() -> None:
    names = {
        reference_of(one)
        for one in (
            command(),
            command("d2"),
            command(amount="20.01"),
            command(licensee="elbe"),
            command(player="ad", key="ad1"),
            command(source="platform"),
            replace(command(), effective_us=1),
        )
    }
    assert len(names) == 7
    # A retry is the same deposit, however its amount is spelled and whatever its sources say.
    answered = replace(command(), action=c.Deposit(money=money("20"), answers=c.Answers(limit_file="SILENT")))
    assert reference_of(answered) == reference_of(command())


@pytest.mark.parametrize(
    ("heard", "answer", "left"),
    [
        ([Heard(file="A", answer="CLEAR", left=money("5.00"))], "CLEAR", "5.00"),
        (
            [Heard(file="A", answer="CLEAR", left=money("5.00")), Heard(file="B", answer="CLEAR", left=money("40"))],
            "CLEAR",
            "5.00",
        ),
        ([Heard(file="A", answer="CLEAR", left=money("5.00")), Heard(file="B", answer="NOT_SET")], "NOT_SET", None),
        ([Heard(file="A", answer="NOT_SET"), Heard(file="B")], "SILENT", None),
        ([Heard(file="A", answer="CLEAR", left=money("9999999999999.99")), Heard(file="B")], "SILENT", None),
    ],
)
def test_of_several_files_the_one_that_leaves_least_counts(heard: list[Heard], answer: str, left: str | None) -> None:
    for order in (heard, heard[::-1]):
        action = _told(command(), order, 7).action
        assert isinstance(action, c.Deposit)
        told = action.answers
        assert (told.limit_file, told.limit_left and told.limit_left.amount) == (answer, left)
        assert (told.limit_answered_us is None) == (answer == "SILENT")


def test_what_the_caller_says_of_the_file_is_written_over_and_nothing_else_is() -> None:
    lie = c.Answers(exclusion_register="MATCH", activity_file="CLEAR", limit_file="CLEAR", limit_left=money("999.00"))
    asked = replace(command(), action=c.Deposit(money=money("20.00"), answers=lie))
    action = _told(asked, [Heard(file="A")], 7).action
    assert isinstance(action, c.Deposit)
    assert (action.answers.limit_file, action.answers.limit_left) == ("SILENT", None)
    assert (action.answers.exclusion_register, action.answers.activity_file) == ("MATCH", "CLEAR")


# -- which answers are an end


@pytest.mark.parametrize(
    ("result", "sequence", "booked", "end"),
    [
        (Outcome.OK, 5, True, True),
        (Outcome.COMPLIANCE_DENIED, 5, False, True),
        (Outcome.NOT_APPLIED, 5, False, True),
        # Refused because evidence cannot be stored: the key is free, and the deposit may still come.
        (Outcome.COMPLIANCE_DENIED, 0, False, False),
        (Outcome.NOT_APPLIED, 0, False, False),
        (Outcome.UNAVAILABLE, 0, False, False),
        (Outcome.UNKNOWN, 0, False, False),
        (Outcome.IN_PROGRESS, 0, False, False),
        (Outcome.IDEMPOTENCY_CONFLICT, 0, False, True),
        (Outcome.REQUEST_INVALID, 0, False, True),
    ],
)
def test_a_deposit_has_its_end_when_no_other_answer_can_come(
    result: Outcome, sequence: int, booked: bool, end: bool
) -> None:
    entry = Entry(Kind.DEPOSIT, registry().sources[CASHIER], "d1", result)
    entry.sequence = sequence
    answer = Answer(entry, replayed=False, asset=None)
    assert (is_booked(answer), has_end(answer)) == (booked, end)
