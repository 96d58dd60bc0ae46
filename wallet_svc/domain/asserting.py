"""The word of licensees that keep limits and exclusions themselves: whose it is, and that each is used once."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance_svc import kernel
from wallet_svc.domain.commands import Assertion, Bet, OpenPlay
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import Assertions, Entry
from wallet_svc.domain.vocabulary import Kind, Outcome

NOTARY = "platform"
"""The source under which nonces are noted, whoever sent the action."""
_FORM = "pitboss-assertion-v1"


def signed_text(licensee: str, player: str, kind: str, issued_us: int, nonce: str) -> bytes:
    """What a licensee signs."""
    return "".join(f"{line}\n" for line in (_FORM, licensee, player, kind, issued_us, nonce)).encode()


def assertion_of(scene: Scene, action: Bet | OpenPlay) -> kernel.Assertion | None:
    """What the law has to know of the licensee's word; None where the ledger keeps limits alone.

    A word that the licensee did not sign for this player and kind of action is none.
    """
    wanted, given = scene.player.licensee.assertions, action.assertion
    if wanted is None:
        return None
    if given is None or not _is_signed(scene, wanted, action, given):
        return kernel.Assertion(max_age_us=wanted.max_age_us, issued_us=None)
    return kernel.Assertion(
        max_age_us=wanted.max_age_us,
        # A clock that is ahead makes no word last longer.
        issued_us=min(given.issued_us, scene.now_us),
        replayed=(_notary(scene), Kind.NONCE, given.nonce) in scene.player.keys,
    )


def used_up(scene: Scene, action: Bet | OpenPlay, decided: Decided) -> Decided:
    """Note beside a new answer that its word was used."""
    given, entry = action.assertion, decided.entry
    facts = None if entry.decision is None else entry.decision.facts
    if given is None or facts is None or facts.assertion is None or entry not in decided.new:
        return decided
    if facts.assertion.issued_us is None or facts.assertion.replayed:
        return decided
    mark = Entry(Kind.NONCE, _notary(scene), given.nonce, Outcome.OK, request_id=entry.request_id)
    return Decided(entry, (*decided.new, mark), decided.replayed, decided.parts, decided.conflict)


def _notary(scene: Scene) -> int:
    return scene.registry.sources[NOTARY]


def _is_signed(scene: Scene, wanted: Assertions, action: Bet | OpenPlay, given: Assertion) -> bool:
    kind = "bet" if isinstance(action, Bet) else "open_play"
    text = signed_text(scene.player.licensee.name, scene.player.name, kind, given.issued_us, given.nonce)
    try:
        Ed25519PublicKey.from_public_bytes(wanted.public_key).verify(given.signature, text)
    except InvalidSignature:
        return False
    return True
