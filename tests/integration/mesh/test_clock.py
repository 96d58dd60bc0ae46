"""The sandbox's clock is one small file that several processes have open."""

from __future__ import annotations

from pathlib import Path

from mesh.clock import SandboxClock, SystemClock, open_clock, read_offset, write_offset, write_standstill

HOUR_US = 3_600_000_000


def test_an_open_sandbox_clock_sees_a_new_offset_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    write_offset(file, 0)
    clock = open_clock(file)
    assert isinstance(clock, SandboxClock)
    assert abs(clock.now_us() - SystemClock().now_us()) < HOUR_US
    write_offset(file, 48 * HOUR_US)
    assert 47 * HOUR_US < clock.now_us() - SystemClock().now_us() < 49 * HOUR_US
    write_offset(file, -48 * HOUR_US)
    assert clock.now() < SystemClock().now()
    assert read_offset(file) == -48 * HOUR_US


def test_a_clock_that_stands_shows_the_moment_it_was_set_to_in_every_process(tmp_path: Path) -> None:
    file = tmp_path / "moment"
    write_standstill(file, HOUR_US)
    clock = open_clock(file)
    assert clock.now_us() == clock.now_us() == HOUR_US
    write_standstill(file, 2 * HOUR_US)
    assert clock.now_us() == 2 * HOUR_US
