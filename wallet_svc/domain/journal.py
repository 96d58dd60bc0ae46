"""A shard while it is written: its head, its cached players, and the batch under way.

Cached state is valid only while the shard's head is the one it was read or
written under. Whoever finds the head moved throws the book away.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wallet_svc.domain import counting, law, owing, records, replay
from wallet_svc.domain.digest import Fields, Seal, fields, seal
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import (
    Account,
    AccountName,
    Asset,
    Entry,
    HeldMoney,
    Licensee,
    Play,
    Player,
    Registry,
    Round,
)
from wallet_svc.domain.vocabulary import INTENT_KINDS, AccountClass, Kind, Outcome, Standing

_INTENTS = frozenset(INTENT_KINDS.values())
ID_STRIDE = 1024
"""Ids of players and accounts are counter * ID_STRIDE + shard, so an id names its shard."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a shard's log ends. `registry_version` moves with every change of the registry."""

    shard: int
    next_sequence: int
    next_id: int
    digest: bytes
    registry_version: int
    frontier: bytes = b""
    """Peaks of the tree over all entries."""


@dataclass(slots=True)
class Book:
    """What a process knows of one shard, under one head."""

    head: Head
    players: dict[tuple[str, str], Player] = field(default_factory=dict)
    house: dict[tuple[int, AccountName], Account] = field(default_factory=dict)
    missing: set[tuple[str, str]] = field(default_factory=set)
    """Players that were looked for and do not exist."""
    strangers: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    """What protects the other accounts of those who want to become players in this flight."""


@dataclass(slots=True)
class Moved:
    """What one batch adds to one account."""

    account: Account
    debited: int = 0
    credited: int = 0


@dataclass(slots=True)
class Batch:
    """Everything one commit writes to one shard."""

    book: Book
    registry: Registry
    now_us: int
    next_sequence: int
    next_id: int
    entries: list[Entry] = field(default_factory=list)
    accounts: dict[int, Moved] = field(default_factory=dict)
    """What this batch adds to accounts, by their id."""
    owners: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    """New account id to (licensee id, player id or None for the house)."""
    players: dict[int, Player] = field(default_factory=dict)
    player_ids: dict[int, Player] = field(default_factory=dict)
    """Owners of new accounts."""
    standings: dict[int, Standing] = field(default_factory=dict)
    """Account id to what is stopped for it, where that changed."""
    rounds: dict[tuple[int, int, str], tuple[int, Round]] = field(default_factory=dict)
    plays: dict[tuple[int, str], tuple[Player, Play]] = field(default_factory=dict)
    holds: dict[tuple[int, int, str], tuple[int, HeldMoney]] = field(default_factory=dict)
    new_calls: list[tuple[Entry, int]] = field(default_factory=list)
    """Entries of which a licensee's own wallet has to hear, and when it is due."""
    ended_calls: list[int] = field(default_factory=list)
    """Positions of entries of which it has heard."""
    stuck_calls: list[int] = field(default_factory=list)
    """Positions of entries that it refused for good."""
    rows: list[Fields] = field(default_factory=list)
    """The entries as the log has them, once the batch is sealed."""
    sealed: Seal | None = None

    @classmethod
    def on(cls, book: Book, registry: Registry, now_us: int) -> "Batch":
        head = book.head
        return cls(book, registry, now_us, head.next_sequence, head.next_id)

    def new_player(self, licensee: Licensee, name: str) -> Player:
        """A player that exists from its first accepted entry on."""
        player = Player(0, licensee, name, "", "", None, new=True)
        law.begin(player)
        player.siblings = self.book.strangers.get((licensee.name, name), ())
        return player

    def append(self, player: Player, decided: Decided) -> None:
        """Write the new entries of one answer, in order, as one operation but for those that stand apart."""
        operation = self.next_sequence
        for entry in decided.new:
            if entry.apart:
                operation = self.next_sequence
            if player.id == 0:
                self._register(player)
            entry.shard = self.book.head.shard
            entry.sequence = self.next_sequence
            entry.operation = operation
            entry.player_id = player.id
            entry.licensee_id = player.licensee.id
            entry.recorded_us = self.now_us
            self.next_sequence += 1
            if entry.decision is not None:
                records.write(player, entry)
            replay.apply(player, entry)
            if entry.moved:
                self._post(player, entry)
            if entry.asset is not None:
                entry.available = _cash_after(player, entry, entry.asset)
            self._note_changes(player, entry)
            if entry.details is not None and "register" in entry.details:
                self.players[player.id] = player
            if player.licensee.mirrored:
                self._note_calls(player, entry)
            self.entries.append(entry)

    def _register(self, player: Player) -> None:
        player.id = self._allocate()
        self.players[player.id] = player
        self.book.players[player.licensee.name, player.name] = player
        self.book.missing.discard((player.licensee.name, player.name))

    def _allocate(self) -> int:
        number = self.next_id * ID_STRIDE + self.book.head.shard
        self.next_id += 1
        return number

    def _post(self, player: Player, entry: Entry) -> None:
        if entry.debit is None or entry.credit is None:
            raise ValueError("a posting needs two accounts")
        debit = self._account(player, entry.debit)
        credit = self._account(player, entry.credit)
        moved = entry.moved
        if entry.debit.account_class > AccountClass.HOUSE:
            debit.debits += moved
        if entry.credit.account_class > AccountClass.HOUSE:
            credit.credits += moved
        self._moved(debit).debited += moved
        self._moved(credit).credited += moved
        entry.debit_id, entry.debit_after = debit.id, debit.credits - debit.debits
        entry.credit_id, entry.credit_after = credit.id, credit.credits - credit.debits

    def _account(self, player: Player, name: AccountName) -> Account:
        if name.account_class < AccountClass.HOUSE:
            account = replay.account_of(player, name)
            owner: int | None = player.id
        else:
            account = self._house_account(player.licensee.id, name)
            owner = None
        if account.id == 0:
            account.id = self._allocate()
            self.owners[account.id] = (player.licensee.id, owner)
            self.player_ids[player.id] = player
        return account

    def _house_account(self, licensee_id: int, name: AccountName) -> Account:
        account = self.book.house.get((licensee_id, name))
        if account is None:
            account = self.book.house[licensee_id, name] = Account(0, name, new=True)
        return account

    def _moved(self, account: Account) -> Moved:
        found = self.accounts.get(account.id)
        if found is None:
            found = self.accounts[account.id] = Moved(account)
        return found

    def _note_changes(self, player: Player, entry: Entry) -> None:
        note = _NOTES.get(entry.kind)
        if note is not None:
            note(self, player, entry)

    def _note_calls(self, player: Player, entry: Entry) -> None:
        """What a licensee's own wallet still has to hear, and how much money the player has there."""
        if entry.key is not None and entry.asset is not None:
            entry.details = {**(entry.details or {}), "shown": owing.shown(player, entry.asset)}
        changes = owing.changes_of(entry)
        wallet = player.licensee.wallet
        if changes.new:
            # Who committed an intent asks for it at once; somebody else does when that took too long.
            patience_us = 2 * wallet.deadline_us if wallet is not None and entry.kind in _INTENTS else 0
            self.new_calls.append((entry, self.now_us + patience_us))
        if changes.done is not None:
            self.ended_calls.append(changes.done)
        if changes.stuck is not None:
            self.stuck_calls.append(changes.stuck)
        if changes != owing.NOTHING:
            self.players[player.id] = player

    def note_round(self, player: Player, entry: Entry) -> None:
        """A round that opened or closed."""
        if not entry.round:
            return
        round_ = player.rounds.get((entry.source_id, entry.round))
        if round_ is not None and (round_.new or round_.closed_us == self.now_us):
            self.rounds[player.id, entry.source_id, entry.round] = (player.id, round_)

    def note_bet(self, player: Player, entry: Entry) -> None:
        """A stake, with its round and the spend of its session."""
        self.note_round(player, entry)
        self.note_spend(player, entry)

    def note_spend(self, player: Player, entry: Entry) -> None:
        """A session with a spend of its own changes with its stakes."""
        play = player.plays.get(counting.session_of(player, entry))
        if play is not None and play.permit is not None and play.permit.spend_limit_minor is not None:
            self.plays[player.id, play.session] = (player, play)

    def note_hold(self, player: Player, entry: Entry) -> None:
        """A withdrawal, new or changed."""
        key = entry.key if entry.kind is Kind.HOLD else entry.reference
        hold = player.holds.get((entry.source_id, key or ""))
        if hold is not None:
            self.holds[player.id, entry.source_id, hold.key] = (player.id, hold)

    def note_play(self, player: Player, entry: Entry) -> None:
        """A session, new or changed."""
        play = player.plays.get(entry.session or "")
        if play is not None:
            self.plays[player.id, play.session] = (player, play)

    def note_deposit(self, player: Player, entry: Entry) -> None:
        """A deposit that crosses a threshold changes what the player may do next."""
        if entry.details is not None and "protection" in entry.details:
            self.players[player.id] = player

    def note_standing(self, player: Player, entry: Entry) -> None:
        """A player, new or changed."""
        self.players[player.id] = player
        if entry.kind is Kind.OPEN_ACCOUNT and entry.asset is not None and entry.outcome is Outcome.OK:
            self._moved(self._account(player, AccountName(entry.asset.id, AccountClass.CASH)))

    def note_entry(self, player: Player, entry: Entry) -> None:
        """A player who was reminded of something at a login. Most logins change nothing."""
        if entry.details is not None and "protection" in entry.details:
            self.players[player.id] = player

    def note_account(self, player: Player, entry: Entry) -> None:
        """What is stopped for the accounts of a player in one asset."""
        if entry.asset is None or entry.outcome is not Outcome.OK:
            return
        for account_class in (AccountClass.CASH, AccountClass.BONUS):
            account = player.accounts.get(AccountName(entry.asset.id, account_class))
            if account is not None and account.id:
                self.standings[account.id] = player.standing_of(entry.asset.id)
                self._moved(account)

    def standing_of(self, account: Account) -> int:
        """What is stopped for a new account: as much as for the player's others in that asset."""
        owner = self.owners[account.id][1]
        player = self.player_ids.get(owner or 0)
        return 0 if player is None else player.standing_of(account.name.asset_id).value

    def digest(self) -> bytes:
        return self.seal().digest

    def seal(self) -> Seal:
        """Close the batch. Nothing is appended after this."""
        if self.sealed is None:
            head = self.book.head
            self.rows = [fields(entry) for entry in self.entries]
            self.sealed = seal(head.digest, head.frontier, head.shard, head.next_sequence, self.rows)
        return self.sealed

    def committed(self, digest: bytes) -> None:
        """The batch is durable: what was new is known now, and the head is ours."""
        for entry in self.entries:
            duties = entry.decision is not None and entry.decision.obligations
            entry.decision = None
            if (
                entry.outcome is Outcome.OK
                and entry.kind in (Kind.BET, Kind.DEPOSIT, Kind.TIP, Kind.TRANSFER_IN)
                and not duties
            ):
                # A replay never tells how an allowed bet was decided; the log does.
                entry.decision_json = None
        head = self.book.head
        self.book.head = Head(
            head.shard, self.next_sequence, self.next_id, digest, head.registry_version, self.seal().frontier
        )
        for moved in self.accounts.values():
            moved.account.new = False
        for player in self.players.values():
            player.new = False
        for _, round_ in self.rounds.values():
            round_.new = False
        for _, play in self.plays.values():
            play.new = False
        for _, hold in self.holds.values():
            hold.new = False


def _cash_after(player: Player, entry: Entry, asset: Asset) -> int:
    """The player's cash right after an entry. Most entries move it, and have it on one of their sides."""
    for side, after in ((entry.debit, entry.debit_after), (entry.credit, entry.credit_after)):
        if after is not None and side is not None and side.account_class is AccountClass.CASH:
            return after if side.asset_id == asset.id else player.balance(asset.id, AccountClass.CASH)
    return player.balance(asset.id, AccountClass.CASH)


_NOTES: dict[Kind, Callable[[Batch, Player, Entry], None]] = {
    Kind.BET: Batch.note_bet,
    **dict.fromkeys((Kind.CANCEL, Kind.UNDO_ROLLBACK), Batch.note_spend),
    **dict.fromkeys((Kind.WIN, Kind.CLOSE_ROUND), Batch.note_round),
    **dict.fromkeys((Kind.HOLD, Kind.CAPTURE, Kind.RELEASE, Kind.EXPIRE), Batch.note_hold),
    **dict.fromkeys((Kind.OPEN_PLAY, Kind.END_PLAY, Kind.CHANGE_PLAY, Kind.RESUME_PLAY), Batch.note_play),
    Kind.DEPOSIT: Batch.note_deposit,
    Kind.ENTER: Batch.note_entry,
    **dict.fromkeys(
        (Kind.FREEZE_ACCOUNT, Kind.UNFREEZE_ACCOUNT, Kind.CLOSE_ACCOUNT, Kind.REOPEN_ACCOUNT), Batch.note_account
    ),
    **dict.fromkeys(
        (
            Kind.OPEN_ACCOUNT,
            Kind.SET_BLOCK,
            Kind.SET_LIMIT,
            Kind.CONFIRM_LIMIT,
            Kind.CANCEL_PENDING_LIMIT,
            Kind.EXCLUDE,
            Kind.TAKE_BREAK,
            Kind.REQUEST_REINSTATEMENT,
            Kind.APPROVE_REINSTATEMENT,
            Kind.RECORD_FINDING,
            Kind.LEAVE_FOR_GOOD,
        ),
        Batch.note_standing,
    ),
}
"""What an entry changes besides the log and the accounts, to be written with them."""
