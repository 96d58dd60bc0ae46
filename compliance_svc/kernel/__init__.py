"""The decision kernel: may a player do this, and why not.

`decide(pack, facts, action, now_us)` is a pure function: integers only, no I/O, no clock. It
runs in the wallet's posting decision, in replay and in simulation, and gives the same record
to the byte. Instants are microseconds since 1970 UTC, amounts smallest units with an exponent.

    library = load_library(path, allow_sandbox=False)     # compliance_svc.kernel.loading, at start
    pack = library.at("gb", now_us)                       # None refuses every debit
    decision = decide(pack, facts, action, now_us)
    state = apply(state, decision)                        # after the commit

What the wallet supplies

* `Player`, kept per player and replaced on change: `born` (YYYYMMDD or None; `born_on` reads
  text), main `currency`, and `protection`, the state that protective actions change. It is
  stored as `Protection.to_json()` in the wallet's own database and starts as
  `Protection()`. An absent or unreadable state is None, which refuses every debit.
* `UsageBook`, kept per player with limits: what was used since `usage_needed(limits, now_us)`.
  Loaded from the ledger, then added to with each commit: a deposit under DEPOSIT; a stake of
  cash or bonus under LOSS at its instant; a win under LOSS as a negative amount at the first bet
  of its round; a cancelled stake as a negative amount at its bet. `trim` keeps it small.
  After a limit was set or changed, load again: a new window may need older events.
* `Cycle` for BET: live stakes of the round so far, and the start of the latest cycle of this
  session in this game category (the first accepted bet of a round; refused bets start nothing).
* `suspended`, true while a kill switch holds. The block by the operator is the wallet's own.

BET, TIP, DEPOSIT, LOGIN and OPEN_PLAY are debits in this sense: every applicable rule is asked, and a
missing fact or pack refuses. Credits (win, cancel, refund, release, withdraw) always pass.
Protective actions (limits, exclusion, break, return) give the next state in `decision.protection`
with verdict ALLOW or SCHEDULE. An exclusion or a break also ends the open sessions: the caller's work.
"""

from compliance_svc.kernel.actions import (
    CREDITS,
    AckRealityCheck,
    Action,
    ActionKind,
    ApproveReinstatement,
    Bet,
    CancelPendingLimit,
    CancelWithdrawal,
    Category,
    Check,
    CloseAccount,
    ClosePlay,
    ConfirmLimit,
    Credit,
    DemoPlay,
    Deposit,
    Exclude,
    Funding,
    Login,
    Marketing,
    OpenPlay,
    Protective,
    RecordCheck,
    RecordDepositFailure,
    RecordIdentity,
    RecordLocation,
    RecordRisk,
    RecordScreening,
    Register,
    RenewAssertion,
    RequestReinstatement,
    Screening,
    SetLimit,
    SetSessionLimit,
    TakeBreak,
    Tip,
)
from compliance_svc.kernel.codes import SECRET, Code, Obligation, Verdict
from compliance_svc.kernel.counting import counted_minor
from compliance_svc.kernel.deciding import decide, decide_again, replay
from compliance_svc.kernel.decision import Decision, apply
from compliance_svc.kernel.evidence import read_session, session_json
from compliance_svc.kernel.facts import (
    CALM,
    Answer,
    Assertion,
    Cycle,
    Facts,
    Game,
    Outside,
    Player,
    Rate,
    Session,
    born_on,
)
from compliance_svc.kernel.fields import PackError
from compliance_svc.kernel.findings import Read, Reason
from compliance_svc.kernel.headroom import LimitStatus, headroom_minor, limit_status, limit_statuses
from compliance_svc.kernel.limits import CALENDAR, ROLLING, Limit, LimitKind, PendingIncrease, Window, usage_needed
from compliance_svc.kernel.pack import Pack, PackLibrary
from compliance_svc.kernel.protection import Exclusion, Identity, Person, Protection
from compliance_svc.kernel.usage import Usage, UsageBook
from compliance_svc.kernel.version import KERNEL_VERSION

__all__ = [
    "CALENDAR",
    "CALM",
    "CREDITS",
    "KERNEL_VERSION",
    "ROLLING",
    "SECRET",
    "AckRealityCheck",
    "Action",
    "ActionKind",
    "Answer",
    "ApproveReinstatement",
    "Assertion",
    "Bet",
    "CancelPendingLimit",
    "CancelWithdrawal",
    "Category",
    "Check",
    "CloseAccount",
    "ClosePlay",
    "Code",
    "ConfirmLimit",
    "Credit",
    "Cycle",
    "Decision",
    "DemoPlay",
    "Deposit",
    "Exclude",
    "Exclusion",
    "Facts",
    "Funding",
    "Game",
    "Identity",
    "Limit",
    "LimitKind",
    "LimitStatus",
    "Login",
    "Marketing",
    "Obligation",
    "OpenPlay",
    "Outside",
    "Pack",
    "PackError",
    "PackLibrary",
    "PendingIncrease",
    "Person",
    "Player",
    "Protection",
    "Protective",
    "Rate",
    "Read",
    "Reason",
    "RecordCheck",
    "RecordDepositFailure",
    "RecordIdentity",
    "RecordLocation",
    "RecordRisk",
    "RecordScreening",
    "Register",
    "RenewAssertion",
    "RequestReinstatement",
    "Screening",
    "Session",
    "SetLimit",
    "SetSessionLimit",
    "TakeBreak",
    "Tip",
    "Usage",
    "UsageBook",
    "Verdict",
    "Window",
    "apply",
    "born_on",
    "counted_minor",
    "decide",
    "decide_again",
    "headroom_minor",
    "limit_status",
    "limit_statuses",
    "read_session",
    "replay",
    "session_json",
    "usage_needed",
]
