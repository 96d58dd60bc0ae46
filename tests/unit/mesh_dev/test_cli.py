"""What commands say and how they end."""

from __future__ import annotations

import datetime as dt

import pytest
from google.protobuf import json_format

from mesh.cli import doctor, explain
from mesh.cli.licensees import check_id
from mesh.cli.output import CommandError, write_table
from pitboss.wallet.v1 import history_service_pb2

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", doctor.NEEDED_SETTINGS)
def test_a_database_setting_that_endangers_the_books_is_bad(name: str) -> None:
    settings = {**doctor.NEEDED_SETTINGS, name: "off"}
    bad = [finding.subject for finding in doctor.database_settings(settings) if finding.state == "bad"]
    assert bad == [f"postgres {name}"]


def test_safe_database_settings_are_all_good() -> None:
    assert {finding.state for finding in doctor.database_settings(doctor.NEEDED_SETTINGS)} == {"ok"}


@pytest.mark.parametrize(("seconds", "state"), [(0.2, "ok"), (-0.2, "ok"), (3.0, "bad"), (-3.0, "bad")])
def test_a_clock_far_from_the_databases_is_bad_in_both_directions(seconds: float, state: str) -> None:
    assert doctor.clock_skew(seconds).state == state


@pytest.mark.parametrize(("days", "state"), [(30, "ok"), (2, "ok"), (1, "bad"), (-1, "bad")])
def test_a_certificate_about_to_end_is_bad(days: int, state: str) -> None:
    assert doctor.certificate_age("x", NOW + dt.timedelta(days=days), NOW).state == state


def test_whatever_is_bad_comes_with_advice() -> None:
    findings = [*doctor.database_settings({}), doctor.clock_skew(9), doctor.certificate_age("x", NOW, NOW)]
    assert all(finding.advice for finding in findings if finding.state == "bad")


@pytest.mark.parametrize("licensee", ["Aurora", "a", "9lives", "aurora_1", "aurora/..", "x" * 33, "", "aurora\n"])
def test_an_id_that_could_not_stand_in_a_token_is_refused(licensee: str) -> None:
    with pytest.raises(CommandError, match="cannot be a licensee's id"):
        check_id(licensee)


@pytest.mark.parametrize("licensee", ["aurora", "a1", "north-star-2"])
def test_a_proper_id_is_accepted(licensee: str) -> None:
    check_id(licensee)


def test_a_long_cell_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("what", "where"), [("file", "/a/very/long/path" * 20)])
    assert "/a/very/long/path" * 20 in capsys.readouterr().out


def test_text_that_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("line",), [("[red]not a colour[/red]",)])
    assert "[red]not a colour[/red]" in capsys.readouterr().out


def test_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("a", "b"), [("long name", "1"), ("x", "2")])
    assert capsys.readouterr().out.splitlines() == ["a          b", "long name  1", "x          2"]


_ON_THE_WAY = """{
  "transaction": {"transaction_id": "3-7", "source": "x_style"},
  "attempts": [{"time": "2026-01-01T00:00:02Z", "caller": "provider_adapters/x_style", "request_id": "r2",
                "outcome": "OUTCOME_OK", "proof": "ATTEMPT_PROOF_SIGNATURE"}],
  "attempt_count": 1,
  "refused_messages": [{"time": "2026-01-01T00:00:01Z", "event": "signature_invalid", "request_id": "r1", "path": "/bet"}],
  "upstream_attempts": [{"time": "2026-01-01T00:00:03Z", "method": "Credit", "call_key": "3-7", "latency": "1.5s",
                         "answer": "DEADLINE_EXCEEDED"}],
  "pending_calls": [{"call_id": "3-7", "kind": "TRANSACTION_KIND_WIN", "attempts": 2, "last_error": "DEADLINE_EXCEEDED",
                     "next_attempt_time": "2026-01-01T00:00:09Z"}]
}"""


def test_an_explanation_shows_what_was_not_believed_and_what_is_tried_next(capsys: pytest.CaptureFixture[str]) -> None:
    told = json_format.Parse(_ON_THE_WAY, history_service_pb2.ExplainTransactionResponse())
    known = json_format.MessageToDict(told, preserving_proto_field_name=True)
    deliveries = [{"kind": "MESSAGE_KIND_WIN", "timeout": "2s", "first_wait": "0.200s", "given_up": "GIVEN_UP_NEVER"}]
    nothing: dict[str, object] = dict.fromkeys(("decision", "hold", "commitment", "round", "balances"))
    explain._show(
        {**nothing, "postings": [], "related": [], "log": [], "licensee": "l", **known, "deliveries": deliveries}
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    first = lines.index(["when", "who", "request", "id", "proved", "by", "outcome"])
    assert lines[first + 1] == ["2026-01-01T00:00:01Z", "x_style", "r1", "signature_invalid", "not", "believed"]
    assert lines[first + 2] == [
        "2026-01-01T00:00:02Z", "provider_adapters/x_style", "r2", "signature", "OK", "first"
    ]  # fmt: skip
    assert ["win", "2s", "until", "answered", "0.200s", "it", "never", "gives", "up"] in lines
    asked = ["2026-01-01T00:00:03Z", "Credit", "3-7", "1.500s", "DEADLINE_EXCEEDED", "nothing", "known"]
    assert asked in lines
    assert ["3-7", "win", "2", "2026-01-01T00:00:09Z", "DEADLINE_EXCEEDED"] in lines
