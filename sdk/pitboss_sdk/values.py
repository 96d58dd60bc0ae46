"""What calls return. Frozen, and with nothing of the wire in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pitboss_sdk.money import Money
from pitboss_sdk.vocabulary import (
    AttemptProof,
    BookAccountClass,
    Category,
    DifferenceKind,
    HoldState,
    LimitKind,
    Outcome,
    ReviewCase,
    RoundState,
    SessionState,
    TransactionKind,
    TransactionState,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """A player's money in one currency."""

    available: Money
    """Cash that can be staked or withdrawn."""
    held: Money
    """Cash that waits for a withdrawal."""
    bonus: Money
    receivable: Money
    """What the player owes after a reversed win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The signed word of a licensee that keeps limits and exclusions itself. `pitboss_sdk.assertions` makes them."""

    issue_time: datetime
    nonce: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlay:
    """How long a session lasts, and what its player has staked and won since it began, in whatever game."""

    start_time: datetime
    elapsed: timedelta
    staked: Money
    won: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the law said about one action, and why."""

    decision_id: str
    verdict: Verdict
    reasons: tuple[str, ...]
    """Every reason of every failing rule, such as "LIM.DEPOSIT.24H"."""
    obligations: tuple[str, ...]
    pack: str
    """Name and version of the law pack, "gb@1"."""
    pack_digest: str
    kernel_version: str
    effective_time: datetime | None
    """When a scheduled change takes effect."""
    eligible_time: datetime | None
    """First moment at which an excluded player may ask to return."""
    facts_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The ledger's answer to one action. The same key gets the same answer for ever."""

    transaction_key: str
    """The key of this action. Keep it: a retry with it is safe, also days later."""
    transaction_id: str
    """The ledger's own id. Empty if nothing is stored."""
    outcome: Outcome
    replayed: bool
    """This is the stored answer to an earlier call with the same key."""
    balance_at_commit: Money | None
    """Available cash right after the action was stored."""
    balances: Balances | None
    """Balances now. None if the answer was found by look-up."""
    hold_state: HoldState
    """State of the withdrawal, for actions about one."""
    limit: str
    """With LIMIT_EXCEEDED: "stake", "loss" or "deposit"."""
    decision: Decision | None
    reasons: tuple[str, ...]
    request_id: str
    """Names the call in the logs of both sides."""
    payload_hash: str = ""
    """Of a proposed correction: what its approval repeats."""
    opened_case: ReviewCase = ReviewCase.NONE
    """What a person should look at because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A correction of an accepted bet or win, in cash."""

    provider: str
    """The provider whose transaction is corrected."""
    kind: TransactionKind
    """BET or WIN."""
    transaction_key: str
    amount: Money
    """What the player gets, or below zero what is taken."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One stored action of a player."""

    transaction_id: str
    player_id: str
    source: str
    """The provider that sent it, or "cashier" for the licensee's own payments."""
    kind: TransactionKind
    transaction_key: str
    state: TransactionState
    outcome: Outcome
    amount: Money | None
    rolled_back: bool
    round_id: str
    game_id: str
    session_id: str
    reference_key: str
    jackpot_part: Money | None
    balance_at_commit: Money | None
    record_time: datetime | None
    reasons: tuple[str, ...]
    request_id: str
    opened_case: ReviewCase
    effective_time: datetime | None
    """When it took effect, if it was back-dated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One posting: all that one money transaction moved in one currency."""

    cursor: str
    """Resume after this line: `statement(after_cursor=...)`."""
    transaction_id: str
    kind: TransactionKind
    """A part of an undone list has the kind of that part."""
    source: str
    transaction_key: str
    """Empty for a part of an undone list."""
    cash_change: Money
    """Below zero when the player paid."""
    bonus_change: Money
    held_change: Money
    receivable_change: Money
    balance: Money
    """Available cash after the line."""
    round_id: str
    game_id: str
    reference_key: str
    record_time: datetime | None
    effective_time: datetime | None
    """When it took effect, if it was back-dated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Lines of a player's statement in one currency, in the order of the ledger."""

    opening: Money
    """Available cash before the first line."""
    lines: tuple[StatementLine, ...]
    closing: Money
    """Available cash after the last line."""
    next_cursor: str
    """Resume here, also later. Empty: there was never a line."""
    more: bool
    """There are lines after these already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubBalances:
    """Sums over all players. They may be below zero for the statement of one source."""

    cash: Money
    held: Money
    bonus: Money
    receivable: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTotal:
    """What postings of one kind changed on a day."""

    kind: TransactionKind
    count: int
    change: SubBalances


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatement:
    """One day in one currency, for all players."""

    opening: SubBalances
    kinds: tuple[KindTotal, ...]
    closing: SubBalances
    count: int
    final: bool
    """The day is over. False: more may come."""
    document_json: str
    """The same content as canonical JSON."""
    digest: str
    """SHA-256 of the document, in hexadecimal."""
    signed_note: str
    """The document as a signed note (C2SP, Ed25519). Empty: the platform has no key."""
    verifier_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLine:
    """What one side has about one transaction. What is None is not compared."""

    kind: TransactionKind
    transaction_key: str
    amount: Money | None = None
    state: TransactionState | None = None
    player_id: str = ""
    """Empty: whoever has the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference between a file and the ledger."""

    kind: DifferenceKind
    there: ComparedLine | None
    """The line of the file."""
    here: ComparedLine | None
    """What the ledger has."""
    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSummary:
    """What was compared. It comes last: without it the comparison was not finished."""

    lines: int
    transactions: int
    agreeing: int
    missing_here: int
    missing_there: int
    amount_differs: int
    state_differs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call with the key of a transaction."""

    time: datetime | None
    caller: str
    """The workload that called: "gateway" for yourself, "provider_adapters/..." for a provider."""
    request_id: str
    outcome: Outcome
    replayed: bool
    content_json: str
    """What a refused re-use of the key asked for instead. Empty: the stored content."""
    proof: AttemptProof
    """How the message was proved that led to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMessage:
    """A message of the provider that names the key and was not believed. It reached no decision."""

    time: datetime | None
    event: str
    """What was wrong, such as "signature_invalid"."""
    request_id: str
    path: str
    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAttempt:
    """One call to your own wallet."""

    time: datetime | None
    method: str
    call_key: str
    """The key that was sent."""
    latency: timedelta
    answer: str
    """Your wallet's own word: an outcome, a state, or what came instead of an answer."""
    outcome: Outcome | None
    """What it means to the mesh. None: nothing is known, or it was refused and stays owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """What your own wallet has not answered yet: a stake whose outcome is not known, or something it has not booked."""

    call_id: str
    """The key that it is sent."""
    kind: TransactionKind
    amount: Money | None
    """None: no money, or the end of a round."""
    stuck: bool
    """It was refused for good, and waits for a person."""
    attempts: int
    next_attempt_time: datetime | None
    create_time: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAccount:
    """One side of a posting."""

    account_id: int
    account_class: BookAccountClass
    player_id: str
    """Empty: the house."""
    source: str
    balance: Money | None
    """Its balance after the posting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One movement between two accounts."""

    posting_id: str
    debit: BookAccount
    """The account that gave."""
    credit: BookAccount
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reservation as it is now: captured, released and left are together the amount."""

    hold_key: str
    state: HoldState
    amount: Money
    captured: Money
    released: Money
    expire_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one transaction."""

    transaction: Transaction
    attempts: tuple[Attempt, ...]
    """The call that stored it, then the latest calls with the same key."""
    attempt_count: int
    decision: Decision | None
    """What the law said. None: it was not asked."""
    postings: tuple[Posting, ...]
    related: tuple[Transaction, ...]
    """What it refers to, and what refers to it: cancels, reversals, results, captures."""
    hold: Hold | None
    writer: str
    """The wallet process that committed it."""
    refused_messages: tuple[RefusedMessage, ...]
    """The latest messages of the provider that name the key and were not believed."""
    upstream_attempts: tuple[UpstreamAttempt, ...]
    """The latest calls about it to your own wallet."""
    pending_calls: tuple[PendingCall, ...]
    """What your own wallet has not answered yet, with the time of the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One player at one provider in one currency."""

    session_id: str
    player_id: str
    provider: str
    game_id: str
    currency_code: str
    state: SessionState
    create_time: datetime | None
    expire_time: datetime | None
    end_time: datetime | None
    end_reason: str = ""
    """By which reason code the law ended it, such as "SEX.SELF" or "SES.TIME_LIMIT"; empty if it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A session and the address that starts its game: an empty one if the law has ended the session since."""

    session: Session
    launch_url: str = field(repr=False)
    """A secret of the player: open it in the player's browser and keep it out of logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLaunch:
    """A game for play money. No session of money stands behind it."""

    session_id: str
    launch_url: str = field(repr=False)
    """Open it in the player's browser."""
    pack: str
    """The pack by which the law allowed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A round as its provider shows it: by an address or as a page, never both."""

    state: RoundState
    """Where the round stands in the ledger."""
    url: str = field(repr=False)
    """Opens in a browser, perhaps for a short time only. Whoever has it sees the round: keep it out of logs."""
    page: str = field(repr=False)
    """A whole HTML document of the provider's. Show it in a sandboxed frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """One change of a session."""

    cursor: int
    """Resume after it: `watch_sessions(after_cursor=...)`."""
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFacts:
    """What a provider says of a game in one market: a country, or a part of it such as "US-NJ"."""

    market: str
    certificate_id: str
    """Empty: not told."""
    return_ppm: int
    """Return to the player in millionths of the stakes. 0: not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One game of one provider."""

    provider: str
    game_id: str
    title: str
    category: Category
    available: bool
    unavailable_reason: str
    currency_codes: tuple[str, ...]
    refused_countries: tuple[str, ...] = ()
    """Where the provider does not let it be played."""
    return_ppm: int = 0
    """Return to the player where a market has no variant of its own. 0: not told."""
    languages: tuple[str, ...] = ()
    """Empty: not told."""
    markets: tuple[MarketFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit of a player."""

    kind: LimitKind
    window: str
    amount: Money
    pending_amount: Money | None
    """An increase that is not in force yet."""
    effective_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How a player is protected now."""

    jurisdiction: str
    blocked: bool
    limits: tuple[Limit, ...]
    excluded: bool
    eligible_time: datetime | None
    break_until_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One stored decision and what it was about."""

    decision: Decision
    player_id: str
    kind: TransactionKind
    transaction_key: str
    source: str
    outcome: Outcome
    record_time: datetime | None
