"""How much of the books a process keeps in memory. What is forgotten is read again when somebody needs it."""

from collections.abc import Iterable

from wallet_svc.domain.journal import Book
from wallet_svc.domain.state import Player

_EASE = 0.75
"""Share of the most that is left after forgetting, so that it is not done again at once."""


def shrink(books: Iterable[Book], most: int) -> None:
    """Let the players of whom most is known forget their older keys and rounds, until `most` are left, and some fewer."""
    players = [player for book in books for player in book.players.values()]
    kept = sum(map(size, players))
    if kept <= most:
        return
    for player in sorted(players, key=size, reverse=True):
        if kept <= most * _EASE:
            return
        before = size(player)
        player.forget(max(len(player.keys), len(player.rounds)) // 2)
        kept -= before - size(player)


def size(player: Player) -> int:
    """Keys and rounds that are known of a player; each takes about a kilobyte."""
    return len(player.keys) + len(player.rounds)
