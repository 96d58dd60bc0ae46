"""Settings."""

from __future__ import annotations

import pytest

from mesh.settings import SettingsError, load
from session_svc.config import SessionSettings

KEY = "A" * 43
COMPLETE = {
    "PITBOSS_LISTEN": "127.0.0.1:0",
    "PITBOSS_DATABASE_URL": "postgresql://user:hunter2@127.0.0.1:5432/sessions",
    "PITBOSS_SESSION_KEYS": KEY,
    "PITBOSS_CACHE_URL": "redis://:hunter2@127.0.0.1:6379/0",
    "PITBOSS_WALLET_ADDRESSES": "127.0.0.1:1,127.0.0.1:2",
    "PITBOSS_COMPLIANCE_ADDRESS": "127.0.0.1:3",
    "PITBOSS_ADAPTERS": "acme_slots=127.0.0.1:4",
}


def test_a_complete_environment_is_read() -> None:
    settings = load(SessionSettings, COMPLETE)
    assert settings.wallet_addresses == ("127.0.0.1:1", "127.0.0.1:2")
    assert settings.adapters == {"acme_slots": "127.0.0.1:4"}
    assert settings.session_ttl_seconds == 6 * 3600


def test_settings_do_not_show_secrets_when_printed() -> None:
    shown = repr(load(SessionSettings, COMPLETE))
    assert "hunter2" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    "name",
    [
        "PITBOSS_DATABASE_URL",
        "PITBOSS_SESSION_KEYS",
        "PITBOSS_WALLET_ADDRESSES",
        "PITBOSS_COMPLIANCE_ADDRESS",
        "PITBOSS_ADAPTERS",
    ],
)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(SessionSettings, {**COMPLETE, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PITBOSS_SESSION_KEYS", "hunter2"),
        ("PITBOSS_SESSION_KEYS", f"{KEY},hunter2"),
        ("PITBOSS_WALLET_ADDRESSES", "nowhere"),
        ("PITBOSS_ADAPTERS", "acme_slots=nowhere"),
    ],
)
def test_what_cannot_be_right_is_refused_without_showing_a_secret(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(SessionSettings, {**COMPLETE, name: value})
    assert "hunter2" not in str(caught.value)
