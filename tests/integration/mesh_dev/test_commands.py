"""The `pitboss` command against a mesh of its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import jwt
import pytest

from mesh.dev.paths import PYTHON_PATH, ROOT
from tests.integration.mesh_dev.alive import alive


class Pitboss:
    """Runs commands for a checkout whose build folder is elsewhere."""

    def __init__(self, build: Path) -> None:
        self.build = build

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PITBOSS_BUILD_DIR": str(self.build), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "mesh.cli", *arguments]
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
        )

    def until_well(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that looks at processes, given again until it finds nothing wrong: a process may stand still."""
        end = time.monotonic() + 60
        while (done := self.run(*arguments)).returncode != 0 and time.monotonic() < end:
            time.sleep(0.2)
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PITBOSS_BUILD_DIR": str(self.build)}
        command = [sys.executable, "-m", "mesh.cli", *arguments]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pitboss]:
    pitboss = Pitboss(tmp_path_factory.mktemp("build"))
    mesh = pitboss.json("up", "--detach")
    assert "gateway" in mesh, mesh
    yield pitboss
    pitboss.run("down")


def test_a_provider_that_was_never_played_agrees_with_the_ledger(up: Pitboss) -> None:
    told = up.json("reconcile", "hub88_style")
    assert (told["runs"][0]["messages"], told["cases"]) == (0, [])
    assert up.json("reconcile")["cases"] == []
    done = up.run("reconcile", "no_such_style")
    assert (done.returncode, "PROVIDER_NOT_FOUND" in done.stderr) == (1, True)


def test_a_signature_is_explained_to_the_first_byte_that_differs(up: Pitboss, tmp_path: Path) -> None:
    body, believed = tmp_path / "body", tmp_path / "believed"
    body.write_bytes(b'{"amount":1}')
    believed.write_bytes(b'{"amount": 1}')
    told = up.json("explain-signature", "hub88_style", "--body", str(body), "--header", "X-Hub88-Signature: bm9uZQ==")
    digest = hashlib.sha256(b'{"amount":1}').hexdigest()
    assert (told["algorithm"], told["signed"], told["expected"]) == ("rsa-sha256", '{"amount":1}', digest)
    assert (told["valid"], told["given"], told["first_difference"]) == (False, "", 0)
    told = up.json("explain-signature", "hub88_style", "--body", str(body), "--believed", str(believed))
    assert told["first_difference"] == 10
    assert up.run("explain-signature", "no_such_style").returncode == 1


def test_up_returns_with_everything_ready_and_writes_the_file(up: Pitboss) -> None:
    written = json.loads((up.build / "mesh.json").read_text())
    assert {"gateway", "licensees", "providers", "processes", "postgres", "valkey"} <= set(written)
    assert {each["state"] for each in json.loads(up.until_well("status", "--json").stdout)} == {"ready"}


def test_the_file_with_credentials_is_private(up: Pitboss) -> None:
    assert (up.build / "mesh.json").stat().st_mode & 0o077 == 0


def test_a_second_mesh_of_the_same_checkout_is_refused_with_advice(up: Pitboss) -> None:
    done = up.run("up", "--detach")
    assert done.returncode == 1
    assert "pitboss down" in done.stderr


def test_status_is_one_line_for_each_process(up: Pitboss) -> None:
    done = up.until_well("status")
    names = [process["name"] for process in json.loads((up.build / "mesh.json").read_text())["processes"]]
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == names
    assert "\x1b" not in done.stdout


def test_the_doctor_finds_nothing_bad(up: Pitboss) -> None:
    findings = json.loads(up.until_well("doctor", "--json").stdout)
    assert [each for each in findings if each["state"] == "bad"] == []


def test_a_killed_process_is_started_again(up: Pitboss) -> None:
    answer = up.json("restart", "wallet_svc-1", "--kill")
    assert answer["pid"] != answer["pid_before"]
    assert {each["state"] for each in json.loads(up.until_well("status", "--json").stdout)} == {"ready"}


def test_a_new_licensee_can_be_made_suspended_and_resumed(up: Pitboss) -> None:
    made = up.json("licensee", "create", "corona", "--pack", "gb")
    assert jwt.decode(made["token"], options={"verify_signature": False})["licensee"] == "corona"
    for command, suspended in (("suspend", True), ("resume", False)):
        up.json("licensee", command, "corona")
        (entry,) = [each for each in up.json("licensee", "list") if each["id"] == "corona"]
        assert entry == {"id": "corona", "pack": "gb", "wallet": "hosted", "suspended": suspended}


def test_a_licensee_with_game_wallets_stays_one(up: Pitboss) -> None:
    assert up.json("licensee", "create", "meridian", "--wallet", "transfer")["wallet"] == "transfer"
    up.json("licensee", "suspend", "meridian")
    up.json("licensee", "resume", "meridian")
    (entry,) = [each for each in up.json("licensee", "list") if each["id"] == "meridian"]
    assert entry["wallet"] == "transfer"
    wrong = up.run("licensee", "create", "orion", "--wallet", "mattress")
    assert (wrong.returncode, "hosted and transfer" in wrong.stderr) == (1, True)


def test_a_token_has_the_asked_scopes_and_life(up: Pitboss) -> None:
    made = up.json("licensee", "token", "aurora", "--expires", "60", "--scopes", "play")["token"]
    claims = jwt.decode(made, options={"verify_signature": False})
    assert claims["scope"] == "play"
    assert claims["exp"] - claims["iat"] == 60


def test_what_goes_wrong_is_one_sentence_or_one_json_document(up: Pitboss) -> None:
    plain, machine = up.run("restart", "nobody"), up.run("explain", "0-999999", "--json")
    assert (plain.returncode, machine.returncode) == (1, 1)
    assert "pitboss status" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "error" in json.loads(machine.stdout)


def test_a_transaction_is_explained_with_its_player_and_its_log(up: Pitboss) -> None:
    mesh = json.loads((up.build / "mesh.json").read_text())
    licensee, gateway = mesh["licensees"][1], mesh["gateway"]
    opened = httpx.post(
        f"{gateway['json']}/v1/players",
        json={"playerId": "pl-1", "currencyCode": "EUR", "transactionKey": "o-1"},
        headers={"authorization": f"Bearer {licensee['token']}"},
        verify=ssl.create_default_context(cafile=gateway["ca"]),
        timeout=30,
    )
    known = up.json("explain", opened.json()["result"]["transactionId"])
    assert (known["licensee"], known["transaction"]["transaction_key"]) == ("borealis", "o-1")
    assert known["balances"]["available"] == {"currency_code": "EUR", "amount": "0.00"}
    assert known["transaction"]["request_id"] == opened.headers["x-request-id"]
    plain = up.run("explain", "o-1", "--licensee", "borealis", "--player", "pl-1", "--kind", "open_account")
    assert plain.returncode == 0
    assert known["transaction"]["transaction_id"] in plain.stdout


def test_a_mesh_in_the_foreground_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    pitboss = Pitboss(tmp_path)
    with pitboss.start("up", "--json") as process:
        assert process.stdout is not None
        mesh = json.loads(_document(process.stdout))
        pids = [each["pid"] for each in mesh["processes"]]
        assert alive(pids) == pids
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert alive(pids) == []


def _document(lines: IO[str]) -> str:
    """The lines of one indented JSON document."""
    read = []
    for line in lines:
        read.append(line)
        if line == "}\n":
            break
    return "".join(read)


def test_down_leaves_nothing_behind(tmp_path: Path) -> None:
    pitboss = Pitboss(tmp_path)
    mesh = pitboss.json("up", "--detach")
    pids = [mesh["supervisor"], *(process["pid"] for process in mesh["processes"])]
    assert alive(pids) == pids
    assert pitboss.json("down")["stopped"]
    assert alive(pids) == []
    assert not (tmp_path / "mesh.json").exists()
    done = pitboss.run("status")
    assert done.returncode == 1
    assert "pitboss up" in done.stderr


def test_the_mesh_dies_with_its_supervisor(tmp_path: Path) -> None:
    pitboss = Pitboss(tmp_path)
    mesh = pitboss.json("up", "--detach")
    pids = [process["pid"] for process in mesh["processes"]]
    os.kill(mesh["supervisor"], signal.SIGKILL)
    end = time.monotonic() + 30
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert alive(pids) == []
    assert "pitboss up" in pitboss.run("down").stderr
