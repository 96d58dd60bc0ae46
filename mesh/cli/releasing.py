"""Packs as the platform team brings them into force: signatures are made here, keys never leave the machine."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from mesh.cli.disputing import channel_of
from mesh.cli.output import CommandError
from mesh.cli.platform import call
from mesh.dev.files import write_private_json
from mesh.pack_signing import ACTIVATE, ROLES, WITHDRAW, SigningKey
from pitboss.compliance.v1 import pack_release_service_pb2 as pb
from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceStub
from pitboss.type.v1.decision_pb2 import Verdict
from pitboss.type.v1.pack_signature_pb2 import PackSignature

_TIMEOUT_S = 30.0
_DAY_US = 86_400_000_000
_PARTS = 5_000
_PREFIXES = ("RELEASE_STATE_", "RELEASE_EVENT_KIND_", "STRICTNESS_", "VERDICT_")


def new_key(*, role: str, person: str, name: str, to: Path) -> dict[str, str]:
    """Write the secret half; the public entry for the register of keys."""
    if role not in ROLES:
        raise CommandError(f"a role is one of {', '.join(ROLES)}, not {role!r}")
    made = SigningKey.create(id=name, role=role, person=person)
    write_private_json(to, made.secret())
    return made.entry()


def text_of(file: Path) -> str:
    """The text of a pack's file."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as problem:
        raise CommandError(f"{file}: not readable: {problem}") from problem


def validate(licensee: str, text: str) -> dict[str, Any]:
    """What the service makes of a text."""
    return {"valid": False, **_plain(_validated(licensee, text))}


def diff(base: str, other: str) -> list[dict[str, Any]]:
    """The rules in which two packs differ."""
    request = pb.DiffPacksRequest(base=_source(base), other=_source(other))
    return [_plain(each) for each in _ask("DiffPacks", request).changes]


def simulate(pack: str, licensee: str, days: float) -> dict[str, Any]:
    """All parts of a simulation, and their sums."""
    request = pb.SimulatePackRequest(pack=_source(pack), licensee_id=licensee, page_size=_PARTS)
    now_us = int(time.time() * 1e6)
    request.start_time.FromMicroseconds(now_us - int(days * _DAY_US))
    request.end_time.FromMicroseconds(now_us + _DAY_US)
    compared, changes = 0, list[pb.ChangedDecision]()
    while True:
        part = _ask("SimulatePack", request)
        compared += part.compared
        changes += part.changes
        request.page_token = part.next_page_token
        if not part.next_page_token:
            return {"compared": compared, **_summary(changes)}


def propose(licensee: str, text: str, key_file: Path) -> dict[str, Any]:
    """Sign and propose."""
    found = _validated(licensee, text)
    if not found.valid:
        raise CommandError(f"{found.detail} ({found.refusal})")
    if hashlib.sha256(found.content_json.encode()).hexdigest() != found.pack.digest:
        raise CommandError("the service's digest is not the one of its content: nothing is signed")
    signature = _signature(_key(key_file), found.pack, ACTIVATE)
    request = pb.ProposePackRequest(licensee_id=licensee, content=text, signature=signature)
    return _plain(_ask("ProposePack", request).release)


def approve(pack: str, key_file: Path) -> dict[str, Any]:
    """Sign and approve."""
    found = _find(pack)
    signature = _signature(_key(key_file), found, ACTIVATE)
    request = pb.ApprovePackRequest(licensee_id=found.licensee_id, digest=found.digest, signature=signature)
    return _plain(_ask("ApprovePack", request).release)


def schedule(pack: str) -> dict[str, Any]:
    """Give it to the wallets."""
    found = _find(pack)
    request = pb.SchedulePackRequest(licensee_id=found.licensee_id, digest=found.digest)
    return _plain(_ask("SchedulePack", request).release)


def shadow(pack: str, *, on: bool) -> dict[str, Any]:
    """Let it decide beside the law, or no longer; and what it decided otherwise until now."""
    found = _find(pack)
    request = pb.ShadowPackRequest(licensee_id=found.licensee_id, digest=found.digest, on=on)
    release = _plain(_ask("ShadowPack", request).release)
    wanted = pb.ListShadowDifferencesRequest(digest=found.digest, page_size=1000)
    differences = list[dict[str, Any]]()
    while True:
        page = _ask("ListShadowDifferences", wanted)
        differences += [_plain(each) for each in page.changes]
        wanted.page_token = page.next_page_token
        if not page.next_page_token:
            return {"release": release, "differences": differences}


def roll_back(pack: str, key_files: Sequence[Path]) -> dict[str, Any]:
    """Sign the end, twice, and end it."""
    found = _find(pack)
    signatures = [_signature(_key(file), found, WITHDRAW) for file in key_files]
    request = pb.RollbackPackRequest(licensee_id=found.licensee_id, digest=found.digest, signatures=signatures)
    return _plain(_ask("RollbackPack", request).release)


def releases() -> list[dict[str, Any]]:
    """Every pack that was proposed."""
    return [_plain(each) for each in _ask("ListReleases", pb.ListReleasesRequest()).releases]


def events() -> list[dict[str, Any]]:
    """Everything that was done."""
    found = list[dict[str, Any]]()
    while True:
        page = _ask("ListReleaseEvents", pb.ListReleaseEventsRequest(after=len(found))).events
        if not page:
            return found
        found += [_plain(each) for each in page]


def _validated(licensee: str, text: str) -> pb.ValidatePackResponse:
    found: pb.ValidatePackResponse = _ask("ValidatePack", pb.ValidatePackRequest(licensee_id=licensee, content=text))
    return found


def _find(pack: str) -> pb.Release:
    known = _ask("ListReleases", pb.ListReleasesRequest()).releases
    found: list[pb.Release] = [each for each in known if pack and each.digest.startswith(pack)]
    if len(found) != 1:
        problem = "no proposed pack has" if not found else "more than one proposed pack has"
        raise CommandError(f"{problem} a digest that begins with {pack!r}; `pitboss pack list` shows all")
    return found[0]


def _key(file: Path) -> SigningKey:
    try:
        return SigningKey.load(file)
    except (OSError, ValueError) as problem:
        raise CommandError(str(problem)) from problem


def _signature(key: SigningKey, pack: pb.Release, purpose: str) -> PackSignature:
    inferred = pack.inferred_rules if purpose == ACTIVATE and key.role == "legal" else []
    signature = key.sign(
        purpose=purpose,
        pack=pack.name,
        version=pack.version,
        digest=pack.digest,
        licensee=pack.licensee_id,
        inferred=inferred,
    )
    return PackSignature(key_id=key.id, signature=signature, inferred_rules=inferred)


def _source(named: str) -> pb.PackSource:
    file = Path(named)
    return pb.PackSource(content=text_of(file)) if file.is_file() else pb.PackSource(known=named)


def _summary(changes: Sequence[pb.ChangedDecision]) -> dict[str, Any]:
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for each in changes:
        before, after = (Verdict.Name(verdict).removeprefix("VERDICT_") for verdict in (each.before, each.after))
        kind = f"{each.action} {before} to {after}"
        counts[kind] += 1
        if each.currency_code:
            sums[kind][each.currency_code] += Decimal(each.amount_minor).scaleb(-each.exponent)
    return {
        "players": sorted({f"{each.licensee_id}/{each.player_id}" for each in changes}),
        "by_kind": {
            kind: {
                "decisions": count,
                "amounts": ", ".join(f"{amount:f} {code}" for code, amount in sorted(sums[kind].items())),
            }
            for kind, count in sorted(counts.items())
        },
        "changes": [_plain(each) for each in changes],
    }


def _ask(method: str, request: Message) -> Any:  # noqa: ANN401 - the response of the method
    with channel_of("compliance") as channel:
        return call(getattr(PackReleaseServiceStub(channel), method), request, timeout_s=_TIMEOUT_S)


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return {name: _word(value) for name, value in plain.items()}


def _word(value: Any) -> Any:  # noqa: ANN401 - what JSON can hold
    if isinstance(value, dict):
        return {name: _word(each) for name, each in value.items()}
    if isinstance(value, str):
        for prefix in _PREFIXES:
            if value.startswith(prefix):
                return value.removeprefix(prefix).lower()
    return value
