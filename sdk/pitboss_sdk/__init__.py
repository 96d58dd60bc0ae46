"""The operator's side of Pitboss: launch games, move money, know where every cent is.

from decimal import Decimal
from pitboss_sdk import Client, Money

with Client("pitboss.example:443", token=read_token) as pitboss:
    pitboss.open_account("pl-7001", "EUR")
    pitboss.deposit("pl-7001", Money(Decimal("25.00"), "EUR"))
"""

from pitboss_sdk import errors
from pitboss_sdk.aio import AsyncClient
from pitboss_sdk.client import Client
from pitboss_sdk.errors import (
    CallError,
    ComplianceDeniedError,
    InsufficientFundsError,
    KeyConflictError,
    LimitExceededError,
    OverloadedError,
    PitbossError,
    PlayerNotFoundError,
    RefusedError,
    ServiceDownError,
    UnauthenticatedError,
    UndecidedError,
)
from pitboss_sdk.money import Money
from pitboss_sdk.values import (
    Attempt,
    Balances,
    BookAccount,
    ComparedLine,
    ComparisonSummary,
    DayStatement,
    Decision,
    DecisionRecord,
    Difference,
    Explanation,
    Game,
    Hold,
    Launch,
    Limit,
    Posting,
    Protection,
    Receipt,
    Session,
    SessionChange,
    Statement,
    StatementLine,
    Transaction,
)
from pitboss_sdk.vocabulary import (
    BookAccountClass,
    Category,
    Device,
    DifferenceKind,
    HoldState,
    LimitKind,
    Outcome,
    ReviewCase,
    SessionState,
    TransactionKind,
    TransactionState,
    Verdict,
)

__all__ = [
    "AsyncClient",
    "Attempt",
    "Balances",
    "BookAccount",
    "BookAccountClass",
    "CallError",
    "Category",
    "Client",
    "ComparedLine",
    "ComparisonSummary",
    "ComplianceDeniedError",
    "DayStatement",
    "Decision",
    "DecisionRecord",
    "Device",
    "Difference",
    "DifferenceKind",
    "Explanation",
    "Game",
    "Hold",
    "HoldState",
    "InsufficientFundsError",
    "KeyConflictError",
    "Launch",
    "Limit",
    "LimitExceededError",
    "LimitKind",
    "Money",
    "Outcome",
    "OverloadedError",
    "PitbossError",
    "PlayerNotFoundError",
    "Posting",
    "Protection",
    "Receipt",
    "RefusedError",
    "ReviewCase",
    "ServiceDownError",
    "Session",
    "SessionChange",
    "SessionState",
    "Statement",
    "StatementLine",
    "Transaction",
    "TransactionKind",
    "TransactionState",
    "UnauthenticatedError",
    "UndecidedError",
    "Verdict",
    "errors",
]
