"""The licensee's side: the same numbers against the reference wallet, through the certification that licensees run."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss_certify import report
from pitboss_certify.case import all_cases
from pitboss_certify.run import Plan
from pitboss_certify.run import Verdict as WalletVerdict
from pitboss_certify.run import play as play_certification
from pitboss_certify.signing import Signer
from pitboss_certify.stage import Subject
from pitboss_certify.transport import GrpcTransport, JsonTransport
from tests.conformance.run import Verdict
from tests.integration.sdk_wallet.wallet import Maker

SUBJECT = Subject(player="ada", other_player="bob", blocked_player="eve", other_currency="GBP")
REPORT: Final = "L10"
REPORT_TITLE: Final = "the signed report of the run opens with its key, with no other, and with no byte changed"
_TIMEOUT_S = 10


def play_wallet(*, seed: int, told: Callable[[Verdict], None] = lambda _: None) -> list[Verdict]:
    """Every case of the certification at both doors of the reference wallet, a process with a database of its own."""
    found: list[Verdict] = []

    def keep(verdict: WalletVerdict) -> None:
        found.append(_verdict(verdict))
        told(found[-1])

    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder))
        with maker.running() as wallet:
            for player in ("ada", "bob", "eve"):
                wallet.control("players", id=player, currency="EUR", cash="0")
            wallet.control("block", id="eve", blocked=True)
            host = "127.0.0.1"
            doors = (
                GrpcTransport(f"{host}:{wallet.doors['grpc']}", authorities=None, timeout_s=_TIMEOUT_S),
                JsonTransport(f"http://{host}:{wallet.doors['json']}", timeout_s=_TIMEOUT_S),
            )
            signer = Signer(key_id=maker.signer.key_id, key=maker.signer.key)
            plan = Plan(cases=all_cases(), doors=doors, signer=signer, subject=SUBJECT, seed=seed, run_id="conformance")
            verdicts = play_certification(plan, told=keep)
    found.append(_signed(report.build(plan, verdicts, at=dt.datetime.now(tz=dt.UTC))))
    told(found[-1])
    return found


def _signed(made: dict[str, Any]) -> Verdict:
    """The report of this run opens with the key that signed it, with no other, and not with another byte in it."""
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    envelope = report.sign(made, key)
    better = {**envelope, "report": envelope["report"].replace('"failed": ', '"failed":  ', 1)}
    wrong = [
        problem
        for problem, holds in (
            ("the report does not open", report.verify(envelope, key.public_key()) == made),
            ("another key opens it", report.verify(envelope, other.public_key()) is None),
            ("a changed byte was not noticed", report.verify(better, key.public_key()) is None),
            (
                "the key of another signer was believed",
                report.verify(report.sign(made, other), key.public_key()) is None,
            ),
        )
        if not holds
    ]
    return Verdict(
        id=REPORT, title=REPORT_TITLE, kind="wallet", subject="reference_wallet", ok=not wrong, detail="; ".join(wrong)
    )


def _verdict(verdict: WalletVerdict) -> Verdict:
    return Verdict(
        id=verdict.id,
        title=verdict.title,
        kind="wallet",
        subject=f"reference_wallet ({verdict.door})",
        ok=verdict.ok,
        skipped_because=verdict.detail if verdict.skipped else "",
        detail="" if verdict.skipped else verdict.detail,
    )
