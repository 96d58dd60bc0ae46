"""The whole mesh, as tests, the demo and drills start it."""

from __future__ import annotations

import ssl
import stat
import threading
from collections.abc import Iterator

import httpx
import pytest

from mesh.cli import platform
from mesh.cli.output import CommandError
from mesh.dev import running
from mesh.dev.postgres import DATABASES
from mesh.dev.stack import Options, Stack, StackError
from pitboss.wallet.v1.registry_service_pb2 import ListLicenseesRequest
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from tests.integration.mesh_dev.alive import alive

WALLETS = ("wallet_svc-1", "wallet_svc-2")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="test")) as running:
        yield running


def licensee(stack: Stack, token: str) -> httpx.Client:
    gateway = stack.mesh["gateway"]
    trust = ssl.create_default_context(cafile=gateway["ca"])
    return httpx.Client(
        base_url=gateway["json"], verify=trust, headers={"authorization": f"Bearer {token}"}, timeout=30
    )


def test_everything_is_ready_when_the_start_returns(stack: Stack) -> None:
    assert set(stack.states(timeout_s=20).values()) == {"ready"}


def test_demo_licensees_are_registered_and_their_tokens_work(stack: Stack) -> None:
    for each in stack.mesh["licensees"]:
        with licensee(stack, each["token"]) as client:
            answer = client.get("/v1/players/nobody/balance")
        assert (answer.status_code, answer.json()["details"][0]["reason"]) == (404, "ERROR_REASON_PLAYER_NOT_FOUND")


def test_every_public_class_answers_through_the_gateway(stack: Stack) -> None:
    with licensee(stack, stack.token("aurora")) as client:
        assert client.get("/v1/games").status_code == 200
        assert client.get("/v1/packs").status_code == 200


def test_every_provider_is_described_with_what_its_studio_knows(stack: Stack) -> None:
    assert {provider["name"] for provider in stack.mesh["providers"]} >= {"hub88_style", "pragmatic_style"}
    for provider in stack.mesh["providers"]:
        assert provider["credentials"]
        assert provider["callback_url"].endswith(f"/{provider['name']}")


@pytest.mark.parametrize("name", ["wallet_svc-1", "gateway", "valkey", "postgres"])
def test_a_killed_process_comes_back_at_the_same_address(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    stack.kill(name)
    assert not stack.is_running(name)
    assert stack.states()[name] != "ready"
    stack.restart(name)
    assert stack.pid(name) != before
    assert stack.states(timeout_s=20)[name] == "ready"


def test_a_stopped_process_ended_well(stack: Stack) -> None:
    stack.stop_process("wallet_svc-2")
    assert stack.child("wallet_svc-2").exit_code == 0
    stack.restart("wallet_svc-2")


def test_a_frozen_process_is_seen_as_not_ready(stack: Stack) -> None:
    stack.freeze("compliance_svc")
    try:
        assert stack.states(timeout_s=0.3)["compliance_svc"] != "ready"
    finally:
        stack.thaw("compliance_svc")
    assert stack.states(timeout_s=20)["compliance_svc"] == "ready"


def thaw_wallets(stack: Stack) -> None:
    for name in WALLETS:
        stack.thaw(name)


def test_a_command_waits_for_wallets_that_are_late_for_the_whole_of_its_time(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "read_mesh", lambda: stack.mesh)
    late = threading.Timer(3, thaw_wallets, (stack,))
    for name in WALLETS:
        stack.freeze(name)
    try:
        monkeypatch.setattr(platform, "TIMEOUT_S", 0.2)
        with pytest.raises(CommandError, match="no wallet answers"), platform.wallet_channel():
            pass
        monkeypatch.setattr(platform, "TIMEOUT_S", 60)
        late.start()
        with platform.wallet_channel() as channel:
            assert RegistryServiceStub(channel).ListLicensees(ListLicenseesRequest(), timeout=60).licensees
    finally:
        late.cancel()
        thaw_wallets(stack)


def test_a_name_nobody_has_is_answered_with_the_names_there_are(stack: Stack) -> None:
    with pytest.raises(StackError, match="wallet_svc-1"):
        stack.kill("wallet")


def test_the_clock_of_the_mesh_moves_when_told(stack: Stack) -> None:
    before = int.from_bytes(stack.around.clock_file.read_bytes(), "little", signed=True)
    stack.advance_clock(90)
    after = int.from_bytes(stack.around.clock_file.read_bytes(), "little", signed=True)
    assert after - before == 90_000_000


def test_no_secret_can_be_read_by_anybody_else(stack: Stack) -> None:
    for path in stack.vault.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_no_secret_is_in_any_log(stack: Stack) -> None:
    urls = [
        stack.postgres.admin_url,
        stack.valkey.url,
        *stack.around.service_urls.values(),
        *(stack.postgres.database(name).owner_url for name in DATABASES),
    ]
    passwords = {url.split("@")[0].rpartition(":")[2] for url in urls}
    keys = {
        line
        for path in stack.vault.folder.rglob("*.key")
        for line in path.read_text().splitlines()
        if "-" not in line[:5]
    }
    for log in (stack.run / "log").iterdir():
        text = log.read_text(errors="replace")
        assert not [secret for secret in passwords | keys if secret in text], log


def test_nothing_of_a_stack_is_left_at_its_end() -> None:
    with Stack(Options(kind="test")) as passing:
        pids = [process["pid"] for process in passing.mesh["processes"]]
        data, secrets = passing.postgres.data, passing.vault.folder
    assert alive(pids) == []
    assert not data.exists()
    assert not secrets.exists()
    assert (passing.run / "log" / "gateway.log").exists()


def test_a_process_that_cannot_start_ends_the_start_with_its_last_words() -> None:
    broken = Options(kind="test", environment={"session_svc": {"PITBOSS_LISTEN": "nowhere"}})
    failing = Stack(broken)
    with pytest.raises(StackError, match="session_svc ended with exit code"):
        failing.start()
    assert not [name for name in failing.names if failing.is_running(name)]
