"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import environment
from gateway.config import Address, KeyServer

GOOD = {
    "PITBOSS_GATEWAY_LISTEN": "127.0.0.1:1",
    "PITBOSS_GATEWAY_STUDIO_LISTEN": "127.0.0.1:2",
    "PITBOSS_GATEWAY_ADMIN_LISTEN": "127.0.0.1:3",
    "PITBOSS_GATEWAY_CONFIG_DIR": "/run/gateway",
    "PITBOSS_GATEWAY_JWKS": "/run/jwks.json",
    "PITBOSS_GATEWAY_EDGE_TLS_DIR": "/run/edge",
    "PITBOSS_TLS_DIR": "/run/tls",
    "PITBOSS_WALLET_ADDRESSES": "127.0.0.1:11,127.0.0.1:12",
    "PITBOSS_SESSION_ADDRESS": "session:13",
    "PITBOSS_COMPLIANCE_ADDRESS": "compliance:14",
    "PITBOSS_GATEWAY_CALLBACKS": "hub88_style=127.0.0.1:21,pragmatic_style=127.0.0.1:22",
    "PITBOSS_GATEWAY_DESCRIPTORS": "/dev/null",
}


def test_addresses_of_all_replicas_are_read() -> None:
    found = environment.load(GOOD).upstreams["wallet_svc"].addresses
    assert found == (Address(host="127.0.0.1", port=11), Address(host="127.0.0.1", port=12))


def test_each_provider_has_its_callback_address() -> None:
    assert environment.load(GOOD).callbacks["pragmatic_style"] == Address(host="127.0.0.1", port=22)


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"PITBOSS_GATEWAY_CALLBACKS", "PITBOSS_GATEWAY_DESCRIPTORS"}))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(environment.SettingsError, match=f"{name} is not set"):
        environment.load({key: value for key, value in GOOD.items() if key != name})


def test_all_problems_are_told_at_once() -> None:
    bad = {**GOOD, "PITBOSS_GATEWAY_LISTEN": "nowhere", "PITBOSS_GATEWAY_LICENSEE_RATE": "-1", "PITBOSS_TLS_DIR": ""}
    with pytest.raises(environment.SettingsError) as raised:
        environment.load(bad)
    for name in ("PITBOSS_GATEWAY_LISTEN", "PITBOSS_GATEWAY_LICENSEE_RATE", "PITBOSS_TLS_DIR"):
        assert name in str(raised.value)


def test_contracts_that_cannot_be_read_say_what_to_do() -> None:
    with pytest.raises(environment.SettingsError, match="make generate"):
        environment.load({**GOOD, "PITBOSS_GATEWAY_DESCRIPTORS": str(Path("/nowhere/pitboss.binpb"))})


def test_a_licensee_can_have_a_rate_of_its_own() -> None:
    limits = environment.load({**GOOD, "PITBOSS_GATEWAY_OWN_RATES": "aurora=7,borealis=9"}).limits
    assert {name: rate.per_second for name, rate in limits.own_rates.items()} == {"aurora": 7, "borealis": 9}


def test_a_provider_can_have_a_rate_of_its_own() -> None:
    rates = {"PITBOSS_GATEWAY_PROVIDER_RATE": "50", "PITBOSS_GATEWAY_PROVIDER_RATES": "acme_style=7"}
    limits = environment.load({**GOOD, **rates}).limits
    assert limits.provider.per_second == 50
    assert {name: rate.per_second for name, rate in limits.provider_rates.items()} == {"acme_style": 7}


@pytest.mark.parametrize("value", ["aurora", "aurora=0", "aurora=-1", "aurora=x"])
def test_a_rate_that_is_no_number_above_zero_is_refused(value: str) -> None:
    with pytest.raises(environment.SettingsError, match="PITBOSS_GATEWAY_OWN_RATES"):
        environment.load({**GOOD, "PITBOSS_GATEWAY_OWN_RATES": value})


def test_the_identity_provider_can_be_another() -> None:
    changed = {"PITBOSS_GATEWAY_TOKEN_ISSUER": "https://id.example", "PITBOSS_GATEWAY_TOKEN_AUDIENCE": "mesh"}
    tokens = environment.load({**GOOD, **changed}).tokens
    assert (tokens.issuer, tokens.audience) == ("https://id.example", "mesh")


def test_keys_come_from_a_file_or_from_an_https_address() -> None:
    assert environment.load(GOOD).files.jwks == Path("/run/jwks.json")
    keys = environment.load({**GOOD, "PITBOSS_GATEWAY_JWKS": "https://id.example:8443/keys"}).files.jwks
    assert isinstance(keys, KeyServer)
    assert (keys.host, keys.port, keys.path, keys.url) == ("id.example", 8443, "/keys", "https://id.example:8443/keys")


@pytest.mark.parametrize("address", ["http://id.example/keys", "ftp://id.example", "https:///keys"])
def test_keys_that_anybody_could_change_on_the_way_are_refused(address: str) -> None:
    with pytest.raises(environment.SettingsError, match="neither a file nor an https address"):
        environment.load({**GOOD, "PITBOSS_GATEWAY_JWKS": address})
