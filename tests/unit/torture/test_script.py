from __future__ import annotations

import itertools
from collections import Counter

from tests.torture.script import Operation, Script


def first(count: int, seed: int = 1, client: str = "c") -> list[Operation]:
    return list(itertools.islice(Script(seed, client, ["alice", "bob"]).operations(), count))


def test_a_seed_and_a_name_decide_everything_that_is_sent() -> None:
    assert first(300) == first(300)
    assert first(300) != first(300, seed=2)
    assert first(300) != first(300, client="d")


def test_every_verb_and_every_odd_order_is_sent() -> None:
    operations = first(3_000)
    verbs = Counter(step["do"] for operation in operations for step in operation.steps)
    assert set(verbs) == {
        "bet", "win", "cancel", "close_round", "deposit", "hold", "capture", "release", "tip", "promo", "tournament",
        "jackpot", "free_round_spin", "free_round_total", "reverse_win", "undo_rollback", "rollback_list", "adjust",
    }  # fmt: skip
    assert any(operation.atomic for operation in operations)
    cancelled = {step["ref"] for operation in operations for step in operation.steps if step["do"] == "cancel"}
    bets = [step["key"] for operation in operations for step in operation.steps if step["do"] == "bet"]
    first_cancel = next(
        n for n, o in enumerate(operations) for s in o.steps if s["do"] == "cancel" and s["ref"] in bets
    )
    assert first_cancel
    assert cancelled & set(bets)


def test_money_of_game_wallets_is_moved_in_and_out_and_a_few_deposits_go_astray() -> None:
    script = Script(1, "c", ["shuttle1", "shuttle2"]).operations()
    verbs = Counter(step["do"] for operation in itertools.islice(script, 3_000) for step in operation.steps)
    assert verbs["transfer_in"] > 10 * verbs["deposit"] > 0
    assert verbs["transfer_out"] > 10 * verbs["hold"] > 0


def test_a_key_that_stands_twice_is_a_conflict_or_a_late_bet() -> None:
    seen: dict[tuple[str, str, str], dict[str, object]] = {}
    contents = 0
    for operation in first(3_000):
        for step in operation.steps:
            name = (operation.player, step["do"], step["key"])
            if step["key"] and name in seen:
                contents += seen[name] != step
            seen[name] = step
    assert contents > 0
