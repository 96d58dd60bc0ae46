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
    known = registry.game(licensee.id, source_id, game) if game else None
    names = _names(licensee.id, player, pack, source_id, game, known.build if known else "")
    found: list[tuple[SwitchName, Suspension]] = [
        (name, registry.suspensions[name]) for name in names if name in registry.suspensions
    ]
    # With another build the same session plays on.
    ended_us = [one.since_us for name, one in found if name.scope is not Scope.GAME_BUILD]
    return Stops(any(one.suspended for _, one in found), max(ended_us, default=None))


_BETWEEN = "\x1f"


def build_name(game: str, build: str) -> str:
    """Name of a build of a game, of a provider that stands beside it."""
    return f"{game}{_BETWEEN}{build}"


def named_build(name: str) -> tuple[str, str]:
    """The game and the build of such a name."""
    game, _, build = name.rpartition(_BETWEEN)
    return game, build


def _names(licensee_id: int, player: str, pack: str, source_id: int, game: str, build: str) -> Iterator[SwitchName]:
    yield SwitchName(Scope.ALL)
    yield SwitchName(Scope.PLAYER, licensee_id, 0, player)
    for owner in (0, licensee_id):
        yield SwitchName(Scope.PACK, owner, 0, pack)
        if source_id:
            yield SwitchName(Scope.PROVIDER, owner, source_id)
            yield SwitchName(Scope.GAME, owner, source_id, game)
            if build:
                yield SwitchName(Scope.GAME_BUILD, owner, source_id, build_name(game, build))
    yield SwitchName(Scope.LICENSEE, licensee_id)
