"""Random sequences of two studios' messages agree with the model and the ledger, and a broken adapter's do not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from mesh.dev.stack import Options, Stack
from tests.conformance.broken import MISTAKES, NAME, running
from tests.conformance.office import CountingOffice
from tests.conformance.provider import provider
from tests.integration.provider_adapters.patience import patient
from tests.provider_fuzz.playing import Room
from tests.provider_fuzz.report import summary
from tests.provider_fuzz.run import fuzz

NAMES = ("hub88_style", "pragmatic_style")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    options = Options(kind="fuzz", providers=frozenset(NAMES), ready_s=120, environment=patient(NAMES))
    with Stack(options) as started:
        yield started


@pytest.fixture
async def office(stack: Stack) -> AsyncIterator[CountingOffice]:
    opened = CountingOffice(stack)
    await opened.open()
    try:
        for name in NAMES:
            await opened.put_games(name)
        yield opened
    finally:
        await opened.close()


@pytest.mark.parametrize("name", NAMES)
async def test_belief_model_and_ledger_agree_after_every_sequence(
    stack: Stack, office: CountingOffice, name: str
) -> None:
    async with Room(stack, office, provider(stack, name)) as room:
        result = await fuzz(room, sequences=100, seed_=7, at_once=8)
    assert [finding.as_json() for finding in result.mismatches] == []
    assert result.sequences >= 100
    assert result.complete
    assert result.players > 0
    assert {"bet", "win", "cancel"} <= set(result.messages)


@pytest.mark.parametrize("name", ["forgets", "agrees", "loses cancels"])
async def test_an_adapter_with_a_mistake_is_found(stack: Stack, office: CountingOffice, name: str) -> None:
    async with running(stack, office, MISTAKES[name]) as url:
        subject = provider(stack, NAME, callback_url=url)
        async with Room(stack, office, subject) as room:
            result = await fuzz(room, sequences=60, seed_=7, at_once=2, shrinks=False)
    report = summary([result], seconds=1.0)
    assert not report["ok"]
    assert report["mismatches"]
    assert all(found["why"] and found["story"] for found in json.loads(json.dumps(report))["mismatches"])
