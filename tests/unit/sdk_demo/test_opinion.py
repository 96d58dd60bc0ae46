"""The verdict of the demo on the second opinion."""

from __future__ import annotations

from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss_demo.opinion import check_of


def test_it_holds_when_every_entry_was_recomputed_and_agrees() -> None:
    assert check_of(pb.GetSecondOpinionResponse(agrees=True, checked=7), 7).ok


def test_it_does_not_hold_with_an_alarm_or_with_entries_that_nobody_looked_at() -> None:
    alarmed = pb.GetSecondOpinionResponse(agrees=False, checked=7, alarms=[pb.Alarm(place="3-5", problem="changed")])
    assert not check_of(alarmed, 7).ok
    assert check_of(alarmed, 7).detail == "3-5: changed"
    assert not check_of(pb.GetSecondOpinionResponse(agrees=True, checked=6), 7).ok
