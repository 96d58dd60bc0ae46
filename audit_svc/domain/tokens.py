"""A batch's seal: a MAC under a token that the authority gave, and what the authority signed when it was closed. Pure."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Final

from audit_svc.domain import Draft, RecordClass
from audit_svc.domain.extracts import SOURCE, Extract

FORMAT: Final = "pitboss-extract-seal/1"
RECEIPT: Final = "pitboss-tamper-token/1"
"""First line of what the authority signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token for one batch."""

    id: str
    key: bytes = field(repr=False)
    valid_until_us: int


def mac_of(token: Token, manifest: str) -> str:
    """HMAC-SHA-256 of the manifest in hexadecimal."""
    return hmac.new(token.key, manifest.encode(), hashlib.sha256).hexdigest()


def receipt_text(extract: Extract, token: Token, mac: str, closed_us: int) -> str:
    """What the authority signs: token, batch, MAC, digest, when it was closed, and until when it could be."""
    lines = (RECEIPT, token.id, extract.batch, mac, extract.digest.hex(), closed_us, token.valid_until_us)
    return "".join(f"{line}\n" for line in lines)


def seal_file(extract: Extract, token: Token, mac: str, receipt: str) -> bytes:
    """The seal as a file."""
    content = {
        "format": FORMAT,
        "batch": extract.batch,
        "token": token.id,
        "mac": mac,
        "digest": extract.digest.hex(),
        "receipt": receipt,
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def draft_of(extract: Extract, seal: bytes, now_us: int) -> Draft:
    """That it was sealed, as an event of the log."""
    content = {
        "licensee": extract.licensee,
        "market": extract.market,
        "sequence": extract.sequence,
        "digest": extract.digest.hex(),
        "seal_sha256": hashlib.sha256(seal).hexdigest(),
    }
    return Draft(
        record_class=RecordClass.EXTRACT,
        source=SOURCE,
        key=f"{extract.batch}/seal",
        recorded_us=now_us,
        content=content,
    )
