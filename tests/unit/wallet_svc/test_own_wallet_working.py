"""The loop that works off what licensees' own wallets have not answered."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.wallet_svc.world import LICENSEE
from wallet_svc.own_wallets.policy import POLICY
from wallet_svc.own_wallets.working import Worker


class Nobody:
    """A directory in which the licensee has no wallet: there is never anything to do."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def client(self, _name: str) -> None:
        self.asked.set()


@pytest.mark.parametrize("turns", range(4))
async def test_a_loop_that_is_ended_while_news_come_ends(turns: int) -> None:
    directory, engine = Nobody(), SimpleNamespace(on_calls=None)
    nothing = cast("Any", None)
    worker = Worker(cast("Any", engine), nothing, cast("Any", directory), nothing, nothing, policy=POLICY)
    serving = asyncio.create_task(worker._serve(cast("Any", SimpleNamespace(name=LICENSEE))))
    await directory.asked.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    cast("Any", engine.on_calls)()
    for _ in range(turns):
        await asyncio.sleep(0)
    serving.cancel()
    done, _ = await asyncio.wait([serving], timeout=30)
    ended = bool(done)
    while not serving.done():
        serving.cancel()
        await asyncio.sleep(0)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    assert ended
