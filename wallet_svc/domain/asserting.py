"""The word of licensees that keep limits and exclusions themselves: whose it is, and that each is used once.

A studio's callback does not come from the licensee, so a stake rests on the newest word that the licensee gave for its
session: that of the opening, or one that it has brought since. A word that comes with a stake itself goes before it.
"""

from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance_svc import kernel
from wallet_svc.domain.commands import Assertion, Bet, ChangePlay, OpenPlay
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import Assertions, Entry
from wallet_svc.domain.vocabulary import Kind, Outcome

NOTARY = "platform"
"""The source under which nonces are noted, whoever sent the action."""
PLAY: Final = "play"
"""The kind of word that stands for the opening of a session and the stakes in it."""
_FORM = "pitboss-assertion-v1"

_Vouched: TypeAlias = Bet | OpenPlay | ChangePlay
_KINDS: Final[dict[type, tuple[str, ...]]] = {Bet: ("bet",), OpenPlay: ("open_play", PLAY), ChangePlay: (PLAY,)}
"""Which kinds of word stand for an action."""


def signed_text(licensee: str, player: str, kind: str, issued_us: int, nonce: str) -> bytes:
    """What a licensee signs."""
    return "".join(f"{line}\n" for line in (_FORM, licensee, player, kind, issued_us, nonce)).encode()


def assertion_of(scene: Scene, action: _Vouched) -> kernel.Assertion | None:
    """What the law has to know of the licensee's word; None where the ledger keeps limits alone.

    A word that the licensee did not sign for this player and kind of action is none.
    """
    wanted, given = scene.player.licensee.assertions, action.assertion
    if wanted is None:
        return None
    if given is None:
        issued_us = _of_session(scene, action.session) if isinstance(action, Bet) else None
        return kernel.Assertion(max_age_us=wanted.max_age_us, issued_us=issued_us)
    if _kind_signed(scene, wanted, action, given) is None:
        return kernel.Assertion(max_age_us=wanted.max_age_us, issued_us=None)
    return kernel.Assertion(
        max_age_us=wanted.max_age_us, issued_us=_issued(scene, given), replayed=_was_used(scene, action, given)
    )


def vouched(scene: Scene, action: OpenPlay | ChangePlay) -> dict[str, object]:
    """What a session keeps of the word that came with an action: when it was given, if it stands for stakes."""
    wanted, given = scene.player.licensee.assertions, action.assertion
    if wanted is None or given is None or _kind_signed(scene, wanted, action, given) != PLAY:
        return {}
    # Words may overtake each other: the newest one counts.
    return {"vouched_us": max(_issued(scene, given), _of_session(scene, action.session) or 0)}


def used_up(scene: Scene, action: _Vouched, decided: Decided) -> Decided:
    """Note beside a new answer that its word was used."""
    given, entry = action.assertion, decided.entry
    facts = None if entry.decision is None else entry.decision.facts
    if given is None or facts is None or facts.assertion is None or entry not in decided.new:
        return decided
    if facts.assertion.issued_us is None or facts.assertion.replayed:
        return decided
    if _noted(scene, given) is not None:
        # By an earlier attempt of the same order.
        return decided
    mark = Entry(Kind.NONCE, _notary(scene), given.nonce, Outcome.OK, request_id=entry.request_id)
    mark.reference = _order(action) or None
    return Decided(entry, (*decided.new, mark), decided.replayed, decided.parts, decided.conflict)


def _of_session(scene: Scene, session: str) -> int | None:
    """When the licensee vouched last for the stakes of a session."""
    play = scene.player.plays.get(session)
    permit: kernel.Session | None = None if play is None else play.permit
    return None if permit is None else permit.vouched_us


def _issued(scene: Scene, given: Assertion) -> int:
    """When a word was given. A clock that is ahead makes none last longer."""
    return min(given.issued_us, scene.now_us)


def _was_used(scene: Scene, action: _Vouched, given: Assertion) -> bool:
    """Whether a word was used, but for an earlier attempt of the same order."""
    noted, order = _noted(scene, given), _order(action)
    return noted is not None and not (order and noted.reference == order)


def _noted(scene: Scene, given: Assertion) -> Entry | None:
    return scene.player.keys.get((_notary(scene), Kind.NONCE, given.nonce))


def _order(action: _Vouched) -> str:
    return action.order if isinstance(action, OpenPlay) else ""


def _notary(scene: Scene) -> int:
    return scene.registry.sources[NOTARY]


def _kind_signed(scene: Scene, wanted: Assertions, action: _Vouched, given: Assertion) -> str | None:
    """For which of the kinds that stand for the action the licensee has signed the word; None: for none of them."""
    key, player = Ed25519PublicKey.from_public_bytes(wanted.public_key), scene.player
    for kind in _KINDS[type(action)]:
        text = signed_text(player.licensee.name, player.name, kind, given.issued_us, given.nonce)
        try:
            key.verify(given.signature, text)
        except InvalidSignature:
            continue
        return kind
    return None
