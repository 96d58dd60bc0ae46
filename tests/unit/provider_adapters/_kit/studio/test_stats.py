from __future__ import annotations

import pytest

from provider_adapters._kit.studio.stats import Latencies, Stats


def test_percentiles_are_right_within_a_bucket() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds)
    told = latencies.as_json()
    assert told["count"] == 1000
    assert told["p50_ms"] == pytest.approx(500, rel=0.06)
    assert told["p99_ms"] == pytest.approx(990, rel=0.06)
    assert told["max_ms"] == 1000


def test_nothing_measured_is_nothing() -> None:
    assert Latencies().as_json()["p99_ms"] == 0


def test_codes_are_counted_by_kind() -> None:
    stats = Stats()
    for code in ("OK", "OK", "timeout"):
        stats.add("bet", code, 0.01)
    assert stats.as_json()["bet"]["codes"] == {"OK": 2, "timeout": 1}
