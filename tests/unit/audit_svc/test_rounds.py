"""Records of rounds: once, when a round is settled, with what its events say."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from audit_svc.domain import Draft
from audit_svc.domain.rounds import Event, Facts, Papers, drafts_of
from mesh.verify.findings import Findings
from mesh.verify.round_records import Row, compare, expected

KINDS = {"bet": 1, "win": 2, "cancel": 3, "close_round": 4, "undo_rollback": 13}
PAPERS = Papers(
    licensee="",
    provider="acme_slots",
    game="g1",
    since_us=0,
    build="b1",
    certified=True,
    certificate="house-17",
    return_ppm=965_000,
    deviation_ppm=5_000_000,
)
FACTS = Facts([PAPERS], {("aurora", "acme_slots"): "R1"})


def event(sequence: int, kind: str, key: str, **more: Any) -> Event:
    content = {
        "id": f"3-{sequence}",
        "licensee": "aurora",
        "player": "ada",
        "source": "acme_slots",
        "round": "r1",
        "kind": kind,
        "key": key,
        "reference": "",
        "outcome": "ok",
        "applied": True,
        "closes": False,
        "game": "g1",
        "session": "s1",
        "moved": True,
        "balance": "9.00",
        "amount": "1.00",
        "currency": "EUR",
        **more,
    }
    if kind == "bet" and "decision" not in more:
        content |= {"decision": "d" * 64, "pack": "gb@1", "pack_digest": "p" * 64}
    return Event(index=sequence, sequence=sequence, recorded_us=sequence * 1_000, content=content)


def told(*events: Event, facts: Facts = FACTS) -> list[Draft]:
    return list(drafts_of(3, [], events, facts))


def test_a_result_settles_the_round_and_the_record_says_what_was_played() -> None:
    (record,) = told(event(1, "bet", "b1", bonus="0.25"), event(2, "win", "w1", amount="2.50", balance="11.50"))
    assert (record.source, record.key, record.player) == ("rounds/3", "record-2", "ada")
    content = record.content
    assert {name: content[name] for name in ("stake", "stake_bonus", "win", "balance_before", "balance_after")} == {
        "stake": "1.00",
        "stake_bonus": "0.25",
        "win": "2.50",
        "balance_before": "9.75",
        "balance_after": "11.50",
    }
    assert (content["build"], content["certificate"], content["certified"]) == ("b1", "house-17", True)
    assert (content["status"], content["level"], content["jurisdictions"]) == ("SETTLED", "R1", ["gb"])
    assert content["decisions"] == [{"id": "3-1", "digest": "d" * 64, "pack": "gb@1", "pack_digest": "p" * 64}]
    assert (content["opened_us"], content["settled_us"], content["events"]) == (1_000, 2_000, ["3-1", "3-2"])


def test_a_round_without_an_end_has_no_record() -> None:
    assert told(event(1, "bet", "b1"), event(2, "bet", "b2")) == []


def test_a_lost_round_is_settled_by_its_close() -> None:
    (record,) = told(event(1, "bet", "b1"), event(2, "close_round", "c1", moved=False))
    assert (record.key, record.content["stake"], record.content["win"]) == ("record-2", "1.00", "0")
    (record,) = told(event(1, "bet", "b1", closes=True))
    assert record.key == "record-1"


def test_a_round_whose_stakes_are_all_undone_is_rolled_back() -> None:
    stakes = [event(1, "bet", "b1"), event(2, "bet", "b2"), event(3, "cancel", "c1", reference="b1")]
    assert told(*stakes) == []
    (record,) = told(*stakes, event(4, "cancel", "c2", reference="b2"))
    assert (record.key, record.content["status"], record.content["stake"]) == ("record-4", "ROLLED_BACK", "0")


def test_what_comes_later_amends_and_never_makes_a_second_record() -> None:
    found = told(
        event(1, "bet", "b1"),
        event(2, "win", "w1", amount="2.00"),
        event(3, "bet", "b2", amount="0.50"),
        event(4, "win", "w2", amount="1.00"),
        event(5, "cancel", "c1", reference="b2"),
    )
    assert [draft.key for draft in found] == ["record-2", "amended-3", "amended-4", "amended-5"]
    assert [draft.content["amends"] for draft in found[1:]] == ["3-2"] * 3
    assert (found[-1].content["stake"], found[-1].content["win"]) == ("1.00", "3.00")


def test_refused_and_tombstoned_events_count_for_nothing() -> None:
    refused = event(1, "bet", "b1", outcome="insufficient_funds", applied=False)
    late = event(2, "win", "w1", outcome="ok", applied=False)
    assert told(refused, late) == []


def test_a_stake_without_a_decision_is_told_as_money_only() -> None:
    (record,) = told(event(1, "bet", "b1", decision=""), event(2, "win", "w1"))
    assert record.content["level"] == "R0"


def test_a_win_without_a_stake_is_marked() -> None:
    (record,) = told(event(1, "win", "w1"))
    assert record.content["anomalies"] == ["WIN_WITHOUT_STAKE"]


def test_papers_are_those_that_held_when_the_round_was_opened() -> None:
    later, own = replace(PAPERS, build="b2", since_us=1_500), replace(PAPERS, build="b3", licensee="aurora")
    events = [event(1, "bet", "b1"), event(2, "win", "w1")]
    assert told(*events, facts=Facts([PAPERS, later], {}))[0].content["build"] == "b1"
    assert told(*events, facts=Facts([own, PAPERS], {}))[0].content["build"] == "b3"
    assert told(*events, facts=Facts([], {}))[0].content["build"] == ""


EVENTS = [
    event(1, "bet", "b1"),
    event(2, "bet", "b2"),
    event(3, "cancel", "c1", reference="b1"),
    event(4, "undo_rollback", "u1", reference="c1"),
    event(5, "cancel", "c2", reference="b2"),
    event(6, "win", "w1"),
    event(7, "cancel", "c3", reference="b1"),
    event(8, "close_round", "e1", moved=False),
]


@pytest.mark.parametrize("cut", range(len(EVENTS) + 1))
def test_however_the_log_is_cut_into_pages_the_records_are_the_same(cut: int) -> None:
    whole = [(each.key, json.dumps(each.content)) for each in told(*EVENTS)]
    parts = [*drafts_of(3, [], EVENTS[:cut], FACTS), *drafts_of(3, EVENTS[:cut], EVENTS[cut:], FACTS)]
    assert [(each.key, json.dumps(each.content)) for each in parts] == whole


def rows(events: list[Event]) -> list[Row]:
    return [
        Row(
            each.sequence,
            1,
            2,
            "r1",
            KINDS[each.content["kind"]],
            each.content["key"],
            each.content["reference"] or None,
            1,
            closes=each.content["closes"],
        )
        for each in events
    ]


def test_the_verifier_expects_the_same_records_for_every_order_of_events() -> None:
    for events in itertools.permutations(EVENTS, 5):
        renumbered = [event(n, each.content["kind"], each.content["key"], reference=each.content["reference"])
                      for n, each in enumerate(events, 1)]  # fmt: skip
        wanted = expected(rows(renumbered))
        keys = {draft.key for draft in told(*renumbered)}
        assert keys == {f"record-{n}" for n in wanted.records} | {f"amended-{n}" for n in wanted.amended}


def test_the_verifier_names_a_missing_and_a_doubled_record() -> None:
    wanted, findings = expected(rows(EVENTS)), Findings()
    compare(3, wanted, wanted.records, wanted.amended, findings)
    assert findings.wrong == 0
    compare(3, wanted, set(), wanted.amended | {2}, findings)
    assert findings.examples == [
        "3-6: the ledger settled a round here, and the log has no record of it",
        "3-2: the log has one amendment too many, of a round that the ledger did not settle here",
    ]
