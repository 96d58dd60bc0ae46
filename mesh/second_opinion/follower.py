"""One page after another: read a moment of the ledger, recompute what is new, compare the tables, read history again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mesh.second_opinion.book import Accounts, Problem, ShardBook
from mesh.second_opinion.history import History, account_problem, facts_problems
from mesh.second_opinion.notebook import TILE, Alarm, HoldRow, Notebook, Position
from mesh.second_opinion.reading import Reader
from mesh.verify.holds import Reserved, follow, name_of
from mesh.verify.lines import Span
from mesh.verify.people import follow as follow_facts
from mesh.verify.tables import Batch, Head
from mesh.verify.tree import TILE_HEIGHT

_DEBT: Final = 2
"""Owner of an account of what a player owes."""
_BATCHES: Final = 2_000
"""Batches of a shard that one page looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one page did."""

    entries: int
    """How many it recomputed."""
    whole: bool
    """Whether everything that was durable when it began is recomputed now."""
    checked: int
    existing: int
    began: float
    """Monotonic seconds at its moment."""


class Follower:
    """The books of all shards and the notebook that they are kept in. Not for concurrent use."""

    def __init__(self, notebook: Notebook, *, page_entries: int, reread_per_second: int) -> None:
        self._notebook = notebook
        self._page_entries = page_entries
        self._accounts = Accounts(notebook.accounts())
        self._books = {
            shard: ShardBook(position, _partial_tiles(notebook, position))
            for shard, position in notebook.positions().items()
        }
        self._compare_later: set[int] = set()
        self._people_later: set[int] = set()
        self._remembered: dict[int, Position] = {}
        self._stuck: set[int] = set()
        """Shards that cannot be followed any further, which must not keep the others waiting."""
        self.history = History(notebook, per_second=reread_per_second)

    @property
    def disputed(self) -> set[int]:
        """Shards of which something does not agree."""
        return {shard for shard, book in self._books.items() if book.disputed}

    def page(self, reader: Reader) -> tuple[Page, list[Alarm]]:
        """Read and recompute one page, all of it or nothing. Returns what did not agree and was not known.

        After an error this object is of no use any more: begin again from the notebook.
        """
        with self._notebook.page(), reader.moment():
            began = time.monotonic()
            problems: list[Problem] = []
            heads = reader.heads()
            entries = self._advance(reader, heads, problems)
            whole = not any(self._is_behind(head) for head in heads if head.shard not in self._stuck)
            self._compare_later |= self._accounts.moved
            self._learn_owners(reader, problems)
            self._check_keys(reader, problems)
            self._follow_holds(reader, problems, whole=whole)
            self._follow_people(problems)
            self._keep()
            if whole:
                self._compare_heads(heads, problems)
                self._compare_accounts(reader, problems)
                self._compare_people(reader, problems)
                self.history.read(reader, self._books, self._accounts, problems)
            self._remember_positions()
            alarms = self._alarms(problems)
        page = Page(
            entries=entries,
            whole=whole,
            checked=sum(book.size for book in self._books.values()),
            existing=sum(head.next_sequence - 1 for head in heads),
            began=began,
        )
        return page, alarms

    # -- new entries

    def _advance(self, reader: Reader, heads: Sequence[Head], problems: list[Problem]) -> int:
        for head in heads:
            self._books.setdefault(head.shard, ShardBook.empty(head.shard))
        behind = {head.shard: self._books[head.shard].size for head in heads if self._is_behind(head)}
        if not behind:
            return 0
        batches = _some(reader.batches(behind, _BATCHES), self._page_entries)
        spans = [_span(shard, behind[shard], found) for shard, found in batches.items() if found]
        lines = reader.lines(spans) if spans else {}
        for shard, found in batches.items():
            if found:
                self._books[shard].take(lines[shard], found, self._accounts)
        self._report_lost_batches(heads, batches)
        for shard in behind:
            problems += self._books[shard].problems
            self._books[shard].problems.clear()
        return sum(self._books[shard].size - size for shard, size in behind.items())

    def _is_behind(self, head: Head) -> bool:
        return self._books[head.shard].size + 1 < head.next_sequence

    def _report_lost_batches(self, heads: Sequence[Head], batches: Mapping[int, Sequence[Batch]]) -> None:
        for head in heads:
            book = self._books[head.shard]
            if head.shard in batches and not batches[head.shard]:
                self._stuck.add(head.shard)
                book.dispute(book.size + 1, "the head has entries that are in no batch")

    def _learn_owners(self, reader: Reader, problems: list[Problem]) -> None:
        """Whose the new accounts are; a player's may never have been below zero."""
        accounts = self._accounts
        if accounts.strangers:
            for account, row in reader.accounts(accounts.strangers).items():
                accounts.sums[account][2] = row.owner
            accounts.strangers.clear()
        for account, place in accounts.negative.items():
            if not accounts.sums[account][2]:
                problems.append(Problem(place, f"account {account} of a player is below zero"))
        accounts.negative.clear()
        for account in accounts.moved:
            debits, credits_, owner = accounts.sums[account]
            if owner == _DEBT and credits_ > debits:
                problems.append(Problem(f"account {account}", "what a player owes is above zero"))

    def _check_keys(self, reader: Reader, problems: list[Problem]) -> None:
        for shard, book in self._books.items():
            for at in self._notebook.add_keys(book.keys) if book.keys else ():
                sequence = book.key_places[at]
                # Sixty-four bits may meet by chance; only the ledger knows whether the keys are the same.
                if reader.same_key(shard, sequence) > 1:
                    book.disputed = True
                    problems.append(Problem(f"{shard}-{sequence}", "its key was answered before"))
            book.keys.clear()
            book.key_places.clear()

    def _follow_holds(self, reader: Reader, problems: list[Problem], *, whole: bool) -> None:
        touched = {}
        for book in self._books.values():
            for entry in book.holds:
                name = name_of(entry)
                if name is None:
                    continue
                hold = follow(_reserved(self._notebook.hold(name)), entry)
                if hold is None:
                    problems.append(Problem(f"{entry.shard}-{entry.sequence}", "it takes more than is reserved"))
                    continue
                row = (hold.asset_id, hold.amount, hold.captured, hold.released, hold.end)
                self._notebook.put_hold(name, row)
                touched[name] = (hold, entry)
            book.holds.clear()
        if not whole or not touched:
            return
        stored = reader.holds(list(touched))
        for name, (hold, entry) in touched.items():
            if stored.get(name) != (hold.asset_id, hold.amount, hold.captured, hold.released, hold.state):
                place = f"{entry.shard}-{entry.sequence}"
                problems.append(Problem(place, f"the reservation {name[2]!r} is not what its entries say"))

    def _follow_people(self, problems: list[Problem]) -> None:
        for book in self._books.values():
            for entry in book.sayings:
                before = self._notebook.facts(entry.player_id)
                try:
                    facts = follow_facts(before, entry)
                except (KeyError, TypeError):
                    problems.append(Problem(f"{entry.shard}-{entry.sequence}", "it does not say what its kind must"))
                    continue
                if facts != before:
                    self._notebook.put_facts(entry.player_id, facts)
                    self._people_later.add(entry.player_id)
            book.sayings.clear()

    # -- the tables

    def _compare_heads(self, heads: Sequence[Head], problems: list[Problem]) -> None:
        for head in heads:
            book = self._books[head.shard]
            if book.size + 1 > head.next_sequence:
                book.dispute(head.next_sequence, f"the log ends before it, and {head.shard}-{book.size} was there once")
            elif not book.disputed and (head.digest, head.frontier) != (book.digest, book.position.peaks):
                book.dispute(book.size, "the head of the shard is not where its batches lead")
            problems += book.problems
            book.problems.clear()

    def _compare_accounts(self, reader: Reader, problems: list[Problem]) -> None:
        if not self._compare_later:
            return
        rows = reader.accounts(self._compare_later)
        for account in self._compare_later:
            debits, credits_, _ = self._accounts.sums[account]
            row = rows.get(account)
            if row is None or (row.debits, row.credits) != (debits, credits_):
                problems.append(account_problem(account, row, debits, credits_))
        self._compare_later.clear()

    def _compare_people(self, reader: Reader, problems: list[Problem]) -> None:
        if not self._people_later:
            return
        rows = reader.facts(self._people_later)
        for player in self._people_later:
            problems += facts_problems(player, rows.get(player), self._notebook.facts(player))
        self._people_later.clear()

    # -- the notebook

    def _keep(self) -> None:
        accounts = self._accounts
        self._notebook.put_accounts((account, accounts.sums[account]) for account in accounts.moved)
        accounts.moved.clear()
        for book in self._books.values():
            self._notebook.put_tiles(book.take_tiles())

    def _remember_positions(self) -> None:
        for book in self._books.values():
            position = book.position
            if position != self._remembered.get(book.shard):
                self._notebook.put_position(position)
                self._remembered[book.shard] = position

    def _alarms(self, problems: Sequence[Problem]) -> list[Alarm]:
        now_us = time.time_ns() // 1_000
        found = [Alarm(place=place, problem=problem, seen_us=now_us) for place, problem in problems]
        return [alarm for alarm in found if self._notebook.add_alarm(alarm)]


def _some(batches: Mapping[int, Sequence[Batch]], most: int) -> dict[int, list[Batch]]:
    """Whole batches of all shards in turn, until there are enough entries."""
    share = max(1, most // max(1, len(batches)))
    found: dict[int, list[Batch]] = {}
    for shard, rows in batches.items():
        found[shard], entries = [], 0
        for batch in rows:
            if entries and entries + batch.count > share:
                break
            found[shard].append(batch)
            entries += batch.count
    return found


def _span(shard: int, after: int, batches: Sequence[Batch]) -> Span:
    last = batches[-1]
    return shard, after, last.first_sequence + last.count - 1


def _reserved(row: HoldRow | None) -> Reserved | None:
    return None if row is None else Reserved(*row)


def _partial_tiles(notebook: Notebook, position: Position) -> dict[int, bytes]:
    """The last tile of each level, as far as it has grown."""
    found, level = {}, 0
    while (count := position.size >> TILE_HEIGHT * level) > 0:
        found[level] = notebook.hashes(position.shard, level, count // TILE * TILE, count) if count % TILE else b""
        level += 1
    return found
