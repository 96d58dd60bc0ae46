"""`python -m tests.audit_demo`: play, prove, forget a player, and be caught six times (build/audit_demo.json)."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc

from compliance_svc.kernel.loading import load_documents
from mesh.cli.disputing import Made, make_bundle
from mesh.dev.paths import BUILD
from mesh.dev.stack import DEMO_LICENSEES, Options, Stack
from mesh.status import read_error
from mesh.verify.cosignatures import WitnessKey, cosigners
from mesh.verify.dispute import Bundle, check_bundle
from mesh.verify.notes import Key, open_checkpoint
from mesh.verify.proofs import check_consistency, inclusion_root
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.compliance.v1.policy_service_pb2 import GetPackRequest
from tests.audit_demo.attacks import ATTACKS, named
from tests.audit_demo.extracts import DANISH, sealed_batches
from tests.audit_demo.scene import LICENSEE, OTHER, PLAYER, Scene
from tests.integration.mesh.waiting import until
from tests.releasing import people, release

DAYS = "3"
LICENSEES = (*DEMO_LICENSEES, DANISH)
KEPT_EVENTS = {"hold released", "erased"}
"""The last of what is done here to payloads. That a hold was placed may be too old to be read by then."""
Step = dict[str, Any]


def main() -> int:
    """0: everything was proved and every attack was caught. 1: not."""
    parser = argparse.ArgumentParser(prog="make audit-demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    options = parser.parse_args()
    steps = []
    for step in run():
        steps.append(step)
        if not options.json:
            sys.stdout.write(f"{'ok   ' if step['ok'] else 'WRONG'} {step['what']}\n        {step['seen']}\n")
            sys.stdout.flush()
    ok = all(step["ok"] for step in steps)
    result = {"ok": ok, "steps": steps}
    BUILD.mkdir(exist_ok=True)
    (BUILD / "audit_demo.json").write_text(json.dumps(result, indent=2) + "\n")
    if options.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        caught = sum(step["kind"] == "attack" and step["ok"] for step in steps)
        sys.stdout.write(f"{caught} falsifications caught and named; {'all is well' if ok else 'NOT all is well'}\n")
    return 0 if ok else 1


def run() -> Iterator[Step]:
    """Every step as it ends."""
    keep = ",".join(
        f"{name}={DAYS}"
        for name in ("money", "decision", "pack", "round", "session", "staff", "key", "keeping", "extract")
    )
    environment = {"audit_svc": {"PITBOSS_RETENTION_DAYS": keep}}
    with (
        Stack(Options(kind="audit-demo", audit=True, environment=environment, licensees=LICENSEES)) as stack,
        tempfile.TemporaryDirectory(dir=stack.run) as folder,
    ):
        scene = Scene(stack, Path(folder))
        yield from honest(scene)
        yield from (step(kind, what, ok, seen) for kind, what, ok, seen in sealed_batches(scene))
        yield from forgotten(scene)
        until(lambda: scene.caught_up() and scene.kept_events() >= KEPT_EVENTS, "the log has what was done to payloads")
        scene.kept.append(scene.checkpoint().checkpoint)
        yield step("proof", "an independent copy is brought up to date", not named(scene.check(copy=True)), "it agrees")
        stack.stop_process("audit_svc")
        scene.snapshot("honest")
        for attack in ATTACKS:
            for what, seen in attack(scene):
                yield step("attack", what, bool(seen), seen or "NOBODY NOTICED")
        stack.restart("audit_svc")
        found = named(scene.check(copy=True))
        yield step("proof", "the honest log is put back", not found, found or "everything holds again")


def honest(scene: Scene) -> Iterator[Step]:
    """Play, and what outsiders can check of it."""
    rounds = scene.play(PLAYER, 3)
    until(scene.caught_up, "the log has everything, and the witness has cosigned it")
    early = scene.checkpoint()
    scene.kept.append(early.checkpoint)
    scene.snapshot("earlier")
    scene.play(OTHER, 3)
    until(scene.caught_up, "the log has everything again")
    found = named(scene.check(copy=True))
    yield step("proof", "postings, decisions and round records are the same ones", not found, found or size(scene))
    with scene.service() as log:
        later = log.GetConsistencyProof(pb.GetConsistencyProofRequest(from_size=early.tree_size), timeout=20)
    keys = [Key.parse(scene.log_key)]
    old, new = open_checkpoint(early.checkpoint, keys), open_checkpoint(later.checkpoint, keys)
    check_consistency(old, new, later.path)
    yield step("proof", "the log of now continues the log of then", ok=True, seen=f"{old.size} of {new.size} entries")
    yield recorded(scene, rounds[0].round_id)
    yield from another_law(scene)
    made = bundle(scene, rounds[0].round_id)
    yield step(
        "proof",
        "the bundle has the pack that decided, and not the one that holds now",
        list(made.content["packs"]) == ["base@1"] and json.loads(made.content["packs"]["base@1"])["version"] == "1",
        ",".join(made.content["packs"]),
    )
    checks = check_bundle(Bundle(made.content), keys, [WitnessKey.parse(scene.witness_key)], cosigned_by=1)
    found = named(checks)
    yield step(
        "proof",
        "the bundle of a disputed round holds offline",
        not found,
        found or f"{len(made.content['entries'])} entries",
    )
    made.content["entries"][0]["payload"] = made.content["entries"][0]["payload"].replace("a", "b", 1)
    spoiled = check_bundle(Bundle(made.content), keys, [WitnessKey.parse(scene.witness_key)], cosigned_by=1)
    yield step("attack", "a falsified bundle", bool(named(spoiled)), named(spoiled))


def another_law(scene: Scene) -> Iterator[Step]:
    """A second version of the market's pack comes into force, by two people; what they did stands in the log."""
    first = next(document for document in load_documents() if document.name == "base")
    release(scene.stack, replace(first, version="2", effective_from="2026-01-01T00:00:00[UTC]"))
    with scene.policies() as policies:
        request = GetPackRequest(name="base")
        found = policies.GetPack(request, timeout=20, metadata=(("x-pitboss-licensee", LICENSEE),)).pack
    yield step("proof", "another pack holds now", found.version == "2", f"{found.name}@{found.version}")
    told: list[tuple[str, str]] = []

    def done() -> bool:
        with scene.service() as log:
            entries = log.ListEntries(pb.ListEntriesRequest(source="releases", page_size=500), timeout=20).entries
        events = [json.loads(entry.payload) for entry in entries]
        told[:] = [(event["kind"], ",".join(event.get("persons", []))) for event in events]
        return "activated" in dict(told)

    until(done, "the log has what was done about the pack")
    one, two = (person.person for person in people(scene.stack.vault.pack_signers))
    both = f"{one},{two}"
    wanted = {
        ("proposed", one),
        ("approved", two),
        ("scheduled", both),
        ("activated", both),
        ("key_added", one),
        ("key_added", two),
    }
    yield step("proof", "the log has who brought the pack into force, and by which keys", wanted <= {*told}, str(told))
    until(scene.caught_up, "the log has everything, and the witness has cosigned it")


def recorded(scene: Scene, round_id: str) -> Step:
    """The one record of a round, and whether it says what was played."""
    with scene.service() as log:
        request = pb.GetRoundRecordRequest(
            licensee_id=LICENSEE, player_id=PLAYER, provider="hub88_style", round_id=round_id
        )
        found = log.GetRoundRecord(request, timeout=20)
    told = json.loads(found.record.payload)
    amounts = tuple(Decimal(told[name]) for name in ("stake", "win"))
    right = amounts == (Decimal("1.00"), Decimal("1.50")) and told["level"] == "R1" and len(told["decisions"]) == 1
    return step("proof", "a round has one record, which says what was played", right, found.record.payload)


def bundle(scene: Scene, round_id: str) -> Made:
    """The bundle of a round of the first player."""
    with scene.service() as log, scene.policies() as policies:
        return make_bundle(log, policies, LICENSEE, PLAYER, round_id, witness_key=scene.witness_key)


def forgotten(scene: Scene) -> Iterator[Step]:
    """A player's payloads are erased when the law lets them be, and his proofs still hold."""
    with scene.service() as log:
        # It ended when the clock was moved before, and is kept from when the log has that.
        until(lambda: session_ended(log), "the log has the end of the player's session")
        before = listed(log)
        erase = pb.ErasePlayerRequest(licensee_id=LICENSEE, player_id=PLAYER)
        yield step(
            "keeping", "erasure while records must be kept is refused", *refused(log, erase, "RETENTION_RUNNING")
        )
        log.PlaceHold(pb.PlaceHoldRequest(hold_id="case-1", licensee_id=LICENSEE, player_id=PLAYER), timeout=20)
        scene.stack.advance_clock(4 * 86_400)
        yield step("keeping", "erasure under a legal hold is refused", *refused(log, erase, "LEGAL_HOLD"))
        log.ReleaseHold(pb.ReleaseHoldRequest(hold_id="case-1"), timeout=20)
        erased = log.ErasePlayer(erase, timeout=20).entries
        after = [log.GetEntry(pb.GetEntryRequest(index=entry.index), timeout=20).entry for entry in before]
        gone = erased >= len(before) and not any(entry.payload for entry in after) and not listed(log)
        yield step("keeping", "the player is erased", gone, f"{erased} events and their salts can be read by nobody")
        proved = sum(holds(scene, log, entry) for entry in before)
        yield step(
            "proof",
            "every proof of the erased player still holds",
            proved == len(before) > 0,
            f"{proved} of {len(before)}",
        )


def session_ended(log: Any) -> bool:
    """Whether the log has the end of the player's session."""
    request = pb.ListEntriesRequest(licensee_id=LICENSEE, player_id=PLAYER, source=f"sessions/{LICENSEE}")
    states = [json.loads(entry.payload)["session"]["state"] for entry in log.ListEntries(request, timeout=20).entries]
    return "SESSION_STATE_EXPIRED" in states


def listed(log: Any) -> list[pb.Entry]:
    """Entries about the player."""
    request = pb.ListEntriesRequest(licensee_id=LICENSEE, player_id=PLAYER, page_size=500)
    return list(log.ListEntries(request, timeout=20).entries)


def holds(scene: Scene, log: Any, entry: pb.Entry) -> bool:
    """Whether an entry is proved, by code that was written from RFC 6962 alone."""
    found = log.GetInclusionProof(pb.GetInclusionProofRequest(index=entry.index), timeout=20)
    signed = open_checkpoint(found.checkpoint, [Key.parse(scene.log_key)])
    cosigners(found.checkpoint, [WitnessKey.parse(scene.witness_key)])
    leaf = sha256(b"\x00" + found.entry.leaf).digest()
    same = found.entry.leaf == entry.leaf
    return same and inclusion_root(leaf, entry.index, signed.size, list(found.path)) == signed.root


def refused(log: Any, request: pb.ErasePlayerRequest, reason: str) -> tuple[bool, str]:
    """Whether an erasure is refused for this reason."""
    try:
        log.ErasePlayer(request, timeout=20)
    except grpc.RpcError as error:
        told = read_error(error)
        return told.reason == f"ERROR_REASON_{reason}", f"{told.reason} {dict(told.metadata)}"
    return False, "it was done"


def size(scene: Scene) -> str:
    """How large the log is."""
    return f"{scene.checkpoint().tree_size} entries"


def step(kind: str, what: str, ok: bool, seen: str) -> Step:
    """One thing that was tried."""
    return {"kind": kind, "what": what, "ok": ok, "seen": seen}


if __name__ == "__main__":
    raise SystemExit(main())
