"""The bridge to the decision kernel: facts from our state, and its verdict as an outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from compliance_svc import kernel
from wallet_svc.domain.commands import NOT_ASKED, Answers, Deposit
from wallet_svc.domain.scene import minor
from wallet_svc.domain.vocabulary import Kind, Outcome

if TYPE_CHECKING:
    from wallet_svc.domain.commands import Action, Bet, ChangePlay
    from wallet_svc.domain.scene import Scene
    from wallet_svc.domain.state import Asset, Entry, HeldMoney, Play, Player, Registry, Round

_COUNTS: dict[Kind, tuple[tuple[kernel.LimitKind, int], ...]] = {
    Kind.DEPOSIT: ((kernel.LimitKind.DEPOSIT, 1), (kernel.LimitKind.NETDEP, 1)),
    Kind.HOLD: ((kernel.LimitKind.NETDEP, -1),),
    Kind.RELEASE: ((kernel.LimitKind.NETDEP, 1),),
    Kind.EXPIRE: ((kernel.LimitKind.NETDEP, 1),),
    Kind.BET: ((kernel.LimitKind.WAGER, 1), (kernel.LimitKind.LOSS, 1)),
    Kind.CANCEL: ((kernel.LimitKind.WAGER, -1), (kernel.LimitKind.LOSS, -1)),
    Kind.UNDO_ROLLBACK: ((kernel.LimitKind.WAGER, 1), (kernel.LimitKind.LOSS, 1)),
    Kind.WIN: ((kernel.LimitKind.LOSS, -1),),
    Kind.REVERSE_WIN: ((kernel.LimitKind.LOSS, 1),),
}
"""What an accepted entry counts for, and in which direction.

Tips, promotional credits, prizes, jackpots, free rounds and corrections count for nothing:
limits look at stakes, and at what came back for them.
"""
_CHOSEN = ("check_every_s", "spend_limit_minor", "seconds_limit")
"""What a player may fix for a session at its opening."""
_GAMES = {category: kernel.Game(category=category) for category in kernel.Category}
"""A game that the licensee's catalogue has enabled: which of its builds is certified is the catalogue's word."""
_CATEGORIES = {category.value: category for category in kernel.Category}


def about_bet(
    scene: Scene, action: Bet, entry: Entry, round_: Round | None, category: str, *, all_bonus: bool = False
) -> kernel.Decision:
    """Ask about a stake: the whole round counts, and the time since the last cycle began."""
    player, asset = scene.player, entry.asset
    if asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    cycle = kernel.Cycle(
        staked_minor=round_.staked() if round_ is not None else 0,
        last_start_us=player.cycles.get((action.session, category)),
    )
    question = kernel.Bet(
        amount_minor=entry.amount,
        currency=asset.code,
        exponent=asset.exponent,
        category=_CATEGORIES.get(category),
        starts_cycle=round_ is None,
        automatic=action.automatic,
        funding=kernel.Funding.BONUS if all_bonus else kernel.Funding.CASH,
    )
    return _ask(scene, question, cycle, player.plays[action.session])


def about_tip(scene: Scene, entry: Entry) -> kernel.Decision:
    """Ask about a tip: a debit, and no stake."""
    if entry.asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    question = kernel.Tip(amount_minor=entry.amount, currency=entry.asset.code, exponent=entry.asset.exponent)
    return _ask(scene, question)


def about_deposit(scene: Scene, action: Deposit, entry: Entry) -> kernel.Decision:
    """Ask about money from outside."""
    if entry.asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    question = kernel.Deposit(amount_minor=entry.amount, currency=entry.asset.code, exponent=entry.asset.exponent)
    return _ask(scene, question, answers=action.answers)


def about_withdrawal(scene: Scene, asset: Asset, amount: int) -> kernel.Decision:
    """Ask about money that leaves: only a confirmed hit holds it."""
    kind = kernel.ActionKind.WITHDRAW
    return _ask(scene, kernel.Credit(kind=kind, amount_minor=amount, currency=asset.code, exponent=asset.exponent))


def about_cancelled_withdrawal(scene: Scene, held: HeldMoney) -> kernel.Decision:
    """Ask whether the player may take a withdrawal back."""
    asset = held.asset
    return _ask(scene, kernel.CancelWithdrawal(amount_minor=held.left, currency=asset.code, exponent=asset.exponent))


def is_frozen(player: Player) -> bool:
    """Whether a confirmed hit holds everything."""
    return player.protection is not None and player.protection.person.frozen


def about_open_play(
    scene: Scene, category: str, expires_us: int | None, answers: Answers = NOT_ASKED
) -> kernel.Decision:
    """Ask about a session."""
    question = kernel.OpenPlay(category=_CATEGORIES.get(category), until_us=expires_us)
    return _ask(scene, question, answers=answers)


def about_entry(scene: Scene, question: kernel.Login | kernel.Marketing, answers: Answers) -> kernel.Decision:
    """Ask about a login or a message."""
    return _ask(scene, question, answers=answers)


def about_change(scene: Scene, action: ChangePlay, play: Play, spend: int | None) -> kernel.Decision:
    """Ask about a change of an open session."""
    question: kernel.Action
    match action.what:
        case "renew":
            game = scene.registry.game(scene.player.licensee.id, play.source_id, play.game)
            category = _CATEGORIES.get(game.category if game else "")
            question = kernel.OpenPlay(category=category, until_us=action.until_us, renews=True)
        case "seen":
            question = kernel.AckRealityCheck()
        case _:
            question = kernel.SetSessionLimit(spend_minor=spend, seconds=action.seconds)
    return _ask(scene, question, play=play, answers=action.answers)


def change_of(scene: Scene, action: ChangePlay, spend: int | None) -> dict[str, object]:
    """What an accepted change sets in the permit."""
    match action.what:
        case "renew":
            return {"until_us": action.until_us}
        case "seen":
            return {"checked_us": scene.now_us}
        case "spend":
            return {"spend_limit_minor": spend}
        case _:
            return {"seconds_limit": action.seconds}


def change_permit(player: Player, entry: Entry) -> None:
    """Take a change of a session over."""
    play = player.plays.get(entry.session or "")
    if play is None or play.permit is None:
        return
    changes = entry.details or {}
    play.permit = replace(play.permit, **changes)
    play.expires_us = play.permit.until_us


def keep_change(entry: Entry) -> None:
    """Note the new state of the player in the entry, if the decision made one."""
    changed = entry.decision.protection
    if changed is not None:
        entry.details = {**(entry.details or {}), "protection": changed.to_json()}


def about_protection(scene: Scene, question: kernel.Protective) -> kernel.Decision:
    """Ask about a limit, an exclusion, a break or a return."""
    return _ask(scene, question)


def _outside(scene: Scene, answers: Answers) -> kernel.Outside:
    """What sources outside said for this action; nothing if the licensee asks them itself."""
    if answers is NOT_ASKED or answers == NOT_ASKED:
        return kernel.CALM
    left, main = answers.limit_left, scene.player.main
    amount = None if left is None or main is None or left.currency != main.code else minor(left, main)
    return kernel.Outside(
        register=kernel.Answer(answers.exclusion_register),
        register_silent=answers.exclusion_register == kernel.Answer.SILENT,
        # An amount that cannot be read is no answer.
        limit_file=kernel.Answer.SILENT if left and amount is None else kernel.Answer(answers.limit_file),
        limit_left_minor=amount,
        activity=kernel.Answer(answers.activity_file),
    )


def _game(question: kernel.Action) -> kernel.Game | None:
    match question:
        case kernel.Bet() | kernel.OpenPlay() if question.category is not None:
            return _GAMES[question.category]
        case _:
            return None


def _ask(
    scene: Scene,
    question: kernel.Action,
    cycle: kernel.Cycle | None = None,
    play: Play | None = None,
    answers: Answers = NOT_ASKED,
) -> kernel.Decision:
    player = scene.player
    facts = kernel.Facts(
        player=standing(player),
        usage=player.usage,
        cycle=cycle,
        session=None if play is None else play.permit,
        game=_game(question),
        outside=_outside(scene, answers),
        suspended=player.licensee.suspended,
    )
    return kernel.decide(scene.registry.packs.at(player.pack, scene.now_us), facts, question, scene.now_us)


def standing(player: Player) -> kernel.Player:
    """The player as the kernel sees it; kept until something about it changes."""
    if player.standing is None:
        player.standing = kernel.Player(
            born=kernel.born_on(player.born_on),
            currency=player.main.code if player.main else "",
            protection=player.protection,
        )
    known: kernel.Player = player.standing
    return known


def refusal_of(entry: Entry) -> Outcome | None:
    """Say whether the decision refuses. Its record is written when the entry has its place in the log."""
    decision = entry.decision
    entry.pack = decision.pack.label
    if decision.verdict in (kernel.Verdict.ALLOW, kernel.Verdict.SCHEDULE):
        return None
    if all(reason.startswith("LIM.") for reason in decision.reasons) and decision.exceeded_limit:
        entry.limit = decision.exceeded_limit
        return Outcome.LIMIT_EXCEEDED
    return Outcome.COMPLIANCE_DENIED


def permit(player: Player, entry: Entry) -> kernel.Session:
    """What the law has to know of a session that opens."""
    epoch = 0 if player.protection is None else player.protection.epoch
    details = entry.details or {}
    chosen = {name: details[name] for name in _CHOSEN if name in details}
    return kernel.Session(opened_us=entry.recorded_us, until_us=details["expires_us"], epoch=epoch, **chosen)


def permit_text(play: Play) -> str | None:
    """The permit as it is stored."""
    return None if play.permit is None else kernel.session_json(play.permit)


def restore_permit(text: str | None) -> kernel.Session | None:
    """Read the stored permit. An unreadable one stays absent, and every bet is then refused."""
    try:
        return kernel.read_session(text) if text else None
    except (TypeError, ValueError):
        return None


def protect(player: Player, entry: Entry) -> None:
    """Take over the protection state that a decision made."""
    text = (entry.details or {}).get("protection")
    if text is not None:
        player.protection = kernel.Protection.from_json(text)
        player.standing = None


def restore_protection(player: Player, text: str | None) -> None:
    """Read the stored state. An unreadable one stays absent, and every debit is then refused."""
    try:
        player.protection = kernel.Protection.from_json(text) if text else None
    except ValueError:
        player.protection = None
    player.standing = None


def protection_text(player: Player) -> str | None:
    """The state as it is stored."""
    return player.protection.to_json() if player.protection is not None else None


def count(player: Player, entry: Entry) -> None:
    """Count accepted money for limits, the spend of a session, and the start of a game cycle."""
    if entry.kind in _STAKES:
        _count_spend(player, entry)
    if entry.kind is Kind.BET and entry.details and "category" in entry.details:
        player.cycles[entry.session or "", entry.details["category"]] = entry.recorded_us
    if player.usage is not None and entry.amount and entry.asset is not None:
        _count_usage(player, entry)


_STAKES = frozenset({Kind.BET, Kind.CANCEL, Kind.UNDO_ROLLBACK})


def _count_spend(player: Player, entry: Entry) -> None:
    """A session with a spend of its own counts its stakes."""
    play = player.plays.get(session_of(player, entry))
    if play is None or play.permit is None or play.permit.spend_limit_minor is None:
        return
    amount = entry.amount or 0
    spent = play.permit.spent_minor + (-amount if entry.kind is Kind.CANCEL else amount)
    play.permit = replace(play.permit, spent_minor=spent)


def session_of(player: Player, entry: Entry) -> str:
    """The session that staked: a cancel may name another one, or none."""
    if entry.kind is Kind.BET:
        return entry.session or ""
    stake = player.keys.get((entry.source_id, Kind.BET, stake_key(entry)))
    return "" if stake is None else stake.session or ""


def _count_usage(player: Player, entry: Entry) -> None:
    code, amount = entry.asset.code if entry.asset else "", entry.amount or 0
    if entry.kind in _OF_A_STAKE and entry.details and "of" in entry.details:
        # A tip is no stake, so what gives it back takes nothing off.
        return
    _add(player.usage, entry.kind, code, _counted_us(player, entry), amount)


_OF_A_STAKE = frozenset({Kind.CANCEL, Kind.UNDO_ROLLBACK})


def _counted_us(player: Player, entry: Entry) -> int:
    """A result counts when its round began, and what becomes of a stake or a hold when that was taken first."""
    if entry.kind in (Kind.RELEASE, Kind.EXPIRE):
        return player.holds[entry.source_id, entry.reference or ""].at_us
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    if round_ is not None and entry.kind in (Kind.WIN, Kind.REVERSE_WIN):
        return round_.opened_us
    if round_ is not None and entry.kind in _OF_A_STAKE:
        return round_.bets[stake_key(entry)].at_us
    return entry.recorded_us


def stake_key(entry: Entry) -> str:
    """The key of the stake that a cancel, or the undoing of one, is about."""
    key: str | None = (entry.details or {}).get("stake") if entry.kind is Kind.UNDO_ROLLBACK else entry.reference
    return key or ""


def _add(usage: kernel.UsageBook, kind: Kind, currency: str, at_us: int, amount: int) -> None:
    for limit, sign in _COUNTS.get(kind, ()):
        usage.add(limit, currency, at_us, sign * amount)


def begin(player: Player) -> None:
    """A player without history: no limits, nothing used."""
    player.protection = kernel.Protection()
    player.usage = kernel.UsageBook()


def lacks_usage(player: Player, action: Action, packs: kernel.PackLibrary, now_us: int) -> bool:
    """Whether the player's usage must be read before the law is asked. Cheap: for most players nothing counts."""
    if player.usage is not None:
        return False
    if type(action) is Deposit:
        return usage_since(player, action, packs, now_us) is not None
    protection = player.protection
    if player.uncounted is not None and player.uncounted is protection:
        return False
    if _limits_since(player, now_us) is not None:
        return True
    player.uncounted = protection
    return False


def forget_usage(player: Player, now_us: int) -> None:
    """Count no further for a player of whom nothing counts. What a limit needs later is read from the log."""
    if player.usage is not None and _limits_since(player, now_us) is None:
        player.usage = None


def usage_since(player: Player, action: Action, packs: kernel.PackLibrary, now_us: int) -> int | None:
    """From when the player's limits look back, and at a deposit the pack's thresholds; None if nothing counts."""
    since_us, pack = _limits_since(player, now_us), packs.at(player.pack, now_us)
    if type(action) is not Deposit or pack is None:
        return since_us
    spans = [now_us - rule.look_back_us for rule in pack.triggers]
    return min([*spans, *([] if since_us is None else [since_us])], default=None)


def _limits_since(player: Player, now_us: int) -> int | None:
    if player.protection is None:
        return None
    return min(kernel.usage_needed(player.protection.limits, now_us).values(), default=None)


def limit_statuses(
    *,
    pack: str,
    main: Asset,
    protection: str | None,
    rows: list[Any],
    registry: Registry,
    packs: kernel.PackLibrary,
    now_us: int,
) -> tuple[kernel.LimitStatus, ...]:
    """What is used and left of each limit, from entries that were read back."""
    state = kernel.Protection.from_json(protection) if protection else None
    player = kernel.Player(born=None, currency=main.code, protection=state)
    facts = kernel.Facts(player=player, usage=_book(rows, registry))
    market = packs.at(pack, now_us)
    return () if market is None else kernel.limit_statuses(market, facts, now_us)


def is_permitted(permit: str | None, protection: str | None) -> bool:
    """Whether a stored permit is of the player's present epoch."""
    session = restore_permit(permit)
    state = kernel.Protection.from_json(protection) if protection else None
    return session is not None and state is not None and session.epoch == state.epoch


def looks_back_to(protection: str | None, now_us: int) -> int | None:
    """From when the limits of a stored state look back, or None if none of them counts anything."""
    state = kernel.Protection.from_json(protection) if protection else kernel.Protection()
    return min(kernel.usage_needed(state.limits, now_us).values(), default=None)


def restore_usage(player: Player, rows: list[Any], registry: Registry) -> None:
    """Fill the usage from accepted entries that were read back."""
    player.usage = _book(rows, registry)


def _book(rows: list[Any], registry: Registry) -> kernel.UsageBook:
    book = kernel.UsageBook()
    for row in rows:
        code = registry.assets_by_id[row.asset_id].code
        _add(book, Kind(row.kind), code, row.counted_us, row.amount)
    return book
