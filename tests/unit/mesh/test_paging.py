"""Page tokens."""

import pytest

from mesh.errors import PageTokenInvalidError
from mesh.paging import NEWEST, position, token


def test_a_token_leads_back_to_its_position() -> None:
    assert position(token(1042, "alice"), "alice") == 1042


def test_no_token_is_the_beginning() -> None:
    assert position("", "alice") == NEWEST


@pytest.mark.parametrize("text", ["?", "bm90IGEgdG9rZW4=", "YWJj", token(-1, "alice"), token(2**63, "alice"), "é"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(PageTokenInvalidError):
        position(text, "alice")


def test_another_list_s_token_is_refused() -> None:
    with pytest.raises(PageTokenInvalidError):
        position(token(1042, "alice"), "bob")
