"""Stored decisions decided again: the record must be the same to the byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from compliance_svc.kernel import decide_again
from compliance_svc.kernel.loading import load_library


def differing(records: Sequence[str]) -> list[str]:
    """The stored records that do not come out again."""
    packs = {pack.digest: pack for pack in load_library(allow_sandbox=True).versions()}
    different = []
    for stored in records:
        record = json.loads(stored)
        pack = packs[record["pack_digest"]] if record.get("pack_digest") else None
        again = decide_again(pack, record).record()
        if again.encode() != stored.encode():
            different.append(f"stored {stored}, again {again}")
    return different


def sample(records: Sequence[str], most: int, seed: int) -> list[str]:
    """All of them, or as many as asked for, by the seed."""
    return list(records) if len(records) <= most else Random(seed).sample(list(records), most)
