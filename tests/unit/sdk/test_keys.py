from __future__ import annotations

import uuid

from pitboss_sdk._keys import key_at, new_key, new_request_id


def test_keys_are_version_7_uuids_and_sort_by_time() -> None:
    earlier, later = key_at(1_767_225_600_000, 2**74 - 1), key_at(1_767_225_600_001, 0)
    assert str(earlier) < str(later)
    assert (earlier.version, earlier.variant) == (7, uuid.RFC_4122)
    assert earlier.int >> 80 == 1_767_225_600_000


def test_noise_fills_everything_but_time_version_and_variant() -> None:
    assert str(key_at(0, 2**74 - 1)) == "00000000-0000-7fff-bfff-ffffffffffff"
    assert str(key_at(0, 0)) == "00000000-0000-7000-8000-000000000000"


def test_no_key_is_made_twice() -> None:
    assert len({new_key() for _ in range(2000)}) == 2000


def test_request_ids_have_no_shape_that_a_proxy_would_write_into() -> None:
    assert len(new_request_id()) == 32
    assert "-" not in new_request_id()
