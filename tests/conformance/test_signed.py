"""The signed report opens with its key, with no other, and with nothing changed in it or in its page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from pitboss_certify.__main__ import main
from tests.conformance.__main__ import summary
from tests.conformance.run import Verdict
from tests.conformance.signed import built, new_key, write

judged = partial(Verdict, title="<b>a bet</b> takes its stake", kind="provider", subject="x_style")
VERDICTS = [
    judged(id="D01", ok=True),
    judged(id="D02", ok=False, detail="the balance moved"),
    judged(id="D03", ok=False, skipped_because="the dialect says no currency"),
]


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "conformance.json"
    write(built(VERDICTS, summary(VERDICTS, seed=7), run_id="r"), path, None)
    return path


def verified(result: Path, key: Path | None = None) -> int:
    names = ["--public-key", str(key or result.with_suffix(".pub")), "--page", str(result.with_suffix(".html"))]
    return main(["verify-report", str(result.with_suffix(".signed.json")), *names])


def test_a_report_verifies_with_its_key_and_says_what_it_is(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(result) == 0
    told = capsys.readouterr().out
    assert "verified: conformance" in told
    assert "1 passed, 1 failed, 1 left out" in told
    assert "seed 7, run r" in told
    page = result.with_suffix(".html").read_text()
    assert "&lt;b&gt;a bet" in page
    assert "x_style" in page
    assert "left out: the dialect says no currency" in page


def test_another_key_does_not_open_it(result: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    write(built(VERDICTS, summary(VERDICTS, seed=7), run_id="r"), other, None)
    assert verified(result, other.with_suffix(".pub")) == 1


@pytest.mark.parametrize(
    ("shown", "changed"), [('"failed": 1', '"failed": 0'), ("D02", "D20"), ('"ok": false', '"ok": true')]
)
def test_a_changed_report_is_not_verified(result: Path, shown: str, changed: str) -> None:
    signed = result.with_suffix(".signed.json")
    envelope = json.loads(signed.read_text())
    assert shown in envelope["report"]
    signed.write_text(json.dumps({**envelope, "report": envelope["report"].replace(shown, changed, 1)}))
    assert verified(result) == 1


def test_a_page_that_shows_something_else_is_not_verified(result: Path) -> None:
    page = result.with_suffix(".html")
    page.write_text(page.read_text().replace("1 failed", "0 failed"))
    assert verified(result) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"report": 1, "signature": 2}'])
def test_what_is_no_report_is_not_verified(result: Path, content: str) -> None:
    result.with_suffix(".signed.json").write_text(content)
    assert verified(result) in {1, 2}


def test_runs_may_be_signed_with_one_key(result: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.b64"
    new_key(key)
    assert key.stat().st_mode & 0o077 == 0
    found = built(VERDICTS, summary(VERDICTS, seed=7), run_id="r")
    first = write(found, tmp_path / "first.json", key).read_text()
    assert write(found, tmp_path / "second.json", key).read_text() == first
    assert verified(tmp_path / "second.json", tmp_path / "first.pub") == 0
    assert verified(result, tmp_path / "first.pub") == 1
