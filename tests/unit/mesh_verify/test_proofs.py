"""Proofs, checked by code that was written from the RFC alone: the good ones pass, and every spoiled one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from mesh import merkle
from mesh.verify.chain import canonical
from mesh.verify.notes import Checkpoint
from mesh.verify.proofs import ProofError, check, check_consistency, inclusion_root, write
from mesh.verify.proving import main
from tests.unit.mesh.test_merkle import CONSISTENCY, LEAVES, PATHS, ROOTS
from tests.unit.mesh_verify.bookkeeper import good_world
from tests.unit.mesh_verify.exporting import ORIGIN, Notary

WORLD = good_world()
ENTRIES = [canonical(transfer) for transfer in WORLD.transfers]


def node(at: merkle.Node) -> bytes:
    level, index = at
    return merkle.root_of(ENTRIES[index << level : (index + 1) << level])


def proof_of(sequence: int, size: int, notary: Notary) -> str:
    path = merkle.proof(merkle.inclusion_ranges(sequence - 1, size), node)
    return write(entry=ENTRIES[sequence - 1], index=sequence - 1, path=path, checkpoint=notary.checkpoint(3, size))


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_the_vectors_of_certificate_transparency_lead_to_their_roots(index: int, size: int) -> None:
    path = [bytes.fromhex(step) for step in PATHS[index, size]]
    assert inclusion_root(sha256(b"\0" + LEAVES[index]).digest(), index, size, path).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_consistency_vectors_of_certificate_transparency_pass(old: int, new: int) -> None:
    path = [bytes.fromhex(step) for step in CONSISTENCY[old, new]]
    check_consistency(_checkpoint(old), _checkpoint(new), path)
    with pytest.raises(ProofError):
        check_consistency(_checkpoint(old), _checkpoint(new), [*path, bytes(32)])


def _checkpoint(size: int, root: str = "") -> Checkpoint:
    return Checkpoint(origin="log", size=size, root=bytes.fromhex(root or ROOTS[size - 1]))


def test_every_entry_is_proved_in_every_tree_that_has_it() -> None:
    notary = Notary.of(WORLD)
    for size in range(1, len(ENTRIES) + 1):
        for sequence in range(1, size + 1):
            proved = check(proof_of(sequence, size, notary), [notary.key])
            assert proved.entry == ENTRIES[sequence - 1]
            assert (proved.transfer.shard, proved.transfer.sequence) == (3, sequence)
            assert proved.checkpoint.size == size


def spoilt(text: str) -> Sequence[str]:
    other = Notary.of(WORLD)
    return [
        text.replace("index 2", "index 3"),
        text.replace("extra W", "extra X"),
        text.replace("tlog-proof@v1", "tlog-proof@v2"),
        text.replace(f"\n{ORIGIN}\n15\n", f"\n{ORIGIN}\n14\n"),
        "\n".join(line for at, line in enumerate(text.split("\n")) if at != 3),
        text.replace("\nindex 2\n", f"\nindex 2\n{'A' * 43}=\n"),
        text.replace("\nindex 2\n", "\nindex 2\nno base64\n"),
        text.partition("\n\n")[0],
        text.partition("\n\n")[0] + "\n\n" + other.checkpoint(3, 15),
        proof_of(3, 15, other),
        "",
    ]


@pytest.mark.parametrize("at", range(11))
def test_a_spoiled_proof_is_refused(at: int) -> None:
    notary = Notary.of(WORLD)
    good = proof_of(3, 15, notary)
    check(good, [notary.key])
    spoiled = spoilt(good)[at]
    assert spoiled != good
    with pytest.raises(ProofError):
        check(spoiled, [notary.key])


def test_two_logs_and_a_log_that_shrinks_are_not_consistent() -> None:
    with pytest.raises(ProofError, match="two logs"):
        check_consistency(Checkpoint(origin="other", size=1, root=bytes(32)), _checkpoint(8), [])
    with pytest.raises(ProofError, match="cannot continue"):
        check_consistency(_checkpoint(8), _checkpoint(6), [])
    with pytest.raises(ProofError, match="does not continue"):
        check_consistency(
            _checkpoint(6, "00" * 32), _checkpoint(8), [bytes.fromhex(step) for step in CONSISTENCY[6, 8]]
        )


def test_the_program_needs_the_proof_and_the_key_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notary = Notary.of(WORLD)
    proof, key = tmp_path / "3-3.tlog-proof", tmp_path / "keys"
    proof.write_text(proof_of(3, 15, notary))
    key.write_text(notary.signer.verifier_key + "\n")
    assert main([str(proof), "--key", str(key)]) == 0
    assert capsys.readouterr().out.startswith(f"ok    3-3 stands in the log of 15 entries that {ORIGIN} has signed\n")
    proof.write_text(proof.read_text().replace("index 2", "index 1"))
    assert main([str(proof), "--key", str(key)]) == 1
    assert capsys.readouterr().out.startswith("WRONG ")
    assert main([str(tmp_path / "missing"), "--key", str(key)]) == 2
