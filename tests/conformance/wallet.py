"""The licensee's side: the same numbers against the reference wallet, through the certification that licensees run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

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
            play_certification(plan, told=keep)
    return found


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
