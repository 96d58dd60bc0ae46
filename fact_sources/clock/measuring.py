"""From what a source of time answered to how far the clock is off, and how sure that is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesh.clock_report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question to a source of time. Microseconds since 1970."""

    sent_us: int
    """When it was asked, on our clock."""
    answered_us: int
    """What the source said."""
    received_us: int
    """When the answer was here, on our clock."""
    source_error_us: int = 0
    """How far the source may itself be off, as it says."""


def measured(sample: Sample, source: str) -> Report | None:
    """How far our clock is ahead.

    The source read its clock at some moment between question and answer: in the middle, give or take half of the way. Rounded
    so that the true offset is never outside. None if our clock went back meanwhile.
    """
    way_us = sample.received_us - sample.sent_us
    if way_us < 0:
        return None
    half_us = (way_us + 1) // 2
    return Report(
        offset_us=sample.sent_us + half_us - sample.answered_us,
        error_us=half_us + sample.source_error_us,
        measured_us=sample.received_us,
        source=source,
    )


def most_exact(samples: Iterable[Sample], source: str, max_error_us: int) -> Report | None:
    """The measurement with the least error; None if none of them is exact enough to say something."""
    found = [
        one for sample in samples if (one := measured(sample, source)) is not None and one.error_us <= max_error_us
    ]
    return min(found, key=lambda one: one.error_us, default=None)


def worst(reports: Iterable[Report]) -> Report | None:
    """The report by which the clock may be off the furthest: two sources that contradict each other are no evidence."""
    return max(reports, key=lambda one: abs(one.offset_us) + one.error_us, default=None)
