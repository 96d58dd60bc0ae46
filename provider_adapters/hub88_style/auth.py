"""Signatures: RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body, in base64."""

from provider_adapters._kit.rsa_signatures import sign, verify

__all__ = ["HEADER", "sign", "verify"]

HEADER = "X-Hub88-Signature"
