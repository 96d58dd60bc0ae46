"""What a witness signs, and what it does not."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from mesh import merkle
from mesh.notes import Cosigner, Signer
from mesh.verify.cosignatures import CosignatureError, WitnessKey, check_line, cosigners
from mesh.verify.notes import Key
from witness.checking import Refusal, RefusedError
from witness.serving import Witness, parse
from witness.state import State

SEED, OTHER = (base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2))
LOG = Signer.load("log.example/audit", SEED)
COSIGNER = Cosigner.load("witness.example", OTHER)
KEY = WitnessKey.parse(COSIGNER.verifier_key)
LEAVES = [str(number).encode() for number in range(12)]
FORGED = [*LEAVES[:4], b"forged", *LEAVES[5:]]


def body(leaves: Sequence[bytes], size: int, old: int, *, signer: Signer = LOG) -> bytes:
    """A request for the first leaves, proved from an old size on."""

    def node(at: merkle.Node) -> bytes:
        level, index = at
        return merkle.root_of(leaves[index << level : (index + 1) << level])

    path = merkle.proof(merkle.consistency_ranges(old, size), node) if 0 < old <= size else []
    lines = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    note = signer.checkpoint(size, merkle.root_of(leaves[:size]))
    return f"old {old}\n{lines}\n{note}".encode()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


@pytest.fixture
def witness(state: State) -> Witness:
    return Witness(state, COSIGNER, [Key.parse(LOG.verifier_key)])


def refusal(witness: Witness, request: bytes) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        witness.add_checkpoint(request)
    return refused.value.refusal


def test_it_cosigns_a_log_that_grows(witness: Witness) -> None:
    old = 0
    for size in (3, 3, 7, 8, 12):
        line = witness.add_checkpoint(body(LEAVES, size, old))
        text = LOG.checkpoint(size, merkle.root_of(LEAVES[:size])).partition("\n\n")[0] + "\n"
        assert check_line(line, text, [KEY])[0] == "witness.example"
        old = size


def test_a_cosignature_stands_in_the_note_of_the_checkpoint(witness: Witness) -> None:
    line = witness.add_checkpoint(body(LEAVES, 5, 0))
    note = LOG.checkpoint(5, merkle.root_of(LEAVES[:5])) + line + "\n"
    assert cosigners(note, [KEY]).keys() == {"witness.example"}
    with pytest.raises(CosignatureError):
        cosigners(note.replace("\n5\n", "\n6\n"), [KEY])


def test_a_shorter_log_is_rolled_back_and_the_evidence_is_kept(witness: Witness, state: State) -> None:
    witness.add_checkpoint(body(LEAVES, 8, 0))
    assert refusal(witness, body(LEAVES, 7, 0)) is Refusal.ROLLED_BACK
    assert state.refusals() == [("rolled_back", "the log had 8 entries and now has 7")]


@pytest.mark.parametrize("size", [8, 12])
def test_another_history_is_a_split_view(witness: Witness, state: State, size: int) -> None:
    witness.add_checkpoint(body(LEAVES, 8, 0))
    assert refusal(witness, body(FORGED, size, 8)) is Refusal.SPLIT
    assert [kind for kind, _ in state.refusals()] == ["split_view"]


def test_a_refusal_changes_nothing(witness: Witness) -> None:
    witness.add_checkpoint(body(LEAVES, 8, 0))
    for request in (body(FORGED, 12, 8), body(LEAVES, 7, 0), b"nonsense"):
        with pytest.raises(RefusedError):
            witness.add_checkpoint(request)
    witness.add_checkpoint(body(LEAVES, 12, 8))


def test_a_proof_that_begins_elsewhere_is_no_offence_and_told_where_to_begin(witness: Witness, state: State) -> None:
    witness.add_checkpoint(body(LEAVES, 8, 0))
    with pytest.raises(RefusedError) as refused:
        witness.add_checkpoint(body(LEAVES, 12, 3))
    assert (refused.value.refusal, refused.value.seen, state.refusals()) == (Refusal.STALE, 8, [])


def test_a_checkpoint_that_the_log_has_not_signed_is_refused(witness: Witness, state: State) -> None:
    stranger = Signer.load("log.example/audit", OTHER)
    assert refusal(witness, body(LEAVES, 8, 0, signer=stranger)) is Refusal.UNSIGNED
    assert [kind for kind, _ in state.refusals()] == ["bad_signature"]


def test_a_log_that_nobody_named_is_refused(witness: Witness) -> None:
    assert refusal(witness, body(LEAVES, 8, 0, signer=Signer.load("another.example", SEED))) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    "request_",
    [b"", b"old 1", b"old x\n\nnote", b"new 1\n\nnote", b"old 1\n!!\n\nnote", b"old -1\n\nnote", b"old 0\n\nnote"],
)
def test_what_is_no_request_is_refused(witness: Witness, request_: bytes) -> None:
    assert refusal(witness, request_) is Refusal.MALFORMED


def test_what_it_saw_is_there_after_a_restart(tmp_path: Path, witness: Witness, state: State) -> None:
    witness.add_checkpoint(body(LEAVES, 8, 0))
    state.close()
    again = Witness(State(tmp_path / "state.sqlite"), COSIGNER, [Key.parse(LOG.verifier_key)])
    assert refusal(again, body(LEAVES, 7, 0)) is Refusal.ROLLED_BACK


def test_a_proof_of_no_hashes_is_read() -> None:
    assert parse(b"old 0\n\nlog\n").path == []
