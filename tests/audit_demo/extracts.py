"""What a regulator is given of a played day: it is the ledger's, it is sealed, and whoever changes it is caught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mesh.cli.fetching import bring
from mesh.dev.stack import DemoLicensee
from mesh.verify.extract_files import Files, read_files
from mesh.verify.extracts import check
from mesh.verify.findings import Check
from mesh.verify.notes import Key
from pitboss.audit.v1 import extract_service_pb2 as pb
from pitboss.audit.v1.extract_service_pb2_grpc import ExtractServiceStub
from tests.audit_demo.scene import Scene
from tests.integration.mesh.waiting import until

DANISH = DemoLicensee(id="cirrus", pack="dk", currency="EUR")
ROUNDS = 3
_ZONE = ZoneInfo("Europe/Copenhagen")


def sealed_batches(scene: Scene) -> Iterator[tuple[str, str, bool, str]]:
    """Steps as kind, what, whether it is well, and what was seen."""
    first = datetime.now(_ZONE).date()
    scene.play("cai", ROUNDS, licensee=DANISH.id)
    last = datetime.now(_ZONE).date()
    until(scene.caught_up, "the log has what was played")
    scene.stack.advance_clock(2 * 86_400)
    with scene.extracts() as stub:
        # Two, if midnight has passed meanwhile.
        made = [_made(stub, scene, first + timedelta(days=each)) for each in range((last - first).days + 1)]
        again = [_made(stub, scene, first + timedelta(days=each)) for each in range((last - first).days + 1)]
    files = [each for _, each in made]
    rounds = sum(answer.extract.rounds for answer, _ in made)
    found = wrong(scene, files)
    seen = found or f"{rounds} rounds in {len(files)} batch, digest {files[-1].digest}"
    yield "extract", "a regulator's sealed batch is what the ledger says", not found and rounds == ROUNDS, seen
    same = [each for _, each in again] == files and all(answer.replayed for answer, _ in again)
    yield "extract", "asked for again, it is the same bytes", same, f"{len(files[-1].json)} bytes"
    spoiled = replace(files[-1], json=files[-1].json.replace(b"1.50", b"1.49", 1))
    found = wrong(scene, [spoiled])
    yield "attack", "a changed byte of a sealed batch", bool(found), found
    found = wrong(scene, [_without_a_round(files[-1])])
    yield "attack", "a round left out of a batch", bool(found), found


def _made(stub: ExtractServiceStub, scene: Scene, day: Any) -> tuple[pb.MakeExtractResponse, Files]:
    request = pb.MakeExtractRequest(
        market="dk", licensee_id=DANISH.id, from_local=str(day), to_local=str(day + timedelta(days=1))
    )
    answer: pb.MakeExtractResponse = stub.MakeExtract(request, timeout=40)
    return answer, read_files(bring(stub, answer.extract, scene.copy.parent)[0])


def wrong(scene: Scene, files: list[Files]) -> str:
    """Everything that does not hold, or nothing."""
    key = Key.parse(scene.stack.mesh["internal"]["token_key"])
    checks: list[Check] = check(files, keys=[key], ledger_url=scene.ledger_url)[0]
    return "; ".join(f"{each.name}: {each.detail}" for each in checks if not each.ok)


def _without_a_round(files: Files) -> Files:
    content = json.loads(files.json)
    content["rounds"].pop()
    return replace(files, json=(json.dumps(content, indent=1) + "\n").encode())
