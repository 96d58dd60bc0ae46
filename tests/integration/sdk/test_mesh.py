"""The SDK as a licensee uses it: through the gateway, against the whole mesh, over a wire that loses things."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import grpc
import httpx
import pytest

from mesh.dev.paths import ROOT
from mesh.dev.registration import put_licensee, put_provider
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.wallet.v1 import registry_service_pb2 as registry
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss_sdk import (
    AsyncClient,
    Category,
    Client,
    HoldState,
    LimitKind,
    Money,
    SessionState,
    TransactionKind,
    TransactionState,
    Verdict,
    errors,
)
from tests.integration.mesh.waiting import until_offered
from tests.integration.provider_adapters.patience import patient
from tests.integration.sdk.wire import Wire

PROVIDER, GAME = "hub88_style", "demo_live_roulette"
BORN = date(1986, 1, 15)
_NUMBERS = itertools.count(1)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    # One licensee may only make a few calls a second.
    environment = {**patient([PROVIDER]), "gateway": {"PITBOSS_GATEWAY_OWN_RATES": "aurora=20"}}
    with Stack(Options(kind="sdk", environment=environment)) as running:
        gateway = running.mesh["gateway"]
        with Client(gateway["grpc"], token=running.token("borealis"), ca_file=gateway["ca"]) as opened:
            until_offered(opened, PROVIDER, GAME)
        yield running


@pytest.fixture
def wire(stack: Stack) -> Iterator[Wire]:
    host, _, port = stack.mesh["gateway"]["grpc"].rpartition(":")
    with Wire((host, int(port))) as opened:
        yield opened


@pytest.fixture
def client(stack: Stack, wire: Wire) -> Iterator[Client]:
    with Client(wire.address, token=stack.token("borealis"), ca_file=stack.mesh["gateway"]["ca"]) as opened:
        yield opened


@pytest.fixture
async def concurrent(stack: Stack, wire: Wire) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(wire.address, token=stack.token("borealis"), ca_file=stack.mesh["gateway"]["ca"]) as opened:
        yield opened


@pytest.fixture
def player(client: Client) -> str:
    """A player with 100 EUR."""
    name = f"pl-{next(_NUMBERS)}"
    client.open_account(name, "EUR", born_on=BORN)
    client.deposit(name, eur("100"))
    return name


def soon(holds: Callable[[], bool], within_s: float = 30.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


# -- money


def test_money_comes_in_is_reserved_is_paid_in_parts_and_the_rest_comes_back(client: Client, player: str) -> None:
    reserved = client.request_withdrawal(player, eur("60"), expires_in=timedelta(hours=1))
    assert (reserved.hold_state, reserved.balance_at_commit) == (HoldState.ACTIVE, eur("40"))
    paid = client.capture_withdrawal(player, reserved.transaction_key, eur("25.50"))
    assert paid.hold_state is HoldState.ACTIVE
    client.release_withdrawal(player, reserved.transaction_key)
    balances = client.balance(player)
    assert (balances.available, balances.held) == (eur("74.50"), eur("0"))
    with pytest.raises(errors.WithdrawalEndedError):
        client.capture_withdrawal(player, reserved.transaction_key)
    with pytest.raises(errors.WithdrawalNotFoundError):
        client.release_withdrawal(player, "never-made")
    with pytest.raises(errors.InsufficientFundsError):
        client.request_withdrawal(player, eur("74.51"))


async def test_the_asynchronous_client_does_the_same(concurrent: AsyncClient) -> None:
    name = f"pl-{next(_NUMBERS)}"
    await concurrent.open_account(name, "EUR", born_on=BORN)
    receipts = await asyncio.gather(*(concurrent.deposit(name, eur("1.25")) for _ in range(8)))
    assert len({receipt.transaction_id for receipt in receipts}) == 8
    reserved = await concurrent.request_withdrawal(name, eur("10"))
    await concurrent.capture_withdrawal(name, reserved.transaction_key)
    assert (await concurrent.balance(name)).available == eur("0")
    found = [one.kind async for one in concurrent.list_transactions(name, page_size=3)]
    assert found == [TransactionKind.CAPTURE, TransactionKind.HOLD, *[TransactionKind.DEPOSIT] * 8,
                     TransactionKind.OPEN_ACCOUNT]  # fmt: skip
    with pytest.raises(errors.InsufficientFundsError):
        await concurrent.request_withdrawal(name, eur("0.01"))


def test_the_same_key_is_done_once_and_other_content_under_it_is_a_conflict(client: Client, player: str) -> None:
    first = client.deposit(player, eur("5"), transaction_key="k-1")
    again = client.deposit(player, eur("5"), transaction_key="k-1")
    assert (again.replayed, again.transaction_id) == (True, first.transaction_id)
    with pytest.raises(errors.KeyConflictError) as caught:
        client.deposit(player, eur("6"), transaction_key="k-1")
    assert caught.value.transaction_key == "k-1"
    assert client.balance(player).available == eur("105")


def test_what_the_ledger_knows_about_a_key(client: Client, player: str) -> None:
    client.deposit(player, eur("5"), transaction_key="k-2")
    found = client.look_up(player, TransactionKind.DEPOSIT, "k-2")
    assert (found.state, found.amount, found.source) == (TransactionState.APPLIED, eur("5"), "cashier")
    assert client.look_up(player, TransactionKind.DEPOSIT, "never").state is TransactionState.UNKNOWN


def test_pages_follow_each_other_without_gaps_or_repeats(client: Client, player: str) -> None:
    keys = [client.deposit(player, eur("1")).transaction_key for _ in range(7)]
    listed = [one.transaction_key for one in client.list_transactions(player, page_size=2)]
    assert listed[:7] == keys[::-1]
    assert len(listed) == len(set(listed)) == 9


def test_amounts_that_cannot_be(client: Client, player: str) -> None:
    for amount in ("0", "-1", "0.0000001"):
        with pytest.raises(errors.AmountInvalidError):
            client.deposit(player, eur(amount))
    with pytest.raises(errors.CurrencyMismatchError):
        client.deposit(player, Money(1, "GBP"))
    with pytest.raises(TypeError):
        client.deposit(player, 1.5)  # type: ignore[arg-type]
    assert client.balance(player).available == eur("100")


def test_a_blocked_player_still_gets_money_out(client: Client, player: str) -> None:
    client.block(player)
    assert client.protection(player).blocked
    client.request_withdrawal(player, eur("100"))
    client.unblock(player)
    assert not client.protection(player).blocked


def test_a_player_that_is_not_there(client: Client) -> None:
    with pytest.raises(errors.PlayerNotFoundError):
        client.balance("nobody")
    with pytest.raises(errors.PlayerNotFoundError):
        client.deposit("nobody", eur("1"))


def test_the_example_in_the_readme_does_what_it_says(
    stack: Stack, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "sdk" / "README.md").read_text()
    example = text.partition("```python\n")[2].partition("```")[0]
    here = f'"{wire.address}", ca_file="{stack.mesh["gateway"]["ca"]}"'
    assert '"pitboss.example:443"' in example
    exec(  # noqa: S102 - our own example
        compile(example.replace('"pitboss.example:443"', here), "README.md", "exec"),
        {"read_token": lambda: stack.token("borealis")},
    )
    assert capsys.readouterr().out == "25.00 EUR\n"


# -- a bad wire


@pytest.fixture
def direct(stack: Stack) -> Iterator[Client]:
    """A client that the wire loses nothing of."""
    gateway = stack.mesh["gateway"]
    with Client(gateway["grpc"], token=stack.token("borealis"), ca_file=gateway["ca"], timeout_s=30) as opened:
        yield opened


@contextlib.contextmanager
def cut_when_booked(
    wire: Wire, direct: Client, player: str, key: str, *, kind: TransactionKind = TransactionKind.DEPOSIT,
    asked: threading.Event | None = None,
) -> Iterator[None]:  # fmt: skip
    """Answers are lost, until an action is booked (and somebody asked): then every connection breaks."""

    def watch() -> None:
        booked = soon(lambda: direct.look_up(player, kind, key).state is TransactionState.APPLIED)
        if booked and (asked is None or asked.wait(30)):
            wire.cut()

    wire.lose_answers()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        watcher.join()


def test_a_deposit_whose_answer_is_lost_is_booked_once_and_answered(
    client: Client, direct: Client, wire: Wire, player: str
) -> None:
    with cut_when_booked(wire, direct, player, "lost"):
        receipt = client.deposit(player, eur("7"), transaction_key="lost", timeout_s=60)
    assert receipt.replayed, "the first attempt was booked, so the second one got its stored answer"
    assert client.balance(player).available == eur("107")


async def test_the_asynchronous_client_loses_no_answer_either(
    concurrent: AsyncClient, client: Client, direct: Client, wire: Wire, player: str
) -> None:
    await concurrent.balance(player)
    with cut_when_booked(wire, direct, player, "lost"):
        receipt = await concurrent.deposit(player, eur("7"), transaction_key="lost", timeout_s=60)
    assert receipt.replayed
    assert client.balance(player).available == eur("107")


def test_an_attempt_that_gets_no_answer_is_looked_up(
    client: Client, direct: Client, wire: Wire, player: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def look_up(stubs: Any) -> Any:
        asked.set()
        return stubs.wallet.LookUpTransaction

    monkeypatch.setattr("pitboss_sdk._calls.wallet.ATTEMPT_S", 2)
    monkeypatch.setattr("pitboss_sdk._calls.action._look_up", look_up)
    with cut_when_booked(wire, direct, player, "lost", asked=asked):
        receipt = client.deposit(player, eur("7"), transaction_key="lost", timeout_s=60)
    assert (receipt.replayed, receipt.balances) == (True, None), "found by look-up, which knows no present balances"
    assert client.balance(player).available == eur("107")


def test_a_gateway_that_comes_back_within_the_deadline_is_never_noticed(
    client: Client, wire: Wire, player: str
) -> None:
    wire.refuse(refuses=True)
    wire.cut()
    began = time.monotonic()
    threading.Timer(0.8, lambda: wire.refuse(refuses=False)).start()
    client.deposit(player, eur("7"))
    assert time.monotonic() - began > 0.5
    assert client.balance(player).available == eur("107")


def test_a_gateway_that_stays_away_is_an_error_with_the_key_after_the_deadline(
    client: Client, wire: Wire, player: str
) -> None:
    wire.refuse(refuses=True)
    wire.cut()
    began = time.monotonic()
    with pytest.raises(errors.ServiceDownError) as caught:
        client.deposit(player, eur("7"), transaction_key="k-3", timeout_s=1.5)
    assert time.monotonic() - began < 6
    assert caught.value.transaction_key == "k-3"


def test_wallets_that_hang_leave_the_outcome_undecided_and_the_same_key_decides_it(
    stack: Stack, client: Client, player: str
) -> None:
    wallets = ("wallet_svc-1", "wallet_svc-2")
    for name in wallets:
        stack.freeze(name)
    try:
        began = time.monotonic()
        with pytest.raises((errors.UndecidedError, errors.ServiceDownError)) as caught:
            client.deposit(player, eur("7"), timeout_s=2)
        assert time.monotonic() - began < 8
    finally:
        for name in wallets:
            stack.thaw(name)
    client.deposit(player, eur("7"), transaction_key=caught.value.transaction_key)
    assert client.balance(player).available == eur("107")


# -- who may


def test_a_token_that_ran_out_is_refreshed_when_there_is_a_way(stack: Stack, wire: Wire, player: str) -> None:
    tokens = iter([stack.token("borealis", expires_s=-60)])
    with Client(
        wire.address, token=lambda: next(tokens, stack.token("borealis")), ca_file=stack.mesh["gateway"]["ca"]
    ) as fresh:
        assert fresh.balance(player).available == eur("100")


async def test_a_token_may_come_from_a_coroutine(stack: Stack, wire: Wire, player: str) -> None:
    tokens = iter([stack.token("borealis", expires_s=-60)])

    async def token() -> str:
        return next(tokens, stack.token("borealis"))

    async with AsyncClient(wire.address, token=token, ca_file=stack.mesh["gateway"]["ca"]) as fresh:
        assert (await fresh.balance(player)).available == eur("100")


def test_a_token_that_ran_out_and_one_without_the_scope(stack: Stack, wire: Wire, player: str) -> None:
    authority = stack.mesh["gateway"]["ca"]
    with (
        Client(wire.address, token=stack.token("borealis", expires_s=-60), ca_file=authority) as old,
        pytest.raises(errors.UnauthenticatedError),
    ):
        old.balance(player)
    with Client(wire.address, token=stack.token("borealis", scopes=["play"]), ca_file=authority) as other:
        with pytest.raises(errors.ForbiddenError):
            other.balance(player)
        assert list(other.list_games())


def test_a_player_of_another_licensee_does_not_exist(stack: Stack, wire: Wire, player: str) -> None:
    with (
        Client(wire.address, token=stack.token("aurora"), ca_file=stack.mesh["gateway"]["ca"]) as neighbour,
        pytest.raises(errors.PlayerNotFoundError),
    ):
        neighbour.balance(player)


def test_a_request_that_makes_no_sense_names_the_field(client: Client) -> None:
    with pytest.raises(errors.RequestInvalidError) as caught:
        client.balance("with a space")
    assert [field for field, _ in caught.value.violations] == ["player_id"]
    assert caught.value.request_id


def test_the_request_id_of_an_error_finds_the_call_in_the_wallets_log(stack: Stack, client: Client) -> None:
    with pytest.raises(errors.PlayerNotFoundError) as caught:
        client.balance("nobody")
    logs = [stack.child(f"wallet_svc-{number}").command.log for number in (1, 2)]
    assert soon(lambda: any(caught.value.request_id in log.read_text() for log in logs))


async def test_calls_above_the_licensees_rate_wait_for_their_turn(stack: Stack, wire: Wire) -> None:
    authority = stack.mesh["gateway"]["ca"]
    async with AsyncClient(wire.address, token=stack.token("aurora"), ca_file=authority) as eager:
        games = await asyncio.gather(*(eager.get_game(PROVIDER, GAME) for _ in range(90)))
        assert len(games) == 90
        hurried = [eager.get_game(PROVIDER, GAME, timeout_s=3) for _ in range(300)]
        answers = await asyncio.gather(*hurried, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, errors.OverloadedError)]
    assert len(refused) > 20
    assert all(answer.retry_after_s is not None for answer in refused)


# -- the law


def test_limits_hold_and_higher_ones_wait(client: Client, player: str) -> None:
    lowered = client.set_limit(player, LimitKind.DEPOSIT, eur("110"), window="24h")
    assert lowered.verdict is Verdict.ALLOW
    with pytest.raises(errors.LimitExceededError) as caught:
        client.deposit(player, eur("11"))
    assert (caught.value.limit, caught.value.reasons) == ("deposit", ("LIM.DEPOSIT.24H",))
    raised = client.set_limit(player, LimitKind.DEPOSIT, eur("500"), window="24h")
    assert (raised.verdict, raised.effective_time is not None) == (Verdict.SCHEDULE, True)
    limit = client.protection(player).limits[0]
    assert (limit.amount, limit.pending_amount) == (eur("110"), eur("500"))
    client.cancel_pending_limit(player, LimitKind.DEPOSIT, window="24h")
    assert client.protection(player).limits[0].pending_amount is None


def test_an_excluded_player_opens_no_game_and_the_decisions_say_why(client: Client, player: str) -> None:
    with pytest.raises(errors.ProtectionDeniedError) as term:
        client.exclude(player, "1d")
    assert term.value.reasons == ("SEX.TERM",)
    decision = client.exclude(player, "6mo")
    assert decision.eligible_time is not None
    with pytest.raises(errors.PlayDeniedError) as caught:
        client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR")
    assert "SEX.SELF" in caught.value.reasons
    with pytest.raises(errors.ComplianceDeniedError):
        client.deposit(player, eur("1"))
    assert client.protection(player).excluded
    assert soon(lambda: len(list(client.list_decisions(player, only_refusals=True, page_size=1))) >= 3)
    record = client.decision(decision.decision_id)
    assert (record.kind, record.decision.pack) == (TransactionKind.EXCLUDE, decision.pack)
    assert json.loads(record.decision.facts_json)["action"] == {"kind": "EXCLUDE", "term": "6mo"}


# -- game wallets


@pytest.fixture(scope="module")
def meridian(stack: Stack) -> str:
    """The token of a licensee that moves money in and out."""
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.wallets[0]}", credentials) as channel:
        stub = RegistryServiceStub(channel)
        put_licensee(stub, "meridian", "base", wallet=registry.Wallet(mode=registry.WALLET_MODE_TRANSFER))
        put_provider(stub, "meridian", next(one for one in stack.provider_list if one.name == PROVIDER))
    return stack.token("meridian")


def test_money_is_moved_into_a_game_wallet_played_with_and_moved_out_again(
    stack: Stack, wire: Wire, meridian: str
) -> None:
    gateway, name = stack.mesh["gateway"], f"pl-{next(_NUMBERS)}"
    studio = next(each["studio_url"] for each in stack.mesh["providers"] if each["name"] == PROVIDER)

    def at_the_studio(what: str, **said: str) -> None:
        order = {"launch_url": launch.launch_url, "stake": "20.00", **said}
        httpx.post(f"{studio}/control/{what}/{name}", json=order, trust_env=False, timeout=20).raise_for_status()

    with (
        Client(wire.address, token=meridian, ca_file=gateway["ca"]) as client,
        Client(gateway["grpc"], token=meridian, ca_file=gateway["ca"]) as direct,
    ):
        client.open_account(name, "EUR", born_on=BORN)
        with pytest.raises(errors.RefusedError, match="REQUEST_INVALID"):
            client.deposit(name, eur("5"))
        assert client.transfer_in(name, eur("50")).balance_at_commit == eur("50")
        launch = client.create_session(name, provider=PROVIDER, game_id=GAME, currency_code="EUR")
        at_the_studio("bet")
        with pytest.raises(errors.InsufficientFundsError):
            client.transfer_out(name, eur("30.01"))
        with cut_when_booked(wire, direct, name, "out", kind=TransactionKind.TRANSFER_OUT):
            out = client.transfer_out(name, "EUR", transaction_key="out", timeout_s=60)
        assert out.replayed
        found = client.look_up(name, TransactionKind.TRANSFER_OUT, out.transaction_key)
        assert (found.state, found.amount) == (TransactionState.APPLIED, eur("30"))
        at_the_studio("win", amount="45.00")
        assert client.balance(name).available == eur("45")
        body = {"transactionKey": "all", "allOf": "EUR"}
        door = httpx.Client(verify=ssl.create_default_context(cafile=gateway["ca"]), trust_env=False)
        with door:
            for replayed in (False, True):
                answer = door.post(
                    f"{gateway['json']}/v1/players/{name}:transferOut",
                    json=body,
                    headers={"authorization": f"Bearer {meridian}"},
                ).json()
                moved, again = answer["moved"]["amount"], answer["result"].get("replayed", False)
                assert (moved, again) == ("45.00", replayed)
        assert client.balance(name).available == eur("0")


# -- games and sessions


def test_a_session_is_opened_once_recovered_watched_and_closed(client: Client, player: str) -> None:
    launch = client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR", client_key="c-1")
    assert httpx.get(launch.launch_url, trust_env=False).status_code == 200
    again = client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR", client_key="c-1")
    assert again.session.session_id == launch.session.session_id
    with pytest.raises(errors.KeyConflictError):
        client.create_session(player, provider=PROVIDER, game_id="demo_pyramid", currency_code="EUR", client_key="c-1")
    assert client.recover_session(launch.session.session_id).launch_url != launch.launch_url
    closed = client.close_session(launch.session.session_id)
    assert closed.state is SessionState.CLOSED
    assert client.get_session(launch.session.session_id) == closed
    with pytest.raises(errors.SessionEndedError):
        client.recover_session(launch.session.session_id)


def test_play_money_is_refused_where_the_law_does_not_say_who_may_play(client: Client, player: str) -> None:
    with pytest.raises(errors.PlayDeniedError) as caught:
        client.create_demo_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR")
    assert "SYS.NO_PACK" in caught.value.reasons
    assert list(client.list_transactions(player, page_size=5)) != []


def test_things_that_are_not_there(client: Client, player: str) -> None:
    with pytest.raises(errors.SessionNotFoundError):
        client.get_session("01920000-0000-7000-8000-000000000000")
    with pytest.raises(errors.RoundNotFoundError):
        client.round_replay(player, PROVIDER, "nobody-played-it")
    with pytest.raises(errors.GameNotAvailableError):
        client.create_session(player, provider=PROVIDER, game_id="no_such_game", currency_code="EUR")
    with pytest.raises((errors.ProviderNotFoundError, errors.GameNotAvailableError)):
        client.create_session(player, provider="acme_slots", game_id=GAME, currency_code="EUR")
    with pytest.raises(errors.DecisionNotFoundError):
        client.decision("0-999999")


def test_a_watch_of_sessions_survives_a_cut_without_gaps_or_repeats(client: Client, wire: Wire, player: str) -> None:
    watch = client.watch_sessions(player_id=player)
    launch = client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR")
    first = next(watch)
    wire.cut()
    client.close_session(launch.session.session_id)
    second = next(watch)
    watch.close()  # type: ignore[attr-defined]
    assert [first.session.state, second.session.state] == [SessionState.ACTIVE, SessionState.CLOSED]
    assert second.cursor > first.cursor


async def test_an_asynchronous_watch_of_the_catalog_sees_games_go_and_come_back(
    stack: Stack, concurrent: AsyncClient
) -> None:
    studio = next(each["studio_url"] for each in stack.mesh["providers"] if each["name"] == PROVIDER)
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=studio, trust_env=False) as control:
        await control.post("/control/down", json={"mode": "refuse"})
        watch = concurrent.watch_catalog()
        async for game in watch:
            if game.provider == PROVIDER and not game.available:
                break
        assert game.unavailable_reason == "provider_down"
        await control.post("/control/up", json={})
        async for game in watch:
            if game.provider == PROVIDER and game.available:
                break
        await watch.aclose()  # type: ignore[attr-defined]


def test_the_catalog_is_listed_in_pages(client: Client) -> None:
    games = list(client.list_games(page_size=3))
    assert len(games) == len({(game.provider, game.game_id) for game in games}) == 11
    found = client.get_game(PROVIDER, GAME)
    assert (found.category, found.available) == (Category.LIVE, True)
    assert found in games
    assert {game.provider for game in client.list_games(provider=PROVIDER)} == {PROVIDER}
