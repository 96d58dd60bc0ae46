"""Calls to one licensee's own wallet: signed, within a deadline, behind a breaker of its own."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pybreaker
from google.protobuf.message import Message

from mesh import metrics
from mesh.breaker import CLOSED, AsyncBreaker
from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from wallet_svc.domain.state import OwnWallet
from wallet_svc.own_wallets import keys
from wallet_svc.own_wallets.doors import Door, NoAnswerError, open_door

T = TypeVar("T", bound=Message)


class NotSentError(NoAnswerError):
    """Nothing was sent, because nothing would answer."""

    def __init__(self) -> None:
        super().__init__("the wallet does not answer; nothing was sent")


class Client:
    """One licensee's wallet, for as long as its registry entry stays the same."""

    def __init__(self, licensee: str, wallet: OwnWallet, folder: Path | None) -> None:
        self.licensee, self.wallet = licensee, wallet
        self._folder = folder
        self._door: Door | None = None
        self.breaker = AsyncBreaker(
            f"own wallet of {licensee}", is_failure=_is_failure, window_calls=5, window_s=10.0, successes_to_close=1
        )
        metrics.gauge("own_wallet.breaker.open", lambda: float(self.is_ill), licensee=licensee)

    @property
    def deadline_s(self) -> float:
        """How long one call may take."""
        return self.wallet.deadline_us / 1_000_000

    @property
    def is_ill(self) -> bool:
        """Whether it is known not to answer. While one call tries whether it does again, nobody else may build on that."""
        return self.breaker.state != CLOSED

    async def call(self, method: str, request: Message, reply: type[T], timeout_s: float) -> T:
        """One call. Errors: NoAnswerError, also when nothing was sent because nothing would answer."""
        with self._timed(method):
            try:
                async with self.breaker.guard():
                    return await self._send(method, request, reply, timeout_s)
            except pybreaker.CircuitBreakerError:
                raise NotSentError from None

    @contextlib.contextmanager
    def _timed(self, method: str) -> Iterator[None]:
        started, result = time.monotonic(), "answered"
        try:
            yield
        except NoAnswerError as error:
            result = "not_sent" if isinstance(error, NotSentError) else "failed"
            raise
        finally:
            timer = metrics.histogram("own_wallet.call.duration", licensee=self.licensee, method=method, result=result)
            timer.observe(time.monotonic() - started)

    async def _send(self, method: str, request: Message, reply: type[T], timeout_s: float) -> T:
        try:
            signer = keys.load(self._folder, self.wallet.signing_key)
        except keys.SigningKeyError as error:
            raise NoAnswerError(str(error)) from None
        if self._door is None:
            self._door = open_door(self.wallet.address)
        # The licensee's clock is the world's, whatever time a sandbox has.
        return await self._door.call(method, request, reply, signer, int(time.time()), timeout_s)

    async def debit(self, request: contract.DebitRequest, timeout_s: float) -> contract.DebitResponse:
        """Take a stake."""
        return await self.call("Debit", request, contract.DebitResponse, timeout_s)

    async def credit(self, request: contract.CreditRequest) -> contract.CreditResponse:
        """Pay."""
        return await self.call("Credit", request, contract.CreditResponse, self.deadline_s)

    async def cancel(self, request: contract.CancelRequest) -> contract.CancelResponse:
        """Undo a debit."""
        return await self.call("Cancel", request, contract.CancelResponse, self.deadline_s)

    async def close_round(self, request: contract.CloseRoundRequest) -> None:
        """Tell that a round has ended, to a wallet that answers. No money waits for it, so its silence stops no stakes."""
        method = "CloseRound"
        with self._timed(method):
            if self.is_ill:
                raise NotSentError
            await self._send(method, request, contract.CloseRoundResponse, self.deadline_s)

    async def look_up(self, request: contract.GetTransactionRequest) -> contract.GetTransactionResponse:
        """What it knows of a key."""
        return await self.call("GetTransaction", request, contract.GetTransactionResponse, self.deadline_s)

    async def balance(self, request: contract.GetBalanceRequest, timeout_s: float) -> contract.GetBalanceResponse:
        """A player's money."""
        return await self.call("GetBalance", request, contract.GetBalanceResponse, timeout_s)

    async def ping(self) -> None:
        """Whether it answers."""
        await self.call("Ping", contract.PingRequest(), contract.PingResponse, self.deadline_s)

    async def close(self) -> None:
        """Give the connections back."""
        if self._door is not None:
            await self._door.close()


def _is_failure(error: BaseException) -> bool:
    return isinstance(error, NoAnswerError)
