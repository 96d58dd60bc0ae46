"""What is not money: accounts, sessions that may stake, the operator's block."""

from wallet_svc.domain import law
from wallet_svc.domain.asserting import used_up, vouched
from wallet_svc.domain.commands import EndPlay, OpenAccount, OpenPlay, ResumePlay, SetBlock
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import Asset, Entry
from wallet_svc.domain.vocabulary import Kind, Outcome


def open_account(scene: Scene, action: OpenAccount) -> Decided:
    """Create the player with a first currency, or add a currency to a known one."""
    known = scene.stored(Kind.OPEN_ACCOUNT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.OPEN_ACCOUNT, Outcome.OK)
    entry.asset = scene.asset(action.currency)
    if entry.asset is None or not _consistent(scene, action):
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    pack = action.jurisdiction or scene.player.pack or scene.player.licensee.default_pack
    if scene.registry.packs.at(pack, scene.now_us, scene.player.licensee.name) is None:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    entry.details = {"pack": pack, "born_on": action.born_on or scene.player.born_on}
    if action.person:
        entry.details["person"] = action.person
    if action.answers is not None:
        law.note_register(entry, action.answers, scene.player)
        entry.decision = law.about_registration(scene, action, pack)
        entry.outcome = law.refusal_of(entry) or Outcome.OK
    return answer(entry)


def _consistent(scene: Scene, action: OpenAccount) -> bool:
    """Jurisdiction and date of birth are said once; a later word must be the same."""
    player = scene.player
    if player.main is None:
        return True
    same_pack = action.jurisdiction in ("", player.pack)
    same_person = action.person in ("", player.person or "")
    return same_pack and same_person and (not player.born_on or action.born_on in ("", player.born_on))


def open_play(scene: Scene, action: OpenPlay) -> Decided:
    """Let a session stake at one provider in one currency, if the law agrees."""
    known = scene.stored(Kind.OPEN_PLAY, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.OPEN_PLAY, Outcome.OK)
    entry.session, entry.game = action.session, action.game
    entry.outcome = _check_play(scene, action, entry)
    return used_up(scene, action, answer(entry))


def _check_play(scene: Scene, action: OpenPlay, entry: Entry) -> Outcome:
    provider_id = scene.registry.sources.get(action.provider, 0)
    if (scene.player.licensee.id, provider_id) not in scene.registry.providers:
        return Outcome.GAME_NOT_AVAILABLE
    if action.session in scene.player.plays:
        return Outcome.SESSION_INVALID
    game = scene.registry.game(scene.player.licensee.id, provider_id, action.game)
    if action.game and (game is None or not game.enabled):
        return Outcome.GAME_NOT_AVAILABLE
    entry.asset = scene.asset(action.currency)
    if entry.asset is None or not scene.player.has_account(entry.asset.id):
        return Outcome.CURRENCY_MISMATCH
    chosen = _chosen(action, entry.asset)
    if chosen is None:
        return Outcome.AMOUNT_INVALID
    entry.decision = law.about_open_play(scene, action, law.Place(provider_id, action.game, game))
    entry.details = {"provider": provider_id, "expires_us": action.expires_us, **chosen, **vouched(scene, action)}
    law.note_register(entry, action.answers, scene.player)
    return law.refusal_of(entry) or Outcome.OK


def _chosen(action: OpenPlay, asset: Asset) -> dict[str, int] | None:
    """What the player fixed for the session; None if the spend is no amount of its currency."""
    spend = None if action.spend_limit is None else minor(action.spend_limit, asset)
    if action.spend_limit is not None and (spend is None or spend < 0 or action.spend_limit.currency != asset.code):
        return None
    given = {"check_every_s": action.check_every_s, "spend_limit_minor": spend, "seconds_limit": action.seconds_limit}
    return {name: found for name, found in given.items() if found is not None}


def end_play(scene: Scene, action: EndPlay) -> Decided:
    """Stop a session from staking. Ending an ended session changes nothing."""
    known = scene.stored(Kind.END_PLAY, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.END_PLAY, Outcome.OK)
    entry.session = action.session
    entry.details = {"end": int(action.end)}
    if action.session not in scene.player.plays:
        entry.outcome = Outcome.SESSION_INVALID
    return answer(entry)


def resume_play(scene: Scene, action: ResumePlay) -> Decided:
    """Let an ended session stake again, if the law agrees. Its own expiry stays."""
    known = scene.stored(Kind.RESUME_PLAY, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.RESUME_PLAY, Outcome.OK)
    entry.session = action.session
    play = scene.player.plays.get(action.session)
    if play is None:
        entry.outcome = Outcome.SESSION_INVALID
        return answer(entry)
    entry.asset = play.asset
    entry.details = {"expires_us": play.expires_us}
    entry.decision = law.about_resumed_play(scene, play)
    entry.outcome = law.refusal_of(entry) or Outcome.OK
    return answer(entry)


def set_block(scene: Scene, action: SetBlock) -> Decided:
    """Block or unblock stakes by the licensee's decision."""
    known = scene.stored(Kind.SET_BLOCK, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.SET_BLOCK, Outcome.OK)
    entry.details = {"blocked": action.blocked}
    return answer(entry)
