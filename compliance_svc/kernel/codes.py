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

    The order is that of the golden corpus, with two codes of our own: SEX.TERM (the
    pack offers no such term) after SEX.MIN_TERM, LIM.STAKE (the player's own limit of a
    single stake) after LIM.LOSS.
    """

    SYS_FACT_MISSING = "SYS.FACT_MISSING"
    SYS_NO_PACK = "SYS.NO_PACK"
    SYS_SUSPENDED = "SYS.SUSPENDED"
    SYS_FX_STALE = "SYS.FX_STALE"
    SEX_SELF = "SEX.SELF"
    SEX_BREAK = "SEX.BREAK"
    SEX_AWAIT_REQUEST = "SEX.AWAIT_REQUEST"
    SEX_MIN_TERM = "SEX.MIN_TERM"
    SEX_TERM = "SEX.TERM"
    KYC_AGE = "KYC.AGE"
    LIM_DEPOSIT_24H = "LIM.DEPOSIT.24H"
    LIM_DEPOSIT_7D = "LIM.DEPOSIT.7D"
    LIM_DEPOSIT_30D = "LIM.DEPOSIT.30D"
    LIM_DEPOSIT_1MO = "LIM.DEPOSIT.1MO"
    LIM_LOSS = "LIM.LOSS"
    LIM_STAKE = "LIM.STAKE"
    LIM_INCREASE_CONFIRM = "LIM.INCREASE.CONFIRM"
    GAM_STAKE_CAP = "GAM.STAKE_CAP"
    GAM_TOO_FAST = "GAM.TOO_FAST"
    GAM_AUTOPLAY = "GAM.AUTOPLAY"


CHALLENGES: Final = frozenset({Code.LIM_INCREASE_CONFIRM})
"""The codes whose verdict is CHALLENGE; all others are DENY."""

ORDER: Final = {code: rank for rank, code in enumerate(sorted(Code, key=lambda code: code in CHALLENGES))}
"""Rank of report: the codes of DENY first, then those of CHALLENGE."""


class Obligation(StrEnum):
    """A duty that comes with an allowed action."""

    RUN_FVC = "RUN_FVC"
    CDD_DUE = "CDD_DUE"
    CONTACT_PLAYER = "CONTACT_PLAYER"
    LATCH_DEPOSIT_BLOCK = "LATCH_DEPOSIT_BLOCK"


LIMIT_OF: Final = {
    code: name
    for prefix, name in (("LIM.DEPOSIT.", "deposit"), ("LIM.LOSS", "loss"), ("LIM.STAKE", "stake"))
    for code in Code
    if code.startswith(prefix)
}
"""The kind of player's limit behind a code."""
