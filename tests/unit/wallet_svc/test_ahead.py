from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from wallet_svc.grpc_api.ahead import answers_in_order


class BadRequestError(Exception):
    """A request that cannot be read."""


class Desk:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self._may_end = {number: asyncio.Event() for number in range(100)}

    def let(self, *numbers: int) -> None:
        for number in numbers:
            self._may_end[number].set()

    async def answer(self, number: int) -> int:
        self.begun.append(number)
        try:
            await self._may_end[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        if number == 13:
            raise ValueError(number)
        return number * 10


async def numbers(*wanted: int, bad: bool = False) -> AsyncIterator[int]:
    for number in wanted:
        yield number
    if bad:
        raise BadRequestError


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_so_many_are_begun_and_no_more() -> None:
    desk, found = Desk(), []

    async def read() -> None:
        found.extend([each async for each in answers_in_order(numbers(*range(1, 9)), desk.answer, 3)])

    reading = asyncio.create_task(read())
    await turns()
    assert desk.begun == [1, 2, 3]
    desk.let(1)
    await turns()
    assert desk.begun == [1, 2, 3, 4]
    desk.let(*range(100))
    await reading
    assert found == [10, 20, 30, 40, 50, 60, 70, 80]


async def test_answers_come_in_the_order_of_their_requests() -> None:
    desk = Desk()
    answers = answers_in_order(numbers(1, 2, 3), desk.answer, 3)
    first = asyncio.ensure_future(anext(answers))
    await turns()
    desk.let(3, 2)
    await turns()
    assert not first.done()
    desk.let(1)
    assert [await first, await anext(answers), await anext(answers)] == [10, 20, 30]


@pytest.mark.parametrize(("wanted", "bad", "error"), [((1, 2), True, BadRequestError), ((1, 2, 13), False, ValueError)])
async def test_what_came_before_a_failure_is_answered(wanted: tuple[int, ...], bad: bool, error: type) -> None:
    desk = Desk()
    desk.let(*range(100))
    answers = answers_in_order(numbers(*wanted, bad=bad), desk.answer, 4)
    assert [await anext(answers), await anext(answers)] == [10, 20]
    with pytest.raises(error):
        await anext(answers)


async def test_a_reader_that_goes_away_leaves_nothing_behind() -> None:
    desk = Desk()
    answers = answers_in_order(numbers(1, 2, 3, 4), desk.answer, 3)
    reading = asyncio.ensure_future(anext(answers))
    await turns()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert desk.cancelled == [1, 2, 3]
    assert asyncio.all_tasks() == {asyncio.current_task()}
