"""Recorded pairs of `fixtures/pairs.json`: a request, the ledger's outcome, the reply, byte for byte."""

from __future__ import annotations

import json
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.http import HttpRequest
from tests.unit.provider_adapters.styles import Style


def pairs(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((Style(name).folder / "fixtures" / "pairs.json").read_text())
    return found


async def reply_to(style: Style, pair: dict[str, Any], request: HttpRequest) -> str:
    """The adapter's answer when the ledger says what the pair says."""
    style.ledger.outcome = Outcome.Value(pair["outcome"])
    return (await style.post(request)).body.decode()
