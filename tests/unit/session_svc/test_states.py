"""The life of a session."""

import pytest

from session_svc.domain.states import (
    ATTEMPT_FAILED,
    HALF_ENDED,
    NEVER_LAUNCHED,
    TRANSITIONS,
    State,
    before,
    is_final,
    is_visible,
    shown,
)

SHOWN = {State.ACTIVE, State.CLOSED, State.EXPIRED, State.REPLACED, State.ENDED}


def test_every_state_says_what_may_come_after_it() -> None:
    assert set(TRANSITIONS) == set(State)


def test_a_session_that_has_ended_never_becomes_active_again() -> None:
    for state in State:
        if state is not State.OPENING:
            assert State.ACTIVE not in TRANSITIONS[state]


def test_every_state_leads_to_an_end() -> None:
    for start in State:
        reached, edge = {start}, {start}
        while edge := {later for state in edge for later in TRANSITIONS[state]} - reached:
            reached |= edge
        assert any(is_final(state) for state in reached)


@pytest.mark.parametrize(("half", "whole"), [(half, whole) for half, (_, whole) in HALF_ENDED.items()])
def test_a_half_end_leads_to_its_whole_end_and_nowhere_else(half: State, whole: State) -> None:
    assert TRANSITIONS[half] == {whole}
    assert is_final(whole)


def test_only_states_of_the_contract_are_shown() -> None:
    assert {shown(state) for state in State} == SHOWN


def test_a_session_that_is_about_to_end_is_still_shown_as_active() -> None:
    assert shown(State.CLOSING) is State.ACTIVE
    assert shown(State.REPLACING) is State.ACTIVE


def test_news_are_exactly_the_states_that_others_are_shown() -> None:
    assert {state for state in State if is_visible(state)} == SHOWN


def test_a_failed_attempt_was_never_launched() -> None:
    assert ATTEMPT_FAILED < NEVER_LAUNCHED


def test_the_steps_to_a_state_are_those_of_the_table() -> None:
    assert before(State.FAILED) == {State.OPENING, State.FAILING}
    assert before(State.OPENING) == frozenset()
