"""Taking a win back, and undoing a list of transactions wholly or not at all."""

from wallet_svc.domain import cancels, sources
from wallet_svc.domain.commands import ReverseWin, RollbackList
from wallet_svc.domain.replay import apply
from wallet_svc.domain.scene import Decided, Scene, answer, replay
from wallet_svc.domain.state import Entry, Player
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Case, Kind, Outcome, Shortfall


def reverse_win(scene: Scene, action: ReverseWin) -> Decided:
    """Take back a win (money/FORMAT rule 11)."""
    known = scene.stored(Kind.REVERSE_WIN, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.REVERSE_WIN, Outcome.OK)
    entry.reference = action.win_key
    win = scene.stored(Kind.WIN, action.win_key)
    if win is None or win.tombstone:
        return cancels.bury(entry, Kind.WIN, action.win_key, again=win is not None)
    entry.asset, entry.round, entry.game = win.asset, win.round, win.game
    if win.outcome is not Outcome.OK:
        entry.outcome = Outcome.TOMBSTONED
        return answer(entry)
    if scene.player.undoable(win.sequence) is None:
        return Decided(entry, (entry,), replayed=True)
    take_back(scene, entry, win)
    return answer(entry)


def take_back(scene: Scene, entry: Entry, win: Entry) -> None:
    """Book a win back from where it went. What is not there is refused or owed, as the licensee wants it."""
    asset, player = win.asset, scene.player
    if asset is None:
        raise ValueError("an accepted win has an asset")
    entry.amount = win.amount
    if win.amount and (stopped := sources.stops_debits(scene, asset)):
        entry.outcome = stopped
        return
    parts = sources.parts_of(win)
    if sources.has(player, asset, parts):
        entry.undoes = win.sequence
        sources.debit(entry, parts, AccountClass.GAMING)
    elif player.licensee.shortfall is Shortfall.RECEIVABLE:
        _owe(player, entry, win, parts)
    else:
        entry.outcome, entry.case = Outcome.INSUFFICIENT_FUNDS, Case.REVERSAL_SHORTFALL


def _owe(player: Player, entry: Entry, win: Entry, parts: sources.Parts) -> None:
    """Take what is there, and book the rest as what the player owes."""
    asset_id = entry.asset.id if entry.asset else 0
    cash = min(parts.cash, player.balance(asset_id, AccountClass.CASH))
    bonus = min(parts.bonus, player.balance(asset_id, AccountClass.BONUS))
    owed = parts.cash + parts.bonus - cash - bonus
    if owed - player.balance(asset_id, AccountClass.RECEIVABLE) > MAX_MINOR:
        entry.outcome = Outcome.AMOUNT_INVALID
        return
    entry.undoes = win.sequence
    entry.details = {**(entry.details or {}), **({"bonus": bonus} if bonus else {}), "owed": owed}
    house = sources.of_house(entry, AccountClass.GAMING)
    sources.post(
        entry,
        [
            (sources.own(entry, AccountClass.CASH), house, cash),
            (sources.own(entry, AccountClass.BONUS), house, bonus),
            (sources.own(entry, AccountClass.RECEIVABLE), house, owed),
        ],
    )


def rollback_list(scene: Scene, action: RollbackList) -> Decided:
    """Undo exactly these, refunds before take-backs, or nothing (money/FORMAT rule 10)."""
    known = scene.stored(Kind.ROLLBACK_LIST, scene.command.key)
    if known is not None:
        return replay(known, scene)
    undoing = _Undoing(scene, action)
    for number, (kind, key) in enumerate(action.items):
        if kind is not Kind.WIN:
            undoing.stake(number, kind, key)
    for number, (kind, key) in enumerate(action.items):
        if kind is Kind.WIN:
            undoing.win(number, key)
    return undoing.answer()


class _Undoing:
    """A list on its way. Each item is decided on what the items before it left."""

    def __init__(self, scene: Scene, action: RollbackList) -> None:
        self._items = action.items
        self._wins = {key for kind, key in action.items if kind is Kind.WIN}
        self._real = scene
        player = scene.player.trial(rounds_of(scene.player, scene.source_id, action))
        self._scene = Scene(player, scene.command, scene.registry, scene.source_id, scene.now_us)
        self._outcomes = [Outcome.OK] * len(action.items)
        self._rows: list[Entry] = []
        self._failed: tuple[int, Entry] | None = None

    def stake(self, number: int, kind: Kind, key: str) -> None:
        """Give one stake back."""
        row = self._row(Kind.CANCEL)
        cancels.name_stake(row, kind, key)
        stake = self._find(number, kind, key, row)
        if stake is None:
            return
        cancels.describe(row, stake)
        booked = cancels.booking_of(self._scene, stake)
        if booked is None:
            return
        if kind is Kind.BET and self._has_other_wins(stake):
            row.outcome = Outcome.ALREADY_SETTLED
        else:
            cancels.refund(self._scene, row, stake, booked)
        self._book(number, row)

    def _has_other_wins(self, stake: Entry) -> bool:
        """Whether a live win of the bet is not in the list."""
        round_ = self._scene.player.rounds[self._scene.source_id, stake.round or ""]
        bet = round_.bets[stake.key or ""]
        return any(not win.reversed and win.settles(bet) and win.key not in self._wins for win in round_.wins.values())

    def win(self, number: int, key: str) -> None:
        """Take one win back."""
        row = self._row(Kind.REVERSE_WIN)
        row.reference = key
        win = self._find(number, Kind.WIN, key, row)
        if win is None or self._scene.player.undoable(win.sequence) is None:
            return
        row.asset, row.round, row.game = win.asset, win.round, win.game
        take_back(self._scene, row, win)
        self._book(number, row)

    def _row(self, kind: Kind) -> Entry:
        command = self._scene.command
        row = Entry(kind, self._scene.source_id, None, Outcome.OK, request_id=command.request_id, apart=True)
        row.details = {"list": command.key}
        return row

    def _find(self, number: int, kind: Kind, key: str, row: Entry) -> Entry | None:
        """What the item names, if it was accepted. What was never seen is buried."""
        found = self._scene.stored(kind, key)
        if found is None:
            mark = cancels.tombstone(row, kind, key)
            mark.apart = True
            self._rehearse(mark)
        if found is None or found.outcome is not Outcome.OK:
            self._outcomes[number] = Outcome.TOMBSTONED
            return None
        return found

    def _book(self, number: int, row: Entry) -> None:
        if row.outcome is not Outcome.OK:
            self._failed = self._failed or (number, row)
            return
        self._rehearse(row)

    def _rehearse(self, row: Entry) -> None:
        player = self._scene.player
        for one in (row, *row.legs):
            # Not a position of the log: it only has to be one that nothing else has.
            one.sequence = -1 - len(self._rows)
            one.recorded_us = self._scene.now_us
            apply(player, one)
            self._rows.append(one)

    def answer(self) -> Decided:
        """The list's own entry comes last: its balance is the one that the whole list left."""
        entry = self._real.entry(Kind.ROLLBACK_LIST, Outcome.OK)
        outcomes = self._outcomes
        if self._failed is not None:
            number, row = self._failed
            entry.outcome, entry.case, entry.asset = row.outcome, row.case, row.asset
            outcomes = [Outcome.NOT_APPLIED] * len(outcomes)
            outcomes[number] = row.outcome
            self._rows = []
        items = zip(self._items, outcomes, strict=True)
        entry.details = {"items": [[kind.value, key, outcome.value] for (kind, key), outcome in items]}
        entry.apart = True
        return Decided(entry, (*self._rows, entry))


def rounds_of(player: Player, source_id: int, action: RollbackList) -> list[tuple[int, str]]:
    """The rounds that a list may change."""
    stored = (player.keys.get((source_id, kind, key)) for kind, key in action.items)
    return [(source_id, entry.round) for entry in stored if entry is not None and entry.round]
