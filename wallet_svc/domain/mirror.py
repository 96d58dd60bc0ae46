"""The mirror of a licensee that keeps its players' money itself. Pure.

An action that takes money becomes an intent, which asks the law as the action itself would and moves nothing. The
licensee's wallet is asked, and a conclusion says what it answered: money it took comes from outside into the
player's cash, and from there the action books it as always. Whatever is paid lies in cash until the licensee's
wallet has booked it too. So cash of a mirrored player is what its licensee is still owed for that player, and what went
to and came from outside is, call by call, what the licensee's own record says.

A player has one open intent at most, and none while something is owed: nothing else can use the limits that an intent
has asked about, and no stake is decided by a balance that lacks a win.
"""

from wallet_svc.domain import sources
from wallet_svc.domain.commands import Cancel, Conclude, Deliver, RollbackList
from wallet_svc.domain.fingerprint import fingerprint
from wallet_svc.domain.reversals import rounds_of
from wallet_svc.domain.scene import Decided, Scene, answer
from wallet_svc.domain.state import Asset, Entry, OpenIntent
from wallet_svc.domain.vocabulary import INTENT_KINDS, AccountClass, Case, Kind, Outcome

_ELSEWHERE = frozenset({Kind.DEPOSIT, Kind.HOLD, Kind.TRANSFER_IN, Kind.TRANSFER_OUT})
"""What a licensee does in its own wallet, and not here."""
_TURNING = frozenset({Kind.REVERSE_WIN, Kind.UNDO_ROLLBACK})
"""What turns a booking of a round around."""


def before(scene: Scene) -> Decided | None:
    """What is answered before any rule: an action whose intent is open waits for the licensee's word."""
    command, open_ = scene.command, scene.player.mirror.intent
    if command.kind in _ELSEWHERE:
        return answer(scene.entry(command.kind, Outcome.REQUEST_INVALID))
    if open_ is None:
        return None
    if (open_.source_id, open_.kind, open_.key) != (scene.source_id, command.kind, command.key):
        return answer(scene.entry(command.kind, Outcome.IN_PROGRESS)) if _meets(scene, open_) else None
    same = open_.fingerprint == fingerprint(command.action, command.effective_us).hex()
    return answer(scene.entry(command.kind, Outcome.IN_PROGRESS if same else Outcome.IDEMPOTENCY_CONFLICT))


def _meets(scene: Scene, open_: OpenIntent) -> bool:
    """Whether a new message undoes what the open intent is about: a list and a cancel of the same stakes take turns.

    So do a list or a cancel and what takes a win back or books a bet again in the same round: what the one has decided
    on, the other one changes.
    """
    command = scene.command
    action = command.action
    if open_.source_id != scene.source_id or not isinstance(action, Cancel | RollbackList):
        return False
    if scene.stored(command.kind, command.key) is not None:
        return False
    if open_.kind is Kind.ROLLBACK_LIST:
        return True
    items = action.items if isinstance(action, RollbackList) else ((action.of, action.bet_key),)
    if open_.kind in _TURNING:
        rounds = [name for _, name in rounds_of(scene.player, scene.source_id, RollbackList(items=items))]
        # A tip has no round.
        return open_.round in rounds if open_.round else any(kind is Kind.TIP for kind, _ in items)
    return isinstance(action, RollbackList) and (open_.kind, open_.key) in action.items


def intend(scene: Scene, decided: Decided) -> Decided:
    """Turn what would take money from the player into an intent. Everything else stays as it was decided."""
    if decided.replayed or not any(_takes(row) for row in decided.new):
        return decided
    entry, mirror = decided.entry, scene.player.mirror
    if entry.kind is Kind.ROLLBACK_LIST:
        if (total := sum_of(decided)) is None:
            return _in_no_currency(decided)
        if total >= 0:
            return as_one_sum(decided, total)
        decided = _only(entry, of=decided.new, amount=-total)
    elif entry.kind is Kind.APPROVE_ADJUSTMENT:
        decided = _only(entry, of=decided.new, amount=abs(entry.amount or 0))
    if mirror.intent is not None or mirror.owed:
        return answer(scene.entry(entry.kind, Outcome.IN_PROGRESS))
    if not scene.command.reachable:
        return answer(scene.entry(entry.kind, Outcome.UNAVAILABLE))
    if entry.undoes is not None:
        entry.details = {**(entry.details or {}), "undoes": entry.undoes}
    if entry.amount is not None:
        entry.amount = abs(entry.amount)
    entry.kind, entry.undoes, entry.moved, entry.debit, entry.credit = INTENT_KINDS[entry.kind], None, 0, None, None
    return decided


def _takes(entry: Entry) -> bool:
    return entry.debit is not None and entry.debit.account_class is AccountClass.CASH


def _only(entry: Entry, *, of: tuple[Entry, ...], amount: int) -> Decided:
    """What has several rows, as the one question that the licensee's wallet is asked for all of them."""
    rows = [row for row in of if row.moved]
    entry.asset, entry.amount = rows[0].asset, amount
    if len({row.round for row in rows}) == 1:
        entry.round = rows[0].round
        entry.game = next((row.game for row in rows if row.game), None)
    return Decided(entry, (entry,))


def _in_no_currency(decided: Decided) -> Decided:
    """A list that has no sum, because it is of several currencies: no one booking undoes it, so nothing of it is done."""
    entry = decided.entry
    items = [[kind, key, Outcome.NOT_APPLIED.value] for kind, key, _ in (entry.details or {})["items"]]
    entry.outcome, entry.asset, entry.details = Outcome.CURRENCY_MISMATCH, None, {"items": items}
    return Decided(entry, (entry,))


def sum_of(decided: Decided) -> int | None:
    """What a list gives the player; below zero what it takes. None if it is of several currencies."""
    rows = [row for row in decided.new if row.moved]
    if len({row.asset.id for row in rows if row.asset is not None}) > 1:
        return None
    return sum(-row.moved if _takes(row) else row.moved for row in rows)


def as_one_sum(decided: Decided, total: int) -> Decided:
    """A list that takes wins back moves the licensee's money once: its refunds are no calls of their own."""
    entry = decided.entry
    for row in decided.new:
        if row.moved:
            entry.asset = row.asset
            row.details = {name: value for name, value in (row.details or {}).items() if name != "intent"}
            row.details["in_sum"] = True
    entry.amount, entry.details = abs(total), {**(entry.details or {}), "sum": total}
    return decided


def waiting_win(scene: Scene, round_name: str, bet_key: str) -> bool:
    """Whether the bet of a win is one that the licensee's wallet has not answered yet."""
    open_ = scene.player.mirror.intent
    if open_ is None or open_.source_id != scene.source_id or open_.kind is not Kind.BET:
        return False
    return open_.key == bet_key if bet_key else open_.round == round_name


def said(scene: Scene, action: Conclude | Deliver, asset: Asset | None) -> dict[str, object]:
    """What else the licensee's wallet said: the player's cash, in smallest units if they can hold it, and its own id."""
    told: dict[str, object] = {"licensee_id": action.their_id} if action.their_id else {}
    if action.cash is not None and asset is not None:
        told |= {"cash": action.cash, "at_us": scene.now_us}
    return told


def abandoned(scene: Scene, entry: Entry, kind: Kind, key: str) -> Decided | None:
    """A cancel of what the licensee's wallet has not answered yet: it is undone there, whatever it was."""
    open_ = scene.player.mirror.intent
    if open_ is None or (open_.source_id, open_.kind, open_.key) != (scene.source_id, kind, key):
        return None
    end = Entry(Kind.CONCLUDE, scene.source_id, str(open_.sequence), Outcome.OK, fingerprint(scene.command.action))
    end.reference, end.request_id = key, entry.request_id
    end.details, end.apart = {"intent": open_.sequence, "of": kind.value}, True
    entry.outcome = Outcome.TOMBSTONED
    entry.details = {**(entry.details or {}), "intent": open_.sequence}
    mark = Entry(kind, scene.source_id, key, Outcome.ALREADY_ROLLED_BACK, request_id=entry.request_id, apart=True)
    return Decided(entry, (entry, end, mark))


def deliver(scene: Scene, action: Deliver) -> Decided:
    """Note that the licensee's wallet has booked what it was owed, or that it refused for good."""
    known = scene.stored(Kind.DELIVER, scene.command.key)
    if known is not None:
        return Decided(known, replayed=True)
    stuck = scene.stored(Kind.DELIVERY_REFUSED, scene.command.key)
    if action.refused:
        if stuck is not None:
            return Decided(stuck, replayed=True)
        entry = scene.entry(Kind.DELIVERY_REFUSED, Outcome.OK)
        entry.case = Case.DELIVERY_REFUSED
        entry.details = {"owed": action.owed, "licensee_outcome": action.refused}
        if action.closing:
            entry.details["closing"] = action.closing
        return answer(entry)
    entry = scene.entry(Kind.DELIVER, Outcome.OK)
    if action.round:
        entry.round = action.round
    asset = scene.asset(action.money.currency) if action.money is not None else None
    entry.asset = asset or scene.player.main
    entry.details = {"owed": action.owed, **said(scene, action, entry.asset)}
    if stuck is not None:
        entry.details["stuck"] = True
    if action.closing:
        entry.details["closing"] = action.closing
    if asset is not None and action.amount:
        entry.amount = entry.moved = action.amount
        entry.debit = sources.own(entry, AccountClass.CASH)
        entry.credit = sources.of_house(entry, AccountClass.OUTSIDE)
    return answer(entry)
