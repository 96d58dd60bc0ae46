"""Small pieces of Envoy configuration that several parts need."""

from __future__ import annotations

from typing import TypeAlias

from gateway.config import Address, Rate

Config: TypeAlias = dict[str, object]

EXTENSIONS = "type.googleapis.com/envoy.extensions."


def typed(name: str, kind: str, **fields: object) -> Config:
    """A named extension with its typed configuration."""
    return {"name": name, "typed_config": {"@type": EXTENSIONS + kind, **fields}}


def socket(address: Address) -> Config:
    """Where to listen or connect."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def seconds(value: float) -> str:
    """A protobuf duration."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "s"


def bucket(rate: Rate) -> Config:
    """A token bucket, filled ten times a second so that a steady caller is served steadily."""
    per_fill = max(1, rate.per_second // 10)
    return {
        "max_tokens": rate.burst,
        "tokens_per_fill": per_fill,
        "fill_interval": seconds(max(0.05, per_fill / rate.per_second)),
    }


def full(percent: float = 100.0) -> Config:
    """A share of all requests."""
    return {"default_value": {"numerator": int(percent * 10_000), "denominator": "MILLION"}}
