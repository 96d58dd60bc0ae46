"""All checks of one shard in one pass over its log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from mesh.verify.answers import FreeRounds, Keys, Movements, Refusals
from mesh.verify.balances import Balances, Scopes, books
from mesh.verify.chain import Chain, Sequences
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.holds import Holds
from mesh.verify.mirrored import OwnWallets
from mesh.verify.people import People
from mesh.verify.postings import Gatherer
from mesh.verify.rounds import Cancels, Results, Rounds
from mesh.verify.tables import Names, Shard, Transfer

BOOKS: Final = "books sum to zero per currency"
NOUNS: Final[Mapping[str, str]] = {
    BOOKS: "currencies in shards",
    "every balance equals its transfers": "accounts",
    "chain intact": "batches",
    "sequences gap-free": "entries",
    "no round left in the middle": "rounds",
    "holds consistent": "holds",
    "refused actions moved nothing": "refusals and other entries without money",
    "accepted actions moved their amount": "accepted entries",
    "every win belongs to a stake": "wins",
    "each stake undone once at most": "cancels",
    "no free round paid twice": "paid spins and totals",
    "every key answered once": "keys",
    "postings stay with player, licensee and currency": "postings",
    "licensees' own wallets were asked and told once": "answers of licensees' own wallets",
    "facts of players are those of the log": "players",
}
"""The checks by name, and what they look at."""


class Watcher(Protocol):
    """Sees every entry of a shard in order."""

    @property
    def findings(self) -> Findings:
        """What is wrong so far."""
        ...

    def see(self, transfer: Transfer) -> None:
        """The next entry."""
        ...


def watchers(shard: Shard, *, still_playing: bool) -> dict[str, Watcher]:
    """Every check of a shard's log."""
    return {
        "every balance equals its transfers": Balances(shard),
        "chain intact": Chain(shard),
        "sequences gap-free": Sequences(shard),
        "no round left in the middle": Rounds(shard, still_playing=still_playing),
        "holds consistent": Holds(shard),
        "refused actions moved nothing": Refusals(),
        "accepted actions moved their amount": Movements(shard),
        "every win belongs to a stake": Results(),
        "each stake undone once at most": Cancels(),
        "no free round paid twice": FreeRounds(),
        "every key answered once": Keys(),
        "postings stay with player, licensee and currency": Scopes(shard),
        "licensees' own wallets were asked and told once": OwnWallets(),
        "facts of players are those of the log": People(shard),
    }


def verify_shard(
    shard: Shard, transfers: Iterable[Transfer], names: Names, *, still_playing: bool = False
) -> dict[str, Findings]:
    """What every check finds in one shard."""
    checks = watchers(shard, still_playing=still_playing)
    for transfer in transfers:
        for check in checks.values():
            try:
                check.see(transfer)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                # Whoever has spoiled an entry does not get to end the checker.
                check.findings.add(f"{shard.head.shard}-{transfer.sequence}: it cannot be understood: {error}")
    for check in checks.values():
        if isinstance(check, Balances | Chain | Sequences | Rounds | Holds | People | Gatherer):
            check.end()
    return {BOOKS: books(shard, names), **{name: check.findings for name, check in checks.items()}}


def join(shards: Iterable[Mapping[str, Findings]]) -> list[Check]:
    """The verdicts over all shards, in the order of `NOUNS`."""
    found: dict[str, list[Findings]] = defaultdict(list)
    for shard in shards:
        for name, findings in shard.items():
            found[name].append(findings)
    return [verdict(name, noun, found[name]) for name, noun in NOUNS.items()]
