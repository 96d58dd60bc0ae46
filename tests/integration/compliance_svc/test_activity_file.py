"""A session in a market with an activity file: the file is told before it is opened, and of its end, whatever happens between."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from mesh.dev.stack import DEMO_LICENSEES, DemoLicensee, Options, Stack
from pitboss_sdk import Client, Launch, errors
from tests.integration.mesh.waiting import until, until_offered

LICENSEE = DemoLicensee(id="rhenania", pack="de", currency="EUR")
PROVIDER, GAME = "hub88_style", "demo_fruit_5"
ELSEWHERE = ("SES.ACTIVE_ELSEWHERE",)
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    # No habit here is slow, and its callers wait for two and a half seconds.
    patience = {"activity_file": {"PITBOSS_ACTIVITY_FILE_TIMEOUT_MS": "2300"}}
    licensees = (*DEMO_LICENSEES, LICENSEE)
    with Stack(Options(kind="activity", activity_file=True, licensees=licensees, environment=patience)) as running:
        yield running


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    gateway = stack.mesh["gateway"]
    with Client(gateway["grpc"], token=stack.token(LICENSEE.id), ca_file=gateway["ca"], timeout_s=30) as opened:
        until_offered(opened, PROVIDER, GAME)
        yield opened


@pytest.fixture(autouse=True)
def honest(stack: Stack) -> Iterator[None]:
    yield
    order(stack, "honest")


def order(stack: Stack, words: str) -> None:
    """An order for the simulated file."""
    url = f"http://127.0.0.1:{stack.around.ports.activity_file_simulator}/control/{words}"
    httpx.post(url, timeout=10, trust_env=False).raise_for_status()


def known(stack: Stack, player: str) -> dict[str, Any]:
    """What the file knows of a player."""
    url = f"http://127.0.0.1:{stack.around.ports.activity_file_simulator}/book/{LICENSEE.id}/{player}"
    found: dict[str, Any] = httpx.get(url, timeout=10, trust_env=False).json()
    return found


def active(stack: Stack, player: str) -> list[str]:
    return list(known(stack, player)["active"])


def player_of(client: Client) -> str:
    name = f"pl-{next(_NUMBERS)}"
    client.open_account(name, "EUR", born_on=date(1980, 1, 1))
    return name


def launch(client: Client, player: str, key: str | None = None) -> Launch:
    return client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR", client_key=key)


def answered(client: Client, player: str, key: str) -> str | None:
    """The session of a launch that is asked for until somebody answers; None if the law refused it."""
    while True:
        try:
            return launch(client, player, key).session.session_id
        except errors.PlayDeniedError:
            return None
        except (errors.ServiceDownError, errors.GameNotAvailableError):
            threading.Event().wait(0.2)


def denied(client: Client, player: str) -> tuple[str, ...]:
    with pytest.raises(errors.PlayDeniedError) as told:
        launch(client, player)
    return told.value.reasons


def test_a_player_counts_from_the_opening_to_the_end(stack: Stack, client: Client) -> None:
    player = player_of(client)
    session = launch(client, player).session.session_id
    assert active(stack, player) == [LICENSEE.id]
    assert [one["reference"] for one in known(stack, player)["references"]] == [session]
    client.close_session(session)
    until(lambda: active(stack, player) == [], "the file knows the end")


def test_a_session_that_the_law_ends_is_ended_in_the_file(stack: Stack, client: Client) -> None:
    player = player_of(client)
    launch(client, player)
    client.exclude(player, "1y")
    until(lambda: active(stack, player) == [], "the file knows the end")


def test_a_newer_session_is_the_same_play(stack: Stack, client: Client) -> None:
    player = player_of(client)
    launch(client, player)
    newer = launch(client, player).session.session_id
    until(
        lambda: [one["ended"] for one in known(stack, player)["references"]] == [True, False], "the older one has ended"
    )
    assert active(stack, player) == [LICENSEE.id]
    client.close_session(newer)
    until(lambda: active(stack, player) == [], "the file knows the end")


def test_nobody_plays_here_who_plays_elsewhere_or_did_just_now(stack: Stack, client: Client) -> None:
    player = player_of(client)
    order(stack, f"elsewhere/begin/{LICENSEE.id}/{player}")
    assert denied(client, player) == ELSEWHERE
    order(stack, f"elsewhere/end/{LICENSEE.id}/{player}")
    assert denied(client, player) == ELSEWHERE
    stack.advance_clock(301)
    launch(client, player)


@pytest.mark.parametrize("habit", ["empty", "broken", "contradictory", "forged", "lost"])
def test_a_file_that_says_nothing_to_believe_lets_nobody_play_and_counts_nobody_later(
    stack: Stack, client: Client, habit: str
) -> None:
    player = player_of(client)
    order(stack, habit)
    assert denied(client, player) == ELSEWHERE
    order(stack, "honest")
    until(lambda: active(stack, player) == [], "the refused session is not counted")
    launch(client, player)


def test_an_end_that_could_not_be_told_is_told_later_and_holds_up_nobody(stack: Stack, client: Client) -> None:
    player, other = player_of(client), player_of(client)
    first = launch(client, player).session.session_id
    second = launch(client, other).session.session_id
    order(stack, "broken")
    client.close_session(first)
    client.close_session(second)
    threading.Event().wait(2)
    assert (active(stack, player), active(stack, other)) == ([LICENSEE.id], [LICENSEE.id])
    order(stack, "honest")
    until(lambda: active(stack, player) + active(stack, other) == [], "the file knows both ends")


@pytest.mark.parametrize("victim", ["session_svc", "compliance_svc", "activity_file"])
def test_a_process_that_was_killed_while_sessions_were_opened_leaves_nobody_counted(
    stack: Stack, client: Client, victim: str
) -> None:
    players = [player_of(client) for _ in range(4)]

    def fault() -> None:
        stack.kill(victim)
        stack.restart(victim)

    timer = threading.Timer(0.1, fault)
    timer.start()
    opened = []
    for number, player in enumerate(players):
        session = answered(client, player, f"{victim}-{number}")
        opened += [] if session is None else [(player, session)]
    timer.join()
    for player, session in opened:
        assert active(stack, player) == [LICENSEE.id]
        client.close_session(session)
    until(lambda: not any(active(stack, player) for player in players), "nobody is counted")


def test_a_market_without_an_activity_file_tells_none(stack: Stack) -> None:
    gateway = stack.mesh["gateway"]
    with Client(gateway["grpc"], token=stack.token("borealis"), ca_file=gateway["ca"]) as client:
        name = f"pl-{next(_NUMBERS)}"
        client.open_account(name, "EUR", born_on=date(1980, 1, 1))
        launch(client, name)
    url = f"http://127.0.0.1:{stack.around.ports.activity_file_simulator}/book/borealis/{name}"
    assert httpx.get(url, timeout=10, trust_env=False).json()["references"] == []
