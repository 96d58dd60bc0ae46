from __future__ import annotations

import contextvars
import io
import json
import logging
from typing import Any

import pytest

from mesh import logs
from mesh.identity import Caller, set_current_caller


class Output:
    """What one logger with our formatter writes."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self._handler = logging.StreamHandler(self._stream)
        self._handler.setFormatter(logs.JsonFormatter("wallet_svc"))
        self._logger = logging.getLogger("test.logs")
        self._logger.handlers[:] = [self._handler]
        self._logger.propagate = False
        self._logger.setLevel(logging.INFO)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def output() -> Output:
    return Output()


@pytest.fixture
def log() -> logs.Log:
    return logs.get("test.logs")


def test_a_line_is_one_json_object_with_event_and_fields(output: Output, log: logs.Log) -> None:
    # In a context of its own, where nobody is calling.
    contextvars.Context().run(log.info, "batch committed", transfers=12, shard="1")
    (line,) = output.lines()
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "info",
        "service": "wallet_svc",
        "logger": "test.logs",
        "event": "batch committed",
        "transfers": 12,
        "shard": "1",
    }


def test_the_request_being_served_is_in_every_line(output: Output, log: logs.Log) -> None:
    set_current_caller(Caller("gateway", "aurora", request_id="req-1"))
    try:
        log.info("asked")
    finally:
        set_current_caller(None)
    log.info("later")
    asked, later = output.lines()
    assert (asked["request_id"], asked["licensee"]) == ("req-1", "aurora")
    assert "request_id" not in later


def test_a_line_break_cannot_forge_a_line(output: Output, log: logs.Log) -> None:
    log.info('bad\n{"level": "error"}', field="x\ny")
    assert [line["event"] for line in output.lines()] == ['bad\n{"level": "error"}']


def test_percent_signs_and_braces_are_text(output: Output, log: logs.Log) -> None:
    log.info("100 %s {x} %(y)s")
    assert output.lines()[0]["event"] == "100 %s {x} %(y)s"


def test_secrets_are_hidden_in_events_fields_and_stacks(output: Output, log: logs.Log) -> None:
    error = ValueError("password=canary")
    log.error("failed with Bearer canary", error=error, authorization="canary", note="token=canary")
    (line,) = output.lines()
    assert "canary" not in {**line, "stack": ""}.values()
    assert "canary" not in line["event"] + line["note"] + line["stack"].splitlines()[-1]
    assert line["authorization"] == "[redacted]"
    assert "ValueError" in line["stack"]


def test_lines_below_the_level_are_not_written(output: Output, log: logs.Log) -> None:
    log.debug("too much")
    assert output.lines() == []


def test_a_security_event_says_so(output: Output, log: logs.Log) -> None:
    log.security("caller refused", workload="x")
    assert [(line["level"], line["security"]) for line in output.lines()] == [("warning", True)]


def test_lines_of_libraries_look_the_same(output: Output) -> None:
    logging.getLogger("test.logs").warning("reconnecting to %s", "postgresql://u:canary@h/db")
    (line,) = output.lines()
    assert line["event"] == "reconnecting to postgresql://u:[redacted]@h/db"
