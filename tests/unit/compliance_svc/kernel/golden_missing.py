"""What a golden case needs and the kernel alone does not have: keys, logs, signatures, and several callers at once."""

from typing import Any, Final

from tests.unit.compliance_svc.kernel.golden_packs import UnsupportedError, case_packs

_OF_THE_SERVICE: Final = frozenset(
    [
        "parallel",
        "kyc_webhook",
        "load_pack",
        "checkpoint",
        "fill_log",
        "tamper",
        "truncate_log",
        "verify_audit",
        "inclusion_proof",
        "consistency_proof",
        "erase_player",
    ]
)
_OF_THE_LEDGER: Final = frozenset({"IDEMPOTENCY.CONFLICT", "ROUND.CANCELLED"})


def missing(case: dict[str, Any]) -> str | None:
    """Return the first thing that the kernel does not have for a case."""
    keys: set[str] = set()
    for step in case["steps"]:
        if wanted := _missing_of_step(step, keys):
            return wanted
        keys.add(step.get("key", ""))
    try:
        case_packs(case["given"])
    except UnsupportedError as problem:
        return str(problem)
    return None


def _missing_of_step(step: dict[str, Any], keys: set[str]) -> str | None:
    if step["do"] in _OF_THE_SERVICE:
        return f"verb {step['do']}"
    if step.get("key", "") in keys and "key" in step:
        return "a key that comes again"
    expect = step.get("expect", {})
    if "tombstone" in expect or (step["do"] == "rollback" and step["of"] not in keys):
        return "tombstones"
    if expect.get("new_records") == 0:
        return "records that are not kept"
    ledger = _OF_THE_LEDGER.intersection(expect.get("reasons", ()), expect.get("reasons_exact", ()))
    return f"reason {min(ledger)}" if ledger else None
