"""Reads history again and again, in small portions: is every old row still what it was when it was recomputed?"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from mesh.second_opinion.book import LOST, Accounts, Problem, ShardBook
from mesh.second_opinion.notebook import HASH_SIZE, TILE, Notebook
from mesh.second_opinion.reading import Reader, Sums
from mesh.verify.chain import digest_of
from mesh.verify.lines import entry_bytes
from mesh.verify.people import differences
from mesh.verify.tables import Batch, Facts

_MOST: Final = 20_000
"""Entries that are read again in one portion, however much there is to do."""
_BATCHES: Final = 2_000


class History:
    """Cursors over entries, batches, accounts and facts of players, each starting over when it is through."""

    def __init__(self, notebook: Notebook, *, per_second: int) -> None:
        self._notebook = notebook
        self._per_second = per_second
        self._allowance = 0.0
        self._last = time.monotonic()
        self._touched: int | None = None
        self.hurry = False
        """Somebody has changed or deleted a row: read all of it, as fast as the machine can."""
        self.read_again = 0
        self.rounds = 0
        self._place = (0, 0)
        """Shard and sequence up to which entries were read again in this round."""
        self._links: dict[int, tuple[int, bytes]] = {}
        """By shard: the last batch that was read again, and its digest."""
        self._account = -1
        self._player = 0
        self._ids: list[int] = []
        """Accounts that this round should find, in order."""

    def read(self, reader: Reader, books: Mapping[int, ShardBook], accounts: Accounts, problems: list[Problem]) -> None:
        """One portion of everything. The books stand where the reader's moment does."""
        self._look_for_changes(reader)
        portion = self._portion()
        if portion < TILE:
            return
        self._entries(reader, books, portion, problems)
        self._batches(reader, books, problems)
        self._accounts(reader, accounts, portion, problems)
        self._people(reader, portion, problems)

    def _look_for_changes(self, reader: Reader) -> None:
        touched = reader.rows_touched()
        if self._touched is not None and touched != self._touched:
            self.hurry = True
            self._place = (0, 0)
        self._touched = touched

    def _portion(self) -> int:
        now = time.monotonic()
        self._allowance = min(self._allowance + (now - self._last) * self._per_second, _MOST)
        self._last = now
        return _MOST if self.hurry else int(self._allowance)

    # -- entries

    def _entries(self, reader: Reader, books: Mapping[int, ShardBook], portion: int, problems: list[Problem]) -> None:
        shards = sorted(books)
        for shard in shards[bisect_right(shards, self._place[0] - 1) :]:
            after = self._place[1] if shard == self._place[0] else 0
            until = min(books[shard].size, after + portion)
            if until > after:
                self._span(reader, books[shard], after, until, problems)
                portion -= until - after
            self._place = (shard, until)
            if portion <= 0:
                return
        self._place = (0, 0)
        self.rounds += 1
        self.hurry = False

    def _span(self, reader: Reader, book: ShardBook, after: int, until: int, problems: list[Problem]) -> None:
        shard = book.shard
        lines = reader.lines([(shard, after, until)])[shard]
        expected = self._notebook.hashes(shard, 0, after, until)
        found = [sha256(b"\x00" + entry_bytes(line)).digest() for line in lines]
        self.read_again += len(lines)
        self._allowance -= until - after
        if b"".join(found) != expected:
            present = {int(line.partition(b"\t")[0]): leaf for line, leaf in zip(lines, found, strict=True)}
            for sequence in range(after + 1, until + 1):
                at = (sequence - after - 1) * HASH_SIZE
                self._compare(book, sequence, expected[at : at + HASH_SIZE], present.get(sequence), problems)

    def _compare(
        self, book: ShardBook, sequence: int, expected: bytes, found: bytes | None, problems: list[Problem]
    ) -> None:
        if found == expected or (found is None and expected == LOST):
            return
        book.disputed = True
        what = (
            "the entry was removed since it was recomputed"
            if found is None
            else "the entry was changed since it was recomputed"
        )
        problems.append(Problem(f"{book.shard}-{sequence}", what))

    # -- batches

    def _batches(self, reader: Reader, books: Mapping[int, ShardBook], problems: list[Problem]) -> None:
        """The chain from its first batch to the present one, over as many portions as that takes."""
        after = {shard: self._links.get(shard, (0, bytes(HASH_SIZE)))[0] for shard in books}
        for shard, batches in reader.batches(after, max(1, _BATCHES // max(1, len(books)))).items():
            _, digest = self._links.get(shard, (0, bytes(HASH_SIZE)))
            for batch in batches:
                self._link(books[shard], digest, batch, problems)
                digest = batch.digest
                self._links[shard] = (batch.first_sequence, digest)
            if not batches:
                if digest != books[shard].digest and not books[shard].disputed:
                    books[shard].disputed = True
                    problems.append(
                        Problem(f"shard {shard}", "the chain of its batches was changed since it was recomputed")
                    )
                self._links.pop(shard, None)

    def _link(self, book: ShardBook, digest: bytes, batch: Batch, problems: list[Problem]) -> None:
        if batch.previous == digest and digest_of(book.shard, batch) == batch.digest:
            return
        book.disputed = True
        place = f"{book.shard}-{batch.first_sequence}"
        problems.append(Problem(place, "the batch that begins here was changed since it was recomputed"))

    # -- accounts

    def _accounts(self, reader: Reader, accounts: Accounts, portion: int, problems: list[Problem]) -> None:
        if self._account < 0:
            self._ids = sorted(accounts.sums)
        rows = reader.account_page(self._account, min(portion, _MOST))
        for account, row in rows.items():
            debits, credits_, _ = accounts.sums.get(account, (0, 0, 0))
            if (row.debits, row.credits) != (debits, credits_):
                problems.append(account_problem(account, row, debits, credits_))
        last = max(rows, default=None)
        self._look_for_lost_accounts(rows, accounts, last, problems)
        self._account = -1 if last is None else last

    def _look_for_lost_accounts(
        self, rows: Mapping[int, Sums], accounts: Accounts, last: int | None, problems: list[Problem]
    ) -> None:
        first = bisect_right(self._ids, self._account)
        end = len(self._ids) if last is None else bisect_right(self._ids, last)
        for account in self._ids[first:end]:
            if account not in rows:
                debits, credits_, _ = accounts.sums[account]
                problems.append(account_problem(account, None, debits, credits_))

    # -- facts of players

    def _people(self, reader: Reader, portion: int, problems: list[Problem]) -> None:
        rows = reader.facts_page(self._player, min(portion, _MOST))
        last = max(rows, default=None)
        followed = self._notebook.facts_between(self._player, last)
        for player in sorted(rows.keys() | followed.keys()):
            problems += facts_problems(player, rows.get(player), followed.get(player, Facts()))
        self._player = 0 if last is None else last


def facts_problems(player: int, row: Facts | None, followed: Facts) -> list[Problem]:
    """A player whose row does not have the facts that the entries say."""
    place = f"player {player}"
    if row is None:
        return [Problem(place, "it is in no table, and entries say facts of it")]
    return [Problem(place, str(difference)) for difference in differences(row, followed)]


def account_problem(account: int, row: Sums | None, debits: int, credits_: int) -> Problem:
    """An account whose row is not the sum of its transfers."""
    says = "it is in no table" if row is None else f"the table says -{row.debits} +{row.credits}"
    return Problem(f"account {account}", f"{says}, its transfers say -{debits} +{credits_}")
