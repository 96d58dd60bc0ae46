"""Mode ASSERT through the gateway: a licensee vouches for launches and stakes, with the SDK and as JSON."""

from __future__ import annotations

import base64
import itertools
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.channels import call_metadata
from mesh.dev.registration import put_licensee, put_provider
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money as WireMoney
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1 import registry_service_pb2 as registry
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss_sdk import Assertion, Client, Launch, Money, SessionState, Verdict, errors
from pitboss_sdk.assertions import AssertionSigner
from tests.integration.mesh.waiting import until_offered
from tests.integration.provider_adapters.patience import patient

LICENSEE, PROVIDER, GAME = "vouching", "hub88_style", "demo_live_roulette"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MAX_AGE_S = 60
STALE, REPLAY = ("SYS.ASSERTION_STALE",), ("SYS.ASSERTION_REPLAY",)
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="assert", environment=patient([PROVIDER]))) as running:
        yield running


@dataclass(slots=True)
class House:
    """A licensee that keeps limits itself, and the studio at which its players stake."""

    stack: Stack
    closing: ExitStack
    client: Client
    ahead_s: float = 0.0
    """How far the mesh's clock was moved forward."""

    @classmethod
    def open(cls, stack: Stack, closing: ExitStack) -> Self:
        gateway = stack.mesh["gateway"]
        register(stack)
        opened = Client(gateway["grpc"], token=stack.token(LICENSEE), ca_file=gateway["ca"], timeout_s=30)
        until_offered(closing.enter_context(opened), PROVIDER, GAME)
        return cls(stack, closing, opened)

    def player(self) -> str:
        name = f"pl-{next(_NUMBERS)}"
        self.client.open_account(name, "EUR", born_on=date(1986, 1, 15))
        self.client.deposit(name, Money(100, "EUR"))
        return name

    def word(self, player: str, *, age_s: float = 0.0, key: Ed25519PrivateKey = KEY, name: str = LICENSEE) -> Assertion:
        now = datetime.now(UTC) + timedelta(seconds=self.ahead_s - age_s)
        return AssertionSigner(licensee=name, key=key).sign(player, now)

    def launch(self, player: str, word: Assertion | None, key: str | None = None) -> Launch:
        return self.client.create_session(
            player, provider=PROVIDER, game_id=GAME, currency_code="EUR", assertion=word, client_key=key
        )

    def denied(self, player: str, word: Assertion | None) -> tuple[str, ...]:
        with pytest.raises(errors.PlayDeniedError) as told:
            self.launch(player, word)
        return told.value.reasons

    def not_renewed(self, player: str, session_id: str, word: Assertion) -> tuple[str, ...]:
        with pytest.raises(errors.ProtectionDeniedError) as told:
            self.client.renew_assertion(player, session_id, word)
        return told.value.reasons

    def stake(self, player: str, session_id: str, key: str = "") -> tuple[str, tuple[str, ...]]:
        """As the provider's adapter stakes, which knows nothing of words."""
        tls = Tls.load(self.stack.around.tls / f"provider_adapters/{PROVIDER}")
        address = f"127.0.0.1:{self.stack.around.ports.wallets[0]}"
        key = key or f"bet-{next(_NUMBERS)}"
        money = WireMoney(currency_code="EUR", amount="1.00")
        bet = action_pb2.Bet(round_id=key, amount=money, game_id=GAME, session_id=session_id)
        action = action_pb2.Action(player_id=player, transaction_key=key, bet=bet)
        with grpc.secure_channel(address, tls.channel_credentials()) as channel:
            told = LedgerServiceStub(channel).Execute(
                ledger_service_pb2.ExecuteRequest(action=action), timeout=20, metadata=call_metadata(LICENSEE)
            )
        outcome = outcome_pb2.Outcome.Name(told.result.outcome).removeprefix("OUTCOME_")
        return outcome, tuple(told.result.decision.reasons)

    def later(self, seconds: float) -> None:
        self.stack.advance_clock(seconds)
        self.ahead_s += seconds


def register(stack: Stack) -> None:
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.wallets[0]}", credentials) as channel:
        stub = RegistryServiceStub(channel)
        put_licensee(stub, LICENSEE, "base")
        assertions = registry.Assertions(public_key=KEY.public_key().public_bytes_raw())
        assertions.max_age.seconds = MAX_AGE_S
        entry = registry.Licensee(licensee_id=LICENSEE, default_jurisdiction="base", assertions=assertions)
        stub.PutLicensee(registry.PutLicenseeRequest(licensee=entry), timeout=20)
        for provider in stack.provider_list:
            put_provider(stub, LICENSEE, provider)


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    with ExitStack() as closing:
        yield House.open(stack, closing)


def test_a_launch_needs_a_word_of_the_licensee_for_this_player(house: House) -> None:
    player, other = house.player(), house.player()
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert house.denied(player, None) == STALE
    assert house.denied(player, house.word(player, age_s=MAX_AGE_S + 5)) == STALE
    assert house.denied(player, house.word(player, key=stranger)) == STALE
    assert house.denied(player, house.word(other)) == STALE
    assert house.denied(player, house.word(player, name="aurora")) == STALE
    changed = replace(house.word(player), nonce="another")
    assert house.denied(player, changed) == STALE
    assert house.launch(player, house.word(player)).session.state is SessionState.ACTIVE


def test_a_word_counts_once_and_the_same_launch_sent_again_has_its_answer(house: House) -> None:
    player = house.player()
    word = house.word(player)
    first = house.launch(player, word, "once")
    again = house.launch(player, word, "once")
    assert (again.session.session_id, again.launch_url) == (first.session.session_id, first.launch_url)
    assert house.denied(player, word) == REPLAY
    newer = house.launch(player, house.word(player), "once")
    assert newer.session.session_id == first.session.session_id


def test_stakes_pass_while_the_last_word_is_fresh_and_a_newer_one_lets_them_pass_again(house: House) -> None:
    player = house.player()
    session = house.launch(player, house.word(player)).session.session_id
    assert house.stake(player, session) == ("OK", ())
    house.later(MAX_AGE_S + 1)
    assert house.stake(player, session, "late") == ("COMPLIANCE_DENIED", STALE)
    told = house.client.renew_assertion(player, session, house.word(player))
    assert told.verdict is Verdict.ALLOW
    assert house.stake(player, session) == ("OK", ())
    # A refusal is the answer of its key for ever.
    assert house.stake(player, session, "late") == ("COMPLIANCE_DENIED", STALE)


def test_a_word_that_is_refused_renews_nothing(house: House) -> None:
    player, other = house.player(), house.player()
    first = house.word(player)
    session = house.launch(player, first).session.session_id
    house.later(MAX_AGE_S + 1)
    assert house.not_renewed(player, session, first) == STALE
    fresh = house.word(player)
    house.client.renew_assertion(player, session, fresh)
    assert house.not_renewed(player, session, fresh) == REPLAY
    assert house.not_renewed(player, session, house.word(other)) == STALE
    assert house.not_renewed(player, session, house.word(player, age_s=MAX_AGE_S + 5)) == STALE
    assert house.stake(player, session) == ("OK", ())
    house.client.close_session(session)
    assert house.not_renewed(player, session, house.word(player)) == ("SES.ENDED",)
    with pytest.raises(errors.RequestInvalidError):
        house.client.renew_assertion(player, "nothing", house.word(player))


def test_a_licensee_whose_limits_the_ledger_keeps_has_nothing_to_renew(house: House) -> None:
    gateway = house.stack.mesh["gateway"]
    with Client(gateway["grpc"], token=house.stack.token("borealis"), ca_file=gateway["ca"]) as client:
        name = f"pl-{next(_NUMBERS)}"
        client.open_account(name, "EUR", born_on=date(1986, 1, 15))
        launch = client.create_session(name, provider=PROVIDER, game_id=GAME, currency_code="EUR")
        with pytest.raises(errors.RequestInvalidError) as told:
            client.renew_assertion(name, launch.session.session_id, house.word(name, name="borealis"))
    assert [field for field, _ in told.value.violations] == ["assertion"]


def test_a_launch_that_the_provider_did_not_answer_is_tried_again_with_the_same_word(house: House) -> None:
    player = house.player()
    word = house.word(player)
    adapter = next(name for name in house.stack.names if PROVIDER in name and "simulator" not in name)
    house.stack.kill(adapter)
    try:
        with pytest.raises((errors.ServiceDownError, errors.GameNotAvailableError)):
            house.client.create_session(
                player, provider=PROVIDER, game_id=GAME, currency_code="EUR", assertion=word, client_key="again",
                timeout_s=20,
            )  # fmt: skip
    finally:
        house.stack.restart(adapter)
    launched = until_launched(house, player, word)
    assert house.stake(player, launched.session.session_id) == ("OK", ())


def until_launched(house: House, player: str, word: Assertion) -> Launch:
    """The catalog needs a moment to hear that an adapter is back."""
    for _ in range(100):
        try:
            return house.launch(player, word, "again")
        except errors.GameNotAvailableError:
            threading.Event().wait(0.2)
    return house.launch(player, word, "again")


@pytest.mark.parametrize("victim", ["wallet_svc-1", "wallet_svc-2", "compliance_svc"])
def test_a_renewal_during_which_a_process_was_killed_is_sent_again_and_counts_once(house: House, victim: str) -> None:
    player = house.player()
    session = house.launch(player, house.word(player)).session.session_id
    words = [house.word(player) for _ in range(8)]
    fault = threading.Timer(0.02, kill_and_restart, (house.stack, victim))
    fault.start()
    firsts = renew_all(house, player, session, words)
    fault.join()
    assert renew_all(house, player, session, words) == firsts
    assert len(set(firsts)) == len(words)
    assert house.stake(player, session) == ("OK", ())


def kill_and_restart(stack: Stack, victim: str) -> None:
    stack.kill(victim)
    stack.restart(victim)


def renew_all(house: House, player: str, session: str, words: list[Assertion]) -> list[str]:
    """The ids of the decisions, each asked for until there is an answer."""
    found: list[str] = []
    for number, word in enumerate(words):
        while len(found) == number:
            try:
                told = house.client.renew_assertion(player, session, word, transaction_key=f"renew-{number}")
            except (errors.ServiceDownError, errors.DeadlineExceededError):
                continue
            assert told.verdict is Verdict.ALLOW
            found.append(told.decision_id)
    return found


def test_as_json(house: House) -> None:
    player = house.player()
    gateway = house.stack.mesh["gateway"]
    headers = {"authorization": f"Bearer {house.stack.token(LICENSEE)}"}
    context = ssl.create_default_context(cafile=gateway["ca"])

    def in_json(word: Assertion) -> dict[str, Any]:
        signature = base64.b64encode(word.signature).decode()
        return {"issueTime": word.issue_time.isoformat(), "nonce": word.nonce, "signature": signature}

    with httpx.Client(verify=context, trust_env=False, headers=headers, base_url=gateway["json"], timeout=30) as door:
        order = {"clientKey": "j-1", "playerId": player, "provider": PROVIDER, "gameId": GAME, "currencyCode": "EUR"}
        refused = door.post("/v1/sessions", json=order)
        assert (refused.status_code, STALE[0] in refused.text) == (400, True)
        made = door.post("/v1/sessions", json={**order, "assertion": in_json(house.word(player))})
        session = made.raise_for_status().json()["session"]["sessionId"]
        path = f"/v1/players/{player}/sessions/{session}:renewAssertion"
        newer = in_json(house.word(player))
        body = {"transactionKey": "j-2", "assertion": newer}
        decided = door.post(path, json=body).raise_for_status().json()["decision"]
        assert decided["verdict"] == "VERDICT_ALLOW"
        again = door.post(path, json=body).raise_for_status().json()["decision"]
        assert again["decisionId"] == decided["decisionId"]
        malformed = {"transactionKey": "j-3", "assertion": {**newer, "signature": "AAAA"}}
        assert door.post(path, json=malformed).status_code == 400
    assert house.stake(player, session) == ("OK", ())
