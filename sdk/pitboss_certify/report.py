"""The report: JSON whose exact bytes are signed, and the same for people."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pitboss_certify.case import digest
from pitboss_certify.run import Plan, Verdict

CONTRACT = "pitboss.licensee.v1"


def build(plan: Plan, verdicts: Sequence[Verdict], *, at: dt.datetime) -> dict[str, Any]:
    """Everything the report says."""
    passed = sum(each.ok for each in verdicts)
    skipped = sum(each.skipped for each in verdicts)
    return {
        "report": "licensee wallet certification",
        "contract": CONTRACT,
        "scenarios_sha256": digest(tuple(plan.cases)),
        "seed": plan.seed,
        "run": plan.run_id,
        "at": at.isoformat(timespec="seconds"),
        "doors": [door.name for door in plan.doors],
        "passed": passed,
        "failed": len(verdicts) - passed - skipped,
        "skipped": skipped,
        "cases": [asdict(each) for each in verdicts],
    }


def sign(report: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, str]:
    """An envelope: the report as text, the signature over exactly that text, and the public key."""
    text = json.dumps(report, indent=1, ensure_ascii=False)
    return {
        "report": text,
        "signature": base64.b64encode(key.sign(text.encode())).decode(),
        "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
    }


def verify(envelope: dict[str, str], public_key: Ed25519PublicKey) -> dict[str, Any] | None:
    """The report, or None if this key did not sign it. The key in the envelope proves nothing by itself."""
    try:
        public_key.verify(base64.b64decode(envelope["signature"]), envelope["report"].encode())
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        return None
    report: dict[str, Any] = json.loads(envelope["report"])
    return report


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{report}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}}
.ok{{color:#176b2c}}.no{{color:#a11;font-weight:600}}.out{{color:#777}}code{{font-size:.85em}}</style>
<h1>{report}</h1>
<p><b class="{mark}">{passed} passed, {failed} failed, {skipped} left out</b></p>
<p>Contract <code>{contract}</code> · scenarios <code>{scenarios_sha256}</code> · seed {seed} · run <code>{run}</code>
· {at}{where}</p><table><tr><th>case</th><th>subject</th><th>what must hold</th><th>result</th></tr>{rows}</table></html>
"""


_SUBJECTS = ("door", "provider", "chain", "wallet")
"""What a case was played with, by the name of its field."""


def page(report: dict[str, Any]) -> str:
    """For people."""
    rows = "".join(_row(each) for each in report["cases"])
    said = {name: html.escape(str(value)) for name, value in report.items() if name not in {"cases", "doors"}}
    where = f" · <code>{said['endpoint']}</code>" if "endpoint" in said else ""
    return _PAGE.format(**said, mark="no" if report["failed"] else "ok", rows=rows, where=where)


def _row(each: dict[str, Any]) -> str:
    why = each.get("skipped_because", "")
    mark = "ok" if each["ok"] else "out" if why or each.get("skipped") else "no"
    word = {"ok": "passed", "out": "left out", "no": "failed"}[mark]
    detail = f": {why or each['detail']}" if why or each["detail"] else ""
    subject = next((each[name] for name in _SUBJECTS if name in each), "")
    cells = (each["id"], subject, each["title"])
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + (
        f'<td class="{mark}">{word}{html.escape(detail)}</td></tr>'
    )  # fmt: skip
