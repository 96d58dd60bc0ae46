"""The certification passes a right wallet, and fails a wrong one at the right cases."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss_certify import __main__ as program
from pitboss_certify import report
from pitboss_certify.case import all_cases, digest
from pitboss_certify.run import Plan, Verdict, play
from pitboss_certify.signing import Signer
from pitboss_certify.stage import Subject
from pitboss_certify.transport import GrpcTransport, JsonTransport, Transport
from pitboss_sdk.request_signature import Verifier
from tests.integration.sdk_certify.broken import MISTAKES, running
from tests.integration.sdk_wallet.wallet import Maker

SUBJECT = Subject(player="ada", other_player="bob", blocked_player="eve", other_currency="GBP")
KEY = Ed25519PrivateKey.generate()
SIGNER = Signer(key_id="k1", key=KEY)


def plan(*doors: Transport, only: set[str] | None = None, **more: Any) -> Plan:
    cases = [each for each in all_cases() if only is None or each.id in only]
    return Plan(cases=cases, doors=doors, **{"signer": SIGNER, "subject": SUBJECT, "seed": 7, "run_id": "r", **more})


def failed(verdicts: list[Verdict]) -> set[str]:
    return {each.id for each in verdicts if not each.ok and not each.skipped}


def test_the_reference_wallet_passes_every_case_at_both_doors(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    with maker.running() as wallet:
        for player in ("ada", "bob", "eve"):
            wallet.control("players", id=player, currency="EUR", cash="0")
        wallet.control("block", id="eve", blocked=True)
        key = tmp_path / "key.b64"
        key.write_text(base64.b64encode(maker.signer.key.private_bytes_raw()).decode())
        arguments = ["--grpc", f"127.0.0.1:{wallet.doors['grpc']}", "--json", f"http://127.0.0.1:{wallet.doors['json']}",
                     "--key-id", "k1", "--key", str(key), "--player", "ada", "--other-player", "bob",
                     "--blocked-player", "eve", "--other-currency", "GBP", "--report", str(tmp_path / "out")]  # fmt: skip
        assert program.main(arguments) == 0
    envelope = json.loads((tmp_path / "out.json").read_text())
    found = report.verify(envelope, maker.signer.key.public_key())
    assert found is not None
    assert (found["failed"], found["passed"], found["doors"]) == (0, 2 * len(all_cases()) - 4, ["grpc", "json"])
    assert "left out" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wallet_with_a_mistake_fails_the_cases_that_show_it(tmp_path: Path, mistake: str) -> None:
    parts, verifier, shown = MISTAKES[mistake]
    keys = {"k1": KEY.public_key()}
    with running(tmp_path, (verifier or Verifier)(keys), **parts) as base:
        door = JsonTransport(base, timeout_s=5)
        found = failed(play(plan(door, only=shown | {"C01", "E01", "F01"})))
    assert found == shown


def test_a_wallet_that_is_not_there_passes_nothing() -> None:
    for door in (
        JsonTransport("http://127.0.0.1:9", timeout_s=1),
        GrpcTransport("127.0.0.1:9", authorities=None, timeout_s=1),
    ):
        verdicts = play(plan(door, only={"A02", "C01", "D01", "J01"}))
        assert len(failed(verdicts)) == 4
    arguments = ["--json", "http://127.0.0.1:9", "--key-id", "k", "--key", "/dev/null", "--player", "x"]
    assert sys.modules["pitboss_certify.__main__"] is program
    with pytest.raises(ValueError, match="32 bytes"):
        program.main(arguments)


def test_cases_that_need_what_the_sandbox_does_not_name_are_left_out_and_say_why(tmp_path: Path) -> None:
    with running(tmp_path, Verifier({"k1": KEY.public_key()})) as base:
        door = JsonTransport(base, timeout_s=5)
        verdicts = play(plan(door, only={"D04", "D13", "D17"}, subject=Subject(player="ada")))
    assert [each.detail for each in verdicts] == [
        "the sandbox names no other player", "the sandbox names no other currency", "the sandbox names no blocked player",
    ]  # fmt: skip
    assert not any(each.ok for each in verdicts)


def test_a_report_is_signed_as_it_stands() -> None:
    made = plan(JsonTransport("http://127.0.0.1:9", timeout_s=1))
    verdicts = [Verdict(id="D01", title="<b>", door="json", ok=False, detail="a & b")]
    text = report.build(made, verdicts, at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    envelope = report.sign(text, KEY)
    assert report.verify(envelope, KEY.public_key()) == text
    better = {**envelope, "report": envelope["report"].replace('"failed": 1', '"failed": 0')}
    assert report.verify(better, KEY.public_key()) is None
    assert report.verify(envelope, Ed25519PrivateKey.generate().public_key()) is None
    page = report.page(text)
    assert "&lt;b&gt;" in page
    assert "a &amp; b" in page


def test_a_report_names_what_was_played() -> None:
    cases = all_cases()
    assert len(cases) >= 80
    assert digest(cases) == digest(all_cases())
    assert digest(cases) != digest(cases[1:])
