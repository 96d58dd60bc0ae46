"""A studio's own server in the place of the simulator: a process that the mesh did not start and holds no commands for."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.dev.paths import ROOT
from mesh.dev.providers import discover
from mesh.dev.secrets import ProviderCredentials, provider_credentials
from pitboss_certify.__main__ import main as certify
from tests.conformance import __main__ as suite
from tests.conformance.afterwards import TITLES as AFTERWARDS
from tests.conformance.chain import NUMBERS
from tests.conformance.elsewhere import Endpoint, EndpointError, left_out

NAME = "hub88_style"
PLAYED = {"A01", "A03", "D01", "F01", "K01", "K04", "K05", "K07"}
COMMANDED = {"H01"}


def credentials() -> ProviderCredentials:
    return provider_credentials(next(one for one in discover() if one.name == NAME).credentials)


def kept(folder: Path, made: ProviderCredentials) -> Path:
    file = folder / "keys.json"
    file.write_text(json.dumps({"adapter": dict(made.adapter), "studio": dict(made.studio)}))
    return file


@contextlib.contextmanager
def server(folder: Path, made: ProviderCredentials) -> Iterator[str]:
    """The server of a studio that nobody here started."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
    keys = folder / "studio.json"
    keys.write_text(json.dumps(dict(made.studio)))
    environment = {
        **os.environ,
        "PITBOSS_STUDIO_LISTEN": address,
        "PITBOSS_STUDIO_CALLBACK_URL": "http://127.0.0.1:9/nowhere",
        "PITBOSS_STUDIO_CREDENTIALS": str(keys),
        "PITBOSS_STUDIO_RECORD": str(folder / "record"),
    }
    command = [sys.executable, "-m", "provider_adapters._kit.studio", NAME]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        host, _, port = address.partition(":")
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                break
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.timeout(300)
def test_a_studio_runs_the_cases_against_its_own_server_and_gets_the_signed_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = tmp_path / "conformance.json"
    monkeypatch.setattr(suite, "RESULT", result)
    made = credentials()
    with server(tmp_path, made) as url:
        only = ",".join(sorted(PLAYED | COMMANDED))
        said = ["--studio", f"{NAME}={url}", "--credentials", str(kept(tmp_path, made)), "--only", only]
        assert suite.main(said) == 0
    report = json.loads(result.read_text())
    assert (report["endpoint"], report["failed"]) == (url, 0)
    assert {case["id"] for case in report["cases"] if case["ok"]} == PLAYED
    skipped = {case["id"]: case["skipped_because"] for case in report["cases"] if not case["ok"]}
    assert skipped == dict.fromkeys(COMMANDED, "only the simulator takes commands")
    signed = ["verify-report", str(result.with_suffix(".signed.json")), "--public-key", str(result.with_suffix(".pub"))]
    page = result.with_suffix(".html")
    assert certify([*signed, "--page", str(page)]) == 0
    assert url in page.read_text()
    assert json.loads(json.loads(result.with_suffix(".signed.json").read_text())["report"])["endpoint"] == url


@pytest.mark.parametrize(
    ("said", "content", "word"),
    [
        ("nobody_style=http://x", "{}", "no such provider"),
        (NAME, "{}", "--studio"),
        (f"{NAME}=ftp://x", "{}", "--studio"),
        (f"{NAME}=http://x", "nonsense", "keys.json"),
        (f"{NAME}=http://x", "{}", "must be"),
        (f"{NAME}=http://x", '{"adapter": {}, "studio": {}}', "lacks"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, said: str, content: str, word: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(EndpointError, match=word):
        Endpoint.read(said, file)
    with pytest.raises(EndpointError):
        Endpoint.read(said, None)


def test_a_command_that_cannot_work_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["--studio", f"{NAME}=http://x"]) == 2
    assert "--credentials" in capsys.readouterr().err


def test_the_keys_are_in_no_text(tmp_path: Path) -> None:
    made = credentials()
    endpoint = Endpoint.read(f"{NAME}=http://x/", kept(tmp_path, made))
    assert endpoint.url == "http://x"
    assert made.studio["private_key"] not in repr(endpoint)


def test_whatever_is_not_played_stands_in_the_report_with_its_reason() -> None:
    found = {verdict.id: verdict.skipped_because for verdict in left_out(NAME)}
    assert {*NUMBERS.values(), *AFTERWARDS} <= set(found)
    assert all(found.values())
