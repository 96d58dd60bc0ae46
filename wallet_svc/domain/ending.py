"""Which entries of the log end sessions by law, and why: whoever keeps sessions elsewhere has to hear of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from compliance_svc.kernel import Code, Identity
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome


def end_reason(entry: Entry) -> str:
    """The reason code by which an entry ended sessions: that of an END_PLAY, else every one of the player before it.

    Empty for an entry that ends none, and for the end that a player or a licensee wanted.
    """
    if entry.outcome is not Outcome.OK:
        return ""
    reason = _REASONS.get(entry.kind)
    return "" if reason is None else reason(entry)


def _of_play(entry: Entry) -> str:
    return str((entry.details or {}).get("why", ""))


def _of_finding(entry: Entry) -> str:
    """A finding ends sessions if it has raised the epoch of the player's permits."""
    after = (entry.details or {}).get("protection")
    if after is None or not entry.decision_json:
        return ""
    facts: Mapping[str, Any] = orjson.loads(entry.decision_json)["facts"]
    before = facts["player"].get("protection") or {}
    if int(orjson.loads(after).get("epoch", 0)) == int(before.get("epoch", 0)):
        return ""
    action = facts["action"]
    if action["kind"] == "RECORD_SCREENING":
        return Code.AML_FROZEN.value
    return (Code.KYC_AGE if action.get("result") == Identity.MINOR else Code.KYC_UNVERIFIED).value


_REASONS: Final[dict[Kind, Callable[[Entry], str]]] = {
    Kind.END_PLAY: _of_play,
    Kind.EXCLUDE: lambda _entry: Code.SEX_SELF.value,
    Kind.TAKE_BREAK: lambda _entry: Code.SEX_BREAK.value,
    Kind.LEAVE_FOR_GOOD: lambda _entry: Code.SES_ENDED.value,
    Kind.RECORD_FINDING: _of_finding,
}
