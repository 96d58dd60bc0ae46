"""The clock of a node: offsets and their errors, what a time server says, and whose word counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fact_sources.clock import kernel, ntp
from fact_sources.clock.config import ClockSettings
from fact_sources.clock.measuring import Sample, measured, most_exact, worst
from fact_sources.clock.rounds import Rounds
from fact_sources.clock.simulator import TimeServer, make_servers
from fact_sources.clock.sources import NtpTime
from mesh.clock import ManualClock, SystemClock
from mesh.clock_report import Report, read_report
from mesh.dev.ports import free_port

NOW_US = 1_790_000_000_000_000
COOKIE = 0x1234_5678_9ABC_DEF0


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(-(10**12), 10**12), st.integers(0, 10**6))
def test_the_true_offset_is_never_outside_of_what_was_measured(
    out_us: int, back_us: int, ahead_us: int, source_error_us: int
) -> None:
    true_us = NOW_US + out_us
    for off_us in (-source_error_us, source_error_us):
        sample = Sample(
            sent_us=NOW_US + ahead_us, answered_us=true_us + off_us, received_us=true_us + back_us + ahead_us,
            source_error_us=source_error_us,
        )  # fmt: skip
        found = measured(sample, "somebody")
        assert found is not None
        assert found.offset_us - found.error_us <= ahead_us <= found.offset_us + found.error_us


def test_a_measurement_is_half_of_the_way_exact_and_dated_by_its_answer() -> None:
    sample = Sample(sent_us=1_000, answered_us=900, received_us=1_021, source_error_us=5)
    assert measured(sample, "a") == Report(offset_us=111, error_us=16, measured_us=1_021, source="a")


def test_a_clock_that_went_back_meanwhile_measures_nothing() -> None:
    back = Sample(sent_us=1_000, answered_us=900, received_us=999)
    assert measured(back, "a") is None
    assert most_exact([back], "a", 1_000) is None


def test_the_fastest_answer_counts_and_one_that_took_too_long_says_nothing() -> None:
    samples = [Sample(sent_us=0, answered_us=10, received_us=way) for way in (400, 20, 300)]
    found = most_exact(samples, "a", 100)
    assert found is not None
    assert (found.offset_us, found.error_us) == (0, 10)
    assert most_exact(samples, "a", 10) is not None
    assert most_exact(samples, "a", 9) is None


def test_of_several_sources_the_one_by_which_the_clock_is_the_furthest_off_is_reported() -> None:
    reports = [
        Report(offset_us=offset, error_us=error, measured_us=1) for offset, error in ((50, 1), (-40, 12), (0, 20))
    ]
    assert worst(reports) == reports[1]
    assert worst([]) is None


@given(st.integers(0, 2**40), st.integers(-(10**15), 10**15))
def test_the_time_of_a_server_comes_over_the_wire_to_the_microsecond(seconds: int, apart_us: int) -> None:
    shown_us = seconds * 1_000_000 + 123_457
    answer = ntp.read(ntp.reply(ntp.question(COOKIE), shown_us), COOKIE, shown_us + apart_us)
    assert answer.answered_us == shown_us


def packet(**changes: int) -> bytes:
    names = ("head", "stratum", "poll", "precision", "delay", "dispersion", "reference", "set", "asked", "came", "sent")
    given = dict(zip(names, ntp.PACKET.unpack(ntp.reply(ntp.question(COOKIE), NOW_US)), strict=True)) | changes
    return ntp.PACKET.pack(*given.values())


@pytest.mark.parametrize(
    "answer",
    [
        b"", packet()[:47], packet(asked=1), packet(head=0x23), packet(head=0xE4), packet(stratum=0), packet(stratum=16),
        packet(sent=0),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_silence(answer: bytes) -> None:
    with pytest.raises(ntp.SilentError):
        ntp.read(answer, COOKIE, NOW_US)


def test_how_far_a_server_may_be_off_itself_is_part_of_the_error() -> None:
    assert ntp.read(packet(delay=1 << 16, dispersion=1 << 14), COOKIE, NOW_US).error_us == 500_000 + 250_000 + 1


def told(**fields: int) -> kernel.Timex:
    found = kernel.Timex()
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def test_the_kernel_is_believed_while_somebody_disciplines_it() -> None:
    found = kernel.read(0, told(offset=3_000, maxerror=900, status=kernel.NANOSECONDS), NOW_US)
    assert found == Report(offset_us=-3, error_us=900, measured_us=NOW_US, source="kernel")
    assert kernel.read(0, told(offset=3, maxerror=900), NOW_US) == found
    assert kernel.read(0, told(status=kernel.UNSYNCHRONISED), NOW_US) is None
    assert kernel.read(5, told(), NOW_US) is None
    assert kernel.read(-1, told(), NOW_US) is None


def test_the_kernel_can_be_asked_here() -> None:
    state, answer = kernel.ask()
    assert 0 <= state <= 5
    assert answer.maxerror >= 0


@contextmanager
def time_server(clock: Any) -> Iterator[tuple[TimeServer, str]]:
    address = f"127.0.0.1:{free_port()}"
    shown = TimeServer(clock)
    orders, questions = make_servers(address, shown)
    thread = threading.Thread(target=questions.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shown, address
    finally:
        questions.shutdown()
        thread.join()
        questions.server_close()
        orders.server_close()


def test_a_time_server_is_measured_over_the_wire_and_what_it_does_not_say_is_not_written(tmp_path: Path) -> None:
    ours, file = ManualClock(NOW_US), tmp_path / "report"

    async def play() -> None:
        with time_server(ours) as (shown, address):
            rounds = Rounds([NtpTime(address, ours, max_error_us=75_000)], file, every_s=1, timeout_s=5)
            before = rounds.reported
            for order, ahead_us in (("honest", 0), ("ahead/250", -250_000), ("ahead/-40", 40_000)):
                assert shown.control(order) == 200
                found = await rounds.once()
                assert found == read_report(file)
                assert found is not None
                # The server's dispersion is none; the rest is one microsecond of rounding.
                assert (found.offset_us, found.error_us, found.source) == (ahead_us, 1, f"ntp/{address}")
            assert (before, rounds.reported) == (False, True)
            for order in ("empty", "unsynchronised", "mixed_up"):
                assert shown.control(order) == 200
                assert await rounds.once() is None
            assert shown.control("silent") == 200
            assert await Rounds([NtpTime(address, ours, max_error_us=1)], file, every_s=1, timeout_s=0.2).once() is None
            assert shown.control("nonsense") == shown.control("honest/1") == 404
            last = read_report(file)
            assert last is not None
            assert last.offset_us == 40_000

    asyncio.run(play())


class Says:
    """A source that says what it was made with."""

    def __init__(self, name: str, said: Report | Exception | None) -> None:
        self.name, self._said = name, said
        self.closed = False

    async def measure(self) -> Report | None:
        if self._said is None:
            await asyncio.sleep(3600)
        if isinstance(self._said, Exception):
            raise self._said
        return self._said

    async def close(self) -> None:
        self.closed = True


def test_a_source_that_hangs_or_fails_keeps_no_other_from_being_heard(tmp_path: Path) -> None:
    near, far = (Report(offset_us=offset, measured_us=NOW_US, source="x") for offset in (3, -90))
    sources = [Says("near", near), Says("hung", None), Says("down", ConnectionRefusedError()), Says("far", far)]

    async def play() -> None:
        rounds = Rounds(sources, tmp_path / "report", every_s=60, timeout_s=0.1)
        assert await rounds.once() == far
        running = asyncio.create_task(rounds.run())
        await asyncio.sleep(0)
        rounds.stop()
        await running

    asyncio.run(play())
    assert all(source.closed for source in sources)


def test_settings_want_a_source_and_one_that_knows_this_clock(tmp_path: Path) -> None:
    own: dict[str, Any] = {"clock_listen": "127.0.0.1:0", "clock_report": tmp_path / "report"}
    with pytest.raises(ValueError, match="no source of time"):
        ClockSettings(**own)
    with pytest.raises(ValueError, match="sandbox"):
        ClockSettings(**own, clock_kernel=True, clock_file=tmp_path / "clock")
    with pytest.raises(ValueError, match="port"):
        ClockSettings(**own, clock_ntp=("time.example",))
    assert ClockSettings(**own, clock_ntp=("time.example:123",)).clock_kernel is False


def test_the_computers_clock_equals_itself(tmp_path: Path) -> None:
    async def play() -> Report | None:
        with time_server(SystemClock()) as (_, address):
            return await NtpTime(address, SystemClock(), max_error_us=10**9).measure()

    found = asyncio.run(play())
    assert found is not None
    assert abs(found.offset_us) <= found.error_us
