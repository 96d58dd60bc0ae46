"""`python -m mesh.verify.dispute`: check the bundle of a disputed round, with nothing but its file and public keys.

A bundle has the events of a round, the decisions that let its stakes pass, the law packs that decided, a proof for each
entry, and a signed checkpoint. Its format is docs/audit.md.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from mesh.verify.cosignatures import CosignatureError, WitnessKey, cosigners
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.notes import Checkpoint, Key, NoteError, keys_of, open_checkpoint
from mesh.verify.proofs import ProofError, inclusion_root

FORMAT: Final = "pitboss-dispute-bundle"
VERSION: Final = 1
_LEAF_ELEMENTS: Final = 8


class BundleError(ValueError):
    """The file is no bundle."""


class Bundle:
    """A bundle that was read. Raises BundleError if the file is none."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        if content.get("format") != FORMAT or content.get("version") != VERSION:
            raise BundleError(f"this is no {FORMAT} of version {VERSION}")
        try:
            self.round: str = content["round"]
            self.checkpoint: str = content["checkpoint"]
            self.packs: dict[str, str] = {name: str(text) for name, text in content["packs"].items()}
            self.entries = [_Entry(each) for each in content["entries"]]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise BundleError(f"the bundle is not whole: {error!r}") from error


class _Entry:
    """One entry with its proof, and with its event unless that was erased."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.leaf = str(content["leaf"]).encode()
        self.path = [_decoded(step) for step in content["path"]]
        self.payload: str | None = content["payload"]
        self.salt = _decoded(content["salt"] or "")
        header = json.loads(self.leaf)
        if not isinstance(header, list) or len(header) != _LEAF_ELEMENTS:
            raise ValueError("a leaf has eight elements")
        _, self.index, self.kind, self.recorded_us, self.source, self.key, _, promise = header
        self.promise = bytes.fromhex(promise)

    @property
    def event(self) -> dict[str, Any] | None:
        return None if self.payload is None else json.loads(self.payload)

    def opens(self) -> bool:
        """Whether the event is the one that was committed to."""
        assert self.payload is not None
        return hashlib.sha256(self.salt + self.payload.encode()).digest() == self.promise


def check_bundle(
    bundle: Bundle, keys: Sequence[Key], witnesses: Sequence[WitnessKey], *, cosigned_by: int
) -> list[Check]:
    """Everything that the bundle claims."""
    signed, proved, opened, decided, packs, recorded = (Findings() for _ in range(6))
    checkpoint = _signed(bundle, keys, witnesses, cosigned_by, signed)
    for entry in bundle.entries:
        proved.looked_at += 1
        if checkpoint is None or not _included(entry, checkpoint):
            proved.add(f"entry {entry.index}: it is not in the log that was signed")
        if entry.payload is not None:
            opened.looked_at += 1
            if not entry.opens():
                opened.add(f"entry {entry.index}: its event is not the one that was committed to")
    _check_round(bundle, decided)
    _check_packs(bundle, packs)
    _check_record(bundle, recorded)
    return [
        verdict("the log is signed, and witnessed by enough", "checkpoints", [signed]),
        verdict("every entry stands in the log", "entries", [proved]),
        verdict("every event is the one that was logged", "events", [opened]),
        verdict("every posted stake of the round was decided, and allowed", "stakes", [decided]),
        verdict("every decision names a pack that is in the log and here", "decisions", [packs]),
        verdict("the record of the round says what its events and decisions say", "records", [recorded]),
    ]


def _signed(
    bundle: Bundle, keys: Sequence[Key], witnesses: Sequence[WitnessKey], cosigned_by: int, findings: Findings
) -> Checkpoint | None:
    findings.looked_at += 1
    try:
        checkpoint = open_checkpoint(bundle.checkpoint, keys)
        signers = cosigners(bundle.checkpoint, witnesses)
    except (NoteError, CosignatureError) as error:
        findings.add(str(error))
        return None
    if len(signers) < cosigned_by:
        findings.add(f"{len(signers)} known witnesses have cosigned it, not {cosigned_by}")
    return checkpoint


def _included(entry: _Entry, checkpoint: Checkpoint) -> bool:
    leaf = hashlib.sha256(b"\x00" + entry.leaf).digest()
    try:
        return inclusion_root(leaf, entry.index, checkpoint.size, entry.path) == checkpoint.root
    except ProofError:
        return False


def _check_round(bundle: Bundle, findings: Findings) -> None:
    events = {entry.key: event for entry in bundle.entries if (event := entry.event) is not None}
    allowed = {
        event["id"]
        for key, event in events.items()
        if key.startswith("decision-") and json.loads(event["record"])["verdict"] in {"ALLOW", "SCHEDULE"}
    }
    for key, event in events.items():
        if key.startswith("round-"):
            if event["round"] != bundle.round:
                findings.add(f"{event['id']}: it is of another round")
            if event["kind"] == "bet" and event["moved"]:
                findings.looked_at += 1
                if event["id"] not in allowed:
                    findings.add(f"{event['id']}: the stake was posted, and no decision here allowed it")


def _check_record(bundle: Bundle, findings: Findings) -> None:
    """At most one record; its events and the digests of its decisions are those of the other entries."""
    events = {entry.key: event for entry in bundle.entries if (event := entry.event) is not None}
    records = [event for key, event in events.items() if key.startswith("record-")]
    ids = {event["id"] for key, event in events.items() if key.startswith("round-")}
    digests = {
        event["id"]: hashlib.sha256(event["record"].encode()).hexdigest()
        for key, event in events.items()
        if key.startswith("decision-")
    }
    findings.looked_at += len(records)
    if len(records) > 1:
        findings.add(f"the round has {len(records)} records")
    for record in records:
        for name in record["events"]:
            if name not in ids:
                findings.add(f"{record['id']}: the record names the event {name}, which is not here")
        for decision in record["decisions"]:
            if digests.get(decision["id"]) != decision["digest"]:
                findings.add(f"{decision['id']}: the record names another decision than the one that is here")


def _check_packs(bundle: Bundle, findings: Findings) -> None:
    logged = {entry.key for entry in bundle.entries if entry.kind == "pack"}
    for entry in bundle.entries:
        event = entry.event
        if entry.kind != "decision" or event is None or not event["pack_digest"]:
            continue
        findings.looked_at += 1
        digest, content = event["pack_digest"], bundle.packs.get(event["pack"])
        if f"{event['pack']}/{digest}" not in logged:
            findings.add(f"{event['id']}: its pack {event['pack']} is not among the entries")
        elif content is None or hashlib.sha256(content.encode()).hexdigest() != digest:
            findings.add(f"{event['id']}: the content of its pack {event['pack']} is not here, or is another")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("something is no base64") from None


def story(bundle: Bundle) -> list[str]:
    """The round in the order of the log, a line for each event."""
    lines = []
    for entry in bundle.entries:
        event = entry.event
        if event is None:
            lines.append(f"{entry.index}: {entry.kind}, erased")
        elif entry.key.startswith(("record-", "amended-")):
            name = entry.key.partition("-")[0]
            lines.append(f"{entry.index}: {name}, {event['status']}, stake {event['stake']}, win {event['win']}")
        elif entry.kind == "round":
            amount = f"{event.get('amount', '')} {event.get('currency', '')}".strip()
            lines.append(f"{entry.index}: {event['id']} {event['kind']} {amount}: {event['outcome']}")
        elif entry.kind == "decision":
            record = json.loads(event["record"])
            lines.append(f"{entry.index}: {event['id']} {event['kind']}: {record['verdict']} by {event['pack']}")
        else:
            lines.append(f"{entry.index}: {entry.kind} {entry.key}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything holds. 1: something does not. 2: it could not be looked at."""
    options = _parser().parse_args(arguments)
    try:
        bundle = Bundle(json.loads(options.bundle.read_text()))
        keys = [key for path in options.key for key in keys_of(path.read_text())]
        lines = [line for path in options.witness_key for line in path.read_text().splitlines() if line.strip()]
        witnesses = [WitnessKey.parse(line) for line in lines]
        checks = check_bundle(bundle, keys, witnesses, cosigned_by=options.cosigned_by)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"dispute: {error}\n")
        return 2
    ok = all(check.ok for check in checks)
    if options.json:
        found = {"ok": ok, "round": bundle.round, "checks": [asdict(check) for check in checks], "story": story(bundle)}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        told = [check.line for check in checks]
        sys.stdout.write("\n".join([*told, *(f"      {line}" for line in story(bundle))]) + "\n")
    return 0 if ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesh.verify.dispute", description="Check the bundle of a round.")
    parser.add_argument("bundle", type=Path, metavar="FILE", help="the bundle, as `pitboss dispute` writes it")
    parser.add_argument("--key", metavar="FILE", type=Path, action="append", required=True,
                        help="public keys of the log, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--witness-key", metavar="FILE", type=Path, action="append", default=[],
                        help="public keys of witnesses, one on each line; repeatable")  # fmt: skip
    parser.add_argument("--cosigned-by", type=int, default=0, metavar="N", help="how many witnesses it needs")
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
