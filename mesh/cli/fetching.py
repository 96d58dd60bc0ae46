"""Has extracts made by the mesh that is up, and brings their files."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesh.cli.disputing import channel_of
from mesh.cli.output import CommandError
from mesh.cli.platform import call
from mesh.dev import running
from mesh.dev.files import write_private
from mesh.verify.extract_files import read_files
from mesh.verify.extracts import check
from mesh.verify.notes import Key
from pitboss.audit.v1 import extract_service_pb2 as pb
from pitboss.audit.v1.extract_service_pb2_grpc import ExtractServiceStub

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was brought, and whether it holds."""

    ok: bool
    content: dict[str, Any]


def extract(market: str, licensee: str, first: str, last: str, folder: Path) -> Fetched:
    """Make an extract or fetch it again, and check it. Errors: CommandError."""
    with channel_of("audit") as channel:
        stub = ExtractServiceStub(channel)
        request = pb.MakeExtractRequest(market=market, licensee_id=licensee, from_local=first, to_local=last)
        answer = call(stub.MakeExtract, request, timeout_s=_TIMEOUT_S)
        files = bring(stub, answer.extract, folder)
    mesh = running.read_mesh()
    keys = [Key.parse(mesh["internal"]["token_key"])] if answer.extract.sealed else []
    url = mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    checks, differences = check([read_files(files[0])], keys=keys, ledger_url=url)
    ok = all(each.ok for each in checks)
    made = answer.extract
    content = {
        "ok": ok,
        "schema": made.schema,
        "licensee": made.licensee_id,
        "from": first,
        "to": last,
        "sequence": made.sequence,
        "number": made.number,
        "digest": made.digest,
        "rounds": made.rounds,
        "replayed": answer.replayed,
        "files": [str(each) for each in files],
        "checks": [asdict(each) for each in checks],
        "differences": [asdict(each) for each in differences],
    }
    return Fetched(ok=ok, content=content)


def bring(stub: ExtractServiceStub, made: pb.Extract, folder: Path) -> list[Path]:
    """Write the files of an extract, the JSON file last, each whole or not at all. Errors: CommandError."""
    name = f"{made.market}-{made.licensee_id}-{made.sequence:06d}"
    wanted = [(pb.EXTRACT_FILE_XML, ".xml", made.xml_sha256), (pb.EXTRACT_FILE_JSON, ".json", made.json_sha256)]
    if made.sealed:
        wanted.insert(0, (pb.EXTRACT_FILE_SEAL, ".seal.json", ""))
    written: list[Path] = []
    for file, suffix, digest in wanted:
        content = _content(stub, made, file)
        if digest and hashlib.sha256(content).hexdigest() != digest:
            raise CommandError(f"{name}{suffix} came with another digest than the log has; nothing was written of it")
        write_private(folder / f"{name}{suffix}", content)
        written.insert(0, folder / f"{name}{suffix}")
    return written


def _content(stub: ExtractServiceStub, made: pb.Extract, file: pb.ExtractFile.ValueType) -> bytes:
    content = b""
    while True:
        request = pb.GetExtractFileRequest(
            market=made.market,
            licensee_id=made.licensee_id,
            sequence=made.sequence,
            file=file,
            offset=len(content),
        )
        part = call(stub.GetExtractFile, request, timeout_s=_TIMEOUT_S)
        content += part.content
        if len(content) >= part.size or not part.content:
            return content
