from __future__ import annotations

import pytest

from wallet_svc.pace import Pace, Used, thread_clock


class Thread:
    """A thread that runs for a share of the time, and waits for a processor for another."""

    def __init__(self) -> None:
        self.used = Used(0.0, 0.0)
        self.now = 100.0
        self.pace = Pace(self.now, lambda: self.used)

    def flights(
        self,
        count: int,
        *,
        flight_s: float = 0.005,
        pause_s: float = 0.002,
        ran: float = 0.0,
        waited: float = 0.0,
        actions: int = 30,
    ) -> None:
        both_s = flight_s + pause_s
        for _ in range(count):
            self.pace.take_off(self.now, actions)
            self.now += flight_s
            self.pace.land(self.now)
            self.now += pause_s
            self.used = Used(self.used.ran_s + ran * both_s, self.used.waited_s + waited * both_s)

    @property
    def waits(self) -> bool:
        """Whether a flight that begins now waits for company."""
        return self.pace.wait_s(1, self.now) > 0


def test_a_process_with_time_to_spare_waits_for_nobody() -> None:
    thread = Thread()
    thread.flights(200, ran=0.3)
    assert not thread.waits


def test_a_process_without_time_to_spare_keeps_flights_apart_after_a_moment() -> None:
    thread = Thread()
    thread.flights(30, ran=0.9)
    assert thread.waits


def test_so_does_one_that_does_little_and_waits_for_a_processor_each_time() -> None:
    thread = Thread()
    thread.flights(30, ran=0.1, waited=0.1)
    assert thread.waits


def test_one_that_seldom_waits_for_a_processor_waits_for_nobody() -> None:
    thread = Thread()
    thread.flights(200, ran=0.2, waited=0.05)
    assert not thread.waits


@pytest.mark.parametrize(("ran", "waited"), [(0.9, 0.0), (0.1, 0.2)])
def test_a_rush_ends_soon_after_its_last_caller(ran: float, waited: float) -> None:
    thread = Thread()
    thread.flights(100, ran=ran, waited=waited)
    thread.flights(30, ran=0.1)
    assert not thread.waits


@pytest.mark.parametrize("before", [0.1, 0.9])
def test_between_a_rush_and_leisure_nothing_changes(before: float) -> None:
    thread = Thread()
    thread.flights(50, ran=before)
    waited = thread.waits
    thread.flights(50, ran=0.5)
    assert thread.waits is waited


@pytest.mark.parametrize("before", [0.0, 0.5])
def test_between_room_and_a_crowd_nothing_changes(before: float) -> None:
    thread = Thread()
    thread.flights(50, ran=0.1, waited=0.1 * before / (1 - before))
    waited = thread.waits
    thread.flights(50, ran=0.1, waited=0.05)
    assert thread.waits is waited


def test_a_flight_that_comes_late_or_has_company_goes_at_once() -> None:
    thread = Thread()
    thread.flights(50, ran=0.9)
    assert thread.pace.wait_s(23, thread.now) > 0
    assert thread.pace.wait_s(24, thread.now) == 0
    assert thread.pace.wait_s(1, thread.now + 1) == 0


@pytest.mark.parametrize(("flight_s", "distance_s"), [(0.002, 0.008), (0.005, 0.020), (0.020, 0.028), (1.0, 0.028)])
def test_flights_keep_a_distance_of_a_few_flights_and_never_a_long_one(flight_s: float, distance_s: float) -> None:
    thread = Thread()
    thread.flights(100, flight_s=flight_s, ran=0.9)
    thread.pace.take_off(thread.now, 30)
    assert thread.pace.wait_s(1, thread.now) == pytest.approx(distance_s, rel=0.01)


def test_nobody_waits_for_more_company_than_there_was_lately() -> None:
    thread = Thread()
    thread.flights(50, ran=0.9, actions=1)
    assert thread.pace.wait_s(1, thread.now) == 0
    thread.flights(5, ran=0.9, actions=4)
    assert thread.pace.wait_s(3, thread.now) > 0
    assert thread.pace.wait_s(4, thread.now) == 0


def test_company_is_forgotten_when_it_stays_away() -> None:
    thread = Thread()
    thread.flights(50, ran=0.9, actions=16)
    assert thread.waits
    thread.flights(30, ran=0.9, actions=1)
    assert not thread.waits


def test_a_process_is_pressed_for_as_long_as_its_flights_say_so() -> None:
    thread = Thread()
    thread.flights(50, ran=0.9)
    assert thread.pace.is_pressed(thread.now)
    assert not thread.pace.is_pressed(thread.now + 2)


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


def test_the_clock_of_a_thread_goes_forward_while_it_works() -> None:
    clock = thread_clock()
    before = clock()
    sum(number for number in range(200_000))
    after = clock()
    assert after.ran_s > before.ran_s
    assert after.waited_s >= before.waited_s
