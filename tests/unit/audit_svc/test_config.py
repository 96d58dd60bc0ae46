"""Settings of the audit log."""

from __future__ import annotations

import base64

import pytest

from audit_svc.config import AuditSettings
from audit_svc.domain import RecordClass
from mesh.settings import SettingsError, load

SEED = base64.b64encode(bytes(32)).decode()
GOOD = {
    "PITBOSS_LISTEN": "127.0.0.1:0",
    "PITBOSS_DATABASE_URL": "postgresql://log",
    "PITBOSS_WALLET_ADDRESSES": "127.0.0.1:1",
    "PITBOSS_SESSION_ADDRESS": "127.0.0.1:2",
    "PITBOSS_COMPLIANCE_ADDRESS": "127.0.0.1:3",
    "PITBOSS_SIGNING_KEY": SEED,
    "PITBOSS_PAYLOAD_KEYS": SEED,
}


def test_retention_is_changed_by_class() -> None:
    settings = load(AuditSettings, {**GOOD, "PITBOSS_RETENTION_DAYS": "session=90"})
    keep = settings.keep_us()
    assert (keep[RecordClass.SESSION], keep[RecordClass.ROUND]) == (90 * 86_400_000_000, 3653 * 86_400_000_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PITBOSS_SIGNING_KEY", "c2hvcnQ="),
        ("PITBOSS_PAYLOAD_KEYS", "c2hvcnQ="),
        ("PITBOSS_PAYLOAD_KEYS", "not base64"),
        ("PITBOSS_LOG_NAME", "two words"),
        ("PITBOSS_PSEUDONYM_KEYS", "k1=c2hvcnQ="),
        ("PITBOSS_PSEUDONYM_KEYS", f"k 1={SEED}"),
        ("PITBOSS_PSEUDONYM_KEYS", "k1=no base64"),
        ("PITBOSS_SEAL_URL", "http://127.0.0.1:1"),
        ("PITBOSS_RETENTION_DAYS", "gossip=7"),
        ("PITBOSS_RETENTION_DAYS", "round=soon"),
        ("PITBOSS_BATCH_MS", "0"),
    ],
)
def test_what_cannot_work_is_refused_and_no_secret_is_told(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(AuditSettings, {**GOOD, name: value})
    assert "PITBOSS_" in str(refused.value)
    assert SEED not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    assert SEED not in repr(load(AuditSettings, GOOD))
