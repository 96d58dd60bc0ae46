"""The bridge to the decision kernel: facts from our state, and its verdict as an outcome."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from compliance_svc import kernel
from wallet_svc.domain import switches
from wallet_svc.domain.asserting import assertion_of, vouched
from wallet_svc.domain.commands import (
    NOT_ASKED,
    Answers,
    ChangePlay,
    Deposit,
    Enter,
    OpenAccount,
    OpenPlay,
    ResumePlay,
    TransferIn,
)
from wallet_svc.domain.scene import minor
from wallet_svc.domain.state import WELL, Health
from wallet_svc.domain.vocabulary import Outcome, PlayState

if TYPE_CHECKING:
    from wallet_svc.domain.commands import Action, Bet, Tip
    from wallet_svc.domain.scene import Scene
    from wallet_svc.domain.state import Asset, Entry, Game, HeldMoney, Play, Player, Round

_CHOSEN = ("check_every_s", "spend_limit_minor", "seconds_limit", "vouched_us")
"""What is fixed for a session at its opening: by the player, and when the licensee vouched for it."""
_CHANGEABLE = ("until_us", "checked_us", "spend_limit_minor", "seconds_limit", "vouched_us")
"""What changes in a session later."""
_CATEGORIES = {category.value: category for category in kernel.Category}
_LOCATION, _SCREENING = "LOCATION", "SCREENING"
"""Names of the sources that know where players are, and who is on a list of sanctions."""
_LIMIT_FILE = "LIMIT_FILE/"
"""How names of limit files begin."""


class Place(NamedTuple):
    """The game that an action is about. Nothing and empty: it is about none."""

    source_id: int = 0
    name: str = ""
    game: Game | None = None

    @property
    def category(self) -> kernel.Category | None:
        return None if self.game is None else _CATEGORIES.get(self.game.category)


NOWHERE = Place()


def place_of(scene: Scene, source_id: int, name: str) -> Place:
    """A provider's game as the registry has it."""
    return Place(source_id, name, scene.registry.game(scene.player.licensee.id, source_id, name) if name else None)


def about_bet(
    scene: Scene, action: Bet, entry: Entry, round_: Round | None, place: Place, *, all_bonus: bool = False
) -> kernel.Decision:
    """Ask about a stake: the whole round counts, and the time since the last cycle began."""
    player, asset = scene.player, entry.asset
    if asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    category = "" if place.game is None else place.game.category
    cycle = kernel.Cycle(
        staked_minor=round_.staked() if round_ is not None else 0,
        last_start_us=player.cycles.get((action.session, category)),
    )
    worth = (entry.details or {}).get("free")
    question = kernel.Bet(
        amount_minor=entry.amount if worth is None else worth,
        currency=asset.code,
        exponent=asset.exponent,
        category=place.category,
        starts_cycle=round_ is None,
        automatic=action.automatic,
        funding=_funding(action, all_bonus=all_bonus),
    )
    assertion = assertion_of(scene, action)
    decision = _ask(scene, question, cycle, player.plays[action.session], place=place, assertion=assertion)
    _note_counted(scene, entry, decision, question)
    return decision


def _funding(action: Bet, *, all_bonus: bool) -> kernel.Funding:
    if action.free:
        return kernel.Funding.FREE_SPIN
    return kernel.Funding.BONUS if all_bonus else kernel.Funding.CASH


def about_tip(scene: Scene, action: Tip, entry: Entry) -> kernel.Decision:
    """Ask about a tip: a debit that needs a permit like a stake, and is none."""
    if entry.asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    question = kernel.Tip(amount_minor=entry.amount, currency=entry.asset.code, exponent=entry.asset.exponent)
    return _ask(scene, question, play=scene.player.plays[action.session])


def about_deposit(scene: Scene, action: Deposit, entry: Entry) -> kernel.Decision:
    """Ask about money from outside."""
    if entry.asset is None or entry.amount is None:
        raise ValueError("the law is asked after the amount is known")
    question = kernel.Deposit(amount_minor=entry.amount, currency=entry.asset.code, exponent=entry.asset.exponent)
    decision = _ask(scene, question, answers=_of_the_file(scene, action.answers))
    _note_counted(scene, entry, decision, question)
    return decision


def _of_the_file(scene: Scene, answers: Answers) -> Answers:
    """Where we ask the limit file ourselves, nobody vouches for it: a deposit that comes without its answer has none."""
    ours = scene.registry.limit_files
    if not ours or answers.limit_file != kernel.Answer.LICENSEE or ours.isdisjoint(limit_files(scene)):
        return answers
    return replace(answers, limit_file=kernel.Answer.SILENT.value)


def limit_files(scene: Scene) -> frozenset[str]:
    """The cross-operator limit files that the player's law asks."""
    pack = scene.registry.packs.at(scene.player.pack, scene.now_us, scene.player.licensee.name)
    return frozenset() if pack is None else pack.limit_files


def about_transfer_in(scene: Scene, asset: Asset) -> kernel.Decision:
    """Ask whether the player may put money in at all. Transfers count towards no limit, so it is a deposit of nothing."""
    question = kernel.Deposit(amount_minor=0, currency=asset.code, exponent=asset.exponent)
    unused = copy.copy(scene.player)
    unused.usage = kernel.UsageBook()
    return _ask(replace(scene, player=unused), question)


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


def about_open_play(scene: Scene, action: OpenPlay, place: Place) -> kernel.Decision:
    """Ask about a session."""
    question = kernel.OpenPlay(category=place.category, until_us=action.expires_us)
    replaced = place.source_id if action.replaces else None
    others = _others(scene, action.session, replaced)
    assertion = assertion_of(scene, action)
    return _ask(scene, question, place=place, others=others, answers=action.answers, assertion=assertion)


def about_resumed_play(scene: Scene, play: Play) -> kernel.Decision:
    """Ask about a session that goes on after its end."""
    place = place_of(scene, play.source_id, play.game)
    question = kernel.OpenPlay(category=place.category, until_us=play.expires_us)
    return _ask(scene, question, place=place, others=_others(scene, play.session, None))


def _others(scene: Scene, session: str, replaced: int | None) -> tuple[kernel.Category | None, ...]:
    """Categories of the sessions that may stake beside this one. Those of a provider that replaces them do not count."""
    found = [
        place_of(scene, play.source_id, play.game).category
        for play in scene.player.plays.values()
        if play.session != session and play.source_id != replaced and _may_stake(scene, play)
    ]
    return tuple(sorted(found, key=lambda category: "" if category is None else category.value))


def _may_stake(scene: Scene, play: Play) -> bool:
    protection, session = scene.player.protection, _session(scene, play)
    if session is None or protection is None or not play.active_at(scene.now_us):
        return False
    return session.epoch == protection.epoch and not session.ended


def about_registration(scene: Scene, action: OpenAccount, pack: str) -> kernel.Decision:
    """Ask whether somebody may become a player."""
    player, answers = scene.player, action.answers or NOT_ASKED
    licences = player.licensee.licences
    born = kernel.born_on(action.born_on or player.born_on)
    facts = kernel.Facts(
        player=replace(_as_human(player, kernel.Register()), born=born, currency=action.currency),
        outside=_outside(scene, answers),
        suspended=player.licensee.suspended
        or switches.stops(scene.registry, player.licensee, player.name, pack).suspended,
        licensed=not licences or pack in licences,
    )
    return _by_law(scene, pack, facts, kernel.Register())


def about_entry(scene: Scene, question: kernel.Login | kernel.Marketing, answers: Answers) -> kernel.Decision:
    """Ask about a login or a message."""
    return _ask(scene, question, answers=answers)


def about_change(scene: Scene, action: ChangePlay, play: Play, spend: int | None) -> kernel.Decision:
    """Ask about a change of an open session."""
    question: kernel.Action
    place = place_of(scene, play.source_id, play.game)
    match action.what:
        case "renew":
            question = kernel.OpenPlay(category=place.category, until_us=action.until_us, renews=True)
        case "seen":
            question = kernel.AckRealityCheck()
        case "vouch":
            return _ask(scene, kernel.RenewAssertion(), play=_as_it_stands(play), assertion=assertion_of(scene, action))
        case _:
            question = kernel.SetSessionLimit(spend_minor=spend, seconds=action.seconds)
    return _ask(scene, question, play=play, place=place, answers=action.answers)


def _as_it_stands(play: Play) -> Play:
    """The session with a permit that says so where it was closed or replaced."""
    if play.state is PlayState.ACTIVE or play.permit is None:
        return play
    return replace(play, permit=replace(play.permit, ended=True))


def change_of(scene: Scene, action: ChangePlay, spend: int | None) -> dict[str, object]:
    """What an accepted change sets in the permit."""
    match action.what:
        case "renew":
            return {"until_us": action.until_us}
        case "seen":
            return {"checked_us": scene.now_us}
        case "vouch":
            return vouched(scene, action)
        case "spend":
            return {"spend_limit_minor": spend}
        case _:
            return {"seconds_limit": action.seconds}


def change_permit(player: Player, entry: Entry) -> None:
    """Take a change of a session over."""
    play = player.plays.get(entry.session or "")
    if play is None or play.permit is None:
        return
    changes = {name: value for name, value in (entry.details or {}).items() if name in _CHANGEABLE}
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
    """What sources outside said for this action, and what cannot be relied on now."""
    if answers is NOT_ASKED or answers == NOT_ASKED:
        registry = scene.registry
        silent = scene.player.register == kernel.Answer.SILENT
        sources = registry.silent_at(scene.now_us)
        if not silent and not sources and registry.health is WELL:
            return kernel.CALM
        return _troubled(silent, _of_concern(scene, sources), registry.health)
    left, main = answers.limit_left, scene.player.main
    amount = None if left is None or main is None or left.currency != main.code else minor(left, main)
    silent = register_of(answers, scene.player) == kernel.Answer.SILENT
    return replace(
        _troubled(silent, _of_concern(scene, scene.registry.silent_at(scene.now_us)), scene.registry.health),
        register=kernel.Answer(answers.exclusion_register),
        # An amount that cannot be read is no answer.
        limit_file=kernel.Answer.SILENT if left and amount is None else kernel.Answer(answers.limit_file),
        limit_left_minor=amount,
        limit_file_source=answers.limit_source,
        limit_file_answered_us=answers.limit_answered_us,
        limit_file_reference=answers.limit_reference,
        activity=kernel.Answer(answers.activity_file),
    )


def _of_concern(scene: Scene, silent: frozenset[str]) -> frozenset[str]:
    """The silent sources without limit files that the player's law does not ask."""
    files = frozenset(name for name in silent if name.startswith(_LIMIT_FILE))
    if not files:
        return silent
    asked = limit_files(scene)
    return silent - frozenset(name for name in files if name.removeprefix(_LIMIT_FILE) not in asked)


@lru_cache(maxsize=64)
def _troubled(register_silent: bool, silent_sources: frozenset[str], health: Health) -> kernel.Outside:  # noqa: FBT001 - a key
    said = health.clock
    found = kernel.Outside(
        register_silent=register_silent,
        geo_silent=_LOCATION in silent_sources,
        limit_file_silent=any(name.startswith(_LIMIT_FILE) for name in silent_sources),
        screening_silent=_SCREENING in silent_sources,
        clock_off=health.clock_off,
        clock_offset_us=None if said is None else said.offset_us,
        clock_error_us=None if said is None else said.error_us,
        clock_measured_us=None if said is None else said.measured_us,
        clock_source="" if said is None else said.source,
        audit_down=health.audit_down,
    )
    # What has changed about zones matters to the markets of those zones alone: see `_by_law`.
    return kernel.CALM if found == kernel.CALM else found


def register_of(answers: Answers, player: Player) -> str | None:
    """What the exclusion register has said last, after these answers."""
    return player.register if answers.exclusion_register == kernel.Answer.LICENSEE else answers.exclusion_register


def note_register(entry: Entry, answers: Answers, player: Player) -> None:
    """Note in the entry what the register said, if it is news. It is remembered whatever became of the action."""
    told = register_of(answers, player)
    if told != player.register:
        entry.details = {**(entry.details or {}), "register": told}


def hear_register(player: Player, entry: Entry) -> bool:
    """Take over what the register said for an action; True if that was news."""
    if entry.details is None or "register" not in entry.details:
        return False
    player.register = entry.details["register"]
    return True


@lru_cache(maxsize=1_024)
def _game(category: kernel.Category | None, certified: bool, progressive: bool) -> kernel.Game:  # noqa: FBT001 - a key
    return kernel.Game(category=category, certified=certified, progressive=progressive)


def _facts_of(game: Game, place: Place, question: kernel.Action) -> kernel.Game:
    """What is known of a game; what only the opening of play is about stands in no bet's record."""
    known = _game(place.category, game.certified, game.progressive)
    if type(question) is kernel.OpenPlay and (game.return_ppm or game.features):
        return replace(known, return_ppm=game.return_ppm, features=game.features)
    return known


def _session(scene: Scene, play: Play) -> kernel.Session | None:
    """The permit; over if a kill switch was thrown since it was given."""
    permit: kernel.Session | None = play.permit
    if permit is None or not scene.registry.suspensions:
        return permit
    ended_us = _stops(scene, Place(play.source_id, play.game)).ended_us
    return permit if ended_us is None or permit.opened_us > ended_us else replace(permit, ended=True)


def _stops(scene: Scene, place: Place) -> switches.Stops:
    player = scene.player
    return switches.stops(scene.registry, player.licensee, player.name, player.pack, place.source_id, place.name)


def _rate(scene: Scene, question: kernel.Action) -> kernel.Rate | None:
    """The rate from the action's currency into the player's; None if there is none, or no need of one."""
    code, main = getattr(question, "currency", ""), scene.player.main
    if not code or main is None or code == main.code:
        return None
    found = scene.registry.rates.get((scene.player.licensee.id, code, main.code))
    if found is None:
        return None
    return kernel.Rate(
        value=found.value,
        decimals=found.decimals,
        observed_us=found.observed_us,
        max_age_us=found.max_age_us,
        exponent=main.exponent,
    )


def _note_counted(scene: Scene, entry: Entry, decision: kernel.Decision, question: kernel.Bet | kernel.Deposit) -> None:
    """Fix what counts against limits where it is not the amount itself: it is never converted anew."""
    if (
        question.currency == decision.facts.player.currency
        or not entry.amount
        or decision.verdict is not kernel.Verdict.ALLOW
    ):
        return
    counted = kernel.counted_minor(decision.facts, question, scene.now_us)
    if counted is not None:
        entry.details = {**(entry.details or {}), "counted": counted}


def _ask(
    scene: Scene,
    question: kernel.Action,
    cycle: kernel.Cycle | None = None,
    play: Play | None = None,
    *,
    place: Place = NOWHERE,
    others: tuple[kernel.Category | None, ...] = (),
    answers: Answers = NOT_ASKED,
    assertion: kernel.Assertion | None = None,
) -> kernel.Decision:
    player, game = scene.player, place.game
    licences = player.licensee.licences
    facts = kernel.Facts(
        player=_as_human(player, question) if player.siblings else standing(player),
        usage=player.usage,
        cycle=cycle,
        session=None if play is None else _session(scene, play),
        game=None if game is None else _facts_of(game, place, question),
        others=others,
        outside=_outside(scene, answers),
        assertion=assertion,
        rate=_rate(scene, question),
        suspended=player.licensee.suspended or (bool(scene.registry.suspensions) and _stops(scene, place).suspended),
        licensed=not licences or player.pack in licences,
    )
    return _by_law(scene, player.pack, facts, question)


def _by_law(scene: Scene, pack: str, facts: kernel.Facts, question: kernel.Action) -> kernel.Decision:
    packs, licensee = scene.registry.packs, scene.player.licensee.name
    law = packs.at(pack, scene.now_us, licensee)
    if law is None and packs.doubted(pack, licensee):
        facts = replace(facts, outside=replace(facts.outside, pack_doubted=True))
    zones = scene.registry.health.zones_changed
    if zones and law is not None and str(law.zone) in zones:
        facts = replace(facts, outside=replace(facts.outside, zone_changed=True))
    return kernel.decide(law, facts, question, scene.now_us)


def _as_human(player: Player, question: kernel.Action) -> kernel.Player:
    """The player, excluded by every exclusion of the same human at this licensee."""
    known, own = standing(player), player.protection
    if type(question) not in _ENTRANCES or own is None:
        return known
    if None in player.siblings:
        # Nobody can say that the other account is not excluded.
        return replace(known, protection=None)
    found = [state.exclusion for state in player.siblings if state.exclusion is not None]
    if not found or own.exclusion is not None:
        return known
    last = max(found, key=lambda one: (one.returns_us is None, one.returns_us or 0, one.since_us))
    return replace(known, protection=replace(own, exclusion=last))


_ENTRANCES = (kernel.Register, kernel.Login, kernel.Deposit, kernel.OpenPlay)
"""Questions at which the other accounts of the human are looked at."""


def human_of(player: Player | None, action: Action) -> str | None:
    """The human whose other accounts matter to an action; None if none do, or nobody knows."""
    if type(action) is OpenAccount:
        return action.person or None
    if player is None or type(action) not in _ENTERING:
        return None
    return player.person


_ENTERING = (Enter, Deposit, TransferIn, OpenPlay, ResumePlay, ChangePlay)


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


def puts_aside(player: Player) -> bool:
    """Whether winnings are put aside: of the frozen, and of those proven to be under age."""
    if player.protection is None:
        return False
    person: kernel.Person = player.protection.person
    return person.frozen or person.identity is kernel.Identity.MINOR


def lacks_evidence(entry: Entry) -> bool:
    """Whether the action is refused because evidence cannot be made durable."""
    return entry.decision is not None and kernel.Code.SYS_AUDIT_UNAVAILABLE in entry.decision.reasons


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
        before, player.protection = player.protection, kernel.Protection.from_json(text)
        player.standing = None
        if player.usage is not None and before is not None and before.epoch != player.protection.epoch:
            player.usage.close_sessions(entry.recorded_us)


def state_of(text: str | None) -> kernel.Protection | None:
    """A stored state; None if it is absent or cannot be read."""
    try:
        return kernel.Protection.from_json(text) if text else None
    except ValueError:
        return None


def restore_protection(player: Player, text: str | None) -> None:
    """Read the stored state. An unreadable one stays absent, and every debit is then refused."""
    player.protection = state_of(text)
    player.standing = None


def protection_text(player: Player) -> str | None:
    """The state as it is stored."""
    return player.protection.to_json() if player.protection is not None else None


def begin(player: Player) -> None:
    """A player without history: no limits, nothing used."""
    player.protection = kernel.Protection()
    player.usage = kernel.UsageBook()
    player.plays_known = True


def is_permitted(permit: str | None, protection: str | None, stopped: switches.Stops) -> bool:
    """Whether a stored permit is of the player's present epoch, and no kill switch was thrown since it was given."""
    session = restore_permit(permit)
    state = kernel.Protection.from_json(protection) if protection else None
    if session is None or state is None or session.epoch != state.epoch:
        return False
    return stopped.ended_us is None or session.opened_us > stopped.ended_us
