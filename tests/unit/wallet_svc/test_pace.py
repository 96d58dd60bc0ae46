from __future__ import annotations

import pytest

from wallet_svc.pace import Pace, busy_clock


class Thread:
    """A thread that is busy for a share of the time."""

    def __init__(self) -> None:
        self.busy_s = 0.0
        self.now = 100.0
        self.pace = Pace(self.now, lambda: self.busy_s)

    def flights(self, count: int, *, flight_s: float = 0.005, pause_s: float = 0.002, busy: float = 0.0) -> None:
        for _ in range(count):
            self.pace.take_off(self.now)
            self.now += flight_s
            self.pace.land(self.now)
            self.now += pause_s
            self.busy_s += busy * (flight_s + pause_s)


def test_a_process_with_time_to_spare_waits_for_nobody() -> None:
    thread = Thread()
    thread.flights(200, busy=0.3)
    assert not thread.pace.busy


def test_a_process_without_time_to_spare_is_busy_within_a_few_flights() -> None:
    thread = Thread()
    thread.flights(10, busy=0.9)
    assert thread.pace.busy


def test_a_rush_ends_soon_after_its_last_caller() -> None:
    thread = Thread()
    thread.flights(100, busy=0.9)
    thread.flights(10, busy=0.1)
    assert not thread.pace.busy


@pytest.mark.parametrize("before", [0.1, 0.9])
def test_between_a_rush_and_leisure_nothing_changes(before: float) -> None:
    thread = Thread()
    thread.flights(50, busy=before)
    was_busy = thread.pace.busy
    thread.flights(50, busy=0.5)
    assert thread.pace.busy is was_busy


def test_an_idle_process_expects_nothing_to_take_long() -> None:
    thread = Thread()
    thread.flights(50, flight_s=3.0)
    assert thread.pace.expected_s(1, thread.now) == 0


def test_behind_a_flight_an_answer_takes_as_long_as_flights_do() -> None:
    thread = Thread()
    thread.flights(100, flight_s=0.010)
    thread.pace.take_off(thread.now)
    assert thread.pace.expected_s(1, thread.now) == pytest.approx(0.020, rel=0.01)
    assert thread.pace.expected_s(4, thread.now) == pytest.approx(0.050, rel=0.01)


def test_a_flight_that_does_not_end_is_expected_to_go_on() -> None:
    thread = Thread()
    thread.flights(100, flight_s=0.010)
    thread.pace.take_off(thread.now)
    assert thread.pace.expected_s(1, thread.now + 3) == pytest.approx(3.01, rel=0.01)


def test_an_outage_is_forgotten_within_a_few_flights() -> None:
    thread = Thread()
    thread.flights(1, flight_s=30)
    thread.flights(12)
    thread.pace.take_off(thread.now)
    assert thread.pace.expected_s(1, thread.now) < 0.02


def test_the_clock_of_a_thread_only_goes_forward() -> None:
    clock = busy_clock()
    before = clock()
    sum(number for number in range(200_000))
    assert clock() > before
