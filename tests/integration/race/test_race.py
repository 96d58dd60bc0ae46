"""The race in small, on real wallets: as many bets as there is room for, whatever meets whatever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus_runner.service import Service
from tests.race.run import race


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service() as started:
        yield started


def test_exactly_as_many_bets_are_accepted_as_there_is_room_for(service: Service) -> None:
    found = race(service, 3, players=12, processes=3, bets=12)
    assert found["problems"] == []
    assert found["ok"]
    assert found["exact"] == found["not_excluded"] > 0
    assert found["excluded"] > 0
    # Each request was sent twice, so at least one of its two answers is a replay.
    assert found["replayed_answers"] * 2 >= found["requests"]
    assert found["decisions_replayed"] == found["decisions_stored"] > 12 * 12
