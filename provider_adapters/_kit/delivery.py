"""How a provider delivers its messages, as data. From the manifest, which also steers deadlines and the simulator."""

from google.protobuf.duration_pb2 import Duration

from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from provider_adapters._kit.manifest import Manifest


def policy(manifest: Manifest) -> pb.GetDeliveryPolicyResponse:
    """One entry for each kind of message."""
    until_answered = manifest.retry_attempts == 0
    lasting = pb.GIVEN_UP_NEVER if until_answered else pb.GIVEN_UP_PEOPLE
    attempts = 0 if until_answered else manifest.retry_attempts + 1
    return pb.GetDeliveryPolicyResponse(
        deliveries=[
            _bet(manifest),
            _delivery(manifest, pb.MESSAGE_KIND_WIN, attempts, lasting),
            _delivery(manifest, pb.MESSAGE_KIND_CANCEL, attempts, lasting),
        ]
    )


def _bet(manifest: Manifest) -> pb.Delivery:
    bet = _delivery(manifest, pb.MESSAGE_KIND_BET, manifest.bet_attempts, pb.GIVEN_UP_CANCEL)
    bet.unclear_codes.extend(manifest.cancel_trigger_codes)
    return bet


def _delivery(
    manifest: Manifest, kind: pb.MessageKind.ValueType, attempts: int, given_up: pb.GivenUp.ValueType
) -> pb.Delivery:
    delivery = pb.Delivery(
        kind=kind,
        timeout=_milliseconds(manifest.provider_timeout_ms),
        answered_within=_milliseconds(manifest.provider_timeout_ms - manifest.margin_ms),
        attempts=attempts,
        given_up=given_up,
    )
    if attempts != 1:
        delivery.first_wait.CopyFrom(_milliseconds(manifest.retry_first_ms))
        delivery.factor = manifest.retry_factor
        delivery.longest_wait.CopyFrom(_milliseconds(manifest.retry_longest_ms))
    return delivery


def _milliseconds(number: int) -> Duration:
    span = Duration()
    span.FromMilliseconds(number)
    return span
