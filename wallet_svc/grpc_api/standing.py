"""Wire actions about access and standing as commands."""

from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.kernel import LimitKind, LimitStatus
from mesh.money import to_text
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1 import protection_pb2 as pb
from wallet_svc.domain import commands as c
from wallet_svc.domain.state import Asset

_ANSWERS: Final = {
    pb.SOURCE_ANSWER_UNSPECIFIED: "LICENSEE",
    pb.SOURCE_ANSWER_CLEAR: "CLEAR",
    pb.SOURCE_ANSWER_MATCH: "MATCH",
    pb.SOURCE_ANSWER_FUZZY: "FUZZY",
    pb.SOURCE_ANSWER_NOT_SET: "NOT_SET",
    pb.SOURCE_ANSWER_SILENT: "SILENT",
}


_LIMIT_KINDS: Final = {
    LimitKind.DEPOSIT: action_pb2.LIMIT_KIND_DEPOSIT,
    LimitKind.LOSS: action_pb2.LIMIT_KIND_LOSS,
    LimitKind.STAKE: action_pb2.LIMIT_KIND_STAKE,
    LimitKind.NETDEP: action_pb2.LIMIT_KIND_NETDEP,
    LimitKind.WAGER: action_pb2.LIMIT_KIND_WAGER,
}


def limit_usage(status: LimitStatus, main: Asset) -> ledger_service_pb2.LimitUsage:
    """What is used and left of a limit."""
    usage = ledger_service_pb2.LimitUsage(
        limit_kind=_LIMIT_KINDS[status.limit.kind],
        window=status.limit.window.value,
        headroom=money_pb2.Money(currency_code=main.code, amount=to_text(status.headroom_minor, main.exponent)),
    )
    if status.used_minor is not None:
        usage.used.currency_code, usage.used.amount = main.code, to_text(status.used_minor, main.exponent)
    return usage


def time_usage(status: LimitStatus) -> ledger_service_pb2.TimeUsage:
    """What counts against a limit of time."""
    usage = ledger_service_pb2.TimeUsage(window=status.limit.window.value)
    usage.used.seconds = status.used_minor or 0
    return usage


def answers_of(message: Any) -> c.Answers:  # noqa: ANN401 - any action that asks sources
    """What the sources said, or that nobody asked them."""
    if not message.HasField("answers"):
        return c.NOT_ASKED
    answers = message.answers
    return c.Answers(
        exclusion_register=_ANSWERS[answers.exclusion_register],
        limit_file=_ANSWERS[answers.limit_file],
        limit_left=_money(answers.limit_left) if answers.HasField("limit_left") else None,
        limit_source=answers.limit_file_name,
        limit_answered_us=_us(answers.limit_file_time) if answers.HasField("limit_file_time") else None,
        activity_file=_ANSWERS[answers.activity_file],
    )


def assertion_of(message: Any) -> c.Assertion | None:  # noqa: ANN401 - a bet, the opening of play, or a change of it
    """The licensee's word, if there is one."""
    if not message.HasField("assertion"):
        return None
    given = message.assertion
    return c.Assertion(issued_us=_us(given.issue_time), nonce=given.nonce, signature=given.signature)


def seconds_of(message: Message, field: str) -> int | None:
    """Whole seconds of a span, or None if it is not set."""
    return getattr(message, field).seconds if message.HasField(field) else None


def enter(message: pb.Enter) -> c.Enter:
    """A login, or a question about marketing."""
    purpose = "login" if message.purpose == pb.ENTRY_PURPOSE_LOGIN else "marketing"
    return c.Enter(purpose=purpose, answers=answers_of(message))


def change_play(message: pb.ChangePlay) -> c.ChangePlay:
    """One change of an open session."""
    common: dict[str, Any] = {"session": message.session_id, "answers": answers_of(message)}
    match message.WhichOneof("change"):
        case "renew_until":
            return c.ChangePlay(what="renew", until_us=_us(message.renew_until), **common)
        case "spend_limit":
            return c.ChangePlay(what="spend", money=_money(message.spend_limit), **common)
        case "time_limit":
            return c.ChangePlay(what="seconds", seconds=message.time_limit.seconds, **common)
        case "assertion":
            return c.ChangePlay(what="vouch", assertion=assertion_of(message), **common)
        case _:
            return c.ChangePlay(what="seen", **common)


def record_finding(message: pb.RecordFinding) -> c.RecordFinding:
    """What was found out."""
    common: dict[str, Any] = {}
    if message.HasField("evidence"):
        given = message.evidence
        common = {"evidence": f"{given.source} {given.reference}", "presentation": given.presentation}
    match message.WhichOneof("finding"):
        case "identity":
            result = pb.IdentityResult.Name(message.identity.result).removeprefix("IDENTITY_RESULT_")
            moment = message.identity.event_time if message.identity.HasField("event_time") else None
            return c.RecordFinding(about="identity", result=result, moment_us=moment and _us(moment), **common)
        case "location":
            location = message.location
            until = _us(location.expire_time) if location.HasField("expire_time") else None
            found = _us(location.event_time) if location.HasField("event_time") else None
            return c.RecordFinding(
                about="location", result=location.territory, moment_us=until, found_us=found, **common
            )
        case "screening":
            result = pb.ScreeningResult.Name(message.screening.result).removeprefix("SCREENING_RESULT_")
            money = _money(message.screening.amount) if message.screening.HasField("amount") else None
            return c.RecordFinding(about="screening", result=result, money=money, **common)
        case "deposit_failure":
            failed = message.deposit_failure
            failed_us = _us(failed.event_time) if failed.HasField("event_time") else None
            return c.RecordFinding(about="deposit_failure", result="", moment_us=failed_us, **common)
        case "risk":
            return c.RecordFinding(
                about="diligence" if message.risk.diligence else "risk",
                result=message.risk.flag,
                moment_us=_us(message.risk.expire_time),
                **common,
            )
        case _:
            result = pb.DutyCheck.Name(message.check.check).removeprefix("DUTY_CHECK_")
            return c.RecordFinding(about="check", result=result, **common)


def _us(moment: Timestamp) -> int:
    return moment.seconds * 1_000_000 + moment.nanos // 1_000


def _money(money: money_pb2.Money) -> c.MoneyText:
    return c.MoneyText(money.currency_code, money.amount)
