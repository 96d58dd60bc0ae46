"""Signatures: RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body, in base64."""

from provider_adapters._kit.rsa_signatures import sign, verify

__all__ = ["HEADER", "sign", "verify"]

HEADER = "X-Auth-Signature"
"""`X-Msg-Timestamp` may come along. The signature does not cover it, so it proves nothing and is not read."""
