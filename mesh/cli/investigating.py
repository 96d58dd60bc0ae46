"""Cases of risk monitoring, asked of the compliance service as the workload `platform`."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from mesh.cli.disputing import channel_of
from mesh.cli.output import CommandError
from mesh.cli.platform import call
from pitboss.compliance.v1 import risk_case_service_pb2 as pb
from pitboss.compliance.v1.risk_case_service_pb2_grpc import RiskCaseServiceStub

_PREFIXES = ("CASE_STATE_", "CASE_ACTION_", "CASE_EVENT_KIND_")


def cases(licensee: str, player: str, *, with_closed: bool) -> list[dict[str, Any]]:
    """Cases, the newest first."""
    return [plain(each) for each in _every(licensee, player, with_closed=with_closed)]


def show(case: str) -> dict[str, Any]:
    """A case, and what was done about it."""
    found = _ask("GetCase", pb.GetCaseRequest(case_id=_find(case)))
    return {"case": plain(found.case), "events": [plain(each) for each in found.events]}


def propose(case: str, action: str, person: str, note: str) -> dict[str, Any]:
    """Propose an action."""
    name = "CASE_ACTION_" + action.upper().replace("-", "_")
    names = [each.name for each in pb.CaseAction.DESCRIPTOR.values[1:]]
    if name not in names:
        known = ", ".join(_word(each).replace("_", "-") for each in names)
        raise CommandError(f"an action is one of {known}, not {action!r}")
    request = pb.ProposeCaseActionRequest(
        case_id=_find(case), action=pb.CaseAction.Value(name), person=person, note=note
    )
    return plain(_ask("ProposeCaseAction", request).case)


def approve(case: str, proposal: int, person: str) -> dict[str, Any]:
    """Agree to a proposal."""
    request = pb.ApproveCaseActionRequest(case_id=_find(case), proposal=proposal, person=person)
    return plain(_ask("ApproveCaseAction", request).case)


def refuse(case: str, proposal: int, person: str, note: str) -> dict[str, Any]:
    """End a proposal."""
    request = pb.RefuseCaseActionRequest(case_id=_find(case), proposal=proposal, person=person, note=note)
    return plain(_ask("RefuseCaseAction", request).case)


def plain(message: Message) -> dict[str, Any]:
    """A message for programs, with short words and numbers as numbers."""
    found: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    if "proposal" in found and isinstance(found["proposal"], dict):
        found["proposal"] = _values(found["proposal"])
    return _values(found)


def _values(found: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in found.items()}


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - what JSON can hold
    if name in ("position", "proposal") and isinstance(value, str):
        return int(value)
    return _word(value) if isinstance(value, str) else value


def _word(text: str) -> str:
    prefix = next((prefix for prefix in _PREFIXES if text.startswith(prefix)), "")
    return text.removeprefix(prefix).lower() if prefix else text


def _every(licensee: str, player: str, *, with_closed: bool) -> list[pb.RiskCase]:
    found, request = list[pb.RiskCase](), pb.ListCasesRequest(
        licensee_id=licensee, player_id=player, with_closed=with_closed, page_size=200
    )  # fmt: skip
    while True:
        page = _ask("ListCases", request)
        found += page.cases
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return found


def _find(case: str) -> str:
    """The one case whose id begins so."""
    ids = [each.case_id for each in _every("", "", with_closed=True) if case and each.case_id.startswith(case)]
    exact = [each for each in ids if each == case]
    if len(exact or ids) != 1:
        problem = "no case has" if not ids else "more than one case has"
        raise CommandError(f"{problem} an id that begins with {case!r}; `pitboss case list --all` shows all")
    return (exact or ids)[0]


def _ask(method: str, request: Message) -> Any:  # noqa: ANN401 - the response of the method
    with channel_of("compliance") as channel:
        return call(getattr(RiskCaseServiceStub(channel), method), request)
