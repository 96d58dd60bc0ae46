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
from wallet_svc.domain.commands import Conclude, Deliver
from wallet_svc.domain.fingerprint import fingerprint
from wallet_svc.domain.scene import Decided, Scene, answer
from wallet_svc.domain.state import Asset, Entry
from wallet_svc.domain.vocabulary import INTENT_KINDS, AccountClass, Case, Kind, Outcome

_HOUSE = {
    Kind.BET: AccountClass.GAMING,
    Kind.TIP: AccountClass.TIPS,
    Kind.REVERSE_WIN: AccountClass.GAMING,
    Kind.ADJUST: AccountClass.GAMING,
}
_ELSEWHERE = frozenset({Kind.DEPOSIT, Kind.HOLD})
"""What a licensee does in its own wallet, and not here."""


def before(scene: Scene) -> Decided | None:
    """What is answered before any rule: an action whose intent is open waits for the licensee's word."""
    command, open_ = scene.command, scene.player.mirror.intent
    if command.kind in _ELSEWHERE:
        return answer(scene.entry(command.kind, Outcome.REQUEST_INVALID))
    if open_ is None or (open_.source_id, open_.kind, open_.key) != (scene.source_id, command.kind, command.key):
        return None
    same = open_.fingerprint == fingerprint(command.action, command.effective_us).hex()
    return answer(scene.entry(command.kind, Outcome.IN_PROGRESS if same else Outcome.IDEMPOTENCY_CONFLICT))


def intend(scene: Scene, decided: Decided) -> Decided:
    """Turn what would take money from the player into an intent. Everything else stays as it was decided."""
    if decided.replayed or not any(_takes(row) for row in decided.new):
        return decided
    entry, mirror = decided.entry, scene.player.mirror
    if sum(row.kind is not Kind.NONCE for row in decided.new) > 1 or entry.kind not in INTENT_KINDS:
        # A list or an approval would need several answers of the licensee's wallet, and is all or nothing.
        return answer(scene.entry(scene.command.kind, Outcome.REQUEST_INVALID))
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


def waiting_win(scene: Scene, round_name: str, bet_key: str) -> bool:
    """Whether the bet of a win is one that the licensee's wallet has not answered yet."""
    open_ = scene.player.mirror.intent
    if open_ is None or open_.source_id != scene.source_id or open_.kind is not Kind.BET:
        return False
    return open_.key == bet_key if bet_key else open_.round == round_name


def conclude(scene: Scene, action: Conclude) -> Decided:
    """End an intent with what the licensee's wallet answered. What is concluded already stays as it is."""
    open_ = scene.player.mirror.intent
    intent = scene.stored(INTENT_KINDS[action.of], action.ref)
    if open_ is None or open_.sequence != action.intent or intent is None:
        stored = scene.stored(action.of, action.ref)
        if stored is None:
            return Decided(scene.entry(action.of, Outcome.UNKNOWN))
        return Decided(stored, replayed=True)
    entry = scene.entry(Kind.CONCLUDE, Outcome.OK)
    entry.asset, entry.reference = intent.asset, intent.key
    entry.details = {"intent": intent.sequence, "of": action.of.value, **_said(scene, action, intent.asset)}
    row = _row(intent, action)
    if action.outcome is Outcome.OK:
        _take_over(entry, row, intent)
    elif action.undo:
        entry.details["undo"] = True
    return Decided(row, (entry, row))


def _row(intent: Entry, action: Conclude) -> Entry:
    """The action itself, as it was decided when it was intended."""
    row = Entry(action.of, intent.source_id, intent.key, action.outcome, intent.fingerprint, apart=True)
    row.asset, row.amount, row.round, row.game = intent.asset, intent.amount, intent.round, intent.game
    row.session, row.reference, row.pack, row.request_id = (
        intent.session,
        intent.reference,
        intent.pack,
        intent.request_id,
    )
    row.details = {name: value for name, value in (intent.details or {}).items() if name != "undoes"}
    row.details["intent"] = intent.sequence
    if action.their_outcome:
        row.details["licensee_outcome"] = action.their_outcome
    if action.outcome is not Outcome.OK:
        row.limit = None
    return row


def _take_over(entry: Entry, row: Entry, intent: Entry) -> None:
    amount = intent.amount or 0
    entry.amount = entry.moved = amount
    entry.debit = sources.of_house(entry, AccountClass.OUTSIDE)
    entry.credit = sources.own(entry, AccountClass.CASH)
    row.undoes = (intent.details or {}).get("undoes")
    kind = Kind((row.details or {}).get("of", Kind.BET)) if row.kind is Kind.UNDO_ROLLBACK else row.kind
    sources.debit(row, sources.Parts(amount), _HOUSE[kind])
    if row.kind is Kind.ADJUST:
        row.amount = -amount


def _said(scene: Scene, action: Conclude | Deliver, asset: Asset | None) -> dict[str, object]:
    """What else the licensee's wallet said: the player's cash, in smallest units if they can hold it, and its own id."""
    said: dict[str, object] = {"licensee_id": action.their_id} if action.their_id else {}
    if action.cash is not None and asset is not None:
        said |= {"cash": action.cash, "at_us": scene.now_us}
    return said


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
        return answer(entry)
    entry = scene.entry(Kind.DELIVER, Outcome.OK)
    asset = scene.asset(action.money.currency) if action.money is not None else None
    entry.asset = asset or scene.player.main
    entry.details = {"owed": action.owed, **_said(scene, action, entry.asset)}
    if stuck is not None:
        entry.details["stuck"] = True
    if asset is not None and action.amount:
        entry.amount = entry.moved = action.amount
        entry.debit = sources.own(entry, AccountClass.CASH)
        entry.credit = sources.of_house(entry, AccountClass.OUTSIDE)
    return answer(entry)
