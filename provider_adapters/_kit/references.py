"""The name under which a provider knows a player: "<licensee>.<player>"."""

import re
from dataclasses import dataclass

_SHAPE = re.compile(r"([a-z][a-z0-9-]{1,31})\.([!-~]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerReference:
    """A player of a licensee."""

    licensee: str
    player_id: str

    @classmethod
    def parse(cls, text: str) -> "PlayerReference | None":
        """Split at the first dot, or None when the text cannot be a reference of ours."""
        match = _SHAPE.fullmatch(text)
        return cls(licensee=match[1], player_id=match[2]) if match else None

    def __str__(self) -> str:
        return f"{self.licensee}.{self.player_id}"
