"""One whole mesh for a file of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from mesh.dev.stack import Options, Stack
from tests.integration.provider_adapters.office import Office
from tests.integration.provider_adapters.patience import patient
from tests.integration.provider_adapters.pragmatic_style.table import PROVIDER, SLOT, Table


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    # Less than the gateway's 8 s: what the adapter says at the end of its time is heard.
    with Stack(Options(kind="adapters", environment=patient([PROVIDER], waits_s=6))) as running:
        yield running


@pytest.fixture
async def office(stack: Stack) -> AsyncIterator[Office]:
    opened = Office(stack)
    await opened.open()
    await opened.put_games(PROVIDER)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def table(office: Office) -> Table:
    return Table(office, await office.launch(PROVIDER, SLOT))
