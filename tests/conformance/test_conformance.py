"""The suite in CI: every adapter passes, and an adapter with a mistake fails the cases that show it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from mesh.dev.paths import ROOT
from mesh.dev.providers import discover
from mesh.dev.stack import Options, Stack
from pitboss_certify.case import all_cases as wallet_cases
from tests.conformance.__main__ import summary
from tests.conformance.absent import ABSENT
from tests.conformance.afterwards import TITLES
from tests.conformance.broken import MISTAKES, NAME, running
from tests.conformance.broken_wallet import WALLET_MISTAKES
from tests.conformance.case import all_cases
from tests.conformance.chain import NUMBERS
from tests.conformance.idle import NUMBER as IDLE
from tests.conformance.idle import play_idle
from tests.conformance.lawless import NUMBER as LAWLESS
from tests.conformance.lawless import play_lawless
from tests.conformance.office import CountingOffice
from tests.conformance.own_cases import CASES
from tests.conformance.own_run import TITLES as OWN_TITLES
from tests.conformance.own_run import own_run
from tests.conformance.provider import provider
from tests.conformance.replays import TITLES as REPLAY_TITLES
from tests.conformance.replays import play_replays
from tests.conformance.run import Verdict, in_order, play
from tests.conformance.wallet import REPORT
from tests.integration.provider_adapters.patience import patient

NAMES = tuple(one.name for one in discover())
SOME = ("hub88_style", "slotegrator_style")
"""Two that differ the most, for what takes long: `make conformance` plays it with all of them."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    options = Options(kind="conformance", providers=frozenset(NAMES), ready_s=120, environment=patient(NAMES))
    with Stack(options) as running_stack:
        yield running_stack


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


@pytest.mark.timeout(1200)
async def test_every_adapter_passes_every_case_that_it_claims(stack: Stack, office: CountingOffice) -> None:
    providers = [provider(stack, name) for name in NAMES]
    verdicts = await play(office, providers, all_cases(), seed=7, run_id="all")
    assert [each for each in verdicts if not each.ok and not each.skipped_because] == []
    assert len(verdicts) == len(NAMES) * len(all_cases())


@pytest.mark.timeout(300)
async def test_the_audit_log_has_what_the_cases_of_money_did() -> None:
    """With one of them, because the log follows all that is played: `make conformance` asks it about every case of everybody."""
    options = Options(
        kind="audited", providers=frozenset({NAME}), ready_s=120, environment=patient((NAME,)), audit=True
    )
    cases = [each for each in all_cases() if each.id[0] in "DEF"]
    with Stack(options) as stack:
        office = CountingOffice(stack)
        await office.open()
        try:
            await office.put_games(NAME)
            verdicts = await play(office, [provider(stack, NAME)], cases, seed=7, run_id="audited")
        finally:
            await office.close()
    assert [each for each in verdicts if not each.ok and not each.skipped_because] == []
    assert len(verdicts) == len(cases)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MISTAKES)
async def test_an_adapter_with_a_mistake_fails_the_cases_that_show_it(
    stack: Stack, office: CountingOffice, name: str
) -> None:
    mistake = MISTAKES[name]
    cases = [each for each in all_cases() if each.id in mistake.shown | mistake.innocent]
    async with running(stack, office, mistake) as url:
        verdicts = await play(office, [provider(stack, NAME, callback_url=url)], cases, seed=7, run_id=name)
    assert {each.id for each in verdicts if not each.ok} == mistake.shown
    assert len(verdicts) == len(cases)


@pytest.mark.timeout(1200)
async def test_a_licensee_whose_wallet_fails_loses_nothing(stack: Stack, office: CountingOffice) -> None:
    del office  # it waits for the games
    async with own_run(stack, SOME, seed=7, run_id="own") as run:
        verdicts = await run.cases() + await run.together()
    assert [each for each in verdicts if not each.ok and not each.skipped_because] == []
    assert {each.id for each in verdicts if each.ok} == {*OWN_TITLES, *(each.id for each in CASES)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WALLET_MISTAKES)
async def test_a_licensees_wallet_with_a_mistake_fails_the_cases_that_show_it(
    stack: Stack, office: CountingOffice, name: str
) -> None:
    del office  # it waits for the games
    mistake, prefix = WALLET_MISTAKES[name], name.replace(" ", "-")
    async with own_run(stack, [NAME], seed=7, run_id=name, prefix=prefix, book=mistake.book) as run:
        verdicts = await run.cases(only=mistake.shown | mistake.innocent)
    failed = {each.id: each.detail for each in verdicts if not each.ok}
    assert set(failed) == mistake.shown, failed
    assert len(verdicts) == len(mistake.shown | mistake.innocent)


@pytest.mark.timeout(300)
async def test_rounds_are_shown_to_the_licensee_whose_player_played_them(office: CountingOffice) -> None:
    verdicts = await play_replays(office, ("hub88_style", "evolution_style", "nolimit_style"))
    assert [each for each in verdicts if not each.ok and not each.skipped_because] == []
    assert {(each.subject, each.id) for each in verdicts if each.ok} == {
        ("hub88_style", "G06"),
        ("hub88_style", "K08"),
        ("evolution_style", "G06"),
    }


@pytest.mark.timeout(300)
async def test_without_the_compliance_service_stakes_are_judged_and_nobody_gets_in(office: CountingOffice) -> None:
    verdicts = await play_lawless(office, SOME, seed=7, run_id="lawless")
    assert [each for each in verdicts if not each.ok] == []
    assert len(verdicts) == len(SOME)


@pytest.mark.timeout(300)
async def test_rounds_that_are_left_alone_end_and_their_wins_are_paid(office: CountingOffice) -> None:
    verdicts = await play_idle(office, NAMES, seed=7, run_id="idle")
    assert [each for each in verdicts if not each.ok] == []
    assert len(verdicts) == len(NAMES)


def test_the_order_is_that_of_the_seed() -> None:
    cases = all_cases()
    once, again = (in_order(cases, NAME, 3), in_order(cases, NAME, 3))
    assert once == again
    assert once != in_order(cases, NAME, 4)


def test_a_case_that_was_left_out_is_neither_passed_nor_failed() -> None:
    judged = partial(Verdict, id="A01", title="t", kind="provider", subject="x")
    verdicts = [
        judged(ok=True),
        judged(ok=False),
        judged(ok=False, skipped_because="why"),
    ]
    report = summary(verdicts, seed=1)
    assert (report["passed"], report["failed"], report["skipped"]) == (1, 1, 1)
    assert report["cases"][2]["provider"] == "x"


def test_every_number_is_explained_once() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text()
    numbers = {each.id for each in all_cases()} | {each.id for each in wallet_cases()}
    numbers |= {*NUMBERS.values(), *TITLES, *OWN_TITLES, *ABSENT, *REPLAY_TITLES, IDLE, LAWLESS, REPORT} | {
        each.id for each in CASES
    }
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    explained = [row for row in rows if row[:1].isupper() and row[1:3].isdigit()]
    assert sorted(explained) == sorted(numbers)
