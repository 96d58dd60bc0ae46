"""Verdicts, reason codes in their fixed order of report, and obligations."""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What the law says about one action."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    CHALLENGE = "CHALLENGE"
    SCHEDULE = "SCHEDULE"


class Code(StrEnum):
    """Reason codes; the order of definition is the order of report.

    The order is that of the golden corpus, with codes of our own: SEX.TERM (the
    pack offers no such term) after SEX.MIN_TERM, AML.REVIEW (a flag of risk monitoring), PAY.REVIEW
    (too many failed deposits), SES.INACTIVE, GAM.RETURN (the certified return is too low) and GAM.FEATURE after the other
    codes of their families, LIM.STAKE (the player's own limit of a single stake) after LIM.LOSS, LIM.PLAYER_ONLY
    (the licensee asked for a higher limit) before LIM.CONTACT_REQUIRED, SYS.ZONE_DATA after SYS.CLOCK.
    """

    SYS_FACT_MISSING = "SYS.FACT_MISSING"
    SYS_NO_PACK = "SYS.NO_PACK"
    SYS_SUSPENDED = "SYS.SUSPENDED"
    SYS_CLOCK = "SYS.CLOCK"
    SYS_ZONE_DATA = "SYS.ZONE_DATA"
    SYS_AUDIT_UNAVAILABLE = "SYS.AUDIT_UNAVAILABLE"
    SYS_COUNTERS_UNAVAILABLE = "SYS.COUNTERS_UNAVAILABLE"
    SYS_FX_STALE = "SYS.FX_STALE"
    SYS_ASSERTION_STALE = "SYS.ASSERTION_STALE"
    SYS_ASSERTION_REPLAY = "SYS.ASSERTION_REPLAY"
    ROUND_CANCELLED = "ROUND.CANCELLED"
    SEX_SELF = "SEX.SELF"
    SEX_REGISTER = "SEX.REGISTER"
    SEX_UNAVAILABLE = "SEX.UNAVAILABLE"
    SEX_BREAK = "SEX.BREAK"
    SEX_AWAIT_REQUEST = "SEX.AWAIT_REQUEST"
    SEX_MIN_TERM = "SEX.MIN_TERM"
    SEX_TERM = "SEX.TERM"
    SEX_MARKETING = "SEX.MARKETING"
    SEX_REVIEW = "SEX.REVIEW"
    AML_FROZEN = "AML.FROZEN"
    AML_CDD_DUE = "AML.CDD_DUE"
    AML_SCREENING_UNAVAILABLE = "AML.SCREENING_UNAVAILABLE"
    AML_REVIEW = "AML.REVIEW"
    KYC_AGE = "KYC.AGE"
    KYC_UNVERIFIED = "KYC.UNVERIFIED"
    GEO_NO_LICENCE = "GEO.NO_LICENCE"
    GEO_OUTSIDE = "GEO.OUTSIDE"
    GEO_UNAVAILABLE = "GEO.UNAVAILABLE"
    GEO_RECHECK = "GEO.RECHECK"
    LIM_NOT_SET = "LIM.NOT_SET"
    LIM_EXTERNAL = "LIM.EXTERNAL"
    LIM_EXTERNAL_UNAVAILABLE = "LIM.EXTERNAL.UNAVAILABLE"
    LIM_DEPOSIT_24H = "LIM.DEPOSIT.24H"
    LIM_DEPOSIT_7D = "LIM.DEPOSIT.7D"
    LIM_DEPOSIT_30D = "LIM.DEPOSIT.30D"
    LIM_DEPOSIT_1MO = "LIM.DEPOSIT.1MO"
    LIM_DEPOSIT_DAY = "LIM.DEPOSIT.DAY"
    LIM_DEPOSIT_WEEK = "LIM.DEPOSIT.WEEK"
    LIM_DEPOSIT_MONTH = "LIM.DEPOSIT.MONTH"
    LIM_NETDEP = "LIM.NETDEP"
    LIM_NETDEP_LATCHED = "LIM.NETDEP.LATCHED"
    LIM_WAGER = "LIM.WAGER"
    LIM_LOSS = "LIM.LOSS"
    LIM_STAKE = "LIM.STAKE"
    LIM_TIME = "LIM.TIME"
    LIM_PLAYER_ONLY = "LIM.PLAYER_ONLY"
    LIM_CONTACT_REQUIRED = "LIM.CONTACT_REQUIRED"
    LIM_INCREASE_CONFIRM = "LIM.INCREASE.CONFIRM"
    PAY_NO_REVERSAL = "PAY.NO_REVERSAL"
    PAY_REVIEW = "PAY.REVIEW"
    GAM_CATEGORY = "GAM.CATEGORY"
    GAM_JACKPOT = "GAM.JACKPOT"
    GAM_NOT_CERTIFIED = "GAM.NOT_CERTIFIED"
    GAM_STAKE_CAP = "GAM.STAKE_CAP"
    GAM_TOO_FAST = "GAM.TOO_FAST"
    GAM_AUTOPLAY = "GAM.AUTOPLAY"
    GAM_RETURN = "GAM.RETURN"
    GAM_FEATURE = "GAM.FEATURE"
    SES_PERMIT_EXPIRED = "SES.PERMIT_EXPIRED"
    SES_ENDED = "SES.ENDED"
    SES_PARALLEL = "SES.PARALLEL"
    SES_ACTIVE_ELSEWHERE = "SES.ACTIVE_ELSEWHERE"
    SES_MANDATORY_BREAK = "SES.MANDATORY_BREAK"
    SES_SPEND_LIMIT = "SES.SPEND_LIMIT"
    SES_TIME_LIMIT = "SES.TIME_LIMIT"
    SES_LIMIT_LOCKED = "SES.LIMIT_LOCKED"
    SES_INACTIVE = "SES.INACTIVE"
    SES_RC_DUE = "SES.RC_DUE"


CHALLENGES: Final = frozenset(
    {
        Code.SEX_REVIEW,
        Code.AML_CDD_DUE,
        Code.GEO_RECHECK,
        Code.LIM_CONTACT_REQUIRED,
        Code.LIM_INCREASE_CONFIRM,
        Code.SES_RC_DUE,
    }
)
"""The codes whose verdict is CHALLENGE; all others are DENY."""

SECRET: Final = frozenset({Code.AML_FROZEN, Code.AML_SCREENING_UNAVAILABLE, Code.AML_REVIEW})
"""Codes that a player is never told: a neutral sentence stands in their place."""

ORDER: Final = {code: rank for rank, code in enumerate(sorted(Code, key=lambda code: code in CHALLENGES))}
"""Rank of report: the codes of DENY first, then those of CHALLENGE."""


class Obligation(StrEnum):
    """A duty that comes with an allowed action."""

    RUN_FVC = "RUN_FVC"
    CDD_DUE = "CDD_DUE"
    CONTACT_PLAYER = "CONTACT_PLAYER"
    LATCH_DEPOSIT_BLOCK = "LATCH_DEPOSIT_BLOCK"
    INVESTIGATE_PAYMENTS = "INVESTIGATE_PAYMENTS"
    REVIEW_LIMITS = "REVIEW_LIMITS"


LIMIT_OF: Final = {
    code: name
    for prefix, name in (
        ("LIM.DEPOSIT.", "deposit"),
        ("LIM.NETDEP", "netdep"),
        ("LIM.WAGER", "wager"),
        ("LIM.LOSS", "loss"),
        ("LIM.STAKE", "stake"),
        ("LIM.TIME", "time"),
    )
    for code in Code
    if code.startswith(prefix) and code is not Code.LIM_NETDEP_LATCHED
}
"""The kind of player's limit behind a code."""
