"""`python -m tests.bench.law`: what the law costs, the engine's rate under the whole pack of Great Britain over its rate under an empty one.

The ledgers take turns on slots, so that stake cap, speed and autoplay are asked too. The engine's clock is made faster:
otherwise most of the time would be spent waiting until the law allows the next cycle.
"""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import fmean, median

from mesh.dev import postgres
from mesh.dev.postgres import Postgres
from tests.bench import engine
from tests.bench.engine import Law, Measured

_HURRY = 200
_WAYS = {
    "empty": Law(pack="sandbox", category="slot", hurry=_HURRY),
    "gb": Law(pack="gb", category="slot", hurry=_HURRY),
    "gb_limits": Law(pack="gb", category="slot", hurry=_HURRY, limited=True),
}
_TURNS = 12
"""Many short ones: what others do on the machine meets all ways alike, and a turn that it spoils is not the median."""


def cost(server: Postgres, seconds: float) -> dict[str, float]:
    """Rates, each over the rate under the empty pack, and what the law takes of the CPU for one transfer."""
    found: dict[str, list[Measured]] = {name: [] for name in _WAYS}
    with ExitStack() as stack:
        ledgers = {
            name: stack.enter_context(engine.workers(server.create_database(f"bench_law_{name}"), law=law))
            for name, law in _WAYS.items()
        }
        for turn in range(_TURNS):
            # Forwards and backwards: nobody is always first.
            names = list(ledgers) if turn % 2 else list(ledgers)[::-1]
            for name in names:
                found[name].append(ledgers[name].spread(seconds))
    for name in _WAYS:
        server.drop_database(f"bench_law_{name}")
    server.checkpoint()
    return _figures(found)


def _figures(found: Mapping[str, Sequence[Measured]]) -> dict[str, float]:
    cpu = {name: fmean(one.engine_us + one.server_us for one in turns) for name, turns in found.items()}
    return {
        "law_empty_tps": fmean(one.tps for one in found["empty"]),
        "law_gb_tps": fmean(one.tps for one in found["gb"]),
        "law_cost_ratio": _ratio(found["gb"], found["empty"]),
        "law_cost_ratio_3_limits": _ratio(found["gb_limits"], found["empty"]),
        "law_cpu_ratio": cpu["empty"] / cpu["gb"],
        "law_cpu_ratio_3_limits": cpu["empty"] / cpu["gb_limits"],
        "law_cpu_us": cpu["gb"] - cpu["empty"],
    }


def _ratio(turns: Sequence[Measured], others: Sequence[Measured]) -> float:
    """The median over the turns, each compared with its neighbour."""
    return median(one.tps / other.tps for one, other in zip(turns, others, strict=True))


def main() -> None:
    """This figure alone, printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2)
    seconds = parser.parse_args().seconds
    with postgres.start() as server:
        for name, value in cost(server, seconds).items():
            print(f"{name:32} {value:>12,.3f}")


if __name__ == "__main__":
    main()
