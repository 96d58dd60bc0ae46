from __future__ import annotations

import pytest

from mesh.redaction import HIDDEN, is_secret_name, redact, redact_fields, redact_text

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJsaWNlbnNlZSI6ImF1cm9yYSJ9.c2lnbmF0dXJl"
SIGNATURE = "kQ3v" * 40 + "=="
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "launch_token",
        "password",
        "x-hub88-signature",
        "hash",
        "set-cookie",
        "key",
        "api_key",
        "private-key",
        "client_secret",
        "tls.key",
        "PITBOSS_SECRET",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["transaction_key", "bet_key", "player_id", "keys", "monkey", "tokenless", "", "-"])
def test_names_that_support_needs_stay_readable(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"got Bearer {TOKEN}, sorry", f"got Bearer {HIDDEN}, sorry"),
        (f"token {TOKEN}", f"token {HIDDEN}"),
        (f"cannot read {PEM} here", f"cannot read {HIDDEN} here"),
        (PEM[:40], HIDDEN),
        (f"signed {SIGNATURE}!", f"signed {HIDDEN}!"),
        ("postgresql://wallet:pa55@127.0.0.1:5432/db", f"postgresql://wallet:{HIDDEN}@127.0.0.1:5432/db"),
        ("redis://:pa55@127.0.0.1:6379/0", f"redis://:{HIDDEN}@127.0.0.1:6379/0"),
        ("providerId=x&hash=5f4dcc3b5aa765d61d8327deb882cf99&a=1", f"providerId=x&hash={HIDDEN}&a=1"),
        ("password: hunter2 ok", f"password: {HIDDEN} ok"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "0192f5a0-1111-7000-8000-000000000001",
        "a" * 64,
        'File "/srv/pitboss/.venv/lib/python3.11/site-packages/psycopg/connection_async.py", line 12, in execute',
        "the token is expired",
        "pl-7001 bet b1 12.50 EUR",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_secrets_are_found_inside_of_structures() -> None:
    fields = {"headers": {"Authorization": "x", "accept": "y"}, "list": [f"Bearer {TOKEN}", {"password": "p"}]}
    assert redact_fields(fields) == {
        "headers": {"Authorization": HIDDEN, "accept": "y"},
        "list": [f"Bearer {HIDDEN}", {"password": HIDDEN}],
    }


def test_values_that_json_does_not_know_become_text_and_bytes_are_not_shown() -> None:
    assert redact(b"secret") == "<6 bytes>"
    assert redact(ValueError("password=x")) == f"password={HIDDEN}"
    assert redact({1}) == [1]
    assert redact(None) is None
    assert redact_fields({"password": None}) == {"password": None}


def test_structures_without_end_end() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert redact(endless) == [[[[[["..."]]]]]]
