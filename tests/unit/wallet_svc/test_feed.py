from __future__ import annotations

import pytest

from wallet_svc.feed import next_look_s


@pytest.mark.parametrize(
    ("found", "waited_s", "waits_s"),
    [
        (400, 0.5, 0.5),
        (200, 0.2, 0.4),
        (10, 0.2, 0.5),
        (0, 0.2, 0.5),
        (4_000, 0.5, 0.2),
    ],
)
def test_a_look_waits_until_it_is_worth_while_but_not_for_long(found: int, waited_s: float, waits_s: float) -> None:
    assert next_look_s(found, waited_s, 0.2) == pytest.approx(waits_s)
