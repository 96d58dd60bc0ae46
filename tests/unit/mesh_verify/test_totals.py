from __future__ import annotations

import pytest

from mesh.verify.totals import Totals, main_units
from tests.unit.mesh_verify.bookkeeper import NAMES, good_world


def test_sums_are_by_licensee_currency_provider_refusal_and_writer() -> None:
    totals, world = Totals(NAMES), good_world()
    totals.begin(world.shard)
    for transfer in world.transfers:
        totals.see(transfer)
    told = totals.as_json()
    assert told["licensees"] == [
        {
            "licensee": "aurora",
            "currency_code": "GBP",
            "staked": "0.00006",
            "cancelled": "0.00002",
            "won": "0.00005",
            "deposited": "0.0001",
            "withdrawn": "0.000025",
            "transferred_in": "0.00",
            "transferred_out": "0.00",
        }
    ]
    assert told["rounds"] == {"aurora/hub88_style": 3}
    assert told["writers"] == {"wallet-1": 5}
    assert (told["entries"], told["players"]) == (15, 1)
    assert told["refusals"] == [
        {"source": "hub88_style", "kind": 1, "outcome": 3, "count": 1},
        {"source": "hub88_style", "kind": 1, "outcome": 14, "count": 1},
        {"source": "hub88_style", "kind": 3, "outcome": 2, "count": 1},
    ]


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [(12_500_000, 6, "12.50"), (1, 6, "0.000001"), (-5, 2, "-0.05"), (7, 0, "7.00"), (10**30, 6, "1" + "0" * 24 + ".00")],
)  # fmt: skip
def test_amounts_are_exact_and_never_shorter_than_cents(minor: int, exponent: int, text: str) -> None:
    assert main_units(minor, exponent) == text
