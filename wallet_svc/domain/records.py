"""Decision records as the log keeps them: whole, or by what differs from an earlier one of the same player.

The record of an allowed bet repeats the player's standing, the law and the kind of stake. The first such bet keeps its
record whole; those after it keep the position of that one, and what is their own: a tenth of the size, and of the work.
Standing, law and kind of stake are the same objects then, so nothing has to be compared field by field.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from compliance_svc import kernel
from compliance_svc.kernel.canonical import Json, dumps, number

if TYPE_CHECKING:
    from wallet_svc.domain.state import Entry, Player


def _names(cls: type) -> set[str]:
    return {field.name for field in fields(cls)}


_OWN = {"player", "usage", "cycle", "suspended"}
"""Facts with a place of their own in the short form, or none in it."""
_SHARED = {"session", "game", "others", "outside", "assertion", "rate", "licensed"}
"""Facts that are the same for many bets: a short record begins from one with the same ones."""
ABRIDGES = _names(kernel.Facts) == _OWN | _SHARED and _names(kernel.Cycle) == {"staked_minor", "last_start_us"}
"""False when the kernel knows facts that the short form has no place for: then every record is kept whole."""

_stake = attrgetter(*sorted(_names(kernel.Bet) - {"amount_minor"}))
_shared = attrgetter(*sorted(_SHARED))


def write(player: "Player", entry: "Entry") -> None:
    """Note the record of a decision in its entry, which has its position and time."""
    decision = entry.decision
    if not ABRIDGES or not _is_plain(decision):
        entry.decision_json = decision.record()
        return
    basis = player.basis
    if basis is None or basis.player is not decision.facts.player or basis.pack is not decision.pack:
        basis = player.basis = Basis(decision.facts.player, decision.pack)
    stake = (_stake(decision.action), _shared(decision.facts))
    first = basis.sequences.setdefault(stake, entry.sequence)
    entry.decision_json = decision.record() if first == entry.sequence else _short(first, decision)


class Basis:
    """Under which standing and law a player bets now, and the first bet of each kind that was recorded so."""

    __slots__ = ("pack", "player", "sequences")

    def __init__(self, player: kernel.Player, pack: kernel.Pack) -> None:
        self.player = player
        self.pack = pack
        self.sequences: dict[Any, int] = {}


def _is_plain(decision: kernel.Decision) -> bool:
    return (
        type(decision.action) is kernel.Bet
        and decision.verdict is kernel.Verdict.ALLOW
        and decision.facts.cycle is not None
        and not (decision.details or decision.obligations or decision.facts.suspended)
    )


def _short(first: int, decision: kernel.Decision) -> str:
    cycle: kernel.Cycle = decision.facts.cycle  # type: ignore[assignment]
    since = "null" if cycle.last_start_us is None else str(decision.now_us - cycle.last_start_us)
    if not decision.reads:
        return f"[{first},{cycle.staked_minor},{since}]"
    return f"[{first},{cycle.staked_minor},{since},[{','.join(map(_read, decision.reads))}]]"


def _read(read: kernel.Read) -> str:
    """One sum as JSON: its words need no escapes."""
    used = "null" if read.used is None else read.used
    return f'["{read.kind}","{read.currency}",{read.after_us},{used}]'


def first_of(stored: str | None) -> int | None:
    """The position of the record that a short one begins from; None for a whole record."""
    return None if stored is None or stored[0] != "[" else int(orjson.loads(stored)[0])


def whole(stored: str, first: str, *, recorded_us: int, amount: int) -> str:
    """The record of a short one, to the byte. `first` is the record that it begins from.

    Whoever follows the log asks for one with every bet, so only what differs is written anew.
    """
    _, staked, since, *reads = orjson.loads(stored)
    cycle: dict[str, Json] = {"staked_minor": number(staked)}
    if since is not None:
        cycle["last_start_us"] = recorded_us - since
    usage = f',"usage":{dumps([_sum(read) for read in reads[0]])}' if reads else ""
    until_time, until_amount, until_cycle, until_usage, rest = _pieces(first)
    return (
        f'{until_time}"at_us":{recorded_us}{until_amount}"amount_minor":{dumps(number(amount))}'
        f'{until_cycle}"cycle":{dumps(cycle)}{until_usage}{usage}{rest}'
    )


def _sum(read: Sequence[Any]) -> Json:
    return [*read[:3], None if read[3] is None else number(read[3])]


@lru_cache(maxsize=10_000)
def _pieces(first: str) -> list[str]:
    """A whole record between the four values that are each bet's own, which stand in the order of their names."""
    record = orjson.loads(first)
    facts = record["facts"]
    record["at_us"] = facts["action"]["amount_minor"] = facts["cycle"] = facts["usage"] = _MARK
    found, rest = [], dumps(record)
    for name in ('"at_us":', '"amount_minor":', '"cycle":', ',"usage":'):
        # No text can hold a name in quotes, so nobody else's words are taken for it.
        before, _, rest = rest.partition(name + dumps(_MARK))
        found.append(before)
    return [*found, rest]


_MARK = "here"
_DIGEST = '"pack_digest":"'


def pack_digest(record: str) -> str:
    """The digest of the law in a whole record; empty if it names none. No text can hold the name in quotes."""
    return record.partition(_DIGEST)[2].partition('"')[0]
