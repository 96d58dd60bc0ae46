"""Secrets at rest."""

import base64

import pytest

from session_svc.domain.keys import read_key
from session_svc.store.sealing import SealBrokenError, Vault

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_was_sealed_can_be_opened() -> None:
    vault = Vault([NEW])
    assert vault.open(vault.seal(b"token", b"session/token"), b"session/token") == b"token"


def test_the_sealed_bytes_do_not_show_the_text() -> None:
    assert b"token" not in Vault([NEW]).seal(b"token", b"place")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    vault = Vault([NEW])
    assert vault.seal(b"token", b"place") != vault.seal(b"token", b"place")


def test_a_seal_belongs_to_one_place() -> None:
    vault = Vault([NEW])
    with pytest.raises(SealBrokenError):
        vault.open(vault.seal(b"token", b"here"), b"there")


@pytest.mark.parametrize("at", [0, 15, -1])
def test_changed_bytes_are_not_opened(at: int) -> None:
    vault = Vault([NEW])
    sealed = bytearray(vault.seal(b"token", b"place"))
    sealed[at] ^= 1
    with pytest.raises(SealBrokenError):
        vault.open(bytes(sealed), b"place")


def test_too_few_bytes_are_not_opened() -> None:
    with pytest.raises(SealBrokenError):
        Vault([NEW]).open(b"", b"place")


def test_an_old_key_still_opens_after_a_change_of_keys() -> None:
    sealed = Vault([OLD]).seal(b"token", b"place")
    assert Vault([NEW, OLD]).open(sealed, b"place") == b"token"


def test_the_first_key_seals() -> None:
    sealed = Vault([NEW, OLD]).seal(b"token", b"place")
    assert Vault([NEW]).open(sealed, b"place") == b"token"
    with pytest.raises(SealBrokenError):
        Vault([OLD]).open(sealed, b"place")


@pytest.mark.parametrize("keys", [[], [b"short"]])
def test_sealing_takes_proper_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(keys)


def test_a_key_is_read_with_and_without_padding() -> None:
    text = base64.urlsafe_b64encode(b"\xfb" * 32).decode()
    assert read_key(text) == read_key(text.rstrip("=")) == b"\xfb" * 32


@pytest.mark.parametrize("text", ["", "abc", "ä" * 43, "A" * 44, "+" * 43 + "!"])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="32 random bytes") as caught:
        read_key(text)
    assert not text or text not in str(caught.value)
