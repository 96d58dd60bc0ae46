"""Back-dating: what is recorded late took effect earlier, and must have fitted at every moment since.

Order on the effective clock is the effective time, then the ledger's order. Only money that comes from or goes to
the outside of play may be back-dated: bets and wins are what they are when they happen. The rule is strict: on the
effective clock no balance between then and now may leave its bounds, which a look at the present balance alone would
not notice. Limits of the law count on the recorded clock: nobody can move a deposit into a window of the past.
"""

from collections.abc import Iterator

from wallet_svc.domain.commands import Action, Adjust, Command, Credit, Deposit
from wallet_svc.domain.past import Past
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import AccountName, Entry, Player
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Outcome

DETAIL = "effective_us"
"""Where an entry keeps its effective time."""


def may_be_backdated(action: Action) -> bool:
    """Whether an action may have taken effect before it is recorded."""
    return isinstance(action, Deposit | Adjust | Credit)


def account_of(command: Command, asset_id: int) -> AccountName:
    """The account whose past a back-dated command changes."""
    return AccountName(asset_id, getattr(command.action, "to", AccountClass.CASH))


def effective_us(entry: Entry) -> int | None:
    """When a back-dated entry took effect; None for every other one."""
    return entry.details.get(DETAIL) if entry.details else None


def backdate(scene: Scene, decided: Decided) -> Decided:
    """Give a decided command its effective time, or refuse it."""
    effective = scene.command.effective_us
    if effective is None or decided.replayed or not decided.new:
        return decided
    entry = decided.entry
    if entry.outcome is Outcome.OK and not _fits(scene, effective, decided.new):
        entry.outcome = Outcome.EFFECTIVE_TIME_REFUSED
        entry.debit = entry.credit = None
        entry.moved = 0
        decided = Decided(entry, (entry,))
    for one in decided.new:
        one.details = {**(one.details or {}), DETAIL: effective}
    return decided


def _fits(scene: Scene, effective: int, entries: tuple[Entry, ...]) -> bool:
    if effective > scene.now_us:
        return False
    return all(
        _account_fits(scene.player, name, change, effective) for entry in entries for name, change in movements(entry)
    )


def _account_fits(player: Player, name: AccountName, change: int, effective: int) -> bool:
    past = player.past[name]
    lowest, highest = past.extremes(effective)
    within = highest + change <= MAX_MINOR if change > 0 else lowest + change >= 0
    return within and effective >= past.opened_us


def movements(entry: Entry) -> Iterator[tuple[AccountName, int]]:
    """What an entry changes of the player's accounts."""
    for name, change in ((entry.debit, -entry.moved), (entry.credit, entry.moved)):
        if name is not None and change and name.account_class < AccountClass.HOUSE:
            yield name, change


def note(player: Player, entry: Entry) -> None:
    """Keep what is known of the past in step with an entry that was applied."""
    for name, change in movements(entry):
        past: Past | None = player.past.get(name)
        if past is not None:
            past.note(change, player.balance(name.asset_id, name.account_class), effective_us(entry))
