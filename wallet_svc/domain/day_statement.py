"""The statement of a day: what all players had, what changed by kind, what they had afterwards. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from mesh.money import to_text
from wallet_svc.domain.state import Asset
from wallet_svc.domain.vocabulary import AccountClass, Kind

DAY_US = 86_400_000_000
FORMAT = "pitboss-day-statement/1"

CLASSES = (AccountClass.CASH, AccountClass.HELD, AccountClass.BONUS, AccountClass.RECEIVABLE)

Sums = tuple[int, int, int, int]
"""Cash, held, bonus and what is owed, in smallest units."""

NOTHING: Sums = (0, 0, 0, 0)


def plus(one: Sums, other: Sums) -> Sums:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTotal:
    """What postings of one kind changed."""

    kind: Kind
    count: int
    change: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatement:
    """One day in one currency, of everything or of one source."""

    licensee: str
    asset: Asset
    day: str
    source: str
    opening: Sums
    kinds: Sequence[KindTotal]
    final: bool

    @property
    def closing(self) -> Sums:
        total = self.opening
        for one in self.kinds:
            total = plus(total, one.change)
        return total

    @property
    def count(self) -> int:
        return sum(one.count for one in self.kinds)

    def document(self) -> str:
        """The statement as canonical JSON: sorted keys, no spaces, amounts as decimal text. docs/statements.md."""
        content = {
            "format": FORMAT,
            "licensee": self.licensee,
            "currency": self.asset.code,
            "day": self.day,
            "source": self.source,
            "final": self.final,
            "opening": self._told(self.opening),
            "kinds": [
                {"kind": one.kind.name.lower(), "count": one.count, **self._told(one.change)} for one in self.kinds
            ],
            "closing": self._told(self.closing),
            "count": self.count,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def _told(self, sums: Sums) -> dict[str, str]:
        return {
            name.name.lower(): to_text(amount, self.asset.exponent) for name, amount in zip(CLASSES, sums, strict=True)
        }
