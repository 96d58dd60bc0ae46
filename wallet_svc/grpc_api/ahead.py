"""A stream whose next messages are taken up while the answer to one is not yet known."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


async def answers_in_order(
    requests: AsyncIterator[Request], answer: Callable[[Request], Coroutine[Any, Any, Answer]], most: int
) -> AsyncIterator[Answer]:
    """The answers to `requests`, in their order. At most so many are begun, each after the one before it.

    A request that cannot be read, and an answer that fails, end the stream after the answers to what came before.
    """
    begun: deque[asyncio.Task[Answer]] = deque()
    reading: asyncio.Task[Request | None] | None = _next(requests)
    try:
        while reading is not None or begun:
            if begun and (reading is None or len(begun) >= most or begun[0].done()):
                yield await begun.popleft()
                continue
            assert reading is not None
            await asyncio.wait((reading, *list(begun)[:1]), return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and (reading.exception() is None or not begun):
                request = reading.result()
                reading = None
                if request is not None:
                    begun.append(asyncio.create_task(answer(request)))
                    reading = _next(requests)
            elif reading.done():
                yield await begun.popleft()
    finally:
        # What was begun goes on in the ledger, and is found under its keys.
        left = [task for task in (reading, *begun) if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _next(requests: AsyncIterator[Request]) -> "asyncio.Task[Request | None]":
    async def read() -> Request | None:
        return await anext(requests, None)

    return asyncio.create_task(read())
