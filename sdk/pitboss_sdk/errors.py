"""Everything that calls raise.

    PitbossError
      RefusedError              the ledger said no, for good: InsufficientFundsError, LimitExceededError, ...
      ComplianceDeniedError     the law said no, wherever it was asked
      PlayerNotFoundError       wherever it was found
      KeyConflictError          a key was used for something else
      UndecidedError            not decided, or not known: call again with the same key
      CallError                 the call failed: OverloadedError, UnauthenticatedError, ...

Each says what happened, what to do, and the request id that finds the call in the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import grpc

from pitboss_sdk.failure import Failure
from pitboss_sdk.values import Decision, Receipt
from pitboss_sdk.vocabulary import Outcome


class PitbossError(Exception):
    """A call did not do what was asked."""

    advice: ClassVar[str] = ""
    """What to do next."""

    def __init__(self, detail: str = "", *, request_id: str = "", transaction_key: str = "") -> None:
        self.detail = detail
        self.request_id = request_id
        self.transaction_key = transaction_key
        """The key of the action, for a call that changes something: the same call with it is a safe retry."""
        super().__init__(detail)

    def __str__(self) -> str:
        said = [type(self).__doc__ or "", self.detail, self.advice]
        names = {"transaction_key": self.transaction_key, "request_id": self.request_id}
        named = ", ".join(f"{name}={value}" for name, value in names.items() if value)
        return " ".join(part for part in (*said, f"[{named}]" if named else "") if part)


# -- the ledger or the law said no


class RefusedError(PitbossError):
    """The ledger refused the action for good; nothing moved."""

    advice: ClassVar[str] = "The same key gets the same refusal for ever; a new attempt needs a new key."

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        super().__init__(_outcome_text(receipt), request_id=receipt.request_id, transaction_key=receipt.transaction_key)

    @property
    def outcome(self) -> Outcome:
        """Why."""
        return self.receipt.outcome

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason of the law, if it was the law."""
        return self.receipt.reasons


class InsufficientFundsError(RefusedError):
    """The player has less available money than the amount."""


class LimitExceededError(RefusedError):
    """A limit of the player would be passed."""

    @property
    def limit(self) -> str:
        """Which kind of limit: "deposit", "loss" or "stake"."""
        return self.receipt.limit


class PlayerBlockedError(RefusedError):
    """The player is blocked."""


class CurrencyMismatchError(RefusedError):
    """The player has no account in this currency."""

    advice: ClassVar[str] = "Open an account in it first: open_account(player_id, currency_code)."


class AmountInvalidError(RefusedError):
    """The amount is not above zero, is too large, or is finer than the currency's smallest unit."""


class EffectiveTimeRefusedError(RefusedError):
    """The effective time is in the future, before the account, or leaves a balance out of bounds at some moment since."""


class AccountFrozenError(RefusedError):
    """The account is frozen in this direction."""


class AccountClosedError(RefusedError):
    """The account is closed."""


class AccountNotEmptyError(RefusedError):
    """An account with money cannot be closed."""


class ApprovalNeededError(RefusedError):
    """The correction is above the threshold: `propose_adjustment`, and let a second person approve."""


class ApprovalInvalidError(RefusedError):
    """The approval is of the proposer, or of another content than was proposed."""


class AlreadyRolledBackError(RefusedError):
    """The transaction that is referred to was undone."""


class WithdrawalNotFoundError(RefusedError):
    """There is no withdrawal with this key."""


class WithdrawalEndedError(RefusedError):
    """The withdrawal is over: paid, released or expired."""


class WithdrawalExceededError(RefusedError):
    """More was asked for than what is left of the withdrawal."""


class ComplianceDeniedError(PitbossError):
    """The law of the player's jurisdiction refuses."""

    advice: ClassVar[str] = "Show the player why; `reasons` has every rule that refused."

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason, such as "SEX.SELF"."""
        return ()


class ActionDeniedError(ComplianceDeniedError, RefusedError):
    """The law refuses this payment."""

    advice: ClassVar[str] = ComplianceDeniedError.advice

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason."""
        return self.receipt.reasons


class ProtectionDeniedError(ComplianceDeniedError):
    """The law refuses this change of the player's protection."""

    def __init__(self, decision: Decision, *, request_id: str = "", transaction_key: str = "") -> None:
        self.decision = decision
        text = f"{decision.verdict.name}: {', '.join(decision.reasons)}."
        super().__init__(text, request_id=request_id, transaction_key=transaction_key)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason."""
        return self.decision.reasons


class PlayerNotFoundError(PitbossError):
    """The licensee has no such player."""

    advice: ClassVar[str] = "Open an account first: open_account(player_id, currency_code)."


class KeyConflictError(PitbossError):
    """The key was used before with other content; nothing was done."""

    advice: ClassVar[str] = "A new action needs a new key; a retry repeats the content too."


class PlayerUnknownError(PlayerNotFoundError, RefusedError):
    """The licensee has no such player."""

    advice: ClassVar[str] = PlayerNotFoundError.advice


class KeyReusedError(KeyConflictError, RefusedError):
    """The key was used before with other content; nothing was done."""

    advice: ClassVar[str] = KeyConflictError.advice


# -- nobody knows yet


class UndecidedError(PitbossError):
    """The action was not decided in time, or its outcome is not known."""

    advice: ClassVar[str] = "Make the same call again with this transaction_key: it is done once at most."

    def __init__(
        self, detail: str = "", *, cause: Failure | None = None, request_id: str = "", transaction_key: str = ""
    ) -> None:
        self.cause = cause
        super().__init__(detail, request_id=request_id, transaction_key=transaction_key)


# -- the call failed


class CallError(PitbossError):
    """The call failed."""

    def __init__(self, failure: Failure, *, request_id: str = "", transaction_key: str = "") -> None:
        self.failure = failure
        known_as = failure.metadata.get("request_id", "") or request_id
        super().__init__(_failure_text(failure), request_id=known_as, transaction_key=transaction_key)

    @property
    def code(self) -> grpc.StatusCode:
        """The gRPC status."""
        return self.failure.code

    @property
    def reason(self) -> str:
        """Such as "ERROR_REASON_OVERLOADED"; empty if it did not come from one of Pitboss's services."""
        return self.failure.reason

    @property
    def metadata(self) -> Mapping[str, str]:
        """What it is about, by name."""
        return self.failure.metadata

    @property
    def violations(self) -> tuple[tuple[str, str], ...]:
        """Fields that were refused, and why."""
        return self.failure.violations

    @property
    def retry_after_s(self) -> float | None:
        """The server asked to come back after this span."""
        return self.failure.retry_after_s


class RequestInvalidError(CallError):
    """A field is missing or out of range."""

    advice: ClassVar[str] = "Correct the fields in `violations`."


class PageTokenInvalidError(RequestInvalidError):
    """The page token belongs to another list."""

    advice: ClassVar[str] = "Start the list from its beginning."


class MessageTooLargeError(RequestInvalidError):
    """The message is larger than the service accepts."""

    advice: ClassVar[str] = "Send less at once."


class UnauthenticatedError(CallError):
    """The token is missing, expired or not from the identity provider."""

    advice: ClassVar[str] = "Pass a callable as `token` to refresh it in time."


class ForbiddenError(CallError):
    """The token is good and does not allow this call."""

    advice: ClassVar[str] = "Ask for a token with the scope that this method needs: wallet, play or admin."


class ScopeMissingError(ForbiddenError):
    """The token lacks the scope that this method needs."""


class OverloadedError(CallError):
    """There are more calls than the service can take now."""

    advice: ClassVar[str] = "Slow down; `retry_after_s` says when to come back."


class ServiceDownError(CallError):
    """The service, or a part that it needs, does not answer."""

    advice: ClassVar[str] = "Call again later, with the same key if there is one."


class LaunchFailedError(ServiceDownError):
    """The provider did not answer the launch."""

    advice: ClassVar[str] = "Try again in a moment, or offer another provider's game."


class GrantUnknownError(ServiceDownError):
    """The provider did not answer about free rounds; the same call finds out what became of it."""


class DeadlineExceededError(CallError):
    """The time was over before there was an answer."""

    advice: ClassVar[str] = "Call again with the same key if there is one, or give the call a longer timeout_s."


class NotFoundError(CallError):
    """There is no such thing."""


class SessionNotFoundError(NotFoundError):
    """The licensee has no such session."""


class GrantNotFoundError(NotFoundError):
    """The licensee has no such grant of free rounds."""


class RoundNotFoundError(NotFoundError):
    """The licensee's player has no such round at this provider."""


class ProviderNotFoundError(NotFoundError):
    """The provider is not connected."""

    advice: ClassVar[str] = "list_games() shows what there is."


class DecisionNotFoundError(NotFoundError):
    """No decision has this id."""


class TransactionNotFoundError(NotFoundError):
    """No transaction has this id or key."""


class CurrencyUnknownError(NotFoundError):
    """The currency is not in the licensee's asset registry."""


class MomentNotReachedError(RequestInvalidError):
    """The ledger has not come to this moment yet, so nobody knows what will be true then."""


class LinesNotSortedError(RequestInvalidError):
    """The lines of a file that is compared are not in ascending order of kind number and of the bytes of the key."""


class SessionEndedError(CallError):
    """The session has ended and cannot be recovered."""

    advice: ClassVar[str] = "Create a new one."


class GrantOverError(CallError):
    """The grant has expired or was never given: there is nothing to cancel."""


class GrantRefusedError(CallError):
    """The provider refused the free rounds, or their cancel."""

    advice: ClassVar[str] = "Its own code is in the metadata. A new order needs a new key."


class FreeRoundsNotOfferedError(CallError):
    """The provider has no such free rounds that others may give."""


class DemoNotOfferedError(CallError):
    """The provider launches no games for play money."""


class ReplayNotOfferedError(CallError):
    """The provider shows no rounds to others."""


class ReplayRefusedError(CallError):
    """The provider refused to show the round."""

    advice: ClassVar[str] = "Its own code is in the metadata."


class GameNotAvailableError(CallError):
    """The game is unknown, disabled, or its provider is down."""

    advice: ClassVar[str] = "list_games() shows what can be launched now."


class LicenseeSuspendedError(CallError):
    """The licensee is suspended: no new stakes, deposits or sessions."""

    advice: ClassVar[str] = "Talk to the platform's team."


class PlayDeniedError(ComplianceDeniedError, CallError):
    """The law refuses to open play for this player."""

    advice: ClassVar[str] = ComplianceDeniedError.advice

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason."""
        return tuple(reason for reason in self.metadata.get("reasons", "").split(",") if reason)


class PlayerNotKnownError(PlayerNotFoundError, NotFoundError):
    """The licensee has no such player."""

    advice: ClassVar[str] = PlayerNotFoundError.advice


class KeyTakenError(KeyConflictError, CallError):
    """The key was used before with other content; nothing was done."""

    advice: ClassVar[str] = KeyConflictError.advice


class InternalError(CallError):
    """A fault of the platform."""

    advice: ClassVar[str] = "Tell the platform's team the request id."


class UnsupportedError(CallError):
    """The platform does not know this method."""

    advice: ClassVar[str] = "The platform is older than this library; update it, or use an older library."


class EndpointError(CallError):
    """The endpoint cannot be talked to."""


class NotGrpcError(EndpointError):
    """Something answers at this address, but it does not speak gRPC."""

    advice: ClassVar[str] = (
        "Check host and port; a balancer in between must pass HTTP/2 and trailers (ALPN h2, no HTTP/1.1 rewriting)."
    )


class CertificateError(EndpointError):
    """The endpoint's certificate is not trusted, or is for another host name."""

    advice: ClassVar[str] = "Pass the right ca_file, and use the host name that stands in the certificate."


class NotTlsError(EndpointError):
    """The endpoint does not speak TLS."""

    advice: ClassVar[str] = "Check host and port; plaintext=True is for development on one machine only."


def _outcome_text(receipt: Receipt) -> str:
    told = [name for name in (receipt.limit, *receipt.reasons) if name]
    return f"{receipt.outcome.name}{': ' + ', '.join(told) if told else ''}."


def _failure_text(failure: Failure) -> str:
    fields = "; ".join(f"{name}: {why}" for name, why in failure.violations)
    about = ", ".join(f"{name}={value}" for name, value in failure.metadata.items() if name != "request_id")
    parts = (failure.reason.removeprefix("ERROR_REASON_") or failure.code.name, failure.message, fields, about)
    return " - ".join(part for part in parts if part) + "."
