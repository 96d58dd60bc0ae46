"""Payloads under the key of their player."""

from __future__ import annotations

import pytest

from audit_svc.store.sealing import Safe, SealBrokenError

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SALT, PROMISE = b"s" * 32, b"p" * 32


def test_an_event_is_opened_with_the_key_that_was_sealed() -> None:
    safe = Safe([OLD])
    box, sealed = safe.new_key("subject")
    payload = box.seal(SALT, '{"a":1}', PROMISE)
    assert safe.open_key("subject", sealed).open(payload, PROMISE) == (SALT, '{"a":1}')


def test_keys_of_players_open_after_the_key_of_keys_was_changed() -> None:
    box, sealed = Safe([OLD]).new_key("subject")
    payload = box.seal(SALT, "{}", PROMISE)
    assert Safe([NEW, OLD]).open_key("subject", sealed).open(payload, PROMISE)[1] == "{}"
    with pytest.raises(SealBrokenError):
        Safe([NEW]).open_key("subject", sealed)


def test_a_key_of_another_player_or_a_payload_of_another_entry_is_refused() -> None:
    safe = Safe([OLD])
    box, sealed = safe.new_key("subject")
    with pytest.raises(SealBrokenError):
        safe.open_key("another", sealed)
    with pytest.raises(SealBrokenError):
        box.open(box.seal(SALT, "{}", PROMISE), b"q" * 32)
