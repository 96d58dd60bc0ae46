from __future__ import annotations

from typing import Any

import pytest

from provider_adapters._kit.config import CredentialsError
from provider_adapters.hub88_style.config import adapter_keys, studio_keys
from tests.unit.provider_adapters.hub88_style.keys import other_key, private_pem, public_pem, sheet_key

RIGHT: dict[str, Any] = {
    "operator_id": "pitboss",
    "private_key": private_pem(other_key()),
    "provider_public_key": public_pem(sheet_key()),
}


def test_keys_are_read_and_never_shown() -> None:
    keys = adapter_keys(RIGHT)
    assert keys.others == (sheet_key().public_key(),)
    assert "private" not in repr(keys).lower()


def test_during_a_rotation_there_are_two_keys_of_the_other_side() -> None:
    keys = adapter_keys({**RIGHT, "next_provider_public_key": public_pem(other_key())})
    assert len(keys.others) == 2


def test_the_studio_has_the_other_half() -> None:
    keys = studio_keys({**RIGHT, "operator_public_key": public_pem(other_key())})
    assert keys.others == (other_key().public_key(),)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("value", [None, "", 5, "nonsense"])
def test_an_unusable_value_is_named_and_not_repeated(name: str, value: object) -> None:
    if name == "operator_id" and value == "nonsense":
        return
    with pytest.raises(CredentialsError) as raised:
        adapter_keys({**RIGHT, name: value})
    assert name in str(raised.value)
    assert "nonsense" not in str(raised.value)
