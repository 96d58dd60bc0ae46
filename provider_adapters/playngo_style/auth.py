"""Who speaks: a secret inside each message. There is no signature, so everything rests on TLS."""

from provider_adapters._kit.shared_secrets import is_one_of as verify

__all__ = ["FIELD", "verify"]

FIELD = "accessToken"
