"""The process list as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.dev import processes
from mesh.dev.processes import Ports, Surroundings

PORTS = Ports(
    licensee=1, studio=2, admin=3, operations=4, postgres=5, valkey=6, wallets=(11, 12), session=13, compliance=14,
    second_opinion=15, audit=16, witness=17, register=18, register_simulator=19, geolocation=20, geolocation_simulator=23,
    sanctions=24, sanctions_simulator=25, tokens=26, clock=27, clock_simulator=28, limit_file=29, limit_file_simulator=30, activity_file=31, activity_file_simulator=32,
    adapters={"hub88_style": 21, "pragmatic_style": 22},
    callbacks={"hub88_style": 31, "pragmatic_style": 32},
    studios={"hub88_style": 41, "pragmatic_style": 42},
)  # fmt: skip
SERVICES = ("wallet_svc", "session_svc", "compliance_svc")
AROUND = Surroundings(
    run=Path("/run"),
    tls=Path("/secrets/tls"),
    edge_tls=Path("/secrets/edge"),
    jwks=Path("/secrets/jwks.json"),
    credentials=Path("/secrets/credentials"),
    ports=PORTS,
    service_urls={service: f"postgresql://{service}" for service in SERVICES},
    ledger_reader_url="postgresql://wallet_svc-reader",
    signing_key="secret-seed",
    cache_url="redis://cache",
    clock_file=Path("/secrets/clock"),
)
OWNERS = {service: f"postgresql://{service}-owner" for service in SERVICES}
ALL = {
    process.name: process
    for process in (
        *processes.migrations(OWNERS),
        *processes.services(AROUND),
        *processes.beside_services(AROUND),
        *processes.after_services(AROUND),
    )
}


def environment(name: str) -> dict[str, str]:
    return dict(ALL[name].environment)


def test_there_is_one_process_for_each_part_and_two_wallets() -> None:
    assert set(ALL) == {
        "migrate-wallet_svc", "migrate-session_svc", "migrate-compliance_svc",
        "wallet_svc-1", "wallet_svc-2", "session_svc", "compliance_svc",
        "hub88_style", "pragmatic_style", "studio-hub88_style", "studio-pragmatic_style", "gateway", "second_opinion",
    }  # fmt: skip


def test_each_wallet_signs_its_batches_with_its_own_name() -> None:
    named = {name: process.environment.get("PITBOSS_REPLICA") for name, process in ALL.items()}
    assert {name: replica for name, replica in named.items() if replica} == {
        "wallet_svc-1": "wallet_svc-1",
        "wallet_svc-2": "wallet_svc-2",
    }


def test_only_migrations_know_the_owner_of_a_database() -> None:
    knowing = {name for name, process in ALL.items() if "-owner" in str(process.environment)}
    assert knowing == {"migrate-wallet_svc", "migrate-session_svc", "migrate-compliance_svc"}


@pytest.mark.parametrize(
    ("name", "workload"),
    [
        ("wallet_svc-2", "wallet_svc"),
        ("session_svc", "session_svc"),
        ("gateway", "gateway"),
        ("hub88_style", "provider_adapters/hub88_style"),
    ],
)
def test_each_process_has_the_certificate_of_its_workload_alone(name: str, workload: str) -> None:
    assert environment(name)["PITBOSS_TLS_DIR"] == f"/secrets/tls/{workload}"


def test_everybody_knows_all_replicas_of_the_wallet() -> None:
    for name in ("session_svc", "compliance_svc", "hub88_style", "gateway"):
        assert environment(name)["PITBOSS_WALLET_ADDRESSES"] == "127.0.0.1:11,127.0.0.1:12"


def test_a_studio_is_a_stranger_that_calls_back_through_the_gateway() -> None:
    known = environment("studio-hub88_style")
    assert known["PITBOSS_STUDIO_CALLBACK_URL"] == "http://127.0.0.1:2/hub88_style"
    assert "PITBOSS_TLS_DIR" not in known
    assert "PITBOSS_WALLET_ADDRESSES" not in known
    assert "PITBOSS_DATABASE_URL" not in known


def test_an_adapter_has_its_own_half_of_the_credentials() -> None:
    assert environment("hub88_style")["PITBOSS_PROVIDER_CREDENTIALS"] == "/secrets/credentials/hub88_style.adapter.json"
    assert environment("studio-hub88_style")["PITBOSS_STUDIO_CREDENTIALS"].endswith("hub88_style.studio.json")


def test_the_second_opinion_may_only_look_and_alone_has_the_key_of_the_log() -> None:
    assert environment("second_opinion")["PITBOSS_DATABASE_URL"] == "postgresql://wallet_svc-reader"
    assert {name for name in ALL if "secret-seed" in str(environment(name))} == {"second_opinion"}


def test_an_adapter_has_no_database() -> None:
    assert "PITBOSS_DATABASE_URL" not in environment("hub88_style")


def test_what_the_developer_has_in_the_environment_does_not_leak_into_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    monkeypatch.setenv("PITBOSS_LOG_LEVEL", "debug")
    for process in processes.services(AROUND):
        assert "AWS_SECRET_ACCESS_KEY" not in process.environment
        assert process.environment["PITBOSS_LOG_LEVEL"] == "info"


def test_no_secret_is_on_a_command_line() -> None:
    for process in ALL.values():
        assert "postgresql://" not in " ".join(process.argv)
        assert "redis://" not in " ".join(process.argv)


def test_everything_but_a_migration_says_when_it_is_ready() -> None:
    without = {name for name, process in ALL.items() if process.readiness is None}
    assert without == {"migrate-wallet_svc", "migrate-session_svc", "migrate-compliance_svc"}
