"""What a rule can see while it decides, and the three ways to answer."""

from dataclasses import dataclass

from mesh.money import AmountError, to_minor
from wallet_svc.domain.commands import Command, MoneyText
from wallet_svc.domain.fingerprint import fingerprint
from wallet_svc.domain.state import Asset, Entry, Player, ProviderFlags, Registry
from wallet_svc.domain.vocabulary import NEVER_STORED, Kind, Outcome

NO_FLAGS = ProviderFlags()


@dataclass(slots=True)
class Decided:
    """`entry` answers the caller. `new` is what the log gains; empty for a replay."""

    entry: Entry
    new: tuple[Entry, ...] = ()
    replayed: bool = False
    parts: "tuple[Decided, ...]" = ()
    conflict: bool = False


@dataclass(slots=True)
class Scene:
    """One command before one player at one moment."""

    player: Player
    command: Command
    registry: Registry
    source_id: int
    now_us: int

    def stored(self, kind: Kind, key: str) -> Entry | None:
        return self.player.keys.get((self.source_id, kind, key))

    def flags(self) -> ProviderFlags:
        return self.registry.providers.get((self.player.licensee.id, self.source_id), NO_FLAGS)

    def asset(self, code: str) -> Asset | None:
        return self.registry.assets.get((self.player.licensee.id, code))

    def entry(self, kind: Kind, outcome: Outcome) -> Entry:
        command = self.command
        return Entry(
            kind,
            self.source_id,
            command.key,
            outcome,
            fingerprint(command.action, command.effective_us),
            request_id=command.request_id,
        )


def replay(stored: Entry, scene: Scene) -> Decided:
    """Answer a known key: the stored outcome, or a conflict if the content is another one."""
    if stored.fingerprint != fingerprint(scene.command.action, scene.command.effective_us):
        return answer(scene.entry(stored.kind, Outcome.IDEMPOTENCY_CONFLICT))
    return Decided(stored, replayed=True)


def answer(entry: Entry) -> Decided:
    """A new answer; it is stored unless its outcome must not use up the key."""
    if entry.outcome in NEVER_STORED:
        return Decided(entry)
    return Decided(entry, (entry, *entry.legs) if entry.legs else (entry,))


def minor(money: MoneyText, asset: Asset) -> int | None:
    """The amount in smallest units, or None if the asset cannot hold it exactly."""
    try:
        return to_minor(money.amount, asset.exponent)
    except AmountError:
        return None
