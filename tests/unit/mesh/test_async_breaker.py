from __future__ import annotations

import asyncio

import pybreaker
import pytest

from mesh.breaker import CLOSED, HALF_OPEN, OPEN, AsyncBreaker


class IllError(Exception):
    pass


class RefusalError(Exception):
    pass


def breaker(**options: float) -> AsyncBreaker:
    settings: dict[str, float] = {"open_for_s": 0.0, "window_calls": 4, **options}
    return AsyncBreaker("p", is_failure=lambda error: not isinstance(error, RefusalError), **settings)  # type: ignore[arg-type]


async def call(guarded: AsyncBreaker, error: BaseException | None = None) -> None:
    async with guarded.guard():
        if error is not None:
            raise error


async def fail(guarded: AsyncBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(IllError):
            await call(guarded, IllError())


async def test_half_of_enough_recent_calls_failing_opens_it() -> None:
    guarded = breaker(open_for_s=60)
    await call(guarded)
    await call(guarded)
    await fail(guarded, 1)
    assert guarded.state == CLOSED
    await fail(guarded, 1)
    assert guarded.state == OPEN


async def test_one_success_in_five_does_not_hide_the_failures() -> None:
    guarded = breaker(open_for_s=60, window_calls=10)
    for _ in range(2):
        await call(guarded)
        await fail(guarded, 4)
    assert guarded.state == OPEN


async def test_failures_outside_the_window_are_forgotten() -> None:
    now = [0.0]
    guarded = AsyncBreaker("p", is_failure=lambda _: True, window_calls=2, window_s=10, clock=lambda: now[0])
    await fail(guarded, 1)
    now[0] = 11.0
    await fail(guarded, 1)
    assert guarded.state == CLOSED


async def test_an_open_breaker_refuses_without_calling() -> None:
    guarded = breaker(open_for_s=60)
    guarded.trip()
    with pytest.raises(pybreaker.CircuitBreakerError):
        await call(guarded)


async def test_refusals_in_the_providers_own_words_are_neutral() -> None:
    guarded = breaker(open_for_s=60)
    for _ in range(20):
        with pytest.raises(RefusalError):
            await call(guarded, RefusalError())
    assert guarded.state == CLOSED


async def test_exactly_one_of_fifty_waiting_calls_probes() -> None:
    guarded = breaker()
    guarded.trip()
    inside = asyncio.Event()
    entered = 0

    async def one() -> str:
        nonlocal entered
        try:
            async with guarded.guard():
                entered += 1
                await inside.wait()
        except pybreaker.CircuitBreakerError:
            return "refused"
        return "through"

    calls = [asyncio.create_task(one()) for _ in range(50)]
    while sum(each.done() for each in calls) < 49:
        await asyncio.sleep(0)
    inside.set()
    told = await asyncio.gather(*calls)
    assert (entered, told.count("through"), told.count("refused")) == (1, 1, 49)


async def test_two_good_probes_close_it_and_a_bad_one_opens_it_again() -> None:
    guarded = breaker()
    guarded.trip()
    await call(guarded)
    assert guarded.state == HALF_OPEN
    with pytest.raises(IllError):
        await call(guarded, IllError())
    assert guarded.state == OPEN
    await call(guarded)
    await call(guarded)
    assert guarded.state == CLOSED


async def test_cancelled_calls_are_neither_failures_nor_successes() -> None:
    guarded = breaker(open_for_s=60, window_calls=4)
    await fail(guarded, 3)
    for _ in range(8):
        with pytest.raises(asyncio.CancelledError):
            await call(guarded, asyncio.CancelledError())
    assert guarded.state == CLOSED
    await fail(guarded, 1)
    assert guarded.state == OPEN


async def test_a_cancelled_probe_opens_it_again_and_lets_the_next_one_in() -> None:
    guarded = breaker()
    guarded.trip()
    with pytest.raises(asyncio.CancelledError):
        await call(guarded, asyncio.CancelledError())
    assert guarded.state == OPEN
    await call(guarded)
    assert guarded.state == HALF_OPEN
