"""Log lines on their way out, through real pipes."""

from __future__ import annotations

import json
import logging
import os
import sys

import pytest

from mesh import logs


def test_a_blocked_reader_costs_lines_and_never_blocks_the_writer() -> None:
    reading, writing = os.pipe()
    writer = logs.Writer(writing, capacity=100)
    line = b"x" * 1000 + b"\n"
    for _ in range(2000):
        writer.write(line)
    assert writer.dropped > 0
    assert not writer.flush(timeout_s=0.05)
    collected = bytearray()
    while collected.count(line) < 2000 - writer.dropped:
        collected += os.read(reading, 1 << 16)
    writer.write(b"later\n")
    assert writer.flush()
    collected += os.read(reading, 1 << 16)
    told = [json.loads(line) for line in collected.splitlines() if line.startswith(b"{")]
    assert told[-1] == {"level": "warning", "event": "log lines dropped", "total": writer.dropped}
    assert collected.endswith(b"later\n")
    os.close(reading)
    os.close(writing)


def test_a_reader_that_went_away_does_not_end_the_process() -> None:
    reading, writing = os.pipe()
    writer = logs.Writer(writing)
    os.close(reading)
    writer.write(b"x\n")
    assert writer.flush()
    assert writer.dropped == 1
    os.close(writing)


def test_configured_output_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(sys.stderr)])
    monkeypatch.setattr(root, "level", root.level)
    for switch in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, switch, getattr(logging, switch))
    reading, writing = os.pipe()
    writer = logs.configure("wallet_svc", "warning", fd=writing)
    logs.get("test.configured").warning("shown")
    logs.get("test.configured").info("hidden")
    assert writer.flush()
    told = [json.loads(line) for line in os.read(reading, 1 << 16).splitlines()]
    assert [line["event"] for line in told] == ["shown"]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=False)
    os.close(reading)
    os.close(writing)
