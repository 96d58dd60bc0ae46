"""The page that licensees read has the numbers of the code."""

from __future__ import annotations

import re
from pathlib import Path

from wallet_svc.grpc_api.registry import _DEADLINE_US
from wallet_svc.own_wallets.policy import POLICY

PAGE = Path(__file__).parents[3] / "docs" / "licensee-wallet.md"


def test_the_page_tells_the_numbers_of_the_code() -> None:
    table = PAGE.read_text().partition("<!-- policy:")[2].partition("<!-- policy end -->")[0]
    told = [float(found[1]) for found in re.finditer(r"^\| [^|]+ \| ([0-9.]+)[^|]* \|$", table, re.MULTILINE)]
    code = (
        *(POLICY.first_retry_s, POLICY.factor, POLICY.longest_retry_s, POLICY.jitter, POLICY.give_up_s),
        *(POLICY.round_end_give_up_s, POLICY.commit_margin_s, _DEADLINE_US / 1_000_000),
    )
    assert told == list(code)


def test_waits_grow_up_to_the_longest_one() -> None:
    waits = [POLICY.wait_us(attempt) / 1_000_000 for attempt in range(1, 40)]
    for attempt, wait in enumerate(waits):
        full = min(POLICY.longest_retry_s, POLICY.first_retry_s * POLICY.factor**attempt)
        assert full * (1 - POLICY.jitter) <= wait <= full
