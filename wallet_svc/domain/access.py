"""Logins, changes of open sessions, and what is found out about a player: in the same log as the money."""

from collections.abc import Callable
from typing import Final

from compliance_svc import kernel
from wallet_svc.domain import law
from wallet_svc.domain.asserting import used_up
from wallet_svc.domain.commands import ChangePlay, Enter, MoneyText, RecordFinding
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.vocabulary import Kind, Outcome


def enter(scene: Scene, action: Enter) -> Decided:
    """Say whether the player may log in, or be written to."""
    known = scene.stored(Kind.ENTER, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.ENTER, Outcome.OK)
    question = kernel.Login() if action.purpose == "login" else kernel.Marketing()
    entry.decision = law.about_entry(scene, question, action.answers)
    if action.purpose == "login":
        law.note_register(entry, action.answers, scene.player)
    entry.outcome = law.refusal_of(entry) or Outcome.OK
    law.keep_change(entry)
    return answer(entry)


def change_play(scene: Scene, action: ChangePlay) -> Decided:
    """Renew a session, acknowledge its reality check, vouch for it anew, or change what was fixed for it."""
    known = scene.stored(Kind.CHANGE_PLAY, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.CHANGE_PLAY, Outcome.OK)
    entry.session = action.session
    if action.what == "vouch" and scene.player.licensee.assertions is None:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    play = scene.player.plays.get(action.session)
    if play is None or play.permit is None:
        entry.outcome = Outcome.SESSION_INVALID
        return answer(entry)
    entry.asset, entry.game = play.asset, play.game
    spend = None if action.money is None else minor(action.money, play.asset)
    if action.money is not None and (spend is None or spend < 0 or action.money.currency != play.asset.code):
        entry.outcome = Outcome.AMOUNT_INVALID
        return answer(entry)
    entry.decision = law.about_change(scene, action, play, spend)
    entry.outcome = law.refusal_of(entry) or Outcome.OK
    entry.details = law.change_of(scene, action, spend)
    law.note_register(entry, action.answers, scene.player)
    return used_up(scene, action, answer(entry))


def record_finding(scene: Scene, action: RecordFinding) -> Decided:
    """Note what was found out. Rules read it from the next action on."""
    known = scene.stored(Kind.RECORD_FINDING, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.RECORD_FINDING, Outcome.OK)
    question = _finding(scene, action)
    if question is None:
        entry.outcome = Outcome.AMOUNT_INVALID
        return answer(entry)
    entry.decision = law.about_protection(scene, question)
    entry.outcome = law.refusal_of(entry) or Outcome.OK
    law.keep_change(entry)
    return answer(entry)


def _finding(scene: Scene, action: RecordFinding) -> kernel.Protective | None:
    return _FINDINGS[action.about](scene, action)


def _identity(scene: Scene, action: RecordFinding) -> kernel.Protective:
    event_us = scene.now_us if action.moment_us is None else action.moment_us
    return kernel.RecordIdentity(result=kernel.Identity(action.result), event_us=event_us)


def _location(_scene: Scene, action: RecordFinding) -> kernel.Protective:
    return kernel.RecordLocation(
        territory=action.result, until_us=action.moment_us, event_us=action.found_us, evidence=action.evidence
    )


def _screening(scene: Scene, action: RecordFinding) -> kernel.Protective | None:
    amount = 0 if action.money is None else _in_main_currency(scene, action.money)
    if amount is None or amount < 0:
        return None
    return kernel.RecordScreening(result=kernel.Screening(action.result), amount_minor=amount, evidence=action.evidence)


def _check(_scene: Scene, action: RecordFinding) -> kernel.Protective:
    return kernel.RecordCheck(check=kernel.Check(action.result), evidence=action.evidence)


def _risk(_scene: Scene, action: RecordFinding) -> kernel.Protective:
    return kernel.RecordRisk(
        flag=action.result,
        until_us=action.moment_us or 0,
        diligence=action.about == "diligence",
        evidence=action.evidence,
    )


def _deposit_failure(scene: Scene, action: RecordFinding) -> kernel.Protective:
    failed_us = scene.now_us if action.moment_us is None else action.moment_us
    return kernel.RecordDepositFailure(event_us=failed_us, evidence=action.evidence)


def _in_main_currency(scene: Scene, money: MoneyText) -> int | None:
    main = scene.player.main
    return None if main is None or money.currency != main.code else minor(money, main)


_FINDINGS: Final[dict[str, Callable[[Scene, RecordFinding], kernel.Protective | None]]] = {
    "identity": _identity,
    "location": _location,
    "screening": _screening,
    "check": _check,
    "risk": _risk,
    "diligence": _risk,
    "deposit_failure": _deposit_failure,
}
