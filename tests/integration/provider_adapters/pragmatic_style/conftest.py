"""One mesh for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.integration.provider_adapters.world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with World() as world:
        yield world
