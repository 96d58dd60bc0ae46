from __future__ import annotations

import pytest

from provider_adapters._kit.references import PlayerReference


def test_a_reference_is_split_at_the_first_dot() -> None:
    found = PlayerReference.parse("aurora.pl.7001")
    assert found == PlayerReference(licensee="aurora", player_id="pl.7001")
    assert str(found) == "aurora.pl.7001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aurora",
        "aurora.",
        ".pl-1",
        "Aurora.pl-1",
        "a.pl-1",
        "aurora.pl 1",
        "aurora.pl\n",
        "aurora.é",
        "a" * 33 + ".p",
    ],
)
def test_what_cannot_be_ours_is_no_reference(text: str) -> None:
    assert PlayerReference.parse(text) is None
