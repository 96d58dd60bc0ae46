"""Builders of entries and packs for the risk plane."""

from dataclasses import replace
from functools import cache
from typing import Any

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.local_time import DAY_US, HOUR_US
from compliance_svc.kernel.pack import Pack
from compliance_svc.risk.history import Entry, History, Kind
from compliance_svc.risk.reading import units
from compliance_svc.risk.typologies import Finding, advance

NOON = 1_791_198_000_000_000
"""2026-10-05T11:00Z: noon in London."""


@cache
def shipped(name: str = "gb") -> PackDocument:
    """A market's first pack, or `de@2027-07-10` by its version."""
    market, _, version = name.partition("@")
    return next(pack for pack in load_documents() if pack.name == market and version in ("", pack.version))


@cache
def only(label: str, name: str = "gb") -> Pack:
    """A market's pack that watches one thing."""
    pack = replace(shipped(name).compile(), digest=name)
    watches = tuple(watch for watch in pack.watches if watch.label == label)
    assert watches, label
    return replace(pack, watches=watches)


class Ledger:
    """Makes entries of one player, one after another."""

    def __init__(self, currency: str = "GBP") -> None:
        self.currency = currency
        self.entries: list[Entry] = []

    def add(self, kind: Kind, amount: str, at_us: int, **more: Any) -> "Ledger":
        given = {"key": f"k{len(self.entries)}", "pack": "gb@1", "pack_digest": "gb", **more}
        self.entries.append(
            Entry(
                shard=3,
                sequence=len(self.entries) + 1,
                licensee="aurora",
                player="p",
                currency=self.currency,
                kind=kind,
                amount=units(amount),
                at_us=at_us,
                **given,
            )
        )
        return self

    def deposit(self, amount: str, at_us: int = NOON, **more: Any) -> "Ledger":
        return self.add(Kind.DEPOSIT, amount, at_us, **more)

    def withdraw(self, amount: str, at_us: int = NOON, **more: Any) -> "Ledger":
        return self.add(Kind.WITHDRAWAL, amount, at_us, **more)

    def play(self, staked: str, won: str, at_us: int = NOON) -> "Ledger":
        self.add(Kind.STAKE, staked, at_us)
        return self.add(Kind.WINNING, won, at_us) if units(won) else self

    def found(self, pack: Pack, history: History | None = None) -> list[Finding]:
        """Everything that a pack's watches find, in order."""
        history, findings = history or History(), list[Finding]()
        for entry in self.entries:
            history, more = advance(history, entry, pack)
            findings += more
        return findings


def hours(number: float) -> int:
    return int(number * HOUR_US)


def days(number: float) -> int:
    return int(number * DAY_US)
