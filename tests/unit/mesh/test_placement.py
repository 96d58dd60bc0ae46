from __future__ import annotations

from collections import Counter

from mesh.placement import place, point


def test_places_are_the_same_in_every_process_and_for_ever() -> None:
    assert point("aurora", "pl-7001") == 4499887578718004335
    assert place("aurora", "pl-7001", 8) == 4499887578718004335 % 8


def test_players_of_different_licensees_are_different_players() -> None:
    assert point("aurora", "pl-1") != point("borealis", "pl-1")
    assert point("a-b", "c") != point("a", "b-c")


def test_players_are_spread_evenly() -> None:
    counted = Counter(place("aurora", f"pl-{number}", 8) for number in range(8000))
    assert min(counted.values()) > 850
    assert max(counted.values()) < 1150


def test_players_of_one_shard_share_a_replica_when_replicas_divide_shards() -> None:
    for number in range(200):
        assert place("aurora", f"pl-{number}", 8) % 2 == place("aurora", f"pl-{number}", 2)
