"""Credentials are checked whole, and never shown."""

import pytest

from provider_adapters._kit.config import CredentialsError
from provider_adapters.pragmatic_style.auth import Spelling
from provider_adapters.pragmatic_style.config import Config


def test_a_secret_is_enough() -> None:
    config = Config.from_credentials({"secret": "k" * 32})
    assert (config.secure_login, config.provider_id) == ("pitboss", "pragmaticplay")
    assert config.hash_spelling is Spelling.PLAIN


def test_the_spelling_can_be_chosen() -> None:
    assert Config.from_credentials({"secret": "k", "hash_spelling": "encoded"}).hash_spelling is Spelling.ENCODED


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"secret": ""},
        {"secret": 7},
        {"secret": "hidden-value", "secure_login": ""},
        {"secret": "hidden-value", "hash_spelling": "upper"},
        {"secret": "hidden-value", "secrets": "x"},
    ],
)
def test_bad_credentials_are_refused_without_their_values(credentials: dict[str, object]) -> None:
    with pytest.raises(CredentialsError) as refused:
        Config.from_credentials(credentials)
    assert "hidden-value" not in str(refused.value)


def test_the_secret_is_not_part_of_what_is_printed() -> None:
    config = Config.from_credentials({"secret": "hidden-value", "next_secret": "hidden-value-2"})
    assert "hidden-value" not in repr(config)


def test_during_a_rotation_there_are_two_secrets() -> None:
    assert Config.from_credentials({"secret": "a"}).secrets == ("a",)
    assert Config.from_credentials({"secret": "a", "next_secret": "b"}).secrets == ("a", "b")
