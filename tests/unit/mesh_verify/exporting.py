"""Exports of the small ledger that is kept by hand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mesh.export.writing import Checkpoints, write
from mesh.notes import Signer, new_seed
from mesh.verify.chain import canonical
from mesh.verify.lines import Span
from mesh.verify.notes import Key
from mesh.verify.report import Trust, verify_export
from mesh.verify.tables import Head, Names, Shard
from mesh.verify.tree import Tree
from tests.unit.mesh_verify.bookkeeper import NAMES, SHARD, World, good_world

ORIGIN = f"pitboss.example/ledger/{SHARD}"


@dataclass(frozen=True)
class Book:
    """A ledger of one shard, as an export reads it."""

    world: World

    def names(self) -> Names:
        return NAMES

    def heads(self) -> list[Head]:
        return [self.world.shard.head]

    def shard(self, head: Head) -> Shard:
        return self.world.shard

    def entries(self, span: Span) -> Iterator[bytes]:
        _, after, until = span
        return (canonical(transfer) for transfer in self.world.transfers if after < transfer.sequence <= until)


@dataclass(frozen=True)
class Notary:
    """Signs what a ledger has at some size."""

    world: World
    signer: Signer

    @classmethod
    def of(cls, world: World) -> Notary:
        return cls(world, Signer.load(ORIGIN, new_seed()))

    def checkpoint(self, shard: int, size: int) -> str:
        tree = Tree()
        for transfer in self.world.transfers[:size]:
            tree.append(canonical(transfer))
        return self.signer.checkpoint(size, tree.root())

    @property
    def key(self) -> Key:
        return Key.parse(self.signer.verifier_key)


def exported(world: World | None = None, checkpoints: Checkpoints | None = None) -> list[bytes]:
    """The lines of an export."""
    out = io.BytesIO()
    write(Book(world or good_world()), out, checkpoints)
    return out.getvalue().splitlines()


def checked(folder: Path, lines: list[bytes], trust: Trust | None = None) -> dict[str, tuple[str, ...]]:
    """What the checker finds in a file with these lines: problems by the name of their check."""
    file = folder / "ledger.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    report = verify_export(file, trust=trust)
    return {check.name: check.problems for check in report.checks if not check.ok}
