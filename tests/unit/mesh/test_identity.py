from __future__ import annotations

import contextvars

import pytest

from mesh.errors import CallerUnknownError, LicenseeMissingError, ScopeMissingError
from mesh.identity import (
    Caller,
    Policy,
    current_caller,
    peek_caller,
    require_licensee,
    require_scope,
    set_current_caller,
    source_of,
)

WALLET = "pitboss.wallet.v1.WalletService"


@pytest.fixture(autouse=True)
def _forget() -> None:
    set_current_caller(None)


def test_outside_of_a_call_there_is_no_caller() -> None:
    assert peek_caller() is None
    with pytest.raises(CallerUnknownError):
        current_caller()


def test_a_caller_is_known_only_in_its_own_task() -> None:
    contextvars.copy_context().run(set_current_caller, Caller("gateway"))
    assert peek_caller() is None


def test_a_missing_licensee_is_an_error_where_one_is_needed() -> None:
    set_current_caller(Caller("platform"))
    with pytest.raises(LicenseeMissingError):
        require_licensee()
    set_current_caller(Caller("platform", "aurora"))
    assert require_licensee() == "aurora"


def test_scopes_are_asked_of_licensees_only() -> None:
    set_current_caller(Caller("session_svc"))
    require_scope("wallet")
    set_current_caller(Caller("gateway", "aurora", scopes=frozenset({"play"})))
    require_scope("play")
    with pytest.raises(ScopeMissingError):
        require_scope("wallet")


@pytest.mark.parametrize(
    ("workload", "claimed", "source"),
    [
        ("gateway", "hub88_style", "cashier"),
        ("platform", "hub88_style", "hub88_style"),
        ("platform", None, "platform"),
        ("provider_adapters/hub88_style", "pragmatic_style", "hub88_style"),
        ("session_svc", "cashier", "session_svc"),
    ],
)
def test_nobody_but_the_platform_speaks_for_another_source(workload: str, claimed: str | None, source: str) -> None:
    assert source_of(workload, claimed) == source


def test_a_rule_for_a_method_replaces_that_of_its_service() -> None:
    policy = Policy(
        {WALLET: {"gateway"}, f"{WALLET}/Deposit": {"platform"}},
        scopes={WALLET: "wallet", f"{WALLET}/GetBalance": "play"},
        tenantless={f"{WALLET}/Deposit"},
    )
    deposit, balance = policy.rule(WALLET, "Deposit"), policy.rule(WALLET, "GetBalance")
    assert (deposit.admits("platform"), deposit.admits("gateway")) == (True, False)
    assert (balance.admits("platform"), balance.admits("gateway")) == (False, True)
    assert (deposit.scope, balance.scope) == ("wallet", "play")
    assert (deposit.needs_licensee, balance.needs_licensee) == (False, True)


def test_the_star_means_adapters_only() -> None:
    rule = Policy({WALLET: {"provider_adapters/*"}}).rule(WALLET, "Deposit")
    assert rule.admits("provider_adapters/hub88_style")
    assert not rule.admits("provider_adapters")
    assert not rule.admits("session_svc")


def test_a_method_without_a_policy_cannot_be_served() -> None:
    with pytest.raises(ValueError, match="who may call"):
        Policy({}).rule(WALLET, "Deposit")
