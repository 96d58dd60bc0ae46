from __future__ import annotations

import pytest

from mesh.errors import RequestInvalidError
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from provider_adapters._kit import manifest
from provider_adapters._kit.grpc_api import description, launch_of
from provider_adapters._kit.manifest import IdScope, Manifest, MoneyUnit, UnknownCancelReply
from provider_adapters._kit.ports import Device
from provider_adapters._kit.runner import ADAPTERS


@pytest.fixture
def shipped() -> Manifest:
    return manifest.load(ADAPTERS / "hub88_style")


def test_describe_tells_the_manifest(shipped: Manifest) -> None:
    told = description(shipped)
    assert told.provider == "hub88_style"
    assert "bet" in told.capabilities
    assert told.id_scope == pb.ID_SCOPE_GLOBAL
    assert told.money_unit == pb.MONEY_UNIT_HUNDRED_THOUSANDTHS
    assert told.provider_timeout.ToMilliseconds() == 2000
    assert told.unknown_cancel_reply == pb.UNKNOWN_CANCEL_REPLY_SUCCESS
    assert "RS_ERROR_TIMEOUT" in told.cancel_trigger_codes
    assert "EUR" in told.currency_codes


def test_every_word_of_a_manifest_has_its_value_on_the_wire() -> None:
    assert {f"ID_SCOPE_{word.upper()}" for word in IdScope} < set(pb.IdScope.keys())
    assert {f"MONEY_UNIT_{word.upper()}" for word in MoneyUnit} < set(pb.MoneyUnit.keys())
    assert {f"UNKNOWN_CANCEL_REPLY_{word.upper()}" for word in UnknownCancelReply} < set(pb.UnknownCancelReply.keys())


def test_a_launch_is_read_into_values() -> None:
    request = pb.CreateLaunchRequest(
        session_id="s-1", token="t", player_reference="aurora.pl.1", game_id="g", currency_code="EUR",
        device=pb.LAUNCH_DEVICE_MOBILE,
    )  # fmt: skip
    launch = launch_of(request)
    assert (launch.player.licensee, launch.player.player_id) == ("aurora", "pl.1")
    assert (launch.device, launch.language) == (Device.MOBILE, "en")


def test_a_player_reference_that_is_none_of_ours_is_refused_by_name() -> None:
    with pytest.raises(RequestInvalidError) as raised:
        launch_of(pb.CreateLaunchRequest(player_reference="nobody"))
    assert raised.value.violations[0][0] == "player_reference"
