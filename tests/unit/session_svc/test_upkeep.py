"""Work behind the calls."""

from __future__ import annotations

import asyncio

from mesh.errors import DependencyDownError
from session_svc.app.upkeep import persistently, until_done


class Work:
    def __init__(self, *failures: Exception) -> None:
        self.failures, self.calls = list(failures), 0

    async def __call__(self) -> None:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)


async def test_work_is_tried_again_after_any_failure() -> None:
    work = Work(DependencyDownError(dependency="postgresql"), ValueError("nonsense"), OSError())
    await until_done("test", work, longest_pause_s=0.001)
    assert work.calls == 4


async def test_work_goes_on_for_ever() -> None:
    work = Work()
    running = asyncio.create_task(persistently("test", work, pause_s=0))
    while work.calls < 5:
        await asyncio.sleep(0)
    running.cancel()
    assert (await asyncio.gather(running, return_exceptions=True))[0].__class__ is asyncio.CancelledError
