"""Reading what a batch needs into the books, in as few round trips as possible."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mesh.arrays import numbers, texts
from wallet_svc.domain import backdating, counting, law, owing, replay
from wallet_svc.domain.commands import Command, SetLimit
from wallet_svc.domain.journal import Book
from wallet_svc.domain.placing import shard_of
from wallet_svc.domain.state import Account, AccountName, HeldMoney, Play, Player, Registry, Round
from wallet_svc.domain.vocabulary import AccountClass, HoldState, PlayState, RoundState, Standing
from wallet_svc.store.needs import DEPTH, REFERRING, Coming, Needs, collect, collect_references, is_known
from wallet_svc.store.past import asset_of, read_past
from wallet_svc.store.rows import entry_of
from wallet_svc.store.running import Connection, Row, fetch, fetch_named
from wallet_svc.store.statements import STATEMENTS

Wanted = tuple[Book, Command, bool]
"""A command with the book of its shard, and whether its own key and round are read as well."""


class Loader:
    """Fills books. Everything is read after the heads were, so a stale reading fails the compare-and-swap."""

    def __init__(self, wanted: Sequence[Wanted], registry: Registry, now_us: int) -> None:
        self._now_us = now_us
        self._registry = registry
        self._by_id: dict[int, Player] = {}
        self._wanted = self._unknown(wanted)
        self._books = {book.head.shard: book for book, _, _ in self._wanted}

    def _unknown(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """What cannot be decided from what the books know."""
        coming: Coming = set()
        sources = self._registry.sources
        found = []
        for one in wanted:
            book, command, all_keys = one
            player = book.players.get((command.licensee, command.player))
            if (
                player is None
                or all_keys
                or player.licensee.mirrored
                or not is_known(player, command, sources[command.source], coming)
                or counting.lacks_usage(player, command.action, self._registry.packs, self._now_us)
            ):
                found.append(one)
        return found

    def needs_reading(self) -> bool:
        """False for most flights of a busy process."""
        return bool(self._wanted)

    async def load(self, connection: Connection) -> None:
        await self._load_players(connection)
        # An intent has a key of its own kind, so the database would not tell that the action's is not new.
        known = [
            (player, command, all_keys or player.licensee.mirrored)
            for _, command, all_keys in self._wanted
            if (player := self._player(command)) is not None
        ]
        await self._load_siblings(connection)
        await self._load_usage(connection, known)
        await self._load_past(connection, known)
        needs, sources = Needs(), self._registry.sources
        for player, command, all_keys in known:
            collect(needs, player, command, sources, all_keys=all_keys)
        await self._fetch(connection, needs)
        referring = [(player, command) for player, command, _ in known if isinstance(command.action, REFERRING)]
        for _ in range(DEPTH if referring else 0):
            needs = Needs()
            for player, command in referring:
                collect_references(needs, player, command, sources)
            if not needs.any():
                break
            await self._fetch(connection, needs)

    def _book(self, command: Command) -> Book:
        return self._books[shard_of(command.licensee, command.player, self._registry.shards)]

    def _player(self, command: Command) -> Player | None:
        player = self._book(command).players.get((command.licensee, command.player))
        if player is None or player.id == 0:
            return None
        self._by_id[player.id] = player
        return player

    async def _load_players(self, connection: Connection) -> None:
        unknown = set()
        fresh_books = [book for book in self._books.values() if not book.players and not book.house]
        for book, command, _ in self._wanted:
            name = (command.licensee, command.player)
            if name not in book.players and name not in book.missing:
                book.missing.add(name)
                unknown.add(name)
        if not unknown:
            return
        if fresh_books:
            await self._load_house(connection, fresh_books)
        asked = {"licensees": texts(name[0] for name in unknown), "players": texts(name[1] for name in unknown)}
        rows = await _rows(connection, "read_players", asked)
        found: dict[int, Player] = {}
        for row in rows:
            player = found.get(row.id) or self._add_player(row)
            found[row.id] = player
            if row.account_id is not None:
                account = AccountName(row.asset_id, AccountClass(row.account_class))
                player.accounts[account] = Account(row.account_id, account, int(row.debits), int(row.credits))
                if row.standing:
                    player.standings[row.asset_id] = Standing(row.standing)
        await self._load_cycles(connection, found)

    def _add_player(self, row: Row) -> Player:
        licensee = self._registry.licensees[row.licensee]
        main = self._registry.assets_by_id.get(row.main_asset_id)
        player = Player(row.id, licensee, row.name, row.pack, row.born_on, main, row.blocked)
        player.mirror = owing.restored(row.mirror)
        player.register, player.person = row.register, row.person
        law.restore_protection(player, row.protection)
        book = self._books[shard_of(licensee.name, row.name, self._registry.shards)]
        book.players[licensee.name, row.name] = player
        book.missing.discard((licensee.name, row.name))
        return player

    async def _load_siblings(self, connection: Connection) -> None:
        """What protects other accounts of the same humans. They are in other shards, so it is read for each flight."""
        asked = []
        for book, command, _ in self._wanted:
            name = (command.licensee, command.player)
            player = book.players.get(name)
            if player is not None:
                player.siblings = ()
            if (human := law.human_of(player, command.action)) is not None:
                asked.append((book, name, human))
        if not asked:
            return
        humans = {(name[0], human) for _, name, human in asked}
        wanted = {"licensees": texts(one[0] for one in humans), "persons": texts(one[1] for one in humans)}
        rows = await _rows(connection, "read_siblings", wanted)
        for book, name, human in asked:
            found = tuple(
                law.state_of(row.protection)
                for row in rows
                if (row.licensee, row.person) == (name[0], human) and row.name != name[1]
            )
            player = book.players.get(name)
            if player is None:
                book.strangers[name] = found
            else:
                player.siblings = found

    async def _load_house(self, connection: Connection, books: list[Book]) -> None:
        by_shard = {book.head.shard: book for book in books}
        rows = await fetch(connection, STATEMENTS["read_house"], {"shards": list(by_shard)})
        for shard, licensee_id, asset_id, class_, source_id, id_, debited, credited in rows:
            name = AccountName(asset_id, AccountClass(class_), source_id)
            by_shard[shard].house[licensee_id, name] = Account(id_, name, int(debited), int(credited))

    async def _load_usage(self, connection: Connection, known: list[tuple[Player, Command, bool]]) -> None:
        since: dict[int, int] = {}
        timed: set[int] = set()
        for player, command, _ in known:
            if isinstance(command.action, SetLimit):
                # A new window looks back on what happened before it was set.
                since[player.id] = 0
                if command.action.seconds is not None:
                    timed.add(player.id)
            elif counting.lacks_usage(player, command.action, self._registry.packs, self._now_us):
                moment = counting.usage_since(player, command.action, self._registry.packs, self._now_us)
                if moment is not None:
                    since[player.id] = min(moment, since.get(player.id, moment))
        if not since:
            return
        rows = defaultdict(list)
        asked = {"players": numbers(since), "since": numbers(since.values())}
        for row in await _rows(connection, "read_usage", asked):
            rows[row.player_id].append(row)
        timed |= {player_id for player_id in since if counting.counts_time(self._by_id[player_id].protection)}
        times = defaultdict(list)
        for row in await _rows(connection, "read_times", {"players": numbers(timed)}) if timed else ():
            times[row.player_id].append(row)
        for player_id, moment in since.items():
            player = self._by_id[player_id]
            counting.restore_usage(player, rows[player_id], times[player_id], self._registry, moment)

    async def _load_cycles(self, connection: Connection, players: dict[int, Player]) -> None:
        if not players:
            return
        for row in await _rows(connection, "read_cycles", {"players": numbers(players)}):
            players[row.player_id].cycles[row.session, row.category] = row.recorded_us

    async def _load_past(self, connection: Connection, known: Sequence[tuple[Player, Command, bool]]) -> None:
        """How accounts stood since the moments to which commands want to go back."""
        wanted: dict[tuple[int, AccountName], set[int]] = defaultdict(set)
        for player, command, _ in known:
            if command.effective_us is None:
                continue
            # What was read before may be old: it is always read again.
            player.past.clear()
            asset = asset_of(command, player, self._registry)
            if asset is not None:
                wanted[player.id, backdating.account_of(command, asset.id)].add(command.effective_us)
        for (player_id, name), marks in wanted.items():
            player = self._by_id[player_id]
            player.past[name] = await read_past(connection, player, name, sorted(marks))

    async def _fetch(self, connection: Connection, needs: Needs) -> None:
        if needs.plays:
            asked = {"players": numbers(p for p, _ in needs.plays), "sessions": texts(s for _, s in needs.plays)}
            self._add_plays(await _rows(connection, "read_plays", asked))
        if needs.open_plays:
            opened: dict[str, Any] = {"players": numbers(needs.open_plays), "now": self._now_us}
            self._add_plays(await _rows(connection, "read_open_plays", opened))
        if needs.holds:
            await self._load_holds(connection, needs)
        if needs.keys:
            await self._load_keys(connection, needs)
        if needs.rounds:
            await self._load_rounds(connection, needs)
        if needs.undone:
            await self._load_undone(connection, needs)

    async def _load_undone(self, connection: Connection, needs: Needs) -> None:
        wanted = list(needs.undone)
        asked = {"shards": numbers(one[1] for one in wanted), "sequences": numbers(one[2] for one in wanted)}
        for row in await _rows(connection, "read_undone", asked):
            self._by_id[row.player_id].undone[row.undoes] = row.sequence

    def _add_plays(self, rows: list[Row]) -> None:
        for row in rows:
            asset = self._registry.assets_by_id[row.asset_id]
            play = Play(
                row.session,
                row.source_id,
                asset,
                row.game,
                PlayState(row.state),
                row.expires_us,
                law.restore_permit(row.permit),
            )
            self._by_id[row.player_id].plays.setdefault(row.session, play)

    async def _load_holds(self, connection: Connection, needs: Needs) -> None:
        asked = {
            "players": numbers(hold[0] for hold in needs.holds),
            "sources": numbers(hold[1] for hold in needs.holds),
            "keys": texts(hold[2] for hold in needs.holds),
        }
        for row in await _rows(connection, "read_holds", asked):
            asset = self._registry.assets_by_id[row.asset_id]
            hold = HeldMoney(
                row.source_id,
                row.key,
                asset,
                row.amount,
                row.captured,
                row.released,
                HoldState(row.state),
                row.expires_us,
                row.asked_us,
                tolerance=row.tolerance,
                beyond=row.beyond,
                aside=row.aside,
            )
            self._by_id[row.player_id].holds[row.source_id, row.key] = hold

    async def _load_keys(self, connection: Connection, needs: Needs) -> None:
        wanted = list(needs.keys)
        asked = {
            "players": numbers(key[0] for key in wanted),
            "sources": numbers(key[1] for key in wanted),
            "kinds": numbers(int(key[2]) for key in wanted),
            "keys": texts(key[3] for key in wanted),
        }
        for row in await _rows(connection, "read_keys", asked):
            entry = entry_of(row, self._registry)
            self._by_id[row.player_id].keys[entry.source_id, entry.kind, row.key] = entry

    async def _load_rounds(self, connection: Connection, needs: Needs) -> None:
        asked = {
            "players": numbers(name[0] for name in needs.rounds),
            "sources": numbers(name[1] for name in needs.rounds),
            "names": texts(name[2] for name in needs.rounds),
        }
        rows = await _rows(connection, "read_rounds", asked)
        for row in rows:
            asset = self._registry.assets_by_id[row.asset_id]
            round_ = Round(row.source_id, row.name, asset, row.opened_sequence, row.opened_us, idle_us=row.idle_us)
            self._by_id[row.player_id].rounds[row.source_id, row.name] = round_
        if rows:
            await self._load_round_entries(connection, rows)
        for row in rows:
            round_ = self._by_id[row.player_id].rounds[row.source_id, row.name]
            round_.state, round_.closed_us = RoundState(row.state), row.closed_us

    async def _load_round_entries(self, connection: Connection, rows: list[Row]) -> None:
        asked = {
            "players": numbers(row.player_id for row in rows),
            "sources": numbers(row.source_id for row in rows),
            "names": texts(row.name for row in rows),
            "opened": numbers(row.opened_sequence for row in rows),
        }
        for row in await _rows(connection, "read_round_entries", asked):
            player = self._by_id[row.player_id]
            entry = entry_of(row, self._registry)
            replay.apply_to_round(player, entry)


async def _rows(connection: Connection, name: str, values: dict[str, Any]) -> list[Row]:
    return await fetch_named(connection, STATEMENTS[name], values)
