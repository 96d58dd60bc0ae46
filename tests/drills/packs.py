"""A stored law pack that cannot be believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg.rows import TupleRow

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.parameters import file_content
from compliance_svc.kernel.release import PackKey, Purpose, Role, Signature, sign, write_signatures
from mesh.database import connect
from mesh.dev.stack import Stack
from mesh.pack_signing import ROLES, SigningKey
from wallet_svc.store.registry import RegistryStore


@contextmanager
def spoiled_signature(stack: Stack, market: str) -> Iterator[None]:
    """The next version of a market's pack stands in the ledger's database, with one bit of a signature wrong.

    Written with the rights of the database's owner, around every check; taken out again the same way.
    """
    store = RegistryStore(lambda: connect(stack.postgres.database("pitboss_wallet").owner_url, name="drill"))
    shipped = next(document for document in load_documents() if document.name == market)
    document = replace(shipped, version="999", effective_from="2100-01-01T00:00:00[UTC]")
    compliance, legal = [_signed(stack, role, document) for role in ROLES]
    broken = replace(legal, signature=bytes([legal.signature[0] ^ 1]) + legal.signature[1:])
    content = json.dumps(file_content(document))
    signatures = write_signatures([compliance, broken])
    assert asyncio.run(store.put_pack(document, "", content, signatures, lambda _releases: None, now_us=1))
    try:
        yield
    finally:
        asyncio.run(store.change(_take_out))


def _signed(stack: Stack, role: str, document: PackDocument) -> Signature:
    own = SigningKey.load(stack.vault.pack_signers / f"{role}.json")
    key = PackKey(
        id=own.id, role=Role(own.role), person=own.person, public_key=own.private.public_key().public_bytes_raw()
    )
    return sign(Purpose.ACTIVATE, document, "", key, own.private)


async def _take_out(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    await connection.execute("ALTER TABLE law_pack DISABLE TRIGGER law_pack_is_final")
    await connection.execute("DELETE FROM law_pack WHERE version = '999'")
    await connection.execute("ALTER TABLE law_pack ENABLE TRIGGER law_pack_is_final")
