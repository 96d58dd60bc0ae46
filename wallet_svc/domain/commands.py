"""What can be asked of the ledger. Amounts are still text: only the asset knows their exponent."""

from wallet_svc.domain.values import value
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState, Standing


@value()
class MoneyText:
    """An amount as it was sent: "12.50" of "EUR"."""

    currency: str
    amount: str


@value(kw_only=True)
class Assertion:
    """The signed word of a licensee that keeps limits and exclusions itself."""

    issued_us: int
    nonce: str
    signature: bytes


@value(kw_only=True)
class Bet:
    round: str
    money: MoneyText
    game: str
    session: str = ""
    close: bool = False
    automatic: bool = False
    jackpot: MoneyText | None = None
    free: bool = False
    """A free spin: the money is what its stake is worth, and nobody pays it."""
    assertion: Assertion | None = None


@value(kw_only=True)
class Win:
    round: str
    money: MoneyText
    bet_key: str = ""
    game: str = ""
    session: str = ""
    close: bool = False
    jackpot: MoneyText | None = None


@value(kw_only=True)
class BetAndWin:
    bet: Bet
    win_key: str
    win_money: MoneyText


@value(kw_only=True)
class Cancel:
    """Undo one stake: a bet, or with `of` a tip."""

    bet_key: str
    session: str = ""
    claimed: MoneyText | None = None
    of: Kind = Kind.BET


@value(kw_only=True)
class Tip:
    money: MoneyText
    session: str = ""
    round: str = ""
    game: str = ""


@value(kw_only=True)
class RollbackList:
    """Undo exactly these transactions: kind and key of each."""

    items: tuple[tuple[Kind, str], ...]


@value(kw_only=True)
class ReverseWin:
    win_key: str


@value(kw_only=True)
class UndoRollback:
    cancel_key: str


@value(kw_only=True)
class Credit:
    """A credit without a bet: PROMO, TOURNAMENT or JACKPOT."""

    kind: Kind
    money: MoneyText
    to: AccountClass = AccountClass.CASH
    round: str = ""
    session: str = ""
    reason: str = ""


@value(kw_only=True)
class FreeRound:
    """One spin of a grant or its total: FREE_ROUND_SPIN or FREE_ROUND_TOTAL."""

    kind: Kind
    grant: str
    money: MoneyText
    to: AccountClass = AccountClass.CASH
    round: str = ""
    session: str = ""


@value(kw_only=True)
class Adjust:
    """Correct a bet or a win of a source; an empty source is the sender's own."""

    ref_kind: Kind
    ref_key: str
    money: MoneyText
    ref_source: str = ""
    reason: str = ""


@value(kw_only=True)
class ProposeAdjustment:
    adjustment: Adjust
    proposed_by: str


@value(kw_only=True)
class ApproveAdjustment:
    proposal_key: str
    payload_hash: str
    approved_by: str


@value(kw_only=True)
class SetStanding:
    """Freeze or close one currency account, or undo that. `kind` says which; `what` for a freeze its direction."""

    kind: Kind
    currency: str
    what: Standing
    reason: str = ""


@value(kw_only=True)
class ResumePlay:
    session: str


@value(kw_only=True)
class CloseRound:
    round: str
    idle: bool = False
    """Sent by the ledger itself: close the round only if it was idle for too long."""


@value(kw_only=True)
class Answers:
    """What registers and files said: words of the kernel, and what the limit file leaves."""

    exclusion_register: str = "LICENSEE"
    limit_file: str = "LICENSEE"
    limit_left: MoneyText | None = None
    limit_source: str = ""
    """Which limit file said so."""
    limit_answered_us: int | None = None
    """When it said so."""
    limit_reference: str = ""
    """Under which reference the file keeps a deposit, if it was asked to."""
    activity_file: str = "LICENSEE"


NOT_ASKED = Answers()


@value(kw_only=True)
class Deposit:
    money: MoneyText
    answers: Answers = NOT_ASKED


@value(kw_only=True)
class TransferIn:
    """Money that a licensee moves into the player's game wallet."""

    money: MoneyText


@value(kw_only=True)
class TransferOut:
    """Money that a licensee moves out of it: an amount, or without one all that is free."""

    currency: str
    money: MoneyText | None = None


@value(kw_only=True)
class Hold:
    money: MoneyText
    expires_in_us: int | None = None
    tolerance: MoneyText | None = None


@value(kw_only=True)
class Capture:
    hold_key: str
    money: MoneyText | None = None


@value(kw_only=True)
class Release:
    hold_key: str
    by_player: bool = False


@value(kw_only=True)
class Expire:
    """Sent by the ledger itself when a hold's time is over. Its key is the hold's."""

    hold_key: str


@value(kw_only=True)
class OpenAccount:
    currency: str
    jurisdiction: str = ""
    born_on: str = ""
    person: str = ""
    answers: Answers | None = None
    """Set: the player registers, and the law is asked."""


@value(kw_only=True)
class OpenPlay:
    session: str
    provider: str
    currency: str
    game: str = ""
    expires_us: int | None = None
    check_every_s: int | None = None
    spend_limit: MoneyText | None = None
    seconds_limit: int | None = None
    answers: Answers = NOT_ASKED
    replaces: bool = False
    """The caller ends the player's older sessions at this provider as soon as this one has started."""
    assertion: Assertion | None = None
    order: str = ""
    """The caller's key of the order that this is an attempt of."""


@value(kw_only=True)
class EndPlay:
    session: str
    end: PlayState


@value(kw_only=True)
class SetBlock:
    blocked: bool


@value(kw_only=True)
class SetLimit:
    """Of money, or of time for the kind `time`."""

    limit: str
    window: str
    money: MoneyText | None = None
    seconds: int | None = None
    by_licensee: bool = False


@value(kw_only=True)
class ConfirmLimit:
    limit: str
    window: str
    by_licensee: bool = False


@value(kw_only=True)
class CancelPendingLimit:
    limit: str
    window: str


@value(kw_only=True)
class Exclude:
    term: str


@value(kw_only=True)
class TakeBreak:
    term: str


@value(kw_only=True)
class RequestReinstatement:
    pass


@value(kw_only=True)
class ApproveReinstatement:
    pass


@value(kw_only=True)
class LeaveForGood:
    pass


@value(kw_only=True)
class Enter:
    """A login, or a question about marketing."""

    purpose: str
    answers: Answers = NOT_ASKED


@value(kw_only=True)
class ChangePlay:
    """One change of an open session: `renew`, `seen`, `spend`, `seconds` or `vouch`."""

    session: str
    what: str
    until_us: int | None = None
    money: MoneyText | None = None
    seconds: int | None = None
    answers: Answers = NOT_ASKED
    assertion: Assertion | None = None
    """For `vouch`: the licensee's newer word for the stakes of the session."""


@value(kw_only=True)
class RecordFinding:
    """What was found out about the player, and its words.

    About `identity`, `location`, `screening`, `check`, `risk`, `diligence` or `deposit_failure`.
    """

    about: str
    result: str
    moment_us: int | None = None
    """When it was found; for a location or a flag, until when it holds."""
    money: MoneyText | None = None
    found_us: int | None = None
    """When a location was found."""
    evidence: str = ""
    """Source and reference of what it rests on."""
    presentation: str = ""
    """The one presentation of a statement that may be used once."""


@value(kw_only=True)
class Conclude:
    """Sent by the ledger itself: what a licensee's own wallet answered to an intent. OK: it took the money.

    `intent` is the intent's position, `of` and `ref` kind and key of the action. With `undo` nobody knows what the
    wallet did, and it is told to undo it.
    """

    intent: int
    of: Kind
    ref: str
    outcome: Outcome
    undo: bool = False
    cash: int | None = None
    """The player's cash there, in smallest units."""
    their_id: str = ""
    their_outcome: str = ""


@value(kw_only=True)
class Deliver:
    """Sent by the ledger itself: a licensee's own wallet booked what it was owed, or refused that for good.

    `owed` is the position of the entry that it was owed for.
    """

    owed: int
    money: MoneyText | None = None
    amount: int = 0
    """The same in smallest units."""
    refused: str = ""
    cash: int | None = None
    their_id: str = ""
    round: str = ""
    """The round that ended with it, if the wallet has not heard of that yet."""
    closing: str = ""
    """`told`: nothing but the end of a round was to be told. `owed`: the money is booked, the end still to be told."""


Action = (
    Bet
    | Win
    | BetAndWin
    | Cancel
    | CloseRound
    | Deposit
    | TransferIn
    | TransferOut
    | Hold
    | Capture
    | Release
    | Expire
    | OpenAccount
    | OpenPlay
    | EndPlay
    | SetBlock
    | SetLimit
    | ConfirmLimit
    | CancelPendingLimit
    | Exclude
    | TakeBreak
    | RequestReinstatement
    | ApproveReinstatement
    | LeaveForGood
    | Enter
    | ChangePlay
    | RecordFinding
    | Tip
    | RollbackList
    | ReverseWin
    | UndoRollback
    | Credit
    | FreeRound
    | Adjust
    | ProposeAdjustment
    | ApproveAdjustment
    | SetStanding
    | ResumePlay
    | Conclude
    | Deliver
)

KIND_OF: dict[type, Kind] = {
    Bet: Kind.BET,
    Win: Kind.WIN,
    BetAndWin: Kind.BET,
    Cancel: Kind.CANCEL,
    CloseRound: Kind.CLOSE_ROUND,
    Deposit: Kind.DEPOSIT,
    TransferIn: Kind.TRANSFER_IN,
    TransferOut: Kind.TRANSFER_OUT,
    Hold: Kind.HOLD,
    Capture: Kind.CAPTURE,
    Release: Kind.RELEASE,
    Expire: Kind.EXPIRE,
    OpenAccount: Kind.OPEN_ACCOUNT,
    OpenPlay: Kind.OPEN_PLAY,
    EndPlay: Kind.END_PLAY,
    SetBlock: Kind.SET_BLOCK,
    SetLimit: Kind.SET_LIMIT,
    ConfirmLimit: Kind.CONFIRM_LIMIT,
    CancelPendingLimit: Kind.CANCEL_PENDING_LIMIT,
    Exclude: Kind.EXCLUDE,
    TakeBreak: Kind.TAKE_BREAK,
    RequestReinstatement: Kind.REQUEST_REINSTATEMENT,
    ApproveReinstatement: Kind.APPROVE_REINSTATEMENT,
    LeaveForGood: Kind.LEAVE_FOR_GOOD,
    Enter: Kind.ENTER,
    ChangePlay: Kind.CHANGE_PLAY,
    RecordFinding: Kind.RECORD_FINDING,
    Tip: Kind.TIP,
    RollbackList: Kind.ROLLBACK_LIST,
    ReverseWin: Kind.REVERSE_WIN,
    UndoRollback: Kind.UNDO_ROLLBACK,
    Adjust: Kind.ADJUST,
    ProposeAdjustment: Kind.PROPOSE_ADJUSTMENT,
    ApproveAdjustment: Kind.APPROVE_ADJUSTMENT,
    ResumePlay: Kind.RESUME_PLAY,
    Conclude: Kind.CONCLUDE,
    Deliver: Kind.DELIVER,
}


@value()
class Command:
    """One action of one player, with who sent it. Tenant and source come from the caller's identity."""

    licensee: str
    source: str
    player: str
    key: str
    action: Action
    request_id: str = ""
    effective_us: int | None = None
    """When it took effect, for what is recorded late. None: now."""
    caller: str = ""
    """The workload that called."""
    reachable: bool = True
    """False: the licensee's own wallet is known not to answer, so nothing that needs it is begun."""

    @property
    def kind(self) -> Kind:
        known = KIND_OF.get(type(self.action))
        if known is not None:
            return known
        kind: Kind = self.action.kind  # type: ignore[union-attr]
        return kind
