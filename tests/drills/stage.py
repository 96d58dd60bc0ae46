"""A mesh with a register and an audit log, players in running sessions, and what each drill asks of them."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import grpc
import httpx

from mesh.clock_report import Report, read_report
from mesh.dev.stack import DEMO_LICENSEES, DemoLicensee, Stack
from mesh.tls import Tls
from pitboss.audit.v1 import audit_service_pb2 as audit_pb
from pitboss.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from pitboss.source.v1 import exclusion_register_service_pb2 as source_pb
from pitboss.source.v1.exclusion_register_service_pb2_grpc import ExclusionRegisterServiceStub
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money as WireMoney
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss_sdk import Client, Launch, Money
from pitboss_sdk.errors import DeadlineExceededError, GameNotAvailableError, PitbossError, ServiceDownError
from tests.integration.mesh.waiting import until, until_offered

PROVIDER, GAME = "hub88_style", "demo_fruit_5"
PATIENCE_S = 40.0
_UNDECIDED = (GameNotAvailableError, DeadlineExceededError)
"""Nobody has asked the law: the provider was not well for a moment, or there was no answer in time."""
_CALL_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A decision as the audit log has it."""

    verdict: str
    reasons: tuple[str, ...]
    guardrail: str
    index: int
    outside: Mapping[str, Any]
    """What was known of everything outside the ledger; empty while all is well."""


@dataclass(frozen=True, slots=True)
class Running:
    """A player in a session that was opened while everything was well."""

    player: str
    session_id: str


class Stage:
    """The mesh and the players of one licensee."""

    def __init__(self, stack: Stack, licensee: DemoLicensee = DEMO_LICENSEES[0]) -> None:
        self.stack = stack
        self.licensee, self.currency = licensee.id, licensee.currency
        self._names = itertools.count(1)
        gateway = stack.mesh["gateway"]
        self.client = Client(gateway["grpc"], token=stack.token(licensee.id), ca_file=gateway["ca"])
        until_offered(self.client, PROVIDER, GAME)

    def close(self) -> None:
        """Hang up."""
        self.client.close()

    # -- players

    def player(self) -> str:
        """A new grown-up player with money."""
        name = f"drill-{next(self._names)}"
        self.client.open_account(name, self.currency, born_on=date(1980, 1, 1))
        self.client.deposit(name, Money(Decimal("20.00"), self.currency), transaction_key=f"first-{name}")
        return name

    def running(self) -> Running:
        """A player in a session."""
        return self.play(self.player())

    def play(self, name: str) -> Running:
        """Open a session, which must be allowed, and may have to wait for what a drill has broken before."""
        return Running(name, self._launched(name, f"play-{name}", *_UNDECIDED, ServiceDownError).session.session_id)

    def launch(self, player: str) -> bool:
        """Try to open a session; whether it was opened. Why not, the audit log says."""
        try:
            self._launched(player, f"launch-{player}-{next(self._names)}", *_UNDECIDED)
        except PitbossError:
            return False
        return True

    def _launched(self, player: str, key: str, *undecided: type[PitbossError]) -> Launch:
        """A session, asked for again under its key while the answer is one of these."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.client.create_session(
                    player, provider=PROVIDER, game_id=GAME, currency_code=self.currency, client_key=key
                )
            except undecided:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    # -- money, as an adapter and a cashier ask for it

    def bet(self, running: Running, key: str) -> str:
        """A stake; the outcome, or the status code if there was none."""
        bet = action_pb2.Bet(round_id=key, amount=self._money("0.10"), game_id=GAME, session_id=running.session_id)
        return self._execute(action_pb2.Action(player_id=running.player, transaction_key=key, bet=bet))

    def win(self, running: Running, round_id: str, *, timeout_s: float = _CALL_S) -> str:
        """A win of that round."""
        win = action_pb2.Win(round_id=round_id, amount=self._money("0.20"), game_id=GAME, session_id=running.session_id)
        return self._execute(
            action_pb2.Action(player_id=running.player, transaction_key=f"w-{round_id}", win=win), timeout_s=timeout_s
        )

    def deposit(self, player: str, key: str, amount: str = "1.00") -> str:
        """Money from outside, after the register was asked as at a launch."""
        deposit = action_pb2.Deposit(
            amount=self._money(amount),
            answers=protection_pb2.SourceAnswers(exclusion_register=self.register_says(player)),
        )
        return self._execute(action_pb2.Action(player_id=player, transaction_key=key, deposit=deposit), "cashier")

    def withdraw(self, player: str) -> str:
        """Money to outside."""
        try:
            return str(self.client.request_withdrawal(player, Money(Decimal("1.00"), self.currency)).outcome.name)
        except PitbossError as error:
            return type(error).__name__

    def _execute(self, action: action_pb2.Action, source: str = PROVIDER, *, timeout_s: float = _CALL_S) -> str:
        metadata = (("x-pitboss-licensee", self.licensee), ("x-pitboss-source", source))
        with self._channel(self.stack.around.ports.wallets[0]) as channel:
            request = ledger_service_pb2.ExecuteRequest(action=action)
            try:
                answer = LedgerServiceStub(channel).Execute(request, timeout=timeout_s, metadata=metadata)
            except grpc.RpcError as error:
                return str(error.code().name)
        return outcome_pb2.Outcome.Name(answer.result.outcome).removeprefix("OUTCOME_")

    def register_says(self, player: str) -> protection_pb2.SourceAnswer.ValueType:
        """What the register's process answers; silent if there is none."""
        with self._channel(self.stack.around.ports.register) as channel:
            stub = ExclusionRegisterServiceStub(channel)
            request = source_pb.CheckPlayerRequest(player_id=player)
            try:
                return stub.CheckPlayer(request, timeout=4, metadata=(("x-pitboss-licensee", self.licensee),)).answer
            except grpc.RpcError:
                return protection_pb2.SOURCE_ANSWER_SILENT

    @contextlib.contextmanager
    def _channel(self, port: int) -> Iterator[grpc.Channel]:
        credentials = Tls.load(self.stack.around.tls / "platform").channel_credentials()
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
            yield channel

    # -- the register

    def register(self, habit: str) -> None:
        """Give the simulated register a habit, or `list/<reference>`."""
        url = f"http://127.0.0.1:{self.stack.around.ports.register_simulator}/control/{habit}"
        urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=5).close()

    # -- the source of screenings

    def sanctions(self, order: str) -> None:
        """Give the simulated source a habit, or put somebody on its lists."""
        self._post(self.stack.around.ports.sanctions_simulator, f"control/{order}", b"")

    def sanction(self, kind: str, player: str) -> None:
        """Put a player on the lists, and wait for the second finding about the player."""
        until(lambda: self.screenings(player) == 1, "the player was screened when the account was opened")
        self.sanctions(f"list/{kind}/{self.licensee}/{player}")
        until(lambda: self.screenings(player) == 2, "the player was screened with the new lists")

    # -- the limit file

    def limit_file(self, order: str) -> None:
        """Give the simulated limit file a habit, or an order about a player."""
        self._post(self.stack.around.ports.limit_file_simulator, f"control/{order}", b"")

    def counted(self, player: str) -> str:
        """What counts in the file for a player, in this month."""
        url = f"http://127.0.0.1:{self.stack.around.ports.limit_file_simulator}/book/{self.licensee}/{player}"
        found: dict[str, Any] = httpx.get(url, timeout=10, trust_env=False).json()
        return str(found["used"]["month"])

    # -- the activity file

    def activity_file(self, order: str) -> None:
        """Give the simulated activity file a habit, or an order about a player."""
        self._post(self.stack.around.ports.activity_file_simulator, f"control/{order}", b"")

    def active(self, player: str) -> list[str]:
        """The operators at which the file counts a player as playing."""
        url = f"http://127.0.0.1:{self.stack.around.ports.activity_file_simulator}/book/{self.licensee}/{player}"
        found: dict[str, Any] = httpx.get(url, timeout=10, trust_env=False).json()
        return list(found["active"])

    def end(self, running: Running) -> None:
        """The player leaves."""
        self.client.close_session(running.session_id)

    def level(self, running: Running) -> str:
        """How much works for a player now: the guardrail level that a stake would have; empty if nobody said so."""
        bet = action_pb2.Bet(
            round_id="what-if", amount=self._money("0.10"), game_id=GAME, session_id=running.session_id
        )
        action = action_pb2.Action(player_id=running.player, transaction_key="what-if", bet=bet)
        metadata = (("x-pitboss-licensee", self.licensee), ("x-pitboss-source", PROVIDER))
        with self._channel(self.stack.around.ports.wallets[0]) as channel:
            request = ledger_service_pb2.EvaluateActionRequest(action=action)
            try:
                answer = LedgerServiceStub(channel).EvaluateAction(request, timeout=_CALL_S, metadata=metadata)
            except grpc.RpcError:
                return ""
        return str(answer.result.decision.guardrail)

    # -- the time server, and what was measured of our clock

    def time_server(self, order: str) -> None:
        """Give the simulated time server a habit, or let it be ahead of us: `ahead/<ms>`."""
        self._post(self.stack.around.ports.clock_simulator, f"control/{order}", b"")

    def measured(self) -> None:
        """Wait for a measurement that has begun after this call."""
        # One that had begun before may still end. The next one has not begun then.
        for which in ("again", "once more"):
            before = self._report()
            until(partial(self._is_newer, before), f"the clock was measured {which}")

    def _is_newer(self, before: Report | None) -> bool:
        return self._report() not in (None, before)

    def _report(self) -> Report | None:
        return read_report(self.stack.around.clock_report)

    def advance(self, seconds: float) -> None:
        """Move the clock of the mesh. The last measurement is over by that: wait for the next one."""
        self.stack.advance_clock(seconds)
        self.measured()

    # -- the vendor of locations

    def locations(self, habit: str) -> None:
        """Give the simulated vendor of locations a habit, or `place/<territory>`."""
        self._post(self.stack.around.ports.geolocation_simulator, f"control/{habit}", b"")

    def assertion(self, player: str) -> bytes:
        """What the vendor's library in the player's client gets."""
        return self._post(
            self.stack.around.ports.geolocation_simulator, "locate", f"{self.licensee}/{player}".encode()
        )[1]

    def present(self, assertion: bytes) -> str:
        """Bring an assertion to the process that takes them: the territory that it recorded, or the reason code."""
        _, body = self._post(self.stack.around.ports.geolocation, "assertion", assertion)
        answer: dict[str, Any] = json.loads(body)
        return str(answer["territory"] if answer["accepted"] else answer["reason"])

    def locate(self, player: str) -> str:
        """A new assertion about a player, presented."""
        return self.present(self.assertion(player))

    def _post(self, port: int, path: str, body: bytes) -> tuple[int, bytes]:
        answer = httpx.post(f"http://127.0.0.1:{port}/{path}", content=body, timeout=10, trust_env=False)
        return answer.status_code, answer.content

    # -- evidence

    def decision(self, player: str, kind: str, key: str = "") -> Seen:
        """The newest decision of a kind about a player, waited for, from the audit log."""
        end = time.monotonic() + PATIENCE_S
        while True:
            found = [event for event in self._events(player) if event[1]["kind"] == kind and key in event[1]["key"]]
            if found:
                index, event = found[-1]
                record: dict[str, Any] = json.loads(event["record"])
                reasons = tuple(dict.fromkeys(reason["code"] for reason in record.get("reasons", [])))
                return Seen(
                    verdict=record["verdict"],
                    reasons=reasons,
                    guardrail=record.get("guardrail", "G0"),
                    index=index,
                    outside=record["facts"].get("outside", {}),
                )
            if time.monotonic() > end:
                message = f"the audit log has no decision about {kind} of {player}"
                raise TimeoutError(message)
            time.sleep(0.1)

    def decisions(self, player: str, kind: str) -> int:
        """How many decisions of a kind the log has about a player."""
        return sum(event["kind"] == kind for _, event in self._events(player))

    def screenings(self, player: str) -> int:
        """How many screenings of a player the log has. What risk monitoring finds beside them is a finding as well."""
        return sum(
            event["kind"] == "record_finding" and "screening/" in event["key"] for _, event in self._events(player)
        )

    def _events(self, player: str) -> list[tuple[int, dict[str, Any]]]:
        request = audit_pb.ListEntriesRequest(
            licensee_id=self.licensee, player_id=player, record_classes=[audit_pb.RECORD_CLASS_DECISION], page_size=500
        )
        with self._channel(self.stack.around.ports.audit) as channel:
            entries = AuditServiceStub(channel).ListEntries(request, timeout=10, wait_for_ready=True).entries
        return [(entry.index, json.loads(entry.payload)) for entry in entries]

    def _money(self, amount: str) -> WireMoney:
        return WireMoney(currency_code=self.currency, amount=amount)
