"""Kill switches: what is stopped for a player, and which sessions a switch has ended for good."""

from collections.abc import Iterator
from dataclasses import dataclass

from wallet_svc.domain.state import Licensee, Registry, Suspension, SwitchName
from wallet_svc.domain.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Stops:
    """What the switches say about one action."""

    suspended: bool = False
    ended_us: int | None = None
    """Sessions that were opened at or before this instant are over."""


NOTHING = Stops()


def stops(registry: Registry, licensee: Licensee, player: str, pack: str, source_id: int = 0, game: str = "") -> Stops:
    """What holds for a player, and for a game if there is one."""
    if not registry.suspensions:
        return NOTHING
    names = _names(licensee.id, player, pack, source_id, game)
    found: list[Suspension] = [registry.suspensions[name] for name in names if name in registry.suspensions]
    if not found:
        return NOTHING
    return Stops(any(one.suspended for one in found), max(one.since_us for one in found))


def _names(licensee_id: int, player: str, pack: str, source_id: int, game: str) -> Iterator[SwitchName]:
    yield SwitchName(Scope.ALL)
    yield SwitchName(Scope.PLAYER, licensee_id, 0, player)
    for owner in (0, licensee_id):
        yield SwitchName(Scope.PACK, owner, 0, pack)
        if source_id:
            yield SwitchName(Scope.PROVIDER, owner, source_id)
            yield SwitchName(Scope.GAME, owner, source_id, game)
    yield SwitchName(Scope.LICENSEE, licensee_id)
