"""Reports about a clock: how far, how sure, how old; and what is no report."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.clock_report import ClockReport, Report, read_report, write_report

MEASURED = Report(offset_us=-7, error_us=3, measured_us=2_000, source="ntp/time.example:123")


def watched(file: Path) -> ClockReport:
    return ClockReport(file, tolerance_us=100, max_age_us=50)


@pytest.mark.parametrize(
    ("offset_us", "error_us", "off"),
    [
        (99, 0, False), (100, 0, False), (101, 0, True), (-100, 0, False), (-101, 0, True),
        (60, 39, False), (60, 40, False), (60, 41, True), (-60, 40, False), (-60, 41, True), (0, 101, True),
    ],
)  # fmt: skip
def test_a_clock_is_off_when_it_may_be_beyond_its_tolerance(offset_us: int, error_us: int, *, off: bool) -> None:
    report = Report(offset_us=offset_us, error_us=error_us, measured_us=2_000)
    assert report.is_off(100) is off


@pytest.mark.parametrize(
    ("now_us", "off"), [(2_000, False), (2_049, False), (2_050, True), (2_051, True), (1_900, False), (1_899, True)]
)
def test_a_report_is_over_at_its_age_and_when_the_clock_was_set_back_behind_it(
    tmp_path: Path, now_us: int, *, off: bool
) -> None:
    report = watched(tmp_path / "report")
    write_report(tmp_path / "report", MEASURED)
    assert report.is_off(report.read(), now_us) is off


def test_a_report_comes_back_as_it_was_written_and_the_next_one_is_seen_at_once(tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_report(file, MEASURED)
    assert read_report(file) == MEASURED
    write_report(file, Report(offset_us=1, measured_us=3))
    assert read_report(file) == Report(offset_us=1, measured_us=3)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", '{"offset_us": 0, "error_us": 0, "measured_us": 2000}',
        '{"offset_us": 0.5, "error_us": 0, "measured_us": 2000, "source": ""}',
        '{"offset_us": 0, "error_us": -1, "measured_us": 2000, "source": ""}',
        '{"offset_us": true, "error_us": 0, "measured_us": 2000, "source": ""}',
    ],
)  # fmt: skip
def test_what_is_no_report_is_a_clock_that_is_off(tmp_path: Path, text: str) -> None:
    (tmp_path / "report").write_text(text)
    report = watched(tmp_path / "report")
    assert report.read() is None
    assert report.is_off(report.read(), 2_000)


def test_without_a_file_the_clock_is_off(tmp_path: Path) -> None:
    report = watched(tmp_path / "nothing")
    assert report.is_off(report.read(), 2_000)
