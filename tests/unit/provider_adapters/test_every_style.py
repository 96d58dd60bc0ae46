"""What must hold for every provider: both sides understand each other, every table is total, nothing bad passes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.errors import (
    FreeRoundsNotOfferedError,
    ProviderFailedError,
    ProviderRefusedError,
    ReplayNotOfferedError,
)
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.manifest import Capability, Proof
from provider_adapters._kit.ports import Device, FreeRounds, GivenRounds, Launch, PlayedRound, Problem
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.studio.ports import ActKind, Reaction
from tests.unit.provider_adapters.styles import (
    BALANCE,
    BET_KEY,
    CLOSE_KEY,
    GIFT_KEY,
    NAMES,
    PLAYER,
    ROUND_ID,
    TOKEN,
    Style,
    credentials,
)

OWN_TABLES = frozenset({"hub88_style", "pragmatic_style"})
"""Older folders whose tables have other names and tests of their own."""

SUCCESSES = frozenset({Outcome.OUTCOME_OK, Outcome.OUTCOME_TOMBSTONED})
OPEN = frozenset({
    Outcome.OUTCOME_IN_PROGRESS,
    Outcome.OUTCOME_ORIGINAL_PENDING,
    Outcome.OUTCOME_UNAVAILABLE,
    Outcome.OUTCOME_UNKNOWN,
})  # fmt: skip
NOTHING_THERE = frozenset({Outcome.OUTCOME_ORIGINAL_NOT_FOUND, Outcome.OUTCOME_PLAYER_NOT_FOUND})
"""Some providers are content when there is nothing to cancel."""
MONEY = frozenset({ActKind.BET, ActKind.WIN, ActKind.CANCEL})


@pytest.fixture(params=NAMES)
def style(request: pytest.FixtureRequest) -> Style:
    return Style(request.param)


@pytest.fixture(params=sorted(set(NAMES) - OWN_TABLES))
def tabled(request: pytest.FixtureRequest) -> Style:
    return Style(request.param)


# -- both sides


async def test_the_adapter_understands_what_the_studio_says(style: Style) -> None:
    for kind in style.kinds:
        assert (await style.say(style.act(kind))).reaction is Reaction.ACCEPTED, kind
    assert all(player == PLAYER for player, _ in style.ledger.actions)


async def test_ids_and_amounts_reach_the_ledger_as_they_were_sent(style: Style) -> None:
    await style.say(style.act(ActKind.BET))
    await style.say(style.act(ActKind.WIN))
    await style.say(style.act(ActKind.CANCEL))
    (_, bet), (_, win), (_, cancel) = style.ledger.actions
    assert (bet.transaction_key, bet.bet.amount.currency_code) == (BET_KEY, "EUR")
    assert ROUND_ID in bet.bet.round_id
    assert Decimal(bet.bet.amount.amount) == Decimal(win.win.amount.amount) == Decimal("1.25")
    assert bet.bet.round_id == win.win.round_id
    assert cancel.cancel.bet_key == BET_KEY
    closes = style.act(ActKind.WIN).closes and Capability.CLOSE_ROUND in style.manifest.capabilities
    assert win.win.close is closes


NAMES_IN_THE_LEDGER = {
    ActKind.TIP: "tip",
    ActKind.PROMO: "promo",
    ActKind.TOURNAMENT: "tournament",
    ActKind.JACKPOT: "jackpot",
    ActKind.FREE_SPIN: "free_round_spin",
    ActKind.FREE_TOTAL: "free_round_total",
    ActKind.ROLLBACK: "rollback_list",
}


async def test_what_the_manifest_claims_reaches_the_ledger_as_what_it_is(style: Style) -> None:
    for kind in set(style.kinds) & NAMES_IN_THE_LEDGER.keys():
        await style.say(style.act(kind))
        (_, action) = style.ledger.actions.pop()
        assert (action.WhichOneof("kind"), action.transaction_key) == (NAMES_IN_THE_LEDGER[kind], GIFT_KEY)
        inside = getattr(action, NAMES_IN_THE_LEDGER[kind])
        if kind is not ActKind.ROLLBACK:
            assert (inside.amount.amount, inside.amount.currency_code) == ("1.25", "EUR")


async def test_a_free_bet_takes_nothing_and_names_its_grant(style: Style) -> None:
    if ActKind.FREE_BET not in style.kinds:
        return
    await style.say(style.act(ActKind.FREE_BET))
    spin = style.ledger.actions.pop()[1].free_round_spin
    assert (spin.grant_id, Decimal(spin.amount.amount), spin.amount.currency_code) == ("grant-1", Decimal(0), "EUR")


ROUNDS = FreeRounds(
    grant_id="0192f5a0-1111-7000-8000-000000000001",
    player=PLAYER,
    game_ids=(),
    rounds=5,
    bet=Money(currency_code="EUR", amount="0.20"),
    expires_at=dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
)


async def test_free_rounds_are_given_once_and_taken_back_if_the_manifest_says_so(style: Style) -> None:
    rounds = replace(ROUNDS, game_ids=(style.studio.games[0].game_id,))
    if Capability.FREE_ROUND_GRANTS not in style.manifest.capabilities:
        with pytest.raises(FreeRoundsNotOfferedError):
            await style.adapter.grant_free_rounds(rounds)
        with pytest.raises(FreeRoundsNotOfferedError):
            await style.adapter.cancel_free_rounds(GivenRounds(grant_id="g", player=PLAYER, reference="g"))
        return
    reference = await style.adapter.grant_free_rounds(rounds)
    assert await style.adapter.grant_free_rounds(rounds) == reference
    (given,) = style.desk.grants.as_json()
    assert (given["user"], given["rounds"], Decimal(given["bet"])) == (str(PLAYER), 5, Decimal("0.20"))
    with pytest.raises(ProviderRefusedError):
        await style.adapter.grant_free_rounds(replace(rounds, rounds=6))
    asked = GivenRounds(grant_id=rounds.grant_id, player=PLAYER, reference=reference)
    await style.adapter.cancel_free_rounds(asked)
    await style.adapter.cancel_free_rounds(asked)
    assert style.desk.grants.as_json()[0]["cancelled"]
    with pytest.raises(ProviderRefusedError):
        await style.adapter.cancel_free_rounds(replace(asked, reference="nobody-knows"))


async def test_a_round_is_shown_to_its_player_alone_if_the_manifest_says_so(style: Style) -> None:
    if Capability.ROUND_REPLAY not in style.manifest.capabilities:
        with pytest.raises(ReplayNotOfferedError):
            await style.adapter.replay_round(PlayedRound(player=PLAYER, game_id="g", round_id=ROUND_ID))
        return
    await style.say(style.act(ActKind.BET))
    ((_, action),) = style.ledger.actions
    played = PlayedRound(player=PLAYER, game_id="g", round_id=action.bet.round_id)
    shown = await style.adapter.replay_round(played)
    assert (shown.url, shown.page) in {("http://studio/replay/1", ""), ("", "<html>bet</html>")}
    with pytest.raises(ProviderRefusedError):
        await style.adapter.replay_round(replace(played, round_id="nobody:played"))
    for body in (b"", b"null", b'{"url":"javascript:alert(1)"}', b"\xff<"):
        style.wire.answer = HttpReply(body=body)
        with pytest.raises(ProviderFailedError):
            await style.adapter.replay_round(played)


async def test_an_answer_about_free_rounds_that_says_nothing_is_the_providers_failure(style: Style) -> None:
    if Capability.FREE_ROUND_GRANTS not in style.manifest.capabilities:
        return
    for body in (b"", b"<html>", b"[]", b"{}", b"null"):
        style.wire.answer = HttpReply(status=400, body=body)
        with pytest.raises((ProviderFailedError, ProviderRefusedError)):
            await style.adapter.grant_free_rounds(replace(ROUNDS, game_ids=(style.studio.games[0].game_id,)))


async def test_a_bet_is_of_its_session_and_a_stranger_to_it_is_refused(style: Style) -> None:
    await style.say(style.act(ActKind.BET))
    assert style.ledger.actions.pop()[1].bet.session_id == "s-1"
    stranger = replace(style.act(ActKind.BET), seat=replace(style.seat, token="nobody", user="aurora.other"))
    assert (await style.say(stranger)).reaction is not Reaction.ACCEPTED
    assert style.ledger.actions == []


async def test_the_balance_is_shown_as_it_is(style: Style) -> None:
    assert (await style.say(style.act(ActKind.BALANCE))).balance == Decimal(BALANCE)


async def test_wins_and_cancels_pass_while_the_session_directory_is_down(style: Style) -> None:
    style.sessions.down = True
    for kind in (ActKind.WIN, ActKind.CANCEL):
        assert (await style.say(style.act(kind))).reaction is Reaction.ACCEPTED, kind
    bet = await style.say(style.act(ActKind.BET))
    assert bet.reaction is not Reaction.ACCEPTED
    assert [action.WhichOneof("kind") for _, action in style.ledger.actions] == ["win", "cancel"]


async def test_every_refusal_of_the_ledger_is_one_for_the_studio(style: Style) -> None:
    late = {Outcome.OUTCOME_ALREADY_ROLLED_BACK} if style.studio.habits.late_bet_accepted else set()
    for outcome in set(Outcome.values()) - SUCCESSES - late:
        style.ledger.outcome = outcome
        for kind in MONEY:
            reaction = (await style.say(style.act(kind))).reaction
            nothing_there = kind is ActKind.CANCEL and outcome in NOTHING_THERE
            assert reaction is not Reaction.ACCEPTED or nothing_there, (Outcome.Name(outcome), kind)


async def test_what_is_open_is_asked_again_and_a_bet_of_which_nobody_knows_is_cancelled(style: Style) -> None:
    for outcome in OPEN:
        style.ledger.outcome = outcome
        for kind in (ActKind.WIN, ActKind.CANCEL):
            assert (await style.say(style.act(kind))).reaction is Reaction.RETRY, (Outcome.Name(outcome), kind)
    style.ledger.outcome = Outcome.OUTCOME_UNKNOWN
    assert (await style.say(style.act(ActKind.BET))).reaction in {Reaction.CANCEL, Reaction.RETRY}


async def test_the_cancel_of_an_unknown_bet_satisfies_the_studio(style: Style) -> None:
    style.ledger.outcome = Outcome.OUTCOME_TOMBSTONED
    assert (await style.say(style.act(ActKind.CANCEL))).reaction is Reaction.ACCEPTED


async def test_a_repetition_is_byte_for_byte_the_same_unless_it_has_a_nonce(style: Style) -> None:
    for kind in style.kinds:
        once, again = style.studio.write(style.act(kind)), style.studio.write(style.act(kind))
        assert (once == again) is not style.manifest.nonces
        assert once.body == again.body


@pytest.mark.parametrize("status", [200, 401, 500, 503])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", b"<a/>", b"\xff", b"[" * 5000])
async def test_the_studio_survives_any_answer(style: Style, body: bytes, status: int) -> None:
    wanted = {ActKind.BET: {Reaction.CANCEL, Reaction.RETRY, Reaction.REFUSED}, ActKind.WIN: {Reaction.RETRY}}
    for kind, reactions in wanted.items():
        assert style.studio.read(style.act(kind), HttpReply(status=status, body=body)).reaction in reactions


# -- calls to the provider


async def test_a_launch_goes_through_both_sides(style: Style) -> None:
    launch = Launch(
        session_id="s-1",
        token=TOKEN,
        player=PLAYER,
        game_id=style.studio.games[0].game_id,
        currency_code="EUR",
        language="en",
        country="DE",
        device=Device.MOBILE,
        lobby_url="https://casino.example/lobby",
    )
    address = await style.adapter.create_launch(launch)
    assert address.startswith(style.desk.public_url)
    (seat,) = style.desk.seats
    assert (seat.user, seat.currency_code, seat.game_id) == (str(PLAYER), "EUR", launch.game_id)
    await style.adapter.probe(0.2)
    games = await style.adapter.list_games()
    assert [game.game_id for game in games] == [game.game_id for game in style.studio.games]
    assert [game.category for game in games] == [game.category for game in style.studio.games]


async def test_a_launch_for_play_money_seats_nobody_and_names_no_player_of_ours(style: Style) -> None:
    if Capability.DEMO not in style.manifest.capabilities:
        pytest.skip("the manifest does not claim demo")
    visitor = PlayerReference(licensee="aurora", player_id="demo-s-1")
    launch = Launch(
        session_id="s-1",
        token=TOKEN,
        player=visitor,
        game_id=style.studio.games[0].game_id,
        currency_code="EUR",
        language="en",
        country="DE",
        device=Device.DESKTOP,
        lobby_url="",
        demo=True,
    )
    address = await style.adapter.create_launch(launch)
    assert address.startswith(f"{style.desk.public_url}/demo/")
    assert style.desk.seats == []
    ((user, token, game_id),) = style.desk.demos
    assert (user in {"", str(visitor)}, token in {"", TOKEN}, game_id) == (True, True, launch.game_id)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b"\xff", b'{"url":"javascript:alert(1)"}'])
async def test_nonsense_of_the_provider_is_its_failure(style: Style, body: bytes) -> None:
    style.wire.answer = HttpReply(body=body)
    with pytest.raises(ProviderFailedError) as raised:
        await style.adapter.list_games()
    assert raised.value.metadata["operation"]


async def test_a_call_that_another_operator_signed_is_refused_by_the_studio(style: Style) -> None:
    await style.adapter.list_games()
    sent = style.wire.sent[-1]
    reply = await style.new_studio(credentials(style.name, 1)).api(sent, style.desk)
    accepted = await style.studio.api(sent, style.desk)
    assert reply.body != accepted.body


async def test_amounts_have_as_many_decimals_as_the_manifest_says(style: Style) -> None:
    smallest = Decimal(1).scaleb(-style.manifest.decimals)
    await style.say(replace(style.act(ActKind.BET), amount=smallest))
    assert Decimal(style.ledger.actions[0][1].bet.amount.amount) == smallest
    with pytest.raises(AmountError):
        style.studio.write(replace(style.act(ActKind.BET), amount=smallest / 10))


# -- tables


def test_every_outcome_has_a_code_and_every_code_a_meaning(tabled: Style) -> None:
    errors, reactions = tabled.module("errors"), tabled.studio.reactions  # type: ignore[attr-defined]
    assert set(errors.OUTCOMES) == set(errors.CREDITS) == set(Outcome.values())
    assert set(errors.PROBLEMS) == set(Problem)
    assert set(errors.FAILURES) == set(errors.Failure if hasattr(errors, "Failure") else errors.Code)
    for table in (reactions.bets, reactions.credits, reactions.cancels):
        assert set(table) == set(errors.Code)


def test_every_code_is_said_or_is_only_heard(tabled: Style) -> None:
    errors = tabled.module("errors")
    said = {*errors.OUTCOMES.values(), *errors.CREDITS.values(), *errors.PROBLEMS.values()}
    said |= set(getattr(errors, "LIMITS", {}).values())
    heard: frozenset[object] = getattr(errors, "ONLY_HEARD", frozenset())
    assert said | heard == set(errors.Code)
    assert not said & heard


def test_the_manifest_names_exactly_the_codes_after_which_a_bet_is_cancelled(tabled: Style) -> None:
    bets = tabled.studio.reactions.bets  # type: ignore[attr-defined]
    cancelling = {str(code) for code, reaction in bets.items() if reaction in {Reaction.CANCEL, Reaction.RETRY}}
    assert set(tabled.manifest.cancel_trigger_codes) == cancelling


# -- bad input


async def test_a_message_that_was_changed_on_the_way_is_refused_before_anything_is_read(style: Style) -> None:
    for kind in style.kinds:
        reply = await style.post(style.studio.spoil(style.studio.write(style.act(kind))))
        assert style.studio.signature_refused(reply), kind
    assert len(style.security.events) == len(style.kinds)
    assert_untouched(style)


async def test_a_message_with_the_key_of_another_integration_is_refused(style: Style) -> None:
    other = style.new_studio(credentials(style.name, 1))
    for kind in style.kinds:
        assert style.studio.signature_refused(await style.post(other.write(style.act(kind)))), kind
    assert_untouched(style)


async def test_a_message_of_another_studio_is_refused(style: Style) -> None:
    for name in NAMES:
        request = Style(name).studio.write(style.act(ActKind.BET))
        if name != style.name:
            reply = await style.post(request)
            await style.post(replace(request, path=style.studio.write(style.act(ActKind.BET)).path))
            assert style.studio.read(style.act(ActKind.BET), reply).reaction is not Reaction.ACCEPTED, name
    assert_untouched(style)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", "multipart/form-data"])
async def test_a_content_type_that_lies_is_refused(style: Style, content_type: str) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    if request.method == "POST":
        await style.post(replace(request, headers={**request.headers, "content-type": content_type}))
        assert_untouched(style)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_another_method_is_refused(style: Style, method: str) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    if method != request.method:
        reply = await style.post(replace(request, method=method))
        assert style.studio.read(style.act(ActKind.BET), reply).reaction is not Reaction.ACCEPTED
        assert_untouched(style)


@pytest.mark.parametrize("path", ["", "//", "/nothing", "/../bet", "/bet/more", "/BET"])
async def test_an_unknown_path_is_refused(style: Style, path: str) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    reply = await style.post(replace(request, path=path))
    assert style.studio.read(style.act(ActKind.BET), reply).reaction is not Reaction.ACCEPTED
    assert_untouched(style)


BODIES = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe",
    "null": b"null",
    "deep arrays": b"[" * 9000,
    "deep elements": b"<a>" * 3000,
    "an entity": b'<!DOCTYPE a [<!ENTITY x "y">]><reserve><real>&x;</real></reserve>',
    "an external entity": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><reserve/>',
    "a name twice": b'{"a":1,"a":2}',
    "a list": b"[{}]",
    "a page": b"<html>no</html>",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_bytes_that_are_nothing_reach_nobody(style: Style, body: bytes) -> None:
    for kind in style.kinds:
        reply = await style.post(replace(style.studio.write(style.act(kind)), body=body, method="POST"))
        assert style.studio.read(style.act(kind), reply).reaction is not Reaction.ACCEPTED
    assert_untouched(style)


async def test_a_flipped_bit_anywhere_in_a_bet_is_noticed(style: Style) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    if style.manifest.proof is Proof.SECRET:
        return
    for position in range(0, len(request.body), 5):
        changed = bytearray(request.body)
        changed[position] ^= 1
        await style.post(replace(request, body=bytes(changed)))
    assert_untouched(style)


def test_every_problem_is_said_in_the_providers_words_and_none_looks_like_success(style: Style) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    for problem in Problem:
        reply = style.adapter.refuse(problem, request)
        assert style.studio.read(style.act(ActKind.BET), reply).reaction is not Reaction.ACCEPTED, problem
        assert style.studio.read(style.act(ActKind.WIN), reply).reaction is not Reaction.ACCEPTED, problem
        assert reply.code, problem


def assert_untouched(style: Style) -> None:
    assert style.ledger.actions == []
    assert style.ledger.asked == 0
    assert style.sessions.asked == 0


def test_names_are_those_of_folders() -> None:
    assert CLOSE_KEY
    assert len(NAMES) == len(set(NAMES))
