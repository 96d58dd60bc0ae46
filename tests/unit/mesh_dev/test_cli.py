"""What commands say and how they end."""

from __future__ import annotations

import datetime as dt

import pytest

from mesh.cli import doctor
from mesh.cli.licensees import check_id
from mesh.cli.output import CommandError, write_table

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
