"""Six ways to falsify an audit log, each with whoever catches it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

import psycopg

from mesh import merkle
from mesh.verify.audit_rows import AuditDatabase, Row
from mesh.verify.findings import Check
from mesh.verify.notes import parse_checkpoint
from tests.audit_demo.scene import Scene
from tests.integration.mesh.waiting import until


def named(checks: list[Check]) -> str:
    """What was found first by each check that found anything; empty if everything holds."""
    return "; ".join(f"{check.name}: {check.problems[0]}" for check in checks if not check.ok)


def changed_byte(scene: Scene) -> Iterator[tuple[str, str]]:
    """One byte of an entry, with and without its hash beside it; and one byte of an event."""
    with scene.superuser() as database:
        database.execute(
            "UPDATE entry SET commitment = set_byte(commitment, 0, get_byte(commitment, 0) # 1) WHERE index = 20"
        )
        yield "a changed byte of an entry", named(scene.check())
        row = next(row for row in _rows(scene) if row.index == 20)
        database.execute("UPDATE entry SET leaf_hash = %s WHERE index = 20", (row.hash,))
        yield "the same, and its hash made to fit", named(scene.check(copy=True))
        scene.restore("honest")
        # One that is there: the time of some may be over.
        ((index,),) = database.execute("SELECT min(index) FROM payload WHERE index >= 20").fetchall()
        database.execute(
            "UPDATE payload SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE index = %s", (index,)
        )
        found = named(scene.check(copy=True))
        yield "a changed byte of an event", found if f"entry {index}: " in found else ""
    scene.restore("honest")


def removed_record(scene: Scene) -> Iterator[tuple[str, str]]:
    """One record, and then the whole log renumbered and signed anew without it."""
    with scene.superuser() as database:
        database.execute("DELETE FROM payload WHERE index = 20")
        database.execute("DELETE FROM entry WHERE index = 20")
        yield "a removed record", named(scene.check())
        _close_gap(database, 20)
        _sign_anew(scene)
        yield "a removed record, and the whole log signed anew", named(scene.check())
    scene.restore("honest")


def _close_gap(database: psycopg.Connection[Any], index: int) -> None:
    """Renumber what comes after an index, by way of numbers that nobody has: rows change in the order in which they lie."""
    for table in ("entry", "payload"):
        database.execute(f"UPDATE {table} SET index = -index WHERE index > %s".encode(), (index,))  # noqa: S608 - ours
        database.execute(f"UPDATE {table} SET index = -index - 1 WHERE index < 0".encode())  # noqa: S608 - ours


def unwritten_record(scene: Scene) -> Iterator[tuple[str, str]]:
    """The record of a round, as if it had never been written, and another one written twice; all signed by the log's key."""
    with scene.superuser() as database:
        found = database.execute("SELECT index FROM entry WHERE key LIKE 'record-%' ORDER BY index").fetchall()
        (first,), (second,) = found[:2]
        database.execute("UPDATE entry SET key = replace(key, 'record', 'amended') WHERE index = %s", (second,))
        _sign_anew(scene)
        yield "a round record that became something else", named(scene.check(trusted=False))
        scene.restore("honest")
        database.execute("DELETE FROM payload WHERE index = %s", (first,))
        database.execute("DELETE FROM entry WHERE index = %s", (first,))
        _close_gap(database, first)
        _sign_anew(scene)
        yield "a round record that was never written, in a log that is sound", named(scene.check(trusted=False))
    scene.restore("honest")


def truncated(scene: Scene) -> Iterator[tuple[str, str]]:
    """The end cut off, with some of what was signed and kept, and what is left signed with the log's own key."""
    left = parse_checkpoint(scene.kept[-1]).size - 5
    with scene.superuser() as database:
        for table in ("payload", "entry"):
            database.execute(f"DELETE FROM {table} WHERE index >= %s".encode(), (left,))  # noqa: S608 - ours
        _sign_anew(scene)
        yield "a truncated and re-signed log, to whoever kept a checkpoint", named(scene.check())
    yield "the same, to the witness", _shown_to_witness(scene)
    scene.restore("honest")


def split_view(scene: Scene) -> Iterator[tuple[str, str]]:
    """A second log of the same size under the same key, shown to the witness."""
    leaves = [row.leaf for row in _rows(scene)]
    # The service may have ended between a cosignature and its row, so the witness alone knows what it saw last.
    _, seen = _post(scene, f"old 0\n\n{_signed(scene, leaves)}")
    leaves = leaves[: int(seen)]
    leaves[20] = leaves[20].replace(b'"', b"'", 1)
    status, answer = _post(scene, f"old {len(leaves)}\n\n{_signed(scene, leaves)}")
    yield "a split view", "" if status == HTTPStatus.OK else f"the witness answers {status}, {answer}"


def rolled_back(scene: Scene) -> Iterator[tuple[str, str]]:
    """An older state of the database is put back, and the service goes on from there."""
    scene.restore("earlier")
    yield "a rolled-back database, to whoever kept a checkpoint", named(scene.check())
    yield "the same, to the witness, when the service goes on", _shown_to_witness(scene)
    scene.restore("honest")


ATTACKS = (changed_byte, removed_record, unwritten_record, truncated, split_view, rolled_back)


def _rows(scene: Scene) -> list[Row]:
    with closing(AuditDatabase(scene.reader_url)) as database:
        return list(database.rows())


def _sign_anew(scene: Scene) -> None:
    """Make everything beside the entries fit them, with the log's own key: one batch of all."""
    rows = _rows(scene)
    peaks: list[bytes] = []
    size = merkle.extend(peaks, 0, [row.leaf for row in rows])
    root = merkle.fold(peaks)
    with scene.superuser() as database:
        database.execute("DELETE FROM subtree")
        database.execute("DELETE FROM batch")
        for row in rows:
            database.execute("UPDATE entry SET leaf_hash = %s WHERE index = %s", (row.hash, row.index))
        note = scene.signer.checkpoint(size, root)
        database.execute("INSERT INTO batch VALUES (0, %s, %s, %s, %s, 0)", (size, root, merkle.pack(peaks), note))


def _signed(scene: Scene, leaves: list[bytes]) -> str:
    return scene.signer.checkpoint(len(leaves), merkle.root_of(leaves))


def _post(scene: Scene, body: str) -> tuple[int, str]:
    """The status and the text of the witness's answer."""
    request = urllib.request.Request(f"http://{scene.witness}/add-checkpoint", data=body.encode())
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


def _shown_to_witness(scene: Scene) -> str:
    """Let the service go on, and wait until the witness has refused it."""
    before = len(scene.refusals())
    scene.stack.restart("audit_svc")
    until(lambda: len(scene.refusals()) > before, "the witness refuses the log")
    scene.stack.stop_process("audit_svc")
    return "the witness refuses: " + ", ".join(scene.refusals()[before:][:1])
