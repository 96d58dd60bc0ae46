"""The players of a golden case, and how it writes moments."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.kernel.document import PackDocument
from mesh.clock import to_us

PROVIDER: Final = "p1"


@dataclass(kw_only=True)
class Someone:
    """A player of the case and what its sources say."""

    name: str
    house: str
    """Its licensee, as it is registered."""
    document: PackDocument
    currency: str
    born: str
    key: str
    """Names the human."""
    check_every_s: int | None = None
    register: str = "clear"
    asked: str = "clear"
    limit_file: str = "ample"
    limit_left: str | None = None
    activity: str = "free"
    automatic: str = ""
    plays: dict[str, dict[str, Any]] = field(default_factory=dict)


def instant(text: str) -> int:
    """A written instant in microseconds since 1970."""
    return to_us(datetime.fromisoformat(text))


def moment(moment_us: int) -> Timestamp:
    """A moment on the wire."""
    found = Timestamp()
    found.FromMicroseconds(moment_us)
    return found
