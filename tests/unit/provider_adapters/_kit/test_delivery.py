from __future__ import annotations

import pytest

from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from provider_adapters._kit.delivery import policy
from tests.unit.provider_adapters.styles import NAMES, Style


@pytest.fixture(params=NAMES)
def style(request: pytest.FixtureRequest) -> Style:
    return Style(request.param)


def test_every_kind_of_message_has_its_policy(style: Style) -> None:
    kinds = [each.kind for each in policy(style.manifest).deliveries]
    assert kinds == [pb.MESSAGE_KIND_BET, pb.MESSAGE_KIND_WIN, pb.MESSAGE_KIND_CANCEL]


def test_we_answer_before_the_provider_gives_up_waiting(style: Style) -> None:
    for each in policy(style.manifest).deliveries:
        assert each.answered_within.ToMilliseconds() < each.timeout.ToMilliseconds()
        assert each.answered_within.ToMilliseconds() == round(style.manifest.budget_s * 1000)


def test_the_simulator_does_what_the_policy_says(style: Style) -> None:
    bet, win, _ = policy(style.manifest).deliveries
    habits = style.studio.habits
    assert habits.timeout_s == bet.timeout.ToMilliseconds() / 1000
    assert habits.bet_attempts == bet.attempts
    assert (habits.retries.first_s, habits.retries.longest_s) == (
        win.first_wait.ToMilliseconds() / 1000,
        win.longest_wait.ToMilliseconds() / 1000,
    )
    assert habits.retries.factor == win.factor
    assert set(bet.unclear_codes) == set(style.manifest.cancel_trigger_codes)


def test_a_bet_that_is_sent_once_has_no_waits() -> None:
    bet = policy(Style("swipegames_style").manifest).deliveries[0]
    assert (bet.attempts, bet.HasField("first_wait"), bet.given_up) == (1, False, pb.GIVEN_UP_CANCEL)


def test_who_gives_up_after_some_attempts_leaves_it_to_people() -> None:
    win = policy(Style("slotegrator_style").manifest).deliveries[1]
    assert (win.attempts, win.given_up) == (34, pb.GIVEN_UP_PEOPLE)
