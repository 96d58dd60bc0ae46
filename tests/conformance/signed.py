"""The report of a run, signed: JSON whose exact bytes are signed, and a page for people."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.dev.files import write_private
from pitboss_certify import report
from tests.conformance.run import Verdict

CONTRACTS: Final = Path("gen/pitboss.binpb")
TITLE: Final = "conformance"


def built(
    verdicts: Sequence[Verdict], summary: Mapping[str, Any], *, run_id: str, contracts: Path = CONTRACTS
) -> dict[str, Any]:
    """Everything the signed report says. The contract is named by the digest of all compiled contracts."""
    scenarios = sorted({f"{each.id}\n{each.title}\n" for each in verdicts})
    return {
        "report": TITLE,
        "contract": f"pitboss {hashlib.sha256(contracts.read_bytes()).hexdigest()}",
        "scenarios_sha256": hashlib.sha256("".join(scenarios).encode()).hexdigest(),
        "seed": summary["seed"],
        "run": run_id,
        "at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        **{name: summary[name] for name in ("passed", "failed", "skipped", "cases")},
    }


def write(found: dict[str, Any], result: Path, key_file: Path | None) -> Path:
    """Sign and write beside `result`. Without a key file the run makes a key of its own. The file of its public half."""
    key = _key(key_file)
    public = result.with_suffix(".pub")
    public.write_text(base64.b64encode(key.public_key().public_bytes_raw()).decode() + "\n")
    result.with_suffix(".signed.json").write_text(json.dumps(report.sign(found, key), indent=1) + "\n")
    result.with_suffix(".html").write_text(report.page(found))
    return public


def new_key(path: Path) -> None:
    """Make a key that several runs may be signed with. Readable by its owner alone."""
    write_private(path, base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode() + "\n")


def _key(path: Path | None) -> Ed25519PrivateKey:
    if path is None:
        return Ed25519PrivateKey.generate()
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_text().strip(), validate=True))
