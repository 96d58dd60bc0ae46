"""Check a signed report: who signed it, that no byte changed, and that the page for people is its page.

python -m pitboss_certify verify-report build/conformance.signed.json --public-key conformance.pub --page build/conformance.html

The public key comes from whoever ran the cases, by another way than the report: the key inside it proves nothing. It is
the raw Ed25519 public key in base64. Exit 0: signed by this key. 1: not. 2: a file cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pitboss_certify import report


def check(arguments: Sequence[str]) -> tuple[int, str]:
    """0 verified, 1 not, 2 a file cannot be read; and a word about it."""
    said = _parser().parse_args(arguments)
    try:
        envelope = json.loads(said.report.read_text())
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(said.public_key.read_text().strip(), validate=True))
        page = said.page.read_text() if said.page else None
    except (OSError, ValueError) as error:
        return 2, f"cannot be read: {error}"
    found = report.verify(envelope, key) if isinstance(envelope, dict) else None
    if found is None:
        return 1, "NOT VERIFIED: this key did not sign these bytes"
    if page is not None and page != report.page(found):
        return 1, "NOT VERIFIED: the page does not show this report"
    return 0, _summary(found)


def _summary(found: Mapping[str, Any]) -> str:
    counts = f"{found['passed']} passed, {found['failed']} failed, {found['skipped']} left out"
    return (
        f"verified: {found['report']}, {found['at']}\n{counts}\n"
        f"contract {found['contract']}, scenarios {found['scenarios_sha256']}, seed {found['seed']}, run {found['run']}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pitboss_certify verify-report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("report", type=Path, help="the signed JSON")
    parser.add_argument("--public-key", type=Path, required=True, help="file of the public key, base64")
    parser.add_argument("--page", type=Path, help="the HTML page that was given with it")
    return parser
