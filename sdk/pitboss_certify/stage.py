"""What a case stands on: a player with money, keys nobody used, and a memory of everything it asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pitboss_certify.signing import Signer
from pitboss_certify.transport import SERVICE, Reply, Transport
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss_sdk._stubs.pitboss.type.v1 import money_pb2, outcome_pb2

_WRITES = frozenset({"Debit", "Credit", "Cancel", "CloseRound"})
_PARALLEL = 10


class FailedError(Exception):
    """The wallet did something else than the contract says; the text tells what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the licensee tells about its sandbox. Empty names leave cases out."""

    player: str
    other_player: str = ""
    blocked_player: str = ""
    currency: str = "EUR"
    digits: int = 2
    other_currency: str = ""


@dataclass(slots=True, kw_only=True)
class Stage:
    """One case. Amounts are smallest units of the subject's currency."""

    transport: Transport
    signer: Signer
    subject: Subject
    random: random.Random
    prefix: str
    asked: list[tuple[str, Any, Any]] = field(default_factory=list)
    _numbers: int = 0
    _recording: bool = True

    # -- names and amounts

    def key(self, what: str = "t") -> str:
        """A key that was never used."""
        self._numbers += 1
        return f"{self.prefix}-{what}{self._numbers}"

    def some(self, least: int = 100, most: int = 2000) -> int:
        """An amount that differs from run to run with the seed."""
        return self.random.randint(least, most)

    def text(self, minor: int) -> str:
        """Main units."""
        digits = self.subject.digits
        whole = str(abs(minor)).rjust(digits + 1, "0")
        text = f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole
        return f"-{text}" if minor < 0 else text

    def money(self, minor: int) -> money_pb2.Money:
        """In the subject's currency."""
        return money_pb2.Money(currency_code=self.subject.currency, amount=self.text(minor))

    # -- asking

    def send(self, method: str, request: Any, *, signature: str | None = None) -> Reply:
        """The bare reply."""
        body = self.transport.encode(request)
        header = self.signer.header(f"/{SERVICE}/{method}", body) if signature is None else signature
        return self.transport.send(method, body, header)

    def ask(self, method: str, request: Any) -> Any:
        """The answer; a case fails if there is none."""
        reply = self.send(method, request)
        answer = getattr(contract, f"{method}Response")()
        self.expect(reply.status == "ok", f"{method} was answered with an error: {reply.status}")
        self.expect(self.transport.decode(reply.body, answer), f"{method} was answered with something else")
        if method in _WRITES and self._recording:
            self.asked.append((method, request, answer))
        return answer

    def together(self, method: str, requests: list[Any]) -> list[Any]:
        """Ask all at once; answers in the order of the requests."""
        return self.race([(method, request) for request in requests])

    def race(self, pairs: list[tuple[str, Any]]) -> list[Any]:
        """Ask these methods all at once; answers in the order of the pairs."""
        with ThreadPoolExecutor(_PARALLEL) as threads:
            return list(threads.map(lambda pair: self.ask(*pair), pairs))

    # -- the verbs

    def debit(self, minor: int, *, key: str = "", player: str = "", **more: Any) -> Any:
        """A request to take a stake."""
        return contract.DebitRequest(player_id=player or self.subject.player, transaction_key=key or self.key("d"),
                                     amount=self.money(minor), **more)  # fmt: skip

    def credit(self, minor: int, *, key: str = "", player: str = "", **more: Any) -> Any:
        """A request to pay."""
        return contract.CreditRequest(player_id=player or self.subject.player, transaction_key=key or self.key("c"),
                                      amount=self.money(minor), **more)  # fmt: skip

    def cancel(self, debit_key: str, *, key: str = "", player: str = "") -> Any:
        """A request to undo a debit."""
        return contract.CancelRequest(player_id=player or self.subject.player, transaction_key=key or self.key("x"),
                                      debit_key=debit_key)  # fmt: skip

    def state(self, key: str, *, kind: str = "debit", player: str = "") -> Any:
        """What the wallet knows about a key."""
        asked = contract.GetTransactionRequest(player_id=player or self.subject.player, kind=kind, transaction_key=key)
        return self.ask("GetTransaction", asked)

    def balance(self, player: str = "") -> int:
        """The player's cash."""
        name = player or self.subject.player
        asked = contract.GetBalanceRequest(player_id=name, currency_code=self.subject.currency)
        return self.minor(self.ask("GetBalance", asked).cash)

    def minor(self, money: money_pb2.Money) -> int:
        """Smallest units; a case fails if the amount is not exact in the currency."""
        whole, _, fraction = money.amount.partition(".")
        self.expect(money.currency_code == self.subject.currency and bool(whole), f"not an amount: {money}")
        fraction = fraction.rstrip("0") if len(fraction) > self.subject.digits else fraction
        self.expect(len(fraction) <= self.subject.digits, f"more digits than the currency has: {money.amount}")
        return int(whole + fraction.ljust(self.subject.digits, "0"))

    def have(self, minor: int) -> None:
        """Bring the player's cash to exactly this, by a promotional credit or a correction."""
        missing = minor - self.balance()
        with self._unrecorded():
            if missing > 0:
                self.ok(self.ask("Credit", self.credit(missing, kind=contract.CREDIT_KIND_PROMO)))
            elif missing < 0:
                self.ok(self.ask("Debit", self.debit(-missing, kind=contract.DEBIT_KIND_ADJUSTMENT)))

    @contextmanager
    def _unrecorded(self) -> Iterator[None]:
        self._recording = False
        try:
            yield
        finally:
            self._recording = True

    # -- judging

    def expect(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - read at the call like an assert
        """FailedError unless it holds."""
        if not holds:
            raise FailedError(otherwise)

    def ok(self, answer: Any) -> Any:
        """Accepted."""
        return self.outcome(answer, "OK")

    def outcome(self, answer: Any, *wanted: str) -> Any:
        """One of these outcomes."""
        found = outcome_pb2.Outcome.Name(answer.outcome).removeprefix("OUTCOME_")
        self.expect(found in wanted, f"the outcome is {found}, not {' or '.join(wanted)}")
        return answer

    def cash(self, minor: int, player: str = "") -> None:
        """The player has exactly this."""
        found = self.balance(player)
        self.expect(found == minor, f"the balance is {self.text(found)}, not {self.text(minor)}")

    def once_more(self) -> None:
        """Ask everything again, with the same keys: the same outcomes, and no money moves."""
        before = self.balance()
        with self._unrecorded():
            for method, request, first in list(self.asked):
                again = self.ask(method, request)
                if method != "CloseRound":
                    self._same(method, first, again)
        found = self.balance()
        self.expect(found == before, f"a second run moved money: {self.text(before)} became {self.text(found)}")

    def _same(self, method: str, first: Any, again: Any) -> None:
        self.expect(again.outcome == first.outcome, f"{method} was answered differently the second time")
        final = outcome_pb2.Outcome.Name(first.outcome) not in _NOT_KEPT
        self.expect(again.replayed or not final, f"the second answer to {method} is not marked as replayed")


_NOT_KEPT = frozenset(
    {"OUTCOME_IDEMPOTENCY_CONFLICT", "OUTCOME_PLAYER_NOT_FOUND", "OUTCOME_AMOUNT_INVALID", "OUTCOME_CURRENCY_MISMATCH"}
)
"""Whether a wallet keeps these is its own choice: the same request meets the same refusal either way."""
