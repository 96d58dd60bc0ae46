"""Notes: the example of Go's own implementation, and everything that must not be taken for a signature."""

from __future__ import annotations

import pytest

from mesh.notes import Signer, new_seed
from mesh.verify.notes import Checkpoint, Key, NoteError, keys_of, open_checkpoint, open_note

# The example of golang.org/x/mod/sumdb/note.
SEED = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM="
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{TEXT}\n"
    "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ORIGIN = "pitboss.example/ledger/3"


def test_a_note_is_signed_to_the_byte_as_go_signs_it() -> None:
    signer = Signer.load("PeterNeumann", SEED)
    assert signer.verifier_key == KEY
    assert signer.sign(TEXT) == NOTE


def test_a_note_that_go_has_signed_is_opened() -> None:
    assert open_note(NOTE, keys_of(KEY)) == TEXT


def test_a_checkpoint_is_a_name_a_size_and_a_root() -> None:
    signer = Signer.load(ORIGIN, SEED)
    note = signer.checkpoint(7, bytes(range(32)))
    assert note.startswith(
        "pitboss.example/ledger/3\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\N{EM DASH} pit"
    )
    found = open_checkpoint(note, [Key.parse(signer.verifier_key)])
    assert found == Checkpoint(origin=ORIGIN, size=7, root=bytes(range(32)))


@pytest.mark.parametrize(
    "spoiled",
    [
        NOTE.replace("problem is", "problem was"),
        NOTE.replace("BwJnAM=", "BwJnAN="),
        NOTE.replace("\N{EM DASH} PeterNeumann", "\N{EM DASH} SomebodyElse"),
        NOTE.replace("\N{EM DASH}", "-"),
        NOTE.replace("\n\n", "\n"),
        NOTE[:-1],
        TEXT,
        "",
    ],
)
def test_a_spoiled_note_is_refused(spoiled: str) -> None:
    with pytest.raises(NoteError):
        open_note(spoiled, keys_of(KEY))


def test_a_strangers_signature_beside_ours_does_no_harm_and_alone_no_good() -> None:
    stranger = Signer.load("Stranger", new_seed())
    both = NOTE + stranger.sign(TEXT).rpartition("\n\n")[2]
    assert open_note(both, keys_of(KEY)) == TEXT
    with pytest.raises(NoteError):
        open_note(stranger.sign(TEXT), keys_of(KEY))


def test_a_checkpoint_signed_in_the_name_of_another_log_is_refused() -> None:
    signer = Signer.load(ORIGIN, SEED)
    note = signer.named("pitboss.example/ledger/4").checkpoint(7, bytes(32))
    with pytest.raises(NoteError):
        open_checkpoint(note, keys_of(signer.verifier_key))
    claimed = signer.sign(note.partition("\n\n")[0] + "\n")
    with pytest.raises(NoteError):
        open_checkpoint(claimed, keys_of(signer.verifier_key))


@pytest.mark.parametrize("size", ["07", "-1", "x", ""])
def test_a_size_that_is_no_plain_number_is_refused(size: str) -> None:
    note = Signer.load(ORIGIN, SEED).sign(f"{ORIGIN}\n{size}\n{'A' * 43}=\n")
    with pytest.raises(NoteError):
        open_checkpoint(note, keys_of(Signer.load(ORIGIN, SEED).verifier_key))


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AAAA", KEY.replace("c74f20a3", "c74f20a4"), KEY[:-4]])
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Key.parse(text)


@pytest.mark.parametrize("seed", ["", "AAAA", "no base64!", "A" * 43])
def test_a_seed_of_another_size_is_refused_without_being_told(seed: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in base64") as refused:
        Signer.load(ORIGIN, seed)
    assert not seed or seed not in str(refused.value)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nfeed"])
def test_a_name_that_would_break_the_format_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        Signer.load(name, SEED)
