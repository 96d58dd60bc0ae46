"""Settings of a vendor's process."""

import dataclasses
from pathlib import Path
from typing import Literal

from fact_sources.kyc.reading import ALGORITHMS
from mesh.settings import split_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KycSettings:
    """What a vendor's process is told."""

    kyc_listen: str
    """Address at which it takes callbacks, host:port. TLS is the business of whatever stands in front of it."""
    kyc_vendor: str
    """Name of the vendor, for logs."""
    kyc_secret: str = dataclasses.field(repr=False)
    """Secret that the vendor signs with."""
    kyc_algorithm: str = "HMAC_SHA256_HEX"
    """The algorithm that was agreed on: HMAC_SHA256_HEX or HMAC_SHA512_HEX. What a callback names is never used."""
    compliance_address: str
    """The compliance service, host:port."""
    tls_dir: Path
    """Folder with ca.pem, tls.pem and tls.key of this process."""
    call_timeout_ms: int = 4_000
    """How long one recording may take. Vendors give up after five seconds, and come again."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        split_address(self.kyc_listen)
        split_address(self.compliance_address)
        if self.kyc_algorithm not in ALGORITHMS:
            raise ValueError(f"PITBOSS_KYC_ALGORITHM is one of {', '.join(ALGORITHMS)}.")
        if not self.kyc_secret:
            raise ValueError("PITBOSS_KYC_SECRET is empty.")
