from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from mesh.dev.stack import Options, Stack
from tests.integration.provider_adapters.dialects import DIALECTS
from tests.integration.provider_adapters.office import Office
from tests.integration.provider_adapters.patience import patient

PROVIDER = "hub88_style"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="adapters", environment=patient(DIALECTS))) as running:
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
