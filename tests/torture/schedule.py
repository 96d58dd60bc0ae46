"""Which fault comes when: decided by the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WALLETS = 2
FIRST_S = 1.5
_PERIOD_S = 12.0
_QUIET_S = 3.0
_GAPS_S = (0.5, 1.2)

FAILPOINTS = ("wallet.decide.before", "wallet.commit.before", "wallet.commit.after", "wallet.answer.before")
"""Moments in a wallet at which it is made to die."""

COMMIT_MOMENTS = ("before", "half", "during", "swallow", "hang")
CALL_MOMENTS = ("before", "half", "during", "swallow")

WEIGHTS: Mapping[str, int] = {
    "kill_wallet": 24,
    "kill_backend": 20,
    "kill_postgres": 6,
    "failpoint": 14,
    "kill_in_commit": 14,
    "stop_wallet": 6,
    "stop_postgres": 2,
    "cut_commit": 20,
    "cut_call": 10,
    "clock_jump": 4,
    "disk_full": 3,
}
"""How often each fault is chosen, against the others."""


@dataclass(frozen=True)
class Event:
    """One fault: what, where, with what, and for how long."""

    at_s: float
    fault: str
    wallet: int
    detail: str = ""
    lasts_s: float = 0.0


def plan(seed: int, seconds: float, faults: Iterable[str] = WEIGHTS) -> list[Event]:
    """All faults of a run. A quarter of the time is quiet."""
    chosen = random.Random(f"{seed} nemesis")
    names = [name for name in WEIGHTS if name in set(faults)]
    at = FIRST_S
    events: list[Event] = []
    while names and at < seconds - 1:
        events.append(_event(chosen, at, chosen.choices(names, [WEIGHTS[name] for name in names])[0]))
        at += chosen.uniform(*_GAPS_S)
        if at % _PERIOD_S > _PERIOD_S - _QUIET_S:
            at += _PERIOD_S - at % _PERIOD_S
    return events


def _event(chosen: random.Random, at: float, fault: str) -> Event:
    wallet = chosen.randrange(WALLETS)
    detail, lasts = "", 0.0
    if fault == "failpoint":
        detail = f"{chosen.choice(FAILPOINTS)}:{chosen.randint(1, 12)}"
    elif fault == "cut_commit":
        detail = chosen.choice(COMMIT_MOMENTS)
    elif fault == "cut_call":
        detail = chosen.choice(CALL_MOMENTS)
    elif fault == "clock_jump":
        detail, lasts = str(chosen.choice((-1, 2, 3600))), chosen.uniform(1, 3)
    elif fault in ("stop_wallet", "stop_postgres"):
        lasts = chosen.uniform(0.3, 3.0)
    elif fault == "disk_full":
        lasts = chosen.uniform(1.0, 2.0)
    return Event(round(at, 3), fault, wallet, detail, round(lasts, 3))
