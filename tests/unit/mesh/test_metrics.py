from __future__ import annotations

import pytest

from mesh.metrics import Counter, Gauge, Histogram, Registry


def test_the_same_name_and_labels_are_the_same_counter() -> None:
    registry = Registry()
    registry.counter("hits", {"a": "1", "b": "2"}).add()
    registry.counter("hits", {"b": "2", "a": "1"}).add(2)
    registry.counter("hits").add(10)
    assert [(labels, item.value) for _, labels, item in registry.instruments() if isinstance(item, Counter)] == [
        ((), 10),
        ((("a", "1"), ("b", "2")), 3),
    ]


def test_values_fall_into_the_bucket_whose_bound_they_do_not_exceed() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 99.0):
        histogram.observe(value)
    assert histogram.buckets == [2, 2, 1]
    assert (histogram.count, histogram.sum, histogram.lowest, histogram.highest) == (5, 104.0, 0.5, 99.0)


def test_a_gauge_is_asked_when_it_is_read() -> None:
    registry, level = Registry(), [1.0]
    registry.gauge("level", lambda: level[0])
    level[0] = 7.0
    ((_, _, item),) = registry.instruments()
    assert isinstance(item, Gauge)
    assert item.read() == 7.0


def test_one_name_cannot_be_two_kinds() -> None:
    registry = Registry()
    registry.counter("hits")
    with pytest.raises(TypeError, match="hits"):
        registry.histogram("hits")
