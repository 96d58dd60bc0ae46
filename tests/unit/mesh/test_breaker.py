from __future__ import annotations

from mesh.cache import FAILURES_TO_OPEN, OPEN_SECONDS, Breaker


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(time: Time) -> Breaker:
    breaker = Breaker(time)
    assert [breaker.failed() for _ in range(FAILURES_TO_OPEN)] == [False] * (FAILURES_TO_OPEN - 1) + [True]
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = opened(Time())
    assert breaker.is_open
    assert not breaker.may_pass()


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(Time())
    for _ in range(5):
        for _ in range(FAILURES_TO_OPEN - 1):
            breaker.failed()
        assert not breaker.succeeded()
    assert breaker.may_pass()


def test_after_a_moment_one_passes_and_the_others_wait_for_its_report() -> None:
    time = Time()
    breaker = opened(time)
    time.now += OPEN_SECONDS
    assert [breaker.may_pass() for _ in range(3)] == [True, False, False]
    assert breaker.succeeded()
    assert breaker.may_pass()


def test_a_probe_that_fails_keeps_it_open_and_is_not_news() -> None:
    time = Time()
    breaker = opened(time)
    time.now += OPEN_SECONDS
    assert breaker.may_pass()
    assert not breaker.failed()
    assert not breaker.may_pass()


def test_a_probe_that_never_reports_does_not_keep_it_open_for_ever() -> None:
    time = Time()
    breaker = opened(time)
    for _ in range(2):
        time.now += OPEN_SECONDS
        assert breaker.may_pass()
