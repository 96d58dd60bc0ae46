"""A small ledger, kept by hand: everything in it is right until a test spoils one thing."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh.verify.findings import Findings
from mesh.verify.ledger import verify_shard
from mesh.verify.tables import (
    Account,
    Asset,
    Batch,
    Class,
    Facts,
    Head,
    Hold,
    Kind,
    Names,
    Player,
    Round,
    Shard,
    Transfer,
)

INTENT_BET = 301
SHARD = 3
PLAYER = 1 * 1024 + SHARD
CASHIER, STUDIO = 1, 5
GBP = 7
NAMES = Names(
    licensees={2: "aurora"},
    assets={GBP: Asset(2, "GBP", 6)},
    sources={CASHIER: "cashier", STUDIO: "hub88_style"},
)
CASH, HELD, OUTSIDE, GAMING = 10 * 1024 + SHARD, 11 * 1024 + SHARD, 12 * 1024 + SHARD, 13 * 1024 + SHARD
BONUS, OWED, PROMOTIONS, TIPS = 14 * 1024 + SHARD, 15 * 1024 + SHARD, 16 * 1024 + SHARD, 17 * 1024 + SHARD
OTHERS = {
    BONUS: (PLAYER, Class.BONUS, 0),
    OWED: (PLAYER, Class.RECEIVABLE, 0),
    PROMOTIONS: (None, Class.PROMOTIONS, STUDIO),
    TIPS: (None, Class.TIPS, STUDIO),
}
ACCOUNTS = {
    CASH: (PLAYER, Class.CASH, 0),
    HELD: (PLAYER, Class.HELD, 0),
    OUTSIDE: (None, Class.OUTSIDE, CASHIER),
    GAMING: (None, Class.GAMING, STUDIO),
}


@dataclass
class World:
    """What a verifier sees."""

    shard: Shard
    transfers: list[Transfer]

    def red(self, *, still_playing: bool = False) -> set[str]:
        """The names of the checks that find something."""
        return {name for name, findings in self.findings(still_playing=still_playing).items() if findings.wrong}

    def findings(self, *, still_playing: bool = False) -> dict[str, Findings]:
        return verify_shard(self.shard, self.transfers, NAMES, still_playing=still_playing)

    def change(self, sequence: int, **fields: Any) -> World:
        """The same with one entry changed."""
        transfers = [one._replace(**fields) if one.sequence == sequence else one for one in self.transfers]
        return World(self.shard, transfers)

    def drop(self, sequence: int) -> World:
        """The same without one entry."""
        return World(self.shard, [one for one in self.transfers if one.sequence != sequence])

    def table(self, **tables: Any) -> World:
        """The same with other tables."""
        return World(replace(self.shard, **tables), self.transfers)

    def account(self, account_id: int, **fields: Any) -> World:
        """The same with one account changed."""
        accounts = {**self.shard.accounts, account_id: self.shard.accounts[account_id]._replace(**fields)}
        return self.table(accounts=accounts)

    def signed_again(self) -> World:
        """The same, with a chain made anew by somebody who may write to every table."""
        batches, head = sign(self.transfers, [batch.count for batch in self.shard.batches])
        return self.table(batches=batches, head=head)


@dataclass
class Bookkeeper:
    """Keeps entries, balances, rounds and holds."""

    transfers: list[Transfer] = field(default_factory=list)
    debits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    credits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    rounds: list[Round] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)

    def enter(self, kind: int, key: str | None, **fields: Any) -> int:
        """Append an entry; returns its position."""
        sequence = len(self.transfers) + 1
        known = {
            "sequence": sequence, "operation": sequence, "licensee_id": 2, "player_id": PLAYER, "source_id": STUDIO,
            "kind": int(kind), "key": key, "fingerprint": "00ff", "outcome": 1, "asset_id": GBP,
            "available": self.balance(CASH), "recorded_us": 1_700_000_000_000_000 + sequence, "shard": SHARD,
        }  # fmt: skip
        empty = dict.fromkeys(Transfer._fields)
        self.transfers.append(Transfer(**{**empty, **known, **fields}))
        return sequence

    def post(self, kind: int, key: str, amount: int, debit: int, credit: int, **fields: Any) -> int:
        """Append an accepted entry that moves money."""
        self.debits[debit] += amount
        self.credits[credit] += amount
        return self.enter(
            kind, key, amount=amount, moved=amount, debit_id=debit, credit_id=credit,
            debit_after=str(self.balance(debit)), credit_after=str(self.balance(credit)), **fields,
        )  # fmt: skip

    def leg(self, kind: int, amount: int, debit: int, credit: int, **fields: Any) -> int:
        """Append a further row of the posting before it."""
        self.debits[debit] += amount
        self.credits[credit] += amount
        first = self.transfers[-1].operation
        return self.enter(
            kind, None, fingerprint=None, operation=first, moved=amount, debit_id=debit, credit_id=credit,
            debit_after=str(self.balance(debit)), credit_after=str(self.balance(credit)), **fields,
        )  # fmt: skip

    def balance(self, account: int) -> int:
        return self.credits[account] - self.debits[account]

    def others(self) -> dict[int, tuple[int | None, Class, int]]:
        """Accounts that only some ledgers have."""
        return {key: account for key, account in OTHERS.items() if self.debits[key] or self.credits[key]}

    def world(self, batches: Sequence[int]) -> World:
        """Tables that fit the entries; `batches` has the number of entries of each batch."""
        accounts = {
            key: Account(key, 2, owner, GBP, kind, source, self.debits[key], self.credits[key])
            for key, (owner, kind, source) in {**ACCOUNTS, **self.others()}.items()
        }
        signed, head = sign(self.transfers, batches)
        shard = Shard(head=head, batches=signed, accounts=accounts, rounds=self.rounds, holds=self.holds,
                      players={PLAYER: Player(2, "pl-7", self.facts)})  # fmt: skip
        return World(shard, list(self.transfers))


def sign(transfers: Sequence[Transfer], counts: Sequence[int]) -> tuple[list[Batch], Head]:
    """The chain over these entries, written from docs/ledger-format.md alone."""
    batches, previous, first = [], bytes(32), 0
    leaves = [_line(transfer) for transfer in transfers]
    for count in counts:
        root = _tree_hash(leaves[: first + count])
        digest = hashlib.sha256(b"\2" + previous + struct.pack(">HQI", SHARD, first + 1, count) + root).digest()
        batches.append(Batch(first + 1, count, previous, digest, root, "wallet-1"))
        previous, first = digest, first + count
    return batches, Head(SHARD, len(transfers) + 1, previous, _peaks(leaves))


def _line(transfer: Transfer) -> bytes:
    elements = [getattr(transfer, name) for name in Transfer._fields if name != "shard"]
    return json.dumps(elements, ensure_ascii=False, separators=(",", ":")).encode()


def _tree_hash(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return hashlib.sha256(b"".join(b"\0" + leaf for leaf in leaves)).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _tree_hash(leaves[:half]) + _tree_hash(leaves[half:])).digest()


def _peaks(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return b""
    half = 1 << len(leaves).bit_length() - 1
    return _tree_hash(leaves[:half]) + _peaks(leaves[half:])


def good_world() -> World:
    """Deposits, rounds of every ending, withdrawals, refusals, a tombstone."""
    return good_books().world([3, 1, 4, 6, 1])


def whole_world() -> World:
    """Some of everything."""
    books = good_books()
    own_wallet(books)
    more_kinds(books)
    about_the_player(books)
    return books.world([3, 1, 4, 6, 1, len(books.transfers) - 15])


def good_books() -> Bookkeeper:
    books = Bookkeeper()
    books.post(Kind.DEPOSIT, "dep-1", 100, OUTSIDE, CASH, source_id=CASHIER)
    books.post(Kind.BET, "bet-1", 30, CASH, GAMING, round="r-1")
    books.post(Kind.WIN, "win-1", 50, GAMING, CASH, round="r-1", reference="bet-1", details='{"close":true}')
    books.post(Kind.BET, "bet-2", 20, CASH, GAMING, round="r-2")
    books.post(Kind.CANCEL, "can-2", 20, GAMING, CASH, round="r-2", reference="bet-2", undoes=4)
    books.enter(Kind.BET, "bet-3", outcome=3, amount=500, round="r-3")
    books.enter(Kind.CANCEL, "can-4", outcome=2, asset_id=None, available=None, reference="bet-4")
    books.enter(Kind.BET, "bet-4", outcome=14, asset_id=None, available=None, fingerprint=None)
    books.post(Kind.BET, "bet-5", 10, CASH, GAMING, round="r-5")
    books.enter(Kind.WIN, "win-5", amount=0, round="r-5")
    books.enter(Kind.CLOSE_ROUND, None, round="r-5", fingerprint=None, details='{"close":true}')
    books.post(Kind.HOLD, "wd-1", 60, CASH, HELD, source_id=CASHIER)
    books.post(Kind.CAPTURE, "cap-1", 25, HELD, OUTSIDE, source_id=CASHIER, reference="wd-1")
    books.post(Kind.RELEASE, "rel-1", 35, HELD, CASH, source_id=CASHIER, reference="wd-1")
    books.post(Kind.HOLD, "wd-2", 5, CASH, HELD, source_id=CASHIER)
    books.rounds = [
        Round(PLAYER, STUDIO, "r-1", GBP, 2, 2),
        Round(PLAYER, STUDIO, "r-2", GBP, 4, 1),
        Round(PLAYER, STUDIO, "r-5", GBP, 9, 2),
    ]
    books.holds = [
        Hold(PLAYER, CASHIER, "wd-1", GBP, 60, 25, 35, 3),
        Hold(PLAYER, CASHIER, "wd-2", GBP, 5, 0, 0, 1),
    ]
    return books


def more_kinds(books: Bookkeeper) -> None:
    """Bonus money, tips, free rounds, corrections, and what undoes each."""
    books.post(Kind.PROMO, "pr-1", 40, PROMOTIONS, BONUS, details='{"bonus":40}')
    books.post(Kind.BET, "bet-6", 30, CASH, GAMING, round="r-6", details='{"bonus":10}')
    opened = len(books.transfers)
    books.transfers[-1] = books.transfers[-1]._replace(amount=40)
    books.leg(Kind.BET, 10, BONUS, GAMING)
    books.post(Kind.WIN, "win-6", 7, GAMING, CASH, round="r-6", reference="bet-6", details='{"close":true}')
    won = len(books.transfers)
    books.post(Kind.TIP, "tip-1", 3, CASH, TIPS)
    tip = len(books.transfers)
    books.post(Kind.CANCEL, "can-t", 3, TIPS, CASH, reference="tip-1", undoes=tip, details='{"of":10}')
    books.post(Kind.UNDO_ROLLBACK, "und-t", 3, CASH, TIPS, undoes=tip + 1, details='{"of":10,"stake":"tip-1"}')
    books.post(Kind.REVERSE_WIN, "rev-6", 7, CASH, GAMING, round="r-6", reference="win-6", undoes=won)
    books.post(Kind.FREE_ROUND_TOTAL, "fr-1", 9, PROMOTIONS, CASH, details='{"grant":"g-1"}')
    books.enter(Kind.FREE_ROUND_SPIN, "fs-1", amount=9, details='{"grant":"g-1"}')
    books.post(Kind.ADJUST, "adj-1", 2, CASH, GAMING, reference="bet-6")
    books.transfers[-1] = books.transfers[-1]._replace(amount=-2)
    books.rounds.append(Round(PLAYER, STUDIO, "r-6", GBP, opened, 2))


def about_the_player(books: Bookkeeper) -> None:
    """A first account, a second one that says less, a block, and what the register said, for the last time at a refused login."""
    opened = '{"born_on":"1986-01-15","pack":"gb","person":"p1","register":"CLEAR"}'
    books.enter(Kind.OPEN_ACCOUNT, "a1", source_id=CASHIER, amount=None, details=opened)
    again = '{"born_on":"1986-01-15","pack":"gb"}'
    books.enter(Kind.OPEN_ACCOUNT, "a2", source_id=CASHIER, amount=None, details=again)
    books.enter(
        Kind.OPEN_ACCOUNT, "a3", source_id=CASHIER, amount=None, outcome=23, details='{"born_on":"x","pack":"x"}'
    )
    books.enter(Kind.SET_BLOCK, "sb", source_id=CASHIER, asset_id=None, available=None, details='{"blocked":true}')
    books.enter(
        Kind.ENTER, "in", source_id=CASHIER, asset_id=None, available=None, outcome=4, details='{"register":"SILENT"}'
    )
    books.facts = Facts("gb", "1986-01-15", GBP, True, "SILENT", "p1")


def own_wallet(books: Bookkeeper) -> None:
    """A bet that a licensee's own wallet is asked for, and a win that it is told; a bet that it refuses, one that nobody knows of."""
    intent = books.enter(INTENT_BET, "bet-7", amount=30, round="r-7")
    books.post(Kind.CONCLUDE, str(intent), 30, OUTSIDE, CASH, details=f'{{"intent":{intent},"of":1}}')
    books.post(Kind.BET, "bet-7", 30, CASH, GAMING, round="r-7", details=f'{{"intent":{intent}}}')
    win = books.post(Kind.WIN, "win-7", 50, GAMING, CASH, round="r-7", reference="bet-7", details='{"close":true}')
    books.post(Kind.DELIVER, str(win), 50, CASH, OUTSIDE, details=f'{{"owed":{win}}}')
    refused = books.enter(INTENT_BET, "bet-8", amount=30, round="r-8")
    books.enter(Kind.CONCLUDE, str(refused), details=f'{{"intent":{refused},"of":1}}')
    books.enter(Kind.BET, "bet-8", outcome=3, amount=30, round="r-8", details=f'{{"intent":{refused}}}')
    unknown = books.enter(INTENT_BET, "bet-9", amount=30, round="r-9")
    end = books.enter(Kind.CONCLUDE, str(unknown), details=f'{{"intent":{unknown},"of":1,"undo":true}}')
    books.enter(Kind.BET, "bet-9", outcome=18, amount=30, round="r-9", details=f'{{"intent":{unknown}}}')
    books.enter(Kind.DELIVER, str(end), details=f'{{"owed":{end}}}')
    books.rounds.append(Round(PLAYER, STUDIO, "r-7", GBP, intent + 2, 2))
